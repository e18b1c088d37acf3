#include "host/preload/cpuid.h"

#include <Zydis/Zydis.h>
#include <asm/prctl.h>
#include <cpuid.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace twine::host::preload {
namespace {

constexpr uint8_t kCpuid[] = {0x0f, 0xa2};
constexpr uint8_t kUd2[] = {0x0f, 0x0b};
constexpr uint32_t kFeatureLeaf = 7;
constexpr uint32_t kSgxLeaf = 0x12;
constexpr uint32_t kSgx = 1U << 2;                // 07H.0:EBX
constexpr uint32_t kLaunchControl = 1U << 30;     // 07H.0:ECX
constexpr uint32_t kSgx1 = 1U << 0;               // 12H.0:EAX
constexpr uint32_t kSgx2 = 1U << 1;               // 12H.0:EAX
constexpr uint32_t kEdeccssa = 1U << 11;          // 12H.0:EAX
constexpr uint32_t kSectionType = 1;              // 12H.2:EAX[3:0] valid; ECX[3:0] confidential and intact
constexpr uint64_t kEpcBase = uint64_t{1} << 36;  // physical; nobody can see what is there
constexpr uint32_t kMaxSize32Log2 = 31;

// Decoding starts so far before a candidate: long enough to fall into step with the instructions.
constexpr uint64_t kRunIn = 256;

constinit const emulator::Platform* the_platform = nullptr;
constinit uint64_t the_epc_bytes = 0;
constinit bool faulting = false;
constinit std::vector<uint64_t>* patched = nullptr;  // addresses, ascending

// Bits 31:12 of a metric in the low register, 51:32 in the high one.
uint32_t low(uint64_t metric) {
  return static_cast<uint32_t>(metric & 0xfffff000);
}
uint32_t high(uint64_t metric) {
  return static_cast<uint32_t>(metric >> 32 & 0xfffff);
}

CpuidRegisters native_cpuid(uint32_t leaf, uint32_t subleaf) {
  CpuidRegisters result{};
  __cpuid_count(leaf, subleaf, result.eax, result.ebx, result.ecx, result.edx);
  return result;
}

// Whether the instructions before `offset` lead to one that starts there.
bool starts_instruction(const ZydisDecoder& decoder, std::span<const uint8_t> code, uint64_t offset) {
  uint64_t at = offset - std::min(offset, kRunIn);
  while (at < offset) {
    ZydisDecodedInstruction instruction;
    const ZyanStatus status =
        ZydisDecoderDecodeInstruction(&decoder, nullptr, code.data() + at, code.size() - at, &instruction);
    at += ZYAN_SUCCESS(status) ? instruction.length : 1;
  }
  return at == offset;
}

void patch_segment(std::span<uint8_t> segment) {
  const auto start = std::bit_cast<uint64_t>(segment.data());
  const std::vector<uint64_t> offsets = find_cpuid(segment);
  if (offsets.empty()) return;
  const uint64_t page = start & ~uint64_t{4095};
  const uint64_t size = start + segment.size() - page;
  if (mprotect(std::bit_cast<void*>(page), size, PROT_READ | PROT_WRITE) != 0) return;
  for (const uint64_t offset : offsets) {
    std::memcpy(segment.data() + offset, kUd2, sizeof kUd2);
    patched->push_back(start + offset);
  }
  mprotect(std::bit_cast<void*>(page), size, PROT_READ | PROT_EXEC);
}

// Of dl_iterate_phdr, whose first object is the executable.
int patch_executable(dl_phdr_info* info, size_t /*size*/, void* /*unused*/) {
  for (const ElfW(Phdr) & each : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (each.p_type != PT_LOAD || (each.p_flags & PF_X) == 0 || (each.p_flags & PF_W) != 0) continue;
    patch_segment({std::bit_cast<uint8_t*>(info->dlpi_addr + each.p_vaddr), each.p_memsz});
  }
  return 1;  // no other object
}

}  // namespace

CpuidRegisters sgx_cpuid(uint32_t leaf, uint32_t subleaf, const CpuidRegisters& native,
                         const emulator::Platform& platform, uint64_t epc_bytes) {
  CpuidRegisters result = native;
  if (leaf == 0) result.eax = std::max(result.eax, kSgxLeaf);
  if (leaf == kFeatureLeaf && subleaf == 0) {
    result.ebx |= kSgx;
    result.ecx |= kLaunchControl;
  }
  if (leaf != kSgxLeaf) return result;
  const uint64_t flags = platform.supported_flags();
  const uint64_t xfrm = platform.supported_xfrm();
  const auto size_log2 = static_cast<uint32_t>(std::countr_zero(platform.max_enclave_size()));
  switch (subleaf) {
    case 0:
      return {.eax = kSgx1 | kSgx2 | kEdeccssa,
              .ebx = platform.supported_miscselect(),
              .ecx = 0,
              .edx = size_log2 << 8 | kMaxSize32Log2};
    case 1:
      return {.eax = static_cast<uint32_t>(flags),
              .ebx = static_cast<uint32_t>(flags >> 32),
              .ecx = static_cast<uint32_t>(xfrm),
              .edx = static_cast<uint32_t>(xfrm >> 32)};
    case 2:
      return {.eax = low(kEpcBase) | kSectionType,
              .ebx = high(kEpcBase),
              .ecx = low(epc_bytes) | kSectionType,
              .edx = high(epc_bytes)};
    default:
      return {};
  }
}

std::vector<uint64_t> find_cpuid(std::span<const uint8_t> code) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  std::vector<uint64_t> result;
  auto found = std::search(code.begin(), code.end(), std::begin(kCpuid), std::end(kCpuid));
  while (found != code.end()) {
    const auto offset = static_cast<uint64_t>(found - code.begin());
    if (starts_instruction(decoder, code, offset)) result.push_back(offset);
    found = std::search(found + 1, code.end(), std::begin(kCpuid), std::end(kCpuid));
  }
  return result;
}

void trap_cpuid(const emulator::Platform& platform, uint64_t epc_bytes) {
  the_platform = &platform;
  the_epc_bytes = epc_bytes;
  faulting = syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0) == 0;
  if (faulting) return;
  patched = new std::vector<uint64_t>;
  dl_iterate_phdr(patch_executable, nullptr);
  std::sort(patched->begin(), patched->end());
}

bool answer_cpuid(int signal, const siginfo_t& info, ucontext_t& context) {
  if (info.si_code <= 0) return false;
  greg_t* const registers = context.uc_mcontext.gregs;
  const auto rip = static_cast<uint64_t>(registers[REG_RIP]);
  const bool faulted = faulting && signal == SIGSEGV && registers[REG_TRAPNO] == 13 &&
                       std::memcmp(std::bit_cast<const void*>(rip), kCpuid, sizeof kCpuid) == 0;
  const bool at_patch =
      signal == SIGILL && patched != nullptr && std::binary_search(patched->begin(), patched->end(), rip);
  if (!faulted && !at_patch) return false;
  const auto leaf = static_cast<uint32_t>(registers[REG_RAX]);
  const auto subleaf = static_cast<uint32_t>(registers[REG_RCX]);
  if (faulted) syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
  const CpuidRegisters native = native_cpuid(leaf, subleaf);
  if (faulted) syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
  const CpuidRegisters answer = sgx_cpuid(leaf, subleaf, native, *the_platform, the_epc_bytes);
  registers[REG_RAX] = answer.eax;
  registers[REG_RBX] = answer.ebx;
  registers[REG_RCX] = answer.ecx;
  registers[REG_RDX] = answer.edx;
  registers[REG_RIP] += sizeof kCpuid;
  return true;
}

}  // namespace twine::host::preload
