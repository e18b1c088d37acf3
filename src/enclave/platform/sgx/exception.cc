// The in-enclave half of exception handling, phase 1: what twine_handle_exception does between an EENTER at
// CSSA = 1 and its EEXIT. It runs on the exception stack, reads the interrupted frame, and either mends the
// cause or rewrites the frame.
#include "enclave/platform/sgx/exception.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <string_view>

#include "enclave/memory/page_fault.h"
#include "enclave/memory/pages.h"
#include "enclave/platform/fault.h"
#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/thread.h"

namespace twine::enclave {
namespace {

std::atomic<GuestFaultHandler> guest_fault_handler = nullptr;

// RFLAGS.TF, DF, AC: what a handler's phase 2 must not find set (System V convention).
constexpr uint64_t kFlagsToClear = (uint64_t{1} << 8) | (uint64_t{1} << 10) | (uint64_t{1} << 18);

uint64_t frame_address(const ThreadControlBlock& thread) {
  return thread_block_base(thread) + kThreadBlock.ssa;
}

sgx::SsaGpr& interrupted_registers(const ThreadControlBlock& thread) {
  return *std::bit_cast<sgx::SsaGpr*>(frame_address(thread) + sgx::ssa_gpr_offset(kImage.ssa_frame_pages));
}

const sgx::ExInfo& interrupted_exinfo(const ThreadControlBlock& thread) {
  return *std::bit_cast<const sgx::ExInfo*>(frame_address(thread) +
                                            sgx::ssa_exinfo_offset(kImage.ssa_frame_pages));
}

RegisterState read_registers(const sgx::SsaGpr& gpr) {
  return {.rax = gpr.rax,
          .rcx = gpr.rcx,
          .rdx = gpr.rdx,
          .rbx = gpr.rbx,
          .rsp = gpr.rsp,
          .rbp = gpr.rbp,
          .rsi = gpr.rsi,
          .rdi = gpr.rdi,
          .r8 = gpr.r8,
          .r9 = gpr.r9,
          .r10 = gpr.r10,
          .r11 = gpr.r11,
          .r12 = gpr.r12,
          .r13 = gpr.r13,
          .r14 = gpr.r14,
          .r15 = gpr.r15,
          .rflags = gpr.rflags,
          .rip = gpr.rip};
}

void write_registers(sgx::SsaGpr& gpr, const RegisterState& state) {
  const bool moved = gpr.rip != state.rip;
  gpr.rax = state.rax;
  gpr.rcx = state.rcx;
  gpr.rdx = state.rdx;
  gpr.rbx = state.rbx;
  gpr.rsp = state.rsp;
  gpr.rbp = state.rbp;
  gpr.rsi = state.rsi;
  gpr.rdi = state.rdi;
  gpr.r8 = state.r8;
  gpr.r9 = state.r9;
  gpr.r10 = state.r10;
  gpr.r11 = state.r11;
  gpr.r12 = state.r12;
  gpr.r13 = state.r13;
  gpr.r14 = state.r14;
  gpr.r15 = state.r15;
  gpr.rip = state.rip;
  gpr.rflags = moved ? gpr.rflags & ~kFlagsToClear : state.rflags;
}

// "TEXT at enclave + 0x1234", without allocating: the sentence that ends the enclave. An instruction's address says where the code
// stood. Of a data address only the page is told, as silicon tells the host: the rest may come from the guest's data.
class Sentence {
 public:
  Sentence& add(std::string_view text) {
    for (const char character : text) {
      if (size_ < text_.size()) text_[size_++] = character;
    }
    return *this;
  }
  Sentence& add_hex(uint64_t value) {
    add("0x");
    int shift = 60;
    while (shift > 0 && (value >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) add(std::string_view(&"0123456789abcdef"[value >> shift & 15], 1));
    return *this;
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 160> text_;
  size_t size_ = 0;
};

[[noreturn]] void die_at(std::string_view what, uint64_t rip, uint64_t address,
                         void (*die)(std::string_view) = panic) {
  const uint64_t base = enclave_range().begin;
  Sentence sentence;
  sentence.add(what).add(" at enclave + ").add_hex(rip - base);
  if (address != 0) sentence.add(", page enclave + ").add_hex((address - base) & ~(kPageSize - 1));
  die(sentence.text());
  __builtin_unreachable();
}

// The interrupted instruction is an EACCEPT or EACCEPTCOPY of the enclave's own, and the page that it is about
// is not there: the operating system would have added it and resumed, if it could.
bool waits_for_page(const sgx::SsaGpr& gpr, const sgx::ExInfo& exinfo) {
  const auto leaf = static_cast<sgx::Enclu>(static_cast<uint32_t>(gpr.rax));
  return (leaf == sgx::Enclu::eaccept || leaf == sgx::Enclu::eacceptcopy) && gpr.rcx == exinfo.maddr &&
         (exinfo.errcd & sgx::kPagefaultPresent) == 0;
}

[[noreturn]] void starve(uint64_t rip, uint64_t address) {
  die_at("the host did not provide a page", rip, address, panic_starved);
}

void raise_in_guest(FaultKind kind, uint64_t address, sgx::SsaGpr& gpr) {
  const GuestFaultHandler handler = guest_fault_handler.load(std::memory_order_acquire);
  RegisterState state = read_registers(gpr);
  const Fault fault{.kind = kind, .rip = gpr.rip, .address = address};
  if (handler == nullptr || handler(fault, state) != FaultAction::resume)
    die_at("the guest's code faulted", gpr.rip, address);
  write_registers(gpr, state);
}

// If the runtime wants it; the guest goes on otherwise.
void interrupt_guest(sgx::SsaGpr& gpr) {
  const GuestFaultHandler handler = guest_fault_handler.load(std::memory_order_acquire);
  RegisterState state = read_registers(gpr);
  const Fault fault{.kind = FaultKind::interrupt, .rip = gpr.rip, .address = 0};
  if (handler != nullptr && handler(fault, state) == FaultAction::resume) write_registers(gpr, state);
}

void handle_page_fault(ThreadControlBlock& thread, sgx::SsaGpr& gpr, bool in_guest) {
  const sgx::ExInfo& exinfo = interrupted_exinfo(thread);
  const uint64_t address = exinfo.maddr;
  if (!in_guest && waits_for_page(gpr, exinfo)) starve(gpr.rip, address);
  switch (mend_page_fault(address, thread_block_base(thread))) {
    case Verdict::accept:
      thread.spurious_fault_page = 0;
      return;
    case Verdict::in_order: {
      // Another thread may have accepted the page since; then once is enough. The same page again means that
      // the host keeps it away.
      const uint64_t page = address / kPageSize + 1;
      if (thread.spurious_fault_page == page)
        die_at("host attack: the host took away a page", gpr.rip, address);
      thread.spurious_fault_page = page;
      return;
    }
    case Verdict::beyond_memory:
      if (!in_guest) break;
      raise_in_guest(FaultKind::linear_memory, address, gpr);
      return;
    case Verdict::stack_guard:
      if (!in_guest) break;
      raise_in_guest(FaultKind::guest_stack_overflow, address, gpr);
      return;
    case Verdict::forbidden:
      if (!in_guest) break;
      raise_in_guest(FaultKind::other_access, address, gpr);
      return;
  }
  die_at("the enclave's code touched memory that it does not have", gpr.rip, address);
}

}  // namespace

void set_guest_fault_handler(GuestFaultHandler handler) {
  guest_fault_handler.store(handler, std::memory_order_release);
}

extern "C" void twine_handle_exception(ThreadControlBlock* thread) {
  sgx::SsaGpr& gpr = interrupted_registers(*thread);
  const bool in_guest = code_region().contains(gpr.rip);
  switch (respond(gpr.exitinfo, in_guest)) {
    case ExceptionResponse::nothing:
      return;
    case ExceptionResponse::interrupt:
      interrupt_guest(gpr);
      return;
    case ExceptionResponse::page_fault:
      handle_page_fault(*thread, gpr, in_guest);
      gpr.exitinfo &= ~sgx::kExitinfoValid;
      return;
    case ExceptionResponse::guest_fault:
      raise_in_guest(fault_kind(gpr.exitinfo), 0, gpr);
      gpr.exitinfo &= ~sgx::kExitinfoValid;
      return;
    case ExceptionResponse::die:
      break;
  }
  die_at("an exception that the enclave's code never raises", gpr.rip, 0);
}

extern "C" void twine_handle_nested_exception(ThreadControlBlock* thread) {
  const uint64_t frame = frame_address(*thread) + TWINE_SSA_FRAME_SIZE;
  const auto& gpr = *std::bit_cast<const sgx::SsaGpr*>(frame + sgx::ssa_gpr_offset(kImage.ssa_frame_pages));
  const auto& exinfo =
      *std::bit_cast<const sgx::ExInfo*>(frame + sgx::ssa_exinfo_offset(kImage.ssa_frame_pages));
  if ((gpr.exitinfo & sgx::kExitinfoValid) == 0)
    panic("host attack: the exception handler was entered again");
  // The handler accepts pages; a page that the host does not provide is the one honest way to get here.
  const bool page_fault = (gpr.exitinfo & sgx::kExitinfoVectorMask) == static_cast<uint32_t>(sgx::Vector::pf);
  if (page_fault && waits_for_page(gpr, exinfo)) starve(gpr.rip, exinfo.maddr);
  if (page_fault)
    die_at("host attack: the host took away a page of the exception handler", gpr.rip, exinfo.maddr);
  die_at("the exception handler itself faulted", gpr.rip, 0);
}

}  // namespace twine::enclave
