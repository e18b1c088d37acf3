// The compiled module, `.twm`: position-independent machine code for one Wasm module, the module itself, and a signature.
// Little-endian. Written by `twine compile`, read inside the enclave. No relocation is left in it.
//
//   offset  size  field
//   0       8     magic             "\0twm" 0d 0a 1a 0a
//   8       4     format_version    2
//   12      4     abi_version       abi::kAbiVersion
//   16      8     total_size        of the file, signature included
//   24      8     features          TwmFeature bits: what the code relies on; an unknown bit is refused
//   32      8     cpu_features      CpuFeature bits that must be usable in the enclave before the code may run
//   40      32    wasm_sha256       of the wasm section; the enclave computes it again
//   72      32    public_key        Ed25519 key that signed
//   104     32    enclave           MRENCLAVE that alone may run this file, or zeroes: any
//   136     4     section_count     at most kTwmMaxSections
//   140     4     reserved          0
//   144     24×n  sections          {u32 kind, u32 reserved 0, u64 offset, u64 size}: ascending kind, each kind once, 16-byte
//                                   aligned (image: page-aligned), ascending, not overlapping, inside the file
//   …             section bytes     gaps are zero
//   end-64  64    signature         Ed25519 over bytes [0, total_size - 64)
//
// Sections
//   wasm        the module, byte for byte
//   image       what is mapped: [0, code_size) machine code, R|X, then read-only data, R; code_size is page-aligned
//   layout      TwmImageLayout
//   functions   u32[defined functions]: code offset of each; then u32 end of the last of them, in the order of indices.
//               Ascending is not required; a function ends at the latest where the next higher offset begins
//   thunks      {u32 entry, u32 host}[types]: code offsets of the entry thunk and host thunk of each type, kNoCode if none
//   locations   {u32 code offset, u32 Wasm byte offset}[]: ascending; holds from its code offset to the next row's
//   unwind      {u32 code offset, u32 cfa}[]: ascending; CFA = RSP + cfa from that offset on; kNoUnwind: cannot be unwound
//   options     UTF-8 text: compiler version, CPU, optimisation level; for people and for the evidence
//   tails       {u32 function, u32 code offset}[]: the functions that make tail calls, by index in the Wasm module,
//               ascending, and their entries in the tail-calling convention; what `functions` has for them is a thunk
#pragma once

#include <cstdint>

namespace twine {

inline constexpr uint8_t kTwmMagic[8] = {0x00, 't', 'w', 'm', 0x0d, 0x0a, 0x1a, 0x0a};
inline constexpr uint32_t kTwmFormatVersion = 2;
inline constexpr uint32_t kTwmMaxSections = 16;
inline constexpr uint64_t kTwmSignatureSize = 64;
inline constexpr uint64_t kTwmMaxSize = uint64_t{1} << 30;

struct TwmHeader {
  uint8_t magic[8];
  uint32_t format_version;
  uint32_t abi_version;
  uint64_t total_size;
  uint64_t features;
  uint64_t cpu_features;
  uint8_t wasm_sha256[32];
  uint8_t public_key[32];
  uint8_t enclave[32];
  uint32_t section_count;
  uint32_t reserved;
};
static_assert(sizeof(TwmHeader) == 144);

enum class TwmSectionKind : uint32_t {
  wasm = 1,
  image = 2,
  layout = 3,
  functions = 4,
  thunks = 5,
  locations = 6,
  unwind = 7,
  options = 8,
  tails = 9,
};

struct TwmSection {
  uint32_t kind;
  uint32_t reserved;
  uint64_t offset;
  uint64_t size;
};
static_assert(sizeof(TwmSection) == 24);

enum TwmFeature : uint64_t {
  kTwmGuardedMemory = 1,  // accesses rely on 8 GiB reservations
  kTwmCountsFuel = 2,     // the code counts what it executes, in ThreadContext::fuel
};
inline constexpr uint64_t kTwmKnownFeatures = kTwmGuardedMemory | kTwmCountsFuel;

enum CpuFeature : uint64_t {
  kCpuSse42 = 1 << 0,
  kCpuPopcnt = 1 << 1,
  kCpuAvx = 1 << 2,
  kCpuAvx2 = 1 << 3,
  kCpuBmi1 = 1 << 4,
  kCpuBmi2 = 1 << 5,
  kCpuFma = 1 << 6,
  kCpuLzcnt = 1 << 7,
  kCpuMovbe = 1 << 8,
  kCpuF16c = 1 << 9,
  kCpuAvx512 = 1 << 10,  // F, BW, CD, DQ, VL
};

struct TwmImageLayout {
  uint64_t code_size;  // page-aligned bytes of code at the start of the image
  uint64_t data_size;  // bytes of read-only data that follow
  uint32_t
      max_frame;  // largest stack frame of any function, bytes; the guard below the guest stack is larger
  uint32_t reserved;
};

inline constexpr uint32_t kNoCode = 0xffff'ffff;
inline constexpr uint32_t kNoUnwind = 0xffff'ffff;

struct TwmThunks {
  uint32_t entry;
  uint32_t host;
};
struct TwmTail {
  uint32_t function;
  uint32_t code;
};
struct TwmLocation {
  uint32_t code_offset;
  uint32_t wasm_offset;
};
struct TwmUnwind {
  uint32_t code_offset;
  uint32_t cfa;
};

}  // namespace twine
