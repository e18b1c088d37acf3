// The trap layer: turns signals into what the processor would have done, and carries out ENCLU.
//
//   where            signal                                       becomes
//   host             #GP at the entry function's ENCLU            EENTER or ERESUME
//   host             #UD at an ENCLU of foreign code              EENTER or ERESUME
//   host             anything else                                the program's own handler
//   enclave          #GP at a patched ENCLU, #UD at any other     the leaf in EAX
//   enclave          #GP at a patched forbidden instruction       AEX, #UD
//   enclave          #PF that EPCM and VMA allow                  nothing: the host's page tables catch up and the access is made again
//   enclave          #DE #DB #BP #UD #GP #PF #MF #AC #XM          AEX
//   enclave          SIGSYS of Syscall User Dispatch              AEX, #UD at the system-call instruction
//   enclave          any signal that is not a fault               AEX with EXITINFO not valid, then the program's own handler, then
//                                                                 ERESUME, because the AEP is an ENCLU with EAX = ERESUME
// After an AEX for an exception whose AEP is our entry function, execution goes on where that function reports exceptions, as the
// kernel does for its vDSO; #DB and #BP, and exceptions in enclaves entered elsewhere, are given to the program as signals.
#include <ucontext.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "host/emulator/enclave_registry.h"
#include "host/emulator/leaves.h"
#include "host/emulator/signals.h"
#include "host/emulator/thread_context.h"
#include "host/emulator/trap_entry.h"

namespace twine::host::emulator {
namespace {

using sgx::Enclu;
using sgx::Vector;

// _fpx_sw_bytes in the software-reserved part of the frame's FXSAVE area (<asm/sigcontext.h>).
constexpr size_t kSoftwareReservedOffset = 464;
struct FrameSoftwareBytes {
  uint32_t magic1;
  uint32_t extended_size;
  uint64_t xfeatures;
};
constexpr uint32_t kFrameMagic1 = 0x46505853;

constexpr uint8_t kEncluBytes[kEncluSize] = {0x0f, 0x01, 0xd7};
constexpr uint8_t kCpuidBytes[] = {0x0f, 0xa2};
constexpr uint64_t kSyscallSize = 2;  // SYSCALL, SYSENTER, INT 80H

// si_code of SIGSYS from Syscall User Dispatch.
constexpr int kSysUserDispatch = 2;

// A second copy of the entry function; 0: there is none.
constinit uint64_t copied_entry = 0;
constinit HostTrapHook host_trap_hook = nullptr;

uint64_t label(const char& symbol) {
  return reinterpret_cast<uint64_t>(&symbol);
}

// Where the entry function whose ENCLU is at `address` reports exceptions from; 0 where no such ENCLU is.
uint64_t exception_label(uint64_t address) {
  const auto entry = reinterpret_cast<uint64_t>(&twine_emulator_enter_enclave);
  if (address == label(twine_emulator_enclu)) return label(twine_emulator_exception);
  if (copied_entry != 0 && address == copied_entry + (label(twine_emulator_enclu) - entry))
    return copied_entry + (label(twine_emulator_exception) - entry);
  return 0;
}

// Whether the signal is host code's ENCLU: the entry function's, or one of its own. What is read at RIP was just
// executed, so it can be read.
bool is_host_enclu(int signal, const siginfo_t& info, const ucontext_t& context) {
  const auto rip = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
  if (signal == SIGSEGV) return exception_label(rip) != 0;
  return signal == SIGILL && info.si_code > 0 &&
         std::memcmp(std::bit_cast<const void*>(rip), kEncluBytes, sizeof kEncluBytes) == 0;
}

// One signal on its way through the emulator.
class Trap {
 public:
  Trap(int signal, siginfo_t* info, ucontext_t* context, ThreadContext& thread)
      : signal_(signal), info_(info), context_(context), thread_(thread), processor_(thread.processor) {
    load();
  }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;
  ~Trap() = default;

  // Whether the signal was the emulator's business altogether; if not, the program's handler must run, on the
  // state as stored.
  bool handle() { return processor_.in_enclave() ? in_enclave() : in_host(); }

 private:
  [[nodiscard]] uint64_t greg(int index) const {
    return static_cast<uint64_t>(context_->uc_mcontext.gregs[index]);
  }

  void load();
  void store();

  bool in_host();
  bool in_enclave();
  bool enter(Enclu leaf);
  bool enclu();
  bool page_fault_inside();
  // AEX for an exception; true if the entry function reports it.
  bool exception(Vector vector, uint32_t error_code = 0, uint64_t address = 0);
  bool fault(const Outcome& outcome) {
    return exception(outcome.vector, outcome.error_code, outcome.address);
  }
  // Continues at `where`, from which the entry function reports exceptions of the leaf in EAX.
  void report(uint64_t where, Vector vector, uint32_t error_code, uint64_t address);
  // The bytes at RIP are `instruction`'s. RIP was just executed, so it can be read.
  template <size_t size>
  [[nodiscard]] bool at(const uint8_t (&instruction)[size]) const {
    return std::memcmp(std::bit_cast<const void*>(processor_.registers.rip), instruction, size) == 0;
  }

  int signal_;
  siginfo_t* info_;
  ucontext_t* context_;
  ThreadContext& thread_;
  Processor& processor_;
};

// --- Signal frame and processor -------------------------------------------------------------------------------------

// The general registers, in the order of Registers.
constexpr int kFrameRegisters[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                   REG_R12, REG_R13, REG_R14, REG_R15, REG_EFL, REG_RIP};
static_assert(sizeof kFrameRegisters / sizeof(int) * sizeof(uint64_t) == offsetof(Registers, fsbase));

void Trap::load() {
  uint64_t values[std::size(kFrameRegisters)];
  for (size_t i = 0; i < std::size(kFrameRegisters); ++i) values[i] = greg(kFrameRegisters[i]);
  std::memcpy(&processor_.registers, values, sizeof values);
  if (processor_.in_enclave()) {
    processor_.registers.fsbase = thread_.enclave_fs;
    processor_.registers.gsbase = thread_.enclave_gs;
  } else {
    processor_.registers.fsbase = __builtin_ia32_rdfsbase64();
    processor_.registers.gsbase = __builtin_ia32_rdgsbase64();
  }
  auto* const area = reinterpret_cast<uint8_t*>(context_->uc_mcontext.fpregs);
  FrameSoftwareBytes software{};
  std::memcpy(&software, area + kSoftwareReservedOffset, sizeof software);
  processor_.extended.area = area;
  processor_.extended.features = software.magic1 == kFrameMagic1 ? software.xfeatures : sgx::kXfrmLegacy;
}

void Trap::store() {
  uint64_t values[std::size(kFrameRegisters)];
  std::memcpy(values, &processor_.registers, sizeof values);
  for (size_t i = 0; i < std::size(kFrameRegisters); ++i) {
    context_->uc_mcontext.gregs[kFrameRegisters[i]] = static_cast<greg_t>(values[i]);
  }
  if (processor_.in_enclave()) {
    thread_.enclave_fs = processor_.registers.fsbase;
    thread_.enclave_gs = processor_.registers.gsbase;
    thread_.host_fs = processor_.save_fs;
    thread_.host_gs = processor_.save_gs;
  }
  // Last: from here on the way out switches FS and GS.
  thread_.in_enclave = processor_.in_enclave() ? 1 : 0;
}

// --- Outside --------------------------------------------------------------------------------------------------------

bool Trap::in_host() {
  if (!is_host_enclu(signal_, *info_, *context_)) return false;
  const auto leaf = static_cast<Enclu>(static_cast<uint32_t>(processor_.registers.rax));
  if (leaf != Enclu::eenter && leaf != Enclu::eresume)
    return false;  // #GP(0) outside: the signal that came is right
  return enter(leaf);
}

bool Trap::enter(Enclu leaf) {
  const uint64_t instruction = processor_.registers.rip;
  const uint64_t tcs = processor_.registers.rbx;
  Outcome outcome = page_fault(tcs, sgx::kPagefaultUser);
  if (Enclave* const enclave = find_enclave(tcs); enclave != nullptr) {
    const std::lock_guard guard(enclave->lock);
    processor_.registers.rip = instruction + kEncluSize;
    outcome = leaf == Enclu::eenter ? eenter(processor_, *enclave) : eresume(processor_, *enclave);
    // The handler is done with the instruction that it was shown, once the frame of its exception is free again;
    // an ERESUME of the handler itself, which a timer had interrupted, leaves it as it is.
    if (outcome.ok() && leaf == Enclu::eresume && thread_.revealed != nullptr &&
        processor_.tcs->tcs.cssa < thread_.revealed_cssa) {
      enclave->patches.hide(*enclave, *thread_.revealed);
      thread_.revealed = nullptr;
    }
  }
  if (!outcome.ok()) {
    processor_.registers.rip = instruction;
    const uint64_t reporter = exception_label(instruction);
    if (reporter == 0) return false;
    report(reporter, outcome.vector, outcome.error_code, outcome.address & ~(sgx::kEpcPageSize - 1));
  }
  store();
  return true;
}

void Trap::report(uint64_t where, Vector vector, uint32_t error_code, uint64_t address) {
  processor_.registers.rip = where;
  processor_.registers.rdi = static_cast<uint64_t>(vector);
  processor_.registers.rsi = error_code;
  processor_.registers.rdx = address;
}

// --- Inside ---------------------------------------------------------------------------------------------------------

bool Trap::exception(Vector vector, uint32_t error_code, uint64_t address) {
  const uint64_t aep = processor_.tcs->tcs.aep;
  asynchronous_exit(processor_, ExitEvent::exception(vector, error_code, address));
  const uint64_t reporter = exception_label(aep);
  const bool fixed_up = reporter != 0 && vector != Vector::db && vector != Vector::bp;
  // Outside, only the page of the address is told.
  if (fixed_up)
    report(reporter, vector, error_code, vector == Vector::pf ? address & ~(sgx::kEpcPageSize - 1) : 0);
  store();
  return fixed_up;
}

bool Trap::enclu() {
  const Outcome outcome = emulator::enclu(processor_);
  if (outcome.kind == Outcome::Kind::fault) return fault(outcome);
  if (processor_.in_enclave()) processor_.registers.rip += kEncluSize;
  store();
  return true;
}

bool Trap::page_fault_inside() {
  const uint64_t address = greg(REG_CR2);
  const auto code = static_cast<uint32_t>(greg(REG_ERR));
  Enclave& enclave = *processor_.enclave;
  // Outside ELRANGE the host's own page tables have decided.
  if (!enclave.in_elrange(address)) return exception(Vector::pf, code, address);
  const Access kind = (code & sgx::kPagefaultFetch) != 0   ? Access::fetch
                      : (code & sgx::kPagefaultWrite) != 0 ? Access::write
                                                           : Access::read;
  const Outcome outcome = enclave.access(address, kind);
  if (!outcome.ok()) return fault(outcome);
  store();
  return true;
}

bool Trap::in_enclave() {
  Enclave& enclave = *processor_.enclave;
  const bool is_fault = info_->si_code > 0;  // raised by the kernel for this instruction, not sent
  const std::unique_lock guard(enclave.lock);
  if (is_fault && !enclave.in_elrange(processor_.registers.rip) && signal_ == SIGSEGV) {
    return exception(Vector::gp);  // an instruction fetch outside ELRANGE
  }
  if (is_fault) {
    switch (signal_) {
      case SIGSEGV: {
        const uint64_t vector = greg(REG_TRAPNO);
        if (vector == static_cast<uint64_t>(Vector::pf)) return page_fault_inside();
        if (const TextPatches::Site* const site = enclave.patches.find(processor_.registers.rip)) {
          if (site->kind == x86::InstructionClass::enclu) return enclu();
          if (thread_.revealed != nullptr) enclave.patches.hide(enclave, *thread_.revealed);
          enclave.patches.reveal(enclave, *site);
          thread_.revealed = site;
          thread_.revealed_cssa = processor_.tcs->tcs.cssa + 1;  // after the AEX
          return exception(site->kind == x86::InstructionClass::illegal ? Vector::ud : Vector::gp);
        }
        // CPUID that a host with CPUID faulting makes #GP of, in code that was not patched.
        if (at(kCpuidBytes)) return exception(Vector::ud);
        return exception(Vector::gp, static_cast<uint32_t>(greg(REG_ERR)));
      }
      case SIGILL:
        if (at(kEncluBytes)) return enclu();
        return exception(Vector::ud);
      case SIGFPE:
      case SIGTRAP:
        return exception(static_cast<Vector>(greg(REG_TRAPNO)));
      case SIGBUS:
        // #AC, and #SS, which the enclave is not told of.
        if (greg(REG_TRAPNO) != static_cast<uint64_t>(Vector::pf))
          return exception(static_cast<Vector>(greg(REG_TRAPNO)), static_cast<uint32_t>(greg(REG_ERR)));
        return exception(Vector::pf, static_cast<uint32_t>(greg(REG_ERR)), greg(REG_CR2));
      case SIGSYS:
        if (info_->si_code != kSysUserDispatch) break;
        processor_.registers.rip -= kSyscallSize;
        return exception(Vector::ud);
      default:
        break;
    }
  }
  asynchronous_exit(processor_, ExitEvent::interrupt());
  store();
  return false;
}

// Runs the program's own action, which shall see the alternate stack that it has set.
void run_foreign_action(int signal, siginfo_t* info, ucontext_t* context, ThreadContext* thread) {
  const stack_t ours = context->uc_stack;
  if (thread != nullptr) context->uc_stack = thread->program_stack;
  run_program_action(signal, info, context);
  if (thread != nullptr) context->uc_stack = ours;
}

}  // namespace

void register_entry_function(uint64_t address) {
  copied_entry = address;
}

void set_host_trap_hook(HostTrapHook hook) {
  host_trap_hook = hook;
}

}  // namespace twine::host::emulator

twine::host::emulator::ThreadContext* twine_emulator_trap(int signal, siginfo_t* info, ucontext_t* context,
                                                          twine::host::emulator::ThreadContext* thread) {
  namespace emulator = twine::host::emulator;
  const int saved_errno = errno;
  if (thread == nullptr && emulator::is_host_enclu(signal, *info, *context))
    thread = emulator::this_thread_context(true, context);
  bool handled = thread != nullptr && emulator::Trap(signal, info, context, *thread).handle();
  if (!handled && emulator::host_trap_hook != nullptr)
    handled = emulator::host_trap_hook(signal, *info, *context);
  if (!handled) emulator::run_foreign_action(signal, info, context, thread);
  errno = saved_errno;
  return thread;
}
