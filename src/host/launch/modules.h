// Modules for a launch: .twm files as they are, .wasm files compiled on the spot, with a cache of the
// results.
//
// The cache holds what `compile` would make again: $XDG_CACHE_HOME/twine/modules/KEY.twm, where KEY is the
// hexadecimal SHA-256 of
//
//   SHA-256 of the Wasm module   32 bytes
//   public key that signs        32 bytes
//   codegen::describe(…)         digest of the compiler's sources, LLVM's version, CPU, level
//   MRENCLAVE                    that alone may run it, or zeroes
//
// An entry is used when its signature, its key and its Wasm hash are right; any other is replaced. Entries
// are written whole or not at all, so processes may share the directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "codegen/llvm/compile.h"
#include "common/manifest.h"
#include "common/result.h"

namespace twine::host {

struct CompileSettings {
  codegen::CompileOptions options;
  bool use_cache = true;
  std::optional<std::filesystem::path> signing_key;  // nothing: the user's own, made on first use
  codegen::Progress progress;                        // may be empty
};

struct CompiledModule {
  std::string name;  // the path's last part
  std::vector<uint8_t> twm;
  Sha256Digest wasm_sha256{};
  Ed25519PublicKey signer{};
  bool compiled = false;  // now, rather than read from the cache or a .twm file
  uint64_t read_ns = 0;
  uint64_t compile_ns = 0;  // or reading the cache
  std::string warning;      // the cache cannot be written, and why; empty if all is well
};

// Errors: those of host::read_file and codegen::compile, each naming the file; malformed (neither .wasm nor
// .twm).
Result<CompiledModule> read_module(const std::filesystem::path& path, const CompileSettings& settings);
Result<CompiledModule> make_module(std::string name, std::vector<uint8_t> bytes,
                                   const CompileSettings& settings);

// Where the key lies that signs what is compiled on the spot: the user's configuration directory,
// "module-signing-key.pem".
Result<std::filesystem::path> user_signing_key_path();

// Its public half, if there is a key yet.
Result<std::optional<Ed25519PublicKey>> user_public_key();

}  // namespace twine::host
