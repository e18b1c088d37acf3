// Ahead-of-time compilation: a WebAssembly module in, a signed `.twm` (common/twm.h) out.
//
// Runs outside the enclave. The enclave trusts nothing of it: it hashes and validates the module again, checks the
// signature on its own copy. That the code has only the shapes that docs/abi.md lists is for a verifier to prove, which
// is yet to come.
//
// The way of a module:
//
//   wasm::load         decode and validate
//   plan_groups        split the functions into groups, one LLVM module each           (unit.h)
//   translate          operators → LLVM IR, exact traps                                (function_translator.h)
//   optimise           LLVM's pipeline with our loop versioning                        (optimiser.h)
//   emit               → one ELF object a group
//   link_objects       lay out code and read-only data, resolve every relocation       (object_linker.h)
//   write_twm          tables, header, signature                                       (twm_writer.h)
//
// The same bytes and options give the same file, whatever the number of jobs.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/llvm/signing.h"
#include "common/result.h"
#include "wasm/types.h"

namespace twine::codegen {

// Instruction sets by the levels of the x86-64 psABI. `native` is the highest of them that this machine has,
// scheduled for this machine; it uses no instruction beyond the level, so a .twm says exactly what it needs.
enum class Cpu : uint8_t { native, x86_64_v2, x86_64_v3, x86_64_v4 };

// "native", "x86-64-v2", "x86-64-v3", "x86-64-v4".
Result<Cpu> parse_cpu(std::string_view name);

// x86-64-v3 where this machine has it, x86-64-v2 otherwise.
Cpu default_cpu();

struct CompileOptions {
  int optimisation_level = 2;  // 0 to 3
  Cpu cpu = default_cpu();
  // Whether the code counts what it executes, so that a launch can limit it (docs/abi.md, "Fuel").
  bool counts_fuel = false;
  // MRENCLAVE that alone may run the file; zeroes: any.
  std::array<uint8_t, 32> enclave{};
  // Proposals beyond WebAssembly 2.0 to accept; must equal what the enclave is told.
  wasm::Features features = wasm::all_features;
  // Threads to compile on; 0: as many as there are processors. Does not change the result.
  unsigned jobs = 0;
  // Where to write each group's IR after optimisation, PATH.GROUP.ll; empty: nowhere. For developers.
  std::string dump_ir{};
};

// Told how far the work is: bytes of function bodies done, of all. Called from the compiling threads, one
// call at a time.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

// Compiles and signs. `progress` may be null.
// Errors: those of wasm::load; unsupported (an operator or a machine that the compiler does not know); limit
// (code or file beyond what the format allows); those of the signer; internal.
Result<std::vector<uint8_t>> compile(std::span<const uint8_t> wasm, const CompileOptions& options,
                                     const Signer& signer, const Progress* progress = nullptr);

// What stands in the options section, and in the key of a cache of compiled modules: compiler version, LLVM
// version, CPU and level. Equal text and equal Wasm bytes give equal code. `tuned_for`: LLVM's name of this machine where
// the CPU is `native` (compiler_library.h knows), else nothing.
std::string describe(const CompileOptions& options, std::string_view tuned_for);

}  // namespace twine::codegen
