#include "host/launch/modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "codegen/llvm/compiler_library.h"
#include "codegen/llvm/signing.h"
#include "common/twm.h"
#include "host/files/files.h"
#include "host/files/user_directories.h"
#include "host/image/hex.h"
#include "host/launch/stopwatch.h"
#include "host/launch/twm_file.h"

namespace twine::host {
namespace {

constexpr uint64_t kMaxModuleFileSize = kTwmMaxSize;

Result<std::unique_ptr<codegen::Signer>> open_signer(const CompileSettings& settings) {
  if (settings.signing_key) return codegen::load_signing_key(*settings.signing_key);
  return codegen::load_or_create_signing_key(TWINE_TRY(user_signing_key_path()));
}

// Only for `native` is LLVM asked, which knows the machine's name: for the rest a hit does without it.
Result<std::string> describe(const codegen::CompileOptions& options) {
  if (options.cpu == codegen::Cpu::native) return TWINE_TRY(codegen::load_compiler())->describe(options);
  return codegen::describe(options, {});
}

Result<std::filesystem::path> cache_entry(const Sha256Digest& wasm_sha256, const codegen::PublicKey& signer,
                                          const codegen::CompileOptions& options) {
  const std::string description = TWINE_TRY(describe(options));
  std::vector<uint8_t> key(wasm_sha256.begin(), wasm_sha256.end());
  key.insert(key.end(), signer.begin(), signer.end());
  key.insert(key.end(), description.begin(), description.end());
  key.insert(key.end(), options.enclave.begin(), options.enclave.end());
  return TWINE_TRY(cache_directory()) / "modules" / (image::to_hex(sha256(key)) + ".twm");
}

// The entry's bytes, if it is there and what it should be. A wrong one counts as none: it will be replaced.
std::optional<std::vector<uint8_t>> look_up(const std::filesystem::path& entry,
                                            const Sha256Digest& wasm_sha256,
                                            const codegen::PublicKey& signer) {
  Result<std::vector<uint8_t>> bytes = read_file(entry, kMaxModuleFileSize);
  if (!bytes) return std::nullopt;
  const Result<TwmFile> twm = parse_twm(*bytes);
  if (!twm || !std::ranges::equal(twm->header.wasm_sha256, wasm_sha256) ||
      !std::ranges::equal(twm->header.public_key, signer) || !verify_twm(*twm, *bytes)) {
    return std::nullopt;
  }
  return std::move(*bytes);
}

Result<void> store(const std::filesystem::path& entry, std::span<const uint8_t> twm) {
  TWINE_TRY(create_private_directory(entry.parent_path()));
  return write_file(entry, twm, 0600);
}

Result<CompiledModule> take_twm(std::string name, std::vector<uint8_t> bytes) {
  const TwmFile twm = TWINE_TRY(parse_twm(bytes));
  CompiledModule module;
  module.name = std::move(name);
  module.twm = std::move(bytes);
  std::ranges::copy(twm.header.wasm_sha256, module.wasm_sha256.begin());
  std::ranges::copy(twm.header.public_key, module.signer.begin());
  return module;
}

Result<CompiledModule> compile_wasm(std::string name, std::span<const uint8_t> wasm,
                                    const CompileSettings& settings) {
  const Stopwatch stopwatch;
  const std::unique_ptr<codegen::Signer> signer = TWINE_TRY(open_signer(settings));
  CompiledModule module;
  module.name = std::move(name);
  module.wasm_sha256 = sha256(wasm);
  module.signer = signer->public_key();

  std::filesystem::path entry;
  if (settings.use_cache) {
    entry = TWINE_TRY(cache_entry(module.wasm_sha256, module.signer, settings.options));
    if (auto cached = look_up(entry, module.wasm_sha256, module.signer)) {
      module.twm = std::move(*cached);
      module.compile_ns = stopwatch.nanoseconds();
      return module;
    }
  }
  const codegen::CompilerLibrary* const compiler = TWINE_TRY(codegen::load_compiler());
  module.twm = TWINE_TRY(
      compiler->compile(wasm, settings.options, *signer, settings.progress ? &settings.progress : nullptr));
  module.compiled = true;
  if (settings.use_cache) {
    if (const Result<void> stored = store(entry, module.twm); !stored) {
      module.warning =
          fmt::format("the compiled module cannot be kept for the next time: {}", stored.error().message);
    }
  }
  module.compile_ns = stopwatch.nanoseconds();
  return module;
}

// What a file that is neither .wasm nor .twm most likely is, and what to do with it.
std::string explain_unknown(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return "the file is empty";
  constexpr std::string_view kElf =
      "\x7f"
      "ELF";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min<size_t>(bytes.size(), 64));
  if (text.starts_with(kElf)) {
    return "a native program, not a WebAssembly module; compile its source with clang-19 "
           "--target=wasm32-wasi";
  }
  if (const size_t first = text.find_first_not_of(" \t\r\n"); first != text.npos && text[first] == '(') {
    return "WebAssembly in text form; translate it first with: wat2wasm";
  }
  return "neither a WebAssembly module (it does not start with \\0asm) nor a compiled one (\\0twm)";
}

}  // namespace

Result<CompiledModule> read_module(const std::filesystem::path& path, const CompileSettings& settings) {
  const Stopwatch stopwatch;
  std::vector<uint8_t> bytes = TWINE_TRY(read_file(path, kMaxModuleFileSize));
  const uint64_t read_ns = stopwatch.nanoseconds();
  Result<CompiledModule> module = make_module(path.filename().string(), std::move(bytes), settings);
  if (!module) return within(path.string(), std::move(module).error());
  module->read_ns = read_ns;
  return module;
}

Result<CompiledModule> make_module(std::string name, std::vector<uint8_t> bytes,
                                   const CompileSettings& settings) {
  if (looks_like_twm(bytes)) return take_twm(std::move(name), std::move(bytes));
  if (looks_like_wasm(bytes)) return compile_wasm(std::move(name), bytes, settings);
  return fail(ErrorCode::malformed, explain_unknown(bytes));
}

Result<std::filesystem::path> user_signing_key_path() {
  return TWINE_TRY(configuration_directory()) / "module-signing-key.pem";
}

Result<std::optional<Ed25519PublicKey>> user_public_key() {
  const auto key = codegen::load_signing_key(TWINE_TRY(user_signing_key_path()));
  if (key) return (*key)->public_key();
  if (key.error().code == ErrorCode::not_found) return std::nullopt;
  return std::unexpected(key.error());
}

}  // namespace twine::host
