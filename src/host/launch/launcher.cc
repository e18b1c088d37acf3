#include "host/launch/launcher.h"

#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

#include "host/debug/gdb_jit.h"
#include "host/files/files.h"
#include "host/image/enclave.h"
#include "host/launch/deadline.h"
#include "host/launch/looking_inside.h"
#include "host/launch/pages.h"
#include "host/launch/stopwatch.h"
#include "host/sgx/thread.h"

namespace twine::host {
namespace {

constexpr char kEmulationNotice[] = "twine: emulated SGX: no secrecy, for development only\n";
constexpr char kNotForDebugging[] =
    "twine: a debugger is attached, but the enclave is not a debug enclave: no symbols of what runs inside; "
    "use --debug-enclave\n";
constexpr char kDebugNotice[] =
    "twine: DEBUG enclave: its host reads and changes everything in it; give it no secrets\n";

Result<std::filesystem::path> default_image_path() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error)
    return fail(ErrorCode::io,
                "/proc/self/exe: " + error.message() + "; name the enclave image with --enclave");
  return program.parent_path() / "twine-enclave";
}

Result<twine::sgx::Sigstruct> load_sigstruct(const std::filesystem::path& image_path, Debugging debugging) {
  const bool debug = debugging == Debugging::yes;
  const std::filesystem::path path = image_path.string() + (debug ? ".debug.sig" : ".sig");
  Result<std::vector<uint8_t>> bytes = read_file(path, 1 << 16);
  if (!bytes && bytes.error().code == ErrorCode::not_found && debug) {
    return fail(ErrorCode::not_found,
                path.string() +
                    ": there is no signature that allows DEBUG, and the release's does not; make one "
                    "with: twine sign --debug " +
                    image_path.string());
  }
  if (!bytes && bytes.error().code == ErrorCode::not_found) {
    return fail(
        ErrorCode::not_found,
        path.string() + ": the enclave image is not signed; sign it with: twine sign " + image_path.string());
  }
  if (!bytes) return std::unexpected(std::move(bytes).error());
  Result<twine::sgx::Sigstruct> sigstruct = image::parse_sigstruct(*bytes);
  if (!sigstruct) return within(path.string(), std::move(sigstruct).error());
  if (Result<void> verified = image::verify_sigstruct(*sigstruct); !verified) {
    return within(path.string(), std::move(verified).error());
  }
  if (debug && !image::allows_debug(*sigstruct)) {
    return fail(ErrorCode::signature,
                path.string() + ": does not allow DEBUG; make one that does with: twine sign --debug " +
                    image_path.string());
  }
  return sigstruct;
}

Result<bool> choose_emulation(SgxChoice choice) {
  if (choice == SgxChoice::emulated) return true;
  const sgx::Probe probe = sgx::probe();
  // With a driver present nobody is moved to emulation unasked, even if something else is missing.
  if (choice == SgxChoice::automatic && !probe.device_present) return true;
  if (probe.hardware_usable()) return false;
  return fail(
      ErrorCode::unsupported,
      sgx::hardware_missing(probe) + "; `twine doctor` tells more, and --sgx emulated runs without secrecy");
}

Result<std::unique_ptr<sgx::Driver>> open_driver(bool emulated) {
  if (!emulated) return sgx::open_kernel_driver();
  auto driver = sgx::open_emulated_driver({});
  // One write, so that it is one line whoever else writes; if standard error is closed nobody can be told.
  if (driver) static_cast<void>(!::write(STDERR_FILENO, kEmulationNotice, sizeof(kEmulationNotice) - 1));
  return driver;
}

ConfinedNetwork network_of(const Network& manifest) {
  ConfinedNetwork network;
  network.uses_sockets = !manifest.sockets.empty();
  network.opens_sockets = !manifest.rules.empty();
  for (const NetworkRule& rule : manifest.rules) {
    const bool connects = rule.action == NetworkAction::connect;
    std::optional<std::vector<uint16_t>>& ports = connects ? network.connect_ports : network.bind_ports;
    if (rule.port == 0) {
      ports.reset();
    } else if (ports) {
      ports->push_back(rule.port);
    }
    network.resolves_names = network.resolves_names || (connects && (rule.any_host() || !rule.name.empty()));
  }
  return network;
}

// The last thing before the enclave runs: what is needed from outside the mounts is open by now.
Result<Confinement> confine(const LaunchRequest& request) {
  if (request.confinement == ConfinementChoice::off) return Confinement{};
  if (request.confinement == ConfinementChoice::required && !probe_confinement().complete()) {
    return fail(ErrorCode::unsupported,
                "this kernel cannot confine the host process as --confine=require asks: " +
                    probe_confinement().missing() + "; --confine=auto goes as far as it can");
  }
  std::vector<ConfinedDirectory> directories;
  directories.reserve(request.mounts.size());
  for (const HostMount& mount : request.mounts)
    directories.push_back({.path = mount.host_path, .read_only = mount.read_only});
  const ConfinedNetwork network = network_of(request.manifest.network);
  // What the resolver loads on its first use comes from directories that are out of reach afterwards.
  if (network.resolves_names) {
    addrinfo* loaded = nullptr;
    if (::getaddrinfo("localhost", nullptr, nullptr, &loaded) == 0) ::freeaddrinfo(loaded);
  }
  return confine_process(directories, network);
}

// Symbols of what is in a debug enclave. Of another nothing is told, but whoever has a debugger attached learns why.
Result<std::unique_ptr<LookingInside>> look_inside(bool debug_enclave, std::span<const uint8_t> elf,
                                                   uint64_t base, const LaunchRequest& request) {
  if (!debug_enclave) {
    if (request.perf_map) {
      return fail(ErrorCode::invalid_argument,
                  "a profile of the code inside is made of debug enclaves only: add --debug-enclave");
    }
    if (debug::is_traced()) {
      static_cast<void>(!::write(STDERR_FILENO, kNotForDebugging, sizeof(kNotForDebugging) - 1));
    }
    return nullptr;
  }
  std::vector<NamedModule> modules;
  modules.reserve(request.modules.size());
  for (size_t i = 0; i < request.modules.size(); ++i)
    modules.push_back({.name = request.manifest.modules[i].name, .twm = request.modules[i]});
  return LookingInside::start(elf, base, std::move(modules), request.perf_map);
}

class ServiceHandler final : public sgx::HostCallHandler {
 public:
  ServiceHandler(Services& services, ExitlessChoice exitless) : services_(services), exitless_(exitless) {}

  void host_call(std::span<uint8_t> arena) override {
    if (!server_) {
      services_.show_files_in(std::as_writable_bytes(arena));
      server_.emplace(services_, std::as_writable_bytes(arena), exitless_);
    }
    server_->serve_exit();
  }
  // No thread looks at the arena any more. Calls that were served without an exit.
  uint64_t finish() {
    const uint64_t served = server_ ? server_->served() : 0;
    server_.reset();
    return served;
  }

 private:
  Services& services_;
  ExitlessChoice exitless_;
  std::optional<ExitlessServer> server_;
};

std::vector<std::byte> to_bytes(std::span<const uint8_t> bytes) {
  const auto view = std::as_bytes(bytes);
  return {view.begin(), view.end()};
}

// /dev/null in the place of a descriptor that is -1.
class NullFile {
 public:
  explicit NullFile(const StandardFiles& files) {
    if (files.input < 0 || files.output < 0 || files.error < 0)
      descriptor_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  }
  NullFile(const NullFile&) = delete;
  NullFile& operator=(const NullFile&) = delete;
  ~NullFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int unless(int given) const { return given >= 0 ? given : descriptor_; }

 private:
  int descriptor_ = -1;
};

// The result that the enclave could not give any more.
LaunchResult stopped_at_a_host_call() {
  constexpr uint32_t trap_exit_code = 134;
  const auto kind = abi::TrapKind::interrupted;
  return {
      .status = LaunchStatus::trapped,
      .exit_code = trap_exit_code,
      .trap =
          TrapReport{
              .kind = kind, .message = std::string(trap_message(kind)), .frames = {}, .frames_omitted = 0},
      .error = {},
      .values = {},
      .steps = {},
      .statistics = {}};
}

void print_diagnostic(hostcall::DiagnosticLevel level, std::string_view text) {
  if (level > hostcall::DiagnosticLevel::warning) return;
  const std::string line = "twine: enclave: " + std::string(text) + "\n";
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

// The enclave marks its phases by the time stamp counter; this tells how long a tick is, from two looks at
// both clocks.
class TickClock {
 public:
  [[nodiscard]] uint64_t start() const { return start_ticks_; }
  // Ends the measurement.
  void stop() {
    end_ticks_ = __rdtsc();
    elapsed_ = stopwatch_.nanoseconds();
  }
  [[nodiscard]] uint64_t end() const { return end_ticks_; }
  // Nanoseconds from tick to tick; zero if one was not reached, or if they do not ascend (the enclave's word
  // is the host's only here).
  [[nodiscard]] uint64_t between(uint64_t from, uint64_t to) const {
    if (from == 0 || to <= from || end_ticks_ <= start_ticks_) return 0;
    const double scale = static_cast<double>(elapsed_) / static_cast<double>(end_ticks_ - start_ticks_);
    return static_cast<uint64_t>(static_cast<double>(to - from) * scale);
  }

 private:
  Stopwatch stopwatch_;
  uint64_t start_ticks_ = __rdtsc();
  uint64_t end_ticks_ = 0;
  uint64_t elapsed_ = 0;
};

ServicesConfig services_for(const LaunchRequest& request, const NullFile& null, PageService& pages) {
  ServicesConfig config;
  config.manifest = to_bytes(encode_manifest(request.manifest));
  for (const std::span<const uint8_t> module : request.modules) config.modules.push_back(to_bytes(module));
  config.mounts = request.mounts;
  config.sockets = request.sockets;
  config.standard_input = null.unless(request.files.input);
  config.standard_output = null.unless(request.files.output);
  config.standard_error = null.unless(request.files.error);
  config.diagnostic = print_diagnostic;
  config.pages = &pages;
  return config;
}

Result<LaunchResult> result_of(const Services& services) {
  const std::vector<std::byte> output = services.output();
  Result<LaunchResult> result =
      decode_launch_result(std::span(reinterpret_cast<const uint8_t*>(output.data()), output.size()));
  if (!result) return within("the enclave's result", std::move(result).error());
  return result;
}

LaunchTimes times_of(const PhaseMarks& marks, const TickClock& clock) {
  return {.create = 0,
          .enter = clock.between(clock.start(), marks.entered),
          .load = clock.between(marks.entered, marks.loaded),
          .instantiate = clock.between(marks.loaded, marks.instantiated),
          .guest = clock.between(marks.instantiated, marks.finished),
          .finish = clock.between(marks.finished, clock.end())};
}

// One launch on an idle thread of an enclave.
Result<LaunchOutcome> run_in(image::Enclave& enclave, ThreadSlots& slots, PageService& pages,
                             const LaunchRequest& request) {
  const NullFile null(request.files);
  const std::unique_ptr<Services> services = TWINE_TRY(Services::create(services_for(request, null, pages)));
  ServiceHandler handler(*services, request.exitless);
  const uint64_t tcs = TWINE_TRY(slots.acquire());
  sgx::EnclaveThread thread(enclave.driver(), tcs, handler);
  LaunchOutcome outcome;
  TickClock clock;
  const Result<void> ran = [&]() -> Result<void> {
    std::unique_ptr<Deadline> deadline;
    if (const uint64_t timeout = request.manifest.limits.timeout_ns; timeout != 0)
      deadline = TWINE_TRY(Deadline::start(enclave.driver(), thread, std::chrono::nanoseconds(timeout)));
    outcome.confinement = TWINE_TRY(confine(request));
    clock = TickClock();
    return thread.run();
  }();
  clock.stop();
  outcome.exitless_calls = handler.finish();
  // Of an enclave that has ended every thread can be entered, to be told so.
  if (thread.stopped()) {
    slots.lose();
  } else {
    slots.release(tcs);
  }
  if (!ran) return std::unexpected(ran.error());
  outcome.result = thread.stopped() ? stopped_at_a_host_call() : TWINE_TRY(result_of(*services));
  outcome.driver = enclave.driver().statistics();
  outcome.host_calls = services->calls_served();
  if (!thread.stopped()) outcome.times = times_of(outcome.result.statistics.marks, clock);
  return outcome;
}

}  // namespace

Result<EnclaveProgram> EnclaveProgram::load(const std::optional<std::filesystem::path>& path,
                                            SgxChoice choice, Debugging debugging) {
  const bool emulated = TWINE_TRY(choose_emulation(choice));
  const Stopwatch stopwatch;
  const std::filesystem::path image_path = path ? *path : TWINE_TRY(default_image_path());
  image::EnclaveImage image = TWINE_TRY(image::EnclaveImage::load(image_path));
  const twine::sgx::Sigstruct sigstruct = TWINE_TRY(load_sigstruct(image_path, debugging));
  EnclaveProgram program(std::move(image), sigstruct, emulated, debugging);
  program.device_emulated_ = !emulated && sgx::probe().device_emulated;
  if (debugging == Debugging::yes) program.elf_ = TWINE_TRY(read_file(image_path, size_t{1} << 28));
  program.load_ns_ = stopwatch.nanoseconds();
  return program;
}

Result<image::Enclave> EnclaveProgram::build() const {
  std::unique_ptr<sgx::Driver> driver = TWINE_TRY(open_driver(emulated_));
  if (debug()) static_cast<void>(!::write(STDERR_FILENO, kDebugNotice, sizeof(kDebugNotice) - 1));
  return image::Enclave::build(std::move(driver), image_, sigstruct_, {.debug = debug()});
}

Result<LaunchOutcome> EnclaveProgram::run(const LaunchRequest& request) const {
  TWINE_TRY(check_manifest(request.manifest));
  const Stopwatch create;
  image::Enclave enclave = TWINE_TRY(build());
  const uint64_t create_ns = create.nanoseconds();

  ThreadSlots slots(enclave);
  EnclavePages pages(enclave, &slots);
  const std::unique_ptr<LookingInside> looking =
      TWINE_TRY(look_inside(debug(), elf_, enclave.base(), request));
  std::optional<WatchedPages> watched;
  if (looking) watched.emplace(pages, *looking, enclave.base());
  LaunchOutcome outcome =
      TWINE_TRY(run_in(enclave, slots, watched ? static_cast<PageService&>(*watched) : pages, request));
  outcome.times.create = create_ns;
  return outcome;
}

SharedEnclave::SharedEnclave(image::Enclave enclave)
    : enclave_(std::move(enclave)), slots_(enclave_), pages_(enclave_, &slots_) {}

Result<LaunchOutcome> SharedEnclave::run(const LaunchRequest& request) {
  TWINE_TRY(check_manifest(request.manifest));
  if (request.confinement != ConfinementChoice::off || request.perf_map) {
    return fail(ErrorCode::invalid_argument,
                "a shared enclave's process cannot be confined or profiled by one of its launches");
  }
  return run_in(enclave_, slots_, pages_, request);
}

}  // namespace twine::host
