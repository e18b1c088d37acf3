#include "attacked_launch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "codegen/llvm/signing.h"
#include "common/entry.h"
#include "common/image_layout.h"
#include "common/sgx/arch.h"
#include "host/emulator/enclave_registry.h"
#include "host/image/signing_key.h"
#include "host/image/sigstruct.h"
#include "host/launch/modules.h"
#include "host/launch/pages.h"
#include "host/launch/twm_file.h"
#include "host/services/services.h"
#include "host/sgx/thread.h"

namespace twine::test {
namespace {

const image::EnclaveImage& enclave_image() {
  static const image::EnclaveImage loaded = image::EnclaveImage::load(TWINE_ENCLAVE_IMAGE).value();
  return loaded;
}

const sgx::Sigstruct& signature() {
  static const sgx::Sigstruct made = [] {
    const image::SigningKey key = image::SigningKey::generate().value();
    sgx::Sigstruct sigstruct =
        image::make_sigstruct(enclave_image().measure(), {.date = 0x20240607,
                                                          .isv_prod_id = enclave_image().note().isv_prod_id,
                                                          .isv_svn = enclave_image().note().isv_svn});
    EXPECT_TRUE(key.sign(sigstruct).has_value());
    return sigstruct;
  }();
  return made;
}

// The guest, compiled with a key of its own.
const host::CompiledModule& guest() {
  static const host::CompiledModule compiled = [] {
    std::string folder = testing::TempDir() + "/twine-attack-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) std::abort();
    host::CompileSettings settings;
    settings.use_cache = false;
    settings.signing_key = std::filesystem::path(folder) / "key.pem";
    if (!codegen::load_or_create_signing_key(*settings.signing_key)) std::abort();
    Result<host::CompiledModule> made = host::read_module(TWINE_ATTACKED_GUEST, settings);
    std::filesystem::remove_all(folder);
    if (!made) {
      ADD_FAILURE() << made.error().message;
      std::abort();
    }
    return std::move(*made);
  }();
  return compiled;
}

LaunchManifest manifest_for(const AttackOptions& options) {
  LaunchManifest manifest;
  manifest.modules.push_back({.name = "guest",
                              .kind = ModuleKind::twm,
                              .size = guest().twm.size(),
                              .sha256 = host::sha256(guest().twm),
                              .wasm_sha256 = guest().wasm_sha256});
  manifest.accepted_signers.push_back(guest().signer);
  manifest.arguments = options.program_arguments;
  if (!options.directory.empty()) {
    manifest.mounts = {{.guest_path = "/host", .read_only = false},
                       {.guest_path = "/memory", .read_only = false, .memory_bytes = 1 << 20}};
  }
  for (const std::string& rule : options.network_rules)
    manifest.network.rules.push_back(parse_network_rule(rule).value());
  manifest.steps = options.steps;
  manifest.invoke = options.invoke;
  manifest.invoke_arguments = options.arguments;
  return manifest;
}

std::vector<std::byte> to_bytes(std::span<const uint8_t> bytes) {
  const auto view = std::as_bytes(bytes);
  return {view.begin(), view.end()};
}

// Where the guest's output goes.
class Output {
 public:
  Output() : file_(std::tmpfile()) {
    if (file_ == nullptr) std::abort();
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { std::fclose(file_); }
  [[nodiscard]] int descriptor() const { return fileno(file_); }
  [[nodiscard]] std::string text() const {
    struct stat status{};
    if (fstat(descriptor(), &status) != 0) return {};
    std::string text(static_cast<size_t>(status.st_size), '\0');
    const ssize_t size = pread(descriptor(), text.data(), text.size(), 0);
    text.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return text;
  }

 private:
  FILE* file_;
};

}  // namespace

// The driver as it is, but that exceptions are looked at on their way to the thread.
class AttackedLaunch::HostileDriver final : public host::sgx::Driver {
 public:
  HostileDriver(host::sgx::Driver& honest, const AttackedLaunch& launch) : honest_(honest), launch_(launch) {}

  [[nodiscard]] std::string_view name() const override { return honest_.name(); }
  [[nodiscard]] Result<uint64_t> reserve(uint64_t size) override { return honest_.reserve(size); }
  [[nodiscard]] int create(const sgx_enclave_create& argument) override { return honest_.create(argument); }
  [[nodiscard]] int add_pages(sgx_enclave_add_pages& argument) override {
    return honest_.add_pages(argument);
  }
  [[nodiscard]] int init(const sgx_enclave_init& argument) override { return honest_.init(argument); }
  [[nodiscard]] int provision() override { return honest_.provision(); }
  [[nodiscard]] int restrict_permissions(sgx_enclave_restrict_permissions& argument) override {
    return honest_.restrict_permissions(argument);
  }
  [[nodiscard]] int modify_types(sgx_enclave_modify_types& argument) override {
    return honest_.modify_types(argument);
  }
  [[nodiscard]] int remove_pages(sgx_enclave_remove_pages& argument) override {
    return honest_.remove_pages(argument);
  }
  [[nodiscard]] int map(uint64_t address, uint64_t length, int protection) override {
    return honest_.map(address, length, protection);
  }
  [[nodiscard]] int protect(uint64_t address, uint64_t length, int protection) override {
    return honest_.protect(address, length, protection);
  }
  [[nodiscard]] int unmap(uint64_t address, uint64_t length) override {
    return honest_.unmap(address, length);
  }
  [[nodiscard]] int enter(uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function, uint64_t r8,
                          uint64_t r9, sgx_enclave_run* run) override {
    const int result = honest_.enter(rdi, rsi, rdx, function, r8, r9, run);
    const bool exception = run->function == static_cast<uint32_t>(sgx::Enclu::eresume);
    if (result == 0 && exception && launch_.on_exception) launch_.on_exception(*run);
    return result;
  }
  [[nodiscard]] int set_signal_action(int signal, const struct sigaction* action,
                                      struct sigaction* previous) override {
    return honest_.set_signal_action(signal, action, previous);
  }
  [[nodiscard]] host::sgx::DriverStatistics statistics() const override { return honest_.statistics(); }

 private:
  host::sgx::Driver& honest_;
  const AttackedLaunch& launch_;
};

class AttackedLaunch::Handler final : public host::sgx::HostCallHandler {
 public:
  Handler(host::Services& services, const AttackedLaunch& launch) : services_(services), launch_(launch) {}
  void host_call(std::span<uint8_t> arena) override {
    ArenaHeader header{};
    std::memcpy(&header, arena.data(), sizeof header);
    if (launch_.on_host_call) launch_.on_host_call(static_cast<hostcall::Call>(header.call));
    if (launch_.answer) return launch_.answer(services_, std::as_writable_bytes(arena));
    services_.serve(std::as_writable_bytes(arena));
  }

 private:
  host::Services& services_;
  const AttackedLaunch& launch_;
};

void AttackedLaunch::prepare() {
  static_cast<void>(guest());
  static_cast<void>(signature());
}

AttackedLaunch::AttackedLaunch() = default;
AttackedLaunch::~AttackedLaunch() = default;

Ending AttackedLaunch::run(const AttackOptions& options) {
  auto driver = host::sgx::open_emulated_driver(options.emulator);
  if (!driver) return {.result = std::unexpected(driver.error()), .output = {}, .statistics = {}};
  auto built = image::Enclave::build(std::move(*driver), enclave_image(), signature());
  if (!built) return {.result = std::unexpected(built.error()), .output = {}, .statistics = {}};
  enclave_ = std::make_unique<image::Enclave>(std::move(*built));

  const Output output;
  host::EnclavePages pages(*enclave_);
  host::ServicesConfig config;
  config.manifest = to_bytes(encode_manifest(manifest_for(options)));
  config.modules.push_back(to_bytes(guest().twm));
  config.standard_input = options.standard_input;
  config.standard_output = output.descriptor();
  config.standard_error = output.descriptor();
  if (!options.directory.empty()) config.mounts = {{.host_path = options.directory, .read_only = false}};
  config.pages = &pages;
  const auto services = host::Services::create(std::move(config)).value();

  HostileDriver hostile(enclave_->driver(), *this);
  Handler handler(*services, *this);
  host::sgx::EnclaveThread thread(hostile, enclave_->tcs_address(0), handler);
  const Result<void> ran = thread.run();
  if (on_end) on_end();
  Ending ending{.result = fail(ErrorCode::internal, "did not run"),
                .output = output.text(),
                .statistics = enclave_->driver().statistics(),
                .host_calls = services->calls_served()};
  if (ran) {
    const std::vector<std::byte> bytes = services->output();
    ending.result =
        decode_launch_result(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  } else {
    ending.result = std::unexpected(ran.error());
  }
  return ending;
}

host::sgx::Driver& AttackedLaunch::driver() {
  return enclave_->driver();
}

host::emulator::Enclave& AttackedLaunch::enclave() {
  return *host::emulator::find_enclave(enclave_->base());
}

uint64_t AttackedLaunch::memory() const {
  return enclave_->base() + enclave_->note().wasm_offset;
}
uint64_t AttackedLaunch::guest_page(uint64_t page) const {
  return memory() + 65536 + page * kPageSize;
}
uint64_t AttackedLaunch::code_page(uint64_t page) const {
  return enclave_->base() + enclave_->note().code_offset + page * kPageSize;
}
uint64_t AttackedLaunch::heap_page(uint64_t page) const {
  return enclave_->base() + enclave_->note().heap_offset + page * kPageSize;
}
uint64_t AttackedLaunch::stack_top_page() const {
  const ThreadBlockLayout layout = thread_block_layout(enclave_->note());
  return tcs() + layout.guest_stack + enclave_->note().guest_stack_size - kPageSize;
}
uint64_t AttackedLaunch::image_page(uint64_t page) const {
  return enclave_->base() + page * kPageSize;
}
uint64_t AttackedLaunch::ssa_page() const {
  return tcs() + thread_block_layout(enclave_->note()).ssa;
}
uint64_t AttackedLaunch::tcs() const {
  return enclave_->tcs_address(0);
}

}  // namespace twine::test
