#include "support/in_process_pages.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "enclave/memory/pages.h"
#include "enclave/platform/fault.h"

namespace twine::enclave {
namespace {

constexpr uint64_t kGuestStackSize = uint64_t{8} << 20;
constexpr uint64_t kGuestStackGuard = uint64_t{1} << 20;
constexpr size_t kSignalStackSize = size_t{256} << 10;
constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL};

GuestFaultHandler handler = nullptr;
AddressRange stack{};
std::map<uint64_t, uint64_t> code;  // address → size
std::vector<uint64_t> slots;        // linear memories
uint64_t opened_pages = 0;

uint8_t* map(uint64_t size, int protection) {
  void* address = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    std::perror("mmap");
    std::abort();
  }
  return static_cast<uint8_t*>(address);
}

bool in_code(uint64_t address) {
  const auto after = code.upper_bound(address);
  return after != code.begin() && address - std::prev(after)->first < std::prev(after)->second;
}

FaultKind classify(int signal, uint64_t address) {
  if (signal == SIGILL) return FaultKind::invalid_opcode;
  if (address >= stack.begin - kGuestStackGuard && address < stack.begin)
    return FaultKind::guest_stack_overflow;
  const bool in_slot =
      std::ranges::any_of(slots, [&](uint64_t base) { return address - base < kMemorySlotStride; });
  return in_slot ? FaultKind::linear_memory : FaultKind::other_access;
}

// RegisterState's order, in the numbering of <sys/ucontext.h>.
constexpr std::array kRegisters = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                   REG_R12, REG_R13, REG_R14, REG_R15, REG_EFL, REG_RIP};

void on_signal(int signal, siginfo_t* info, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  std::array<uint64_t, kRegisters.size()> words{};
  static_assert(sizeof words == sizeof(RegisterState));
  for (size_t i = 0; i < words.size(); ++i) words[i] = static_cast<uint64_t>(registers[kRegisters[i]]);
  RegisterState state;
  std::memcpy(&state, words.data(), sizeof state);

  const auto address = reinterpret_cast<uint64_t>(info->si_addr);
  const Fault fault{.kind = classify(signal, address), .rip = state.rip, .address = address};
  if (handler == nullptr || !in_code(state.rip) || handler(fault, state) == FaultAction::die) {
    std::signal(signal, SIG_DFL);  // the instruction runs again, and the process ends as it would have
    return;
  }
  std::memcpy(words.data(), &state, sizeof state);
  for (size_t i = 0; i < words.size(); ++i) registers[kRegisters[i]] = static_cast<greg_t>(words[i]);
}

}  // namespace

AddressRange guest_stack() {
  return stack;
}

Result<uint8_t*> reserve_memory_slot() {
  uint8_t* base = map(kMemorySlotStride, PROT_NONE);
  slots.push_back(reinterpret_cast<uint64_t>(base));
  return base;
}

Result<void> open_linear(uint8_t* base, uint64_t old_size, uint64_t new_size) {
  if (mprotect(base + old_size, new_size - old_size, PROT_READ | PROT_WRITE) != 0) {
    return fail(ErrorCode::out_of_memory, "linear memory: the system refused to open it");
  }
  opened_pages += (new_size - old_size) / kPageSize;
  return {};
}

void release_memory_slot(uint8_t* base) {
  std::erase(slots, reinterpret_cast<uint64_t>(base));
  munmap(base, kMemorySlotStride);
}

Result<uint8_t*> map_code(std::span<const uint8_t> image, uint64_t code_size, uint64_t /*data_size*/) {
  uint8_t* address = map(image.size(), PROT_READ | PROT_WRITE);
  std::ranges::copy(image, address);
  mprotect(address, image.size(), PROT_READ);
  if (code_size != 0) mprotect(address, code_size, PROT_READ | PROT_EXEC);
  code[reinterpret_cast<uint64_t>(address)] = image.size();
  return address;
}

void unmap_code(uint8_t* address) {
  const auto found = code.find(reinterpret_cast<uint64_t>(address));
  munmap(address, found->second);
  code.erase(found);
}

PageStatistics page_statistics() {
  return {.accepted = opened_pages, .faults = 0};
}

void set_guest_fault_handler(GuestFaultHandler new_handler) {
  handler = new_handler;
}

}  // namespace twine::enclave

namespace twine::testing {

void start_in_process_pages() {
  using namespace twine::enclave;
  const auto low =
      reinterpret_cast<uint64_t>(map(kGuestStackGuard + kGuestStackSize, PROT_NONE)) + kGuestStackGuard;
  mprotect(std::bit_cast<void*>(low), kGuestStackSize, PROT_READ | PROT_WRITE);
  stack = {.begin = low, .end = low + kGuestStackSize};

  stack_t signal_stack{};
  signal_stack.ss_sp = map(kSignalStackSize, PROT_READ | PROT_WRITE);
  signal_stack.ss_size = kSignalStackSize;
  sigaltstack(&signal_stack, nullptr);
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

}  // namespace twine::testing
