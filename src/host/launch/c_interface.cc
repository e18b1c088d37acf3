// The C interface, include/twine/twine.h, over the launcher.
//
// Exceptions end here: only memory can run out in C++ code of Twine, and that has an error of its own.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codegen/llvm/compiler_library.h"
#include "host/files/files.h"
#include "host/launch/launcher.h"
#include "host/launch/modules.h"
#include "host/launch/twm_file.h"
#include "host/launch/values.h"
#include "host/services/sockets.h"
#include "twine/twine.h"

using twine::Error;
using twine::ErrorCode;
using twine::Result;

struct twine_error {
  twine_error_code code;
  std::string message;
};

struct twine_enclave {
  std::shared_ptr<const twine::host::EnclaveProgram> program;
};

struct twine_shared_enclave {
  const twine_enclave* image;
  std::unique_ptr<twine::host::SharedEnclave> enclave;
};

struct twine_compile_options {
  twine::host::CompileSettings settings;
};

struct twine_module {
  std::shared_ptr<const twine::host::CompiledModule> module;
};

struct twine_launch {
  std::vector<std::shared_ptr<const twine::host::CompiledModule>> preloads;
  std::vector<std::string> preload_names;
  std::shared_ptr<const twine::host::CompiledModule> module;
  twine::LaunchManifest manifest;  // all but modules and the user's own key
  std::vector<std::string> arguments;
  std::vector<twine::host::HostMount> mounts;
  std::vector<twine::host::UniqueFd> listeners;
  std::vector<int> sockets;  // in the manifest's order; some of them in `listeners`
  twine::host::StandardFiles files;
  bool capture = false;
  twine::host::ConfinementChoice confinement = twine::host::ConfinementChoice::off;
  twine::host::ExitlessChoice exitless = twine::host::ExitlessChoice::automatic;
  bool perf_map = false;
  bool debug_info = false;
};

struct twine_result {
  twine::host::LaunchOutcome outcome;
  std::string backtrace;
  std::string values;
  std::string confinement;
  bool captured = false;
  std::vector<uint8_t> output;
  std::vector<uint8_t> error_output;
  twine_statistics statistics{};
};

namespace {

twine_error_code to_c(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return TWINE_ERROR_INVALID_ARGUMENT;
    case ErrorCode::malformed:
      return TWINE_ERROR_MALFORMED;
    case ErrorCode::invalid_module:
      return TWINE_ERROR_INVALID_MODULE;
    case ErrorCode::unsupported:
      return TWINE_ERROR_UNSUPPORTED;
    case ErrorCode::not_found:
      return TWINE_ERROR_NOT_FOUND;
    case ErrorCode::permission:
      return TWINE_ERROR_PERMISSION;
    case ErrorCode::out_of_memory:
      return TWINE_ERROR_OUT_OF_MEMORY;
    case ErrorCode::limit:
      return TWINE_ERROR_LIMIT;
    case ErrorCode::signature:
      return TWINE_ERROR_SIGNATURE;
    case ErrorCode::link:
      return TWINE_ERROR_LINK;
    case ErrorCode::io:
      return TWINE_ERROR_IO;
    case ErrorCode::internal:
      return TWINE_ERROR_INTERNAL;
  }
  return TWINE_ERROR_INTERNAL;
}

// When even the message cannot be had.
twine_error* out_of_memory() {
  static twine_error error{TWINE_ERROR_OUT_OF_MEMORY, "the host process is out of memory"};
  return &error;
}

twine_error* to_c(Error error) {
  return new twine_error{to_c(error.code), std::move(error.message)};
}

// Runs `body`, a function that returns Result<void>.
template <typename Body>
twine_error* guarded(Body&& body) noexcept {
  try {
    Result<void> result = body();
    return result ? nullptr : to_c(std::move(result).error());
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& exception) {
    return new (std::nothrow) twine_error{TWINE_ERROR_INTERNAL, exception.what()};
  }
}

const twine::host::CompileSettings& settings_of(const twine_compile_options* options) {
  static const twine::host::CompileSettings defaults;
  return options == nullptr ? defaults : options->settings;
}

// A file in memory for the guest to write to.
class Capture {
 public:
  static Result<Capture> create(const char* name) {
    Capture capture;
    capture.descriptor_ = ::memfd_create(name, MFD_CLOEXEC);
    if (capture.descriptor_ < 0) return std::unexpected(twine::host::system_error(name, errno));
    return capture;
  }
  Capture(Capture&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Capture& operator=(Capture&&) = delete;
  ~Capture() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] Result<std::vector<uint8_t>> contents() const {
    std::vector<uint8_t> bytes;
    for (;;) {
      const size_t have = bytes.size();
      bytes.resize(have + 65536);
      const ssize_t got = ::pread(descriptor_, bytes.data() + have, 65536, static_cast<off_t>(have));
      if (got < 0) return std::unexpected(twine::host::system_error("the captured output", errno));
      bytes.resize(have + static_cast<size_t>(got));
      if (got == 0) return bytes;
    }
  }

 private:
  Capture() = default;
  int descriptor_ = -1;
};

twine::ManifestModule describe_module(const twine::host::CompiledModule& module, std::string name) {
  return {.name = std::move(name),
          .kind = twine::ModuleKind::twm,
          .size = module.twm.size(),
          .sha256 = twine::host::sha256(module.twm),
          .wasm_sha256 = module.wasm_sha256};
}

Result<twine::host::LaunchRequest> to_request(const twine_launch& launch) {
  twine::host::LaunchRequest request;
  request.manifest = launch.manifest;
  request.mounts = launch.mounts;
  request.sockets = launch.sockets;
  request.files = launch.files;
  request.confinement = launch.confinement;
  request.exitless = launch.exitless;
  for (size_t i = 0; i < launch.preloads.size(); ++i) {
    request.manifest.modules.push_back(describe_module(*launch.preloads[i], launch.preload_names[i]));
    request.modules.emplace_back(launch.preloads[i]->twm);
  }
  request.manifest.modules.push_back(describe_module(*launch.module, launch.module->name));
  request.modules.emplace_back(launch.module->twm);
  // An invoked export takes the arguments itself; the program has only its name.
  request.manifest.arguments = launch.arguments;
  if (launch.manifest.invoke && !launch.arguments.empty()) {
    request.manifest.arguments.resize(1);
  }
  if (launch.manifest.invoke) {
    const std::span texts = std::span(launch.arguments).subspan(std::min<size_t>(launch.arguments.size(), 1));
    request.manifest.invoke_arguments =
        TWINE_TRY(twine::host::read_arguments(*launch.module, *launch.manifest.invoke, texts));
  }
  if (const auto own = TWINE_TRY(twine::host::user_public_key()))
    request.manifest.accepted_signers.push_back(*own);
  return request;
}

// Before the launch, which may take from the process what reading needs. Of two modules with one name nobody could tell whose
// a frame is: neither has lines.
Result<std::vector<twine::host::ModuleLines>> read_lines(const twine_launch& launch) {
  const auto* const compiler = TWINE_TRY(twine::codegen::load_compiler());  // it reads DWARF, too
  std::vector<twine::host::ModuleLines> all;
  const auto read = [&](const std::string& name, const twine::host::CompiledModule& module) -> Result<void> {
    const auto twm = TWINE_TRY(twine::host::parse_twm(module.twm));
    all.push_back(
        {.name = name,
         .lines = TWINE_TRY(compiler->source_lines(twm.section(twine::TwmSectionKind::wasm, module.twm)))});
    return {};
  };
  for (size_t i = 0; i < launch.preloads.size(); ++i)
    TWINE_TRY(read(launch.preload_names[i], *launch.preloads[i]));
  TWINE_TRY(read(launch.module->name, *launch.module));
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const auto& module : all) names.push_back(module.name);
  std::erase_if(all, [&](const auto& module) { return std::ranges::count(names, module.name) > 1; });
  return all;
}

void fill_statistics(const twine_launch& launch, const twine_enclave& enclave, twine_result& result) {
  const twine::host::LaunchOutcome& outcome = result.outcome;
  twine_statistics& statistics = result.statistics;
  statistics.emulated = enclave.program->emulated();
  statistics.exact_counts = outcome.driver.exact;
  statistics.compiled = launch.module->compiled;
  statistics.read_ns = launch.module->read_ns;
  statistics.compile_ns = launch.module->compile_ns;
  for (const auto& preload : launch.preloads) {
    statistics.compiled |= preload->compiled;
    statistics.read_ns += preload->read_ns;
    statistics.compile_ns += preload->compile_ns;
  }
  statistics.image_ns = enclave.program->load_ns();
  statistics.create_ns = outcome.times.create;
  statistics.enter_ns = outcome.times.enter;
  statistics.load_ns = outcome.times.load;
  statistics.instantiate_ns = outcome.times.instantiate;
  statistics.guest_ns = outcome.times.guest;
  statistics.finish_ns = outcome.times.finish;
  statistics.enclave_entries = outcome.driver.enters + outcome.driver.resumes;
  statistics.enclave_exits = outcome.driver.exits;
  statistics.asynchronous_exits = outcome.driver.asynchronous_exits;
  statistics.interrupts = outcome.driver.interrupts;
  statistics.host_calls = outcome.host_calls;
  statistics.exitless_calls = outcome.exitless_calls;
  statistics.committed_pages = outcome.driver.pages_committed;
  statistics.peak_pages = outcome.driver.pages_peak;
  statistics.linear_memory_bytes = outcome.result.statistics.linear_memory_bytes;
  statistics.fuel_limited = launch.manifest.limits.fuel.has_value();
  statistics.fuel_used = outcome.result.statistics.fuel_used;
}

// `run_request` runs a LaunchRequest somewhere.
template <typename Run>
Result<std::unique_ptr<twine_result>> run(const twine_launch& launch, const twine_enclave& enclave,
                                          Run&& run_request) {
  twine::host::LaunchRequest request = TWINE_TRY(to_request(launch));
  request.perf_map = launch.perf_map;
  std::vector<twine::host::ModuleLines> lines;
  if (launch.debug_info) lines = TWINE_TRY(read_lines(launch));
  auto result = std::make_unique<twine_result>();
  if (launch.capture) {
    const Capture output = TWINE_TRY(Capture::create("stdout"));
    const Capture error = TWINE_TRY(Capture::create("stderr"));
    request.files.output = output.descriptor();
    request.files.error = error.descriptor();
    result->outcome = TWINE_TRY(run_request(request));
    result->output = TWINE_TRY(output.contents());
    result->error_output = TWINE_TRY(error.contents());
    result->captured = true;
  } else {
    result->outcome = TWINE_TRY(run_request(request));
  }
  const twine::LaunchResult& ended = result->outcome.result;
  if (ended.status == twine::LaunchStatus::refused)
    return twine::fail(ErrorCode::invalid_module, ended.error);
  if (ended.trap) result->backtrace = twine::host::describe_trap(*ended.trap, lines);
  for (const twine::WireValue& value : ended.values)
    result->values += twine::host::describe_value(value) + "\n";
  result->confinement = result->outcome.confinement.in_force();
  fill_statistics(launch, enclave, *result);
  return result;
}

twine_error* load_enclave(const char* path, twine_sgx sgx, twine::host::Debugging debugging,
                          twine_enclave** enclave) {
  return guarded([&]() -> Result<void> {
    const auto choice = sgx == TWINE_SGX_HARDWARE   ? twine::host::SgxChoice::hardware
                        : sgx == TWINE_SGX_EMULATED ? twine::host::SgxChoice::emulated
                                                    : twine::host::SgxChoice::automatic;
    std::optional<std::filesystem::path> image;
    if (path != nullptr) image = path;
    auto program = std::make_shared<twine::host::EnclaveProgram>(
        TWINE_TRY(twine::host::EnclaveProgram::load(image, choice, debugging)));
    *enclave = new twine_enclave{std::move(program)};
    return {};
  });
}

}  // namespace

extern "C" {

const char* twine_version(void) {
  return TWINE_VERSION;
}

twine_error_code twine_error_get_code(const twine_error* error) {
  return error->code;
}
const char* twine_error_message(const twine_error* error) {
  return error->message.c_str();
}
void twine_error_delete(twine_error* error) {
  if (error != out_of_memory()) delete error;
}

twine_error* twine_enclave_load(const char* path, twine_sgx sgx, twine_enclave** enclave) {
  return load_enclave(path, sgx, twine::host::Debugging::no, enclave);
}
twine_error* twine_enclave_load_debug(const char* path, twine_sgx sgx, twine_enclave** enclave) {
  return load_enclave(path, sgx, twine::host::Debugging::yes, enclave);
}
void twine_enclave_delete(twine_enclave* enclave) {
  delete enclave;
}
void twine_enclave_mrenclave(const twine_enclave* enclave, uint8_t mrenclave[32]) {
  std::ranges::copy(enclave->program->sigstruct().enclavehash, mrenclave);
}
void twine_enclave_mrsigner(const twine_enclave* enclave, uint8_t mrsigner[32]) {
  std::ranges::copy(twine::image::mrsigner_of(enclave->program->sigstruct()), mrsigner);
}
uint16_t twine_enclave_isv_svn(const twine_enclave* enclave) {
  return enclave->program->sigstruct().isvsvn;
}
bool twine_enclave_is_debug(const twine_enclave* enclave) {
  return enclave->program->debug();
}
bool twine_enclave_is_emulated(const twine_enclave* enclave) {
  return enclave->program->emulated();
}

twine_compile_options* twine_compile_options_new(void) {
  return new twine_compile_options;
}
void twine_compile_options_delete(twine_compile_options* options) {
  delete options;
}
twine_error* twine_compile_options_set_level(twine_compile_options* options, int level) {
  return guarded([&]() -> Result<void> {
    if (level < 0 || level > 3) {
      return twine::fail(ErrorCode::invalid_argument,
                         "optimisation level " + std::to_string(level) + " is not within 0 to 3");
    }
    options->settings.options.optimisation_level = level;
    return {};
  });
}
twine_error* twine_compile_options_set_cpu(twine_compile_options* options, const char* cpu) {
  return guarded([&]() -> Result<void> {
    options->settings.options.cpu = TWINE_TRY(twine::codegen::parse_cpu(cpu));
    return {};
  });
}
void twine_compile_options_set_jobs(twine_compile_options* options, unsigned jobs) {
  options->settings.options.jobs = jobs;
}
void twine_compile_options_set_fuel(twine_compile_options* options, bool enabled) {
  options->settings.options.counts_fuel = enabled;
}
void twine_compile_options_set_cache(twine_compile_options* options, bool enabled) {
  options->settings.use_cache = enabled;
}
void twine_compile_options_set_signing_key(twine_compile_options* options, const char* path) {
  options->settings.signing_key = path;
}
void twine_compile_options_set_enclave(twine_compile_options* options, const uint8_t mrenclave[32]) {
  options->settings.options.enclave = {};
  if (mrenclave != nullptr) std::copy_n(mrenclave, 32, options->settings.options.enclave.begin());
}
void twine_compile_options_set_progress(twine_compile_options* options, twine_progress* progress,
                                        void* context) {
  if (progress == nullptr) {
    options->settings.progress = nullptr;
  } else {
    options->settings.progress = [progress, context](uint64_t done, uint64_t total) {
      progress(done, total, context);
    };
  }
}

twine_error* twine_module_read(const char* path, const twine_compile_options* options,
                               twine_module** module) {
  return guarded([&]() -> Result<void> {
    auto read = TWINE_TRY(twine::host::read_module(path, settings_of(options)));
    *module = new twine_module{std::make_shared<twine::host::CompiledModule>(std::move(read))};
    return {};
  });
}
twine_error* twine_module_from_bytes(const char* name, const uint8_t* bytes, size_t size,
                                     const twine_compile_options* options, twine_module** module) {
  return guarded([&]() -> Result<void> {
    Result<twine::host::CompiledModule> made =
        twine::host::make_module(name, std::vector<uint8_t>(bytes, bytes + size), settings_of(options));
    if (!made) return twine::within(name, std::move(made).error());
    *module = new twine_module{std::make_shared<twine::host::CompiledModule>(std::move(*made))};
    return {};
  });
}
void twine_module_delete(twine_module* module) {
  delete module;
}
const uint8_t* twine_module_bytes(const twine_module* module, size_t* size) {
  *size = module->module->twm.size();
  return module->module->twm.data();
}
void twine_module_wasm_sha256(const twine_module* module, uint8_t digest[32]) {
  std::ranges::copy(module->module->wasm_sha256, digest);
}
void twine_module_signer(const twine_module* module, uint8_t key[32]) {
  std::ranges::copy(module->module->signer, key);
}
const char* twine_module_warning(const twine_module* module) {
  return module->module->warning.empty() ? nullptr : module->module->warning.c_str();
}

twine_launch* twine_launch_new(const twine_module* module) {
  auto* launch = new twine_launch;
  launch->module = module->module;
  return launch;
}
void twine_launch_delete(twine_launch* launch) {
  delete launch;
}
void twine_launch_add_preload(twine_launch* launch, const char* name, const twine_module* module) {
  launch->preload_names.emplace_back(name);
  launch->preloads.push_back(module->module);
}
void twine_launch_set_invoke(twine_launch* launch, const char* export_name) {
  launch->manifest.invoke = export_name;
}
void twine_launch_add_argument(twine_launch* launch, const char* argument) {
  launch->arguments.emplace_back(argument);
}
twine_error* twine_launch_add_environment(twine_launch* launch, const char* variable) {
  return guarded([&]() -> Result<void> {
    const char* equals = std::strchr(variable, '=');
    if (equals == nullptr || equals == variable) {
      return twine::fail(ErrorCode::invalid_argument, std::string("environment variable '") + variable +
                                                          "' is not of the form NAME=VALUE");
    }
    launch->manifest.environment.emplace_back(variable);
    return {};
  });
}
void twine_launch_add_directory(twine_launch* launch, const char* host_path, const char* guest_path,
                                bool read_only) {
  launch->mounts.push_back({.host_path = host_path, .read_only = read_only});
  launch->manifest.mounts.push_back({.guest_path = guest_path, .read_only = read_only});
}
void twine_launch_add_memory_directory(twine_launch* launch, const char* guest_path, uint64_t bytes) {
  launch->manifest.mounts.push_back({.guest_path = guest_path, .memory_bytes = bytes});
}
twine_error* twine_launch_add_listener(twine_launch* launch, const char* address, uint16_t* port) {
  return guarded([&]() -> Result<void> {
    twine::host::Listener listener = TWINE_TRY(twine::host::open_listener(address));
    if (port != nullptr) *port = listener.endpoint.port;
    launch->manifest.network.sockets.push_back(
        {.kind = twine::LaunchSocketKind::listener, .address = address});
    launch->sockets.push_back(listener.socket.get());
    launch->listeners.push_back(std::move(listener.socket));
    return {};
  });
}
twine_error* twine_launch_add_socket(twine_launch* launch, int descriptor) {
  return guarded([&]() -> Result<void> {
    const auto kind = TWINE_TRY(twine::host::inherited_kind(descriptor));
    launch->manifest.network.sockets.push_back({.kind = kind, .address = {}});
    launch->sockets.push_back(descriptor);
    return {};
  });
}
twine_error* twine_launch_allow_network(twine_launch* launch, const char* rule) {
  return guarded([&]() -> Result<void> {
    launch->manifest.network.rules.push_back(TWINE_TRY(twine::parse_network_rule(rule)));
    return {};
  });
}
void twine_launch_set_memory_limit(twine_launch* launch, uint64_t bytes) {
  launch->manifest.limits.memory_bytes = bytes;
}
void twine_launch_set_table_limit(twine_launch* launch, uint64_t elements) {
  launch->manifest.limits.table_elements = elements;
}
void twine_launch_set_instance_limit(twine_launch* launch, uint64_t instances) {
  launch->manifest.limits.instances = instances;
}
void twine_launch_set_fuel(twine_launch* launch, uint64_t units) {
  launch->manifest.limits.fuel = units;
}

void twine_launch_set_wall_time(twine_launch* launch, uint64_t not_before, uint64_t not_after) {
  launch->manifest.wall_time = twine::WallTimeRange{.not_before = not_before, .not_after = not_after};
}

void twine_launch_set_timeout(twine_launch* launch, uint64_t nanoseconds) {
  launch->manifest.limits.timeout_ns = nanoseconds;
}
void twine_launch_set_confinement(twine_launch* launch, twine_confinement confinement) {
  launch->confinement = confinement == TWINE_CONFINE_AUTO      ? twine::host::ConfinementChoice::automatic
                        : confinement == TWINE_CONFINE_REQUIRE ? twine::host::ConfinementChoice::required
                                                               : twine::host::ConfinementChoice::off;
}
void twine_launch_set_exitless(twine_launch* launch, twine_exitless exitless) {
  launch->exitless = exitless == TWINE_EXITLESS_OFF  ? twine::host::ExitlessChoice::off
                     : exitless == TWINE_EXITLESS_ON ? twine::host::ExitlessChoice::on
                                                     : twine::host::ExitlessChoice::automatic;
}
void twine_launch_set_perf_map(twine_launch* launch, bool enabled) {
  launch->perf_map = enabled;
}
void twine_launch_set_debug_info(twine_launch* launch, bool enabled) {
  launch->debug_info = enabled;
}
void twine_launch_trust_key(twine_launch* launch, const uint8_t key[32]) {
  twine::Ed25519PublicKey& accepted = launch->manifest.accepted_signers.emplace_back();
  std::copy_n(key, accepted.size(), accepted.begin());
}
void twine_launch_set_standard_files(twine_launch* launch, int input, int output, int error) {
  launch->files = {.input = input, .output = output, .error = error};
  launch->capture = false;
}
void twine_launch_capture_output(twine_launch* launch) {
  launch->capture = true;
}

twine_error* twine_launch_run(const twine_launch* launch, const twine_enclave* enclave,
                              twine_result** result) {
  return guarded([&]() -> Result<void> {
    const auto alone = [&](const twine::host::LaunchRequest& request) {
      return enclave->program->run(request);
    };
    *result = TWINE_TRY(run(*launch, *enclave, alone)).release();
    return {};
  });
}

twine_error* twine_enclave_share(const twine_enclave* enclave, twine_shared_enclave** shared) {
  return guarded([&]() -> Result<void> {
    auto built = std::make_unique<twine::host::SharedEnclave>(TWINE_TRY(enclave->program->build()));
    *shared = new twine_shared_enclave{.image = enclave, .enclave = std::move(built)};
    return {};
  });
}
void twine_shared_enclave_delete(twine_shared_enclave* shared) {
  delete shared;
}
twine_error* twine_launch_run_shared(const twine_launch* launch, twine_shared_enclave* shared,
                                     twine_result** result) {
  return guarded([&]() -> Result<void> {
    const auto in_it = [&](const twine::host::LaunchRequest& request) {
      return shared->enclave->run(request);
    };
    *result = TWINE_TRY(run(*launch, *shared->image, in_it)).release();
    return {};
  });
}

void twine_result_delete(twine_result* result) {
  delete result;
}
uint32_t twine_result_exit_status(const twine_result* result) {
  return result->outcome.result.trap ? TWINE_TRAP_STATUS : result->outcome.result.exit_code;
}
const char* twine_result_trap(const twine_result* result) {
  return result->outcome.result.trap ? result->outcome.result.trap->message.c_str() : nullptr;
}
const char* twine_result_backtrace(const twine_result* result) {
  return result->outcome.result.trap ? result->backtrace.c_str() : nullptr;
}
const char* twine_result_values(const twine_result* result) {
  return result->values.c_str();
}
const char* twine_result_confinement(const twine_result* result) {
  return result->confinement.c_str();
}
const uint8_t* twine_result_output(const twine_result* result, twine_stream stream, size_t* size) {
  *size = 0;
  if (!result->captured) return nullptr;
  const std::vector<uint8_t>& bytes = stream == TWINE_STDERR ? result->error_output : result->output;
  *size = bytes.size();
  return bytes.data();
}

twine_error* twine_result_statistics(const twine_result* result, twine_statistics* statistics) {
  return guarded([&]() -> Result<void> {
    const size_t size = statistics->size;
    if (size < sizeof(size_t))
      return twine::fail(ErrorCode::invalid_argument, "twine_statistics: set its size first");
    // A caller of a later version has members that this library does not know: they are zero.
    std::memset(statistics, 0, size);
    std::memcpy(statistics, &result->statistics, std::min(size, sizeof(twine_statistics)));
    statistics->size = size;
    return {};
  });
}

}  // extern "C"
