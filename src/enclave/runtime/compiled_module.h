// A compiled module that has passed every check, and how it gets there.
//
// accept_module() works on the enclave's own copy of the file, in this order; nothing is mapped or executed
// before all passed:
//
//   1  size and SHA-256 are those of the launch manifest
//   2  the header is well formed (twm_file.h)
//   3  the key that signed is one the manifest accepts, and the Ed25519 signature is its own
//   4  sections and tables are well formed
//   5  the file may run in this enclave, and on this processor
//   6  the Wasm module in it hashes to what header and manifest say
//   7  the Wasm module decodes and validates
//   8  tables and module agree: functions, types, thunks for whatever the runtime will call or be called by
//
// Freestanding and without side effects, so that it is tested and fuzzed as a plain process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "enclave/runtime/twm_file.h"
#include "wasm/module.h"

namespace twine::enclave {

// What the enclave admits.
struct ModulePolicy {
  std::span<const Ed25519PublicKey> accepted_signers;
  Sha256Digest mrenclave;      // of this enclave
  uint64_t cpu_features;       // CpuFeature bits that code may use here
  uint64_t guest_stack_guard;  // bytes; a frame that is not smaller could step over the guard
  wasm::Features wasm_features;
  bool fuel_is_limited = false;  // code that does not count what it executes is refused
};

struct CompiledModule {
  std::string name;
  std::vector<uint8_t> bytes;  // what `file` and `wasm` point into
  TwmFile file;
  wasm::Module wasm;
  std::vector<uint32_t> type_ids;  // canonical, by type index; filled when the module enters a store
  const uint8_t* code = nullptr;   // where the image is mapped

  [[nodiscard]] uint64_t code_size() const { return file.layout.code_size; }

  // Entry of a function that the module defines, in the guest convention. `function` counts imports.
  [[nodiscard]] const void* function_code(uint32_t function) const {
    return code + file.functions[function - wasm.imported_functions];
  }
  // Its entry in the tail-calling convention; null when it makes no tail call.
  [[nodiscard]] const void* tail_code(uint32_t function) const;
  [[nodiscard]] bool has_thunks(uint32_t type) const;
  [[nodiscard]] const void* entry_thunk(uint32_t type) const { return code + file.thunks[type].entry; }
  [[nodiscard]] const void* host_thunk(uint32_t type) const { return code + file.thunks[type].host; }

  // The function whose code holds this offset; none for thunks.
  [[nodiscard]] std::optional<uint32_t> function_at(uint32_t code_offset) const;
  // Offset of the Wasm operator that the code at this offset comes from; 0 if it is not recorded.
  [[nodiscard]] uint32_t wasm_offset_at(uint32_t code_offset) const;
  // The frame's size at this instruction: CFA - RSP; none if it cannot be unwound.
  [[nodiscard]] std::optional<uint32_t> cfa_at(uint32_t code_offset) const;

  // For people: the name section's name, else an export's, else "func[N]".
  [[nodiscard]] std::string function_name(uint32_t function) const;

 private:
  friend Result<std::unique_ptr<CompiledModule>> accept_module(std::vector<uint8_t>, const ManifestModule&,
                                                               const ModulePolicy&);
  // Starts of functions and thunks in ascending order; each reaches to the next.
  struct CodeRange {
    uint32_t begin;
    uint32_t function;  // kNoCode: a thunk
  };
  std::vector<CodeRange> ranges_;
  void index_code();
};

// See the head of this file. Errors begin with the module's name.
Result<std::unique_ptr<CompiledModule>> accept_module(std::vector<uint8_t> bytes,
                                                      const ManifestModule& expected,
                                                      const ModulePolicy& policy);

}  // namespace twine::enclave
