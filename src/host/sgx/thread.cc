#include "host/sgx/thread.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "common/sgx/arch.h"
#include "host/sgx/vdso_call.h"

namespace twine::host::sgx {
namespace {

using twine::sgx::Enclu;

constexpr auto kEenter = static_cast<uint32_t>(Enclu::eenter);
constexpr auto kEresume = static_cast<uint32_t>(Enclu::eresume);
constexpr auto kEexit = static_cast<uint32_t>(Enclu::eexit);

// The enclave's RDI at the last EEXIT; user_data points here.
struct ExitRegisters {
  uint64_t rdi = 0;
};

// sgx_enclave_run.user_handler: the only place where the enclave's registers can be seen. 0 makes the entry
// function return.
int capture(long rdi, long /*rsi*/, long /*rdx*/, long /*rsp*/, long /*r8*/, long /*r9*/,
            sgx_enclave_run* run) {
  std::bit_cast<ExitRegisters*>(run->user_data)->rdi = static_cast<uint64_t>(rdi);
  return 0;
}

// EENTER itself faulted. #PF: the TCS is no page of the EPC any more; #GP: it is busy, or has no frame left.
std::string refused_text(const sgx_enclave_run& run) {
  if (run.exception_vector == static_cast<uint16_t>(twine::sgx::Vector::pf)) {
    return "the enclave was lost (suspend or migration): its protected memory is gone and cannot be brought "
           "back; run the program again";
  }
  return fmt::format(
      "the processor refused to enter the enclave (exception {}, error code {:#x}, address {:#x}): the "
      "thread is in use or its exception frames are used up",
      run.exception_vector, run.exception_error_code, run.exception_addr);
}

// ExitReason::starved: this host adds every page that it can.
std::string starved_text(const std::string& reason) {
  return "the enclave page cache is exhausted: this machine has no more protected memory for the program; "
         "run "
         "it with less memory (--max-memory), end other enclaves, or give SGX more of the machine's memory "
         "(firmware setup: PRMRR size) (" +
         reason + ")";
}

// For ExitReason::dead and starved the enclave leaves a NUL-terminated sentence behind the header.
std::string reason_of_death(std::span<const uint8_t> arena) {
  const std::span<const uint8_t> text = arena.subspan(kArenaDataOffset);
  return std::string(text.begin(), std::find(text.begin(), text.end(), uint8_t{0}));
}

uint64_t address_of(std::span<const uint8_t> bytes) {
  return reinterpret_cast<uint64_t>(bytes.data());
}

}  // namespace

EnclaveThread::EnclaveThread(Driver& driver, uint64_t tcs, HostCallHandler& handler)
    : driver_(driver), tcs_(tcs), handler_(handler) {
  void* const memory = mmap(nullptr, kArenaSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) arena_ = {static_cast<uint8_t*>(memory), kArenaSize};
}

EnclaveThread::~EnclaveThread() {
  if (!arena_.empty()) munmap(arena_.data(), kArenaSize);
}

void EnclaveThread::divert(ucontext_t& context) {
  if (handling_exception_ == 0) static_cast<void>(sgx::divert(context, tcs_));
}

bool EnclaveThread::mend_window(const sgx_enclave_run& run) {
  const std::span<uint8_t> window = arena_.subspan(kArenaWindowOffset, kArenaWindowSize);
  if (run.exception_vector != static_cast<uint16_t>(twine::sgx::Vector::pf) ||
      run.exception_addr - address_of(window) >= window.size() ||
      mmap(window.data(), window.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
           0) == MAP_FAILED) {
    return false;
  }
  std::atomic_ref(reinterpret_cast<ArenaHeader*>(arena_.data())->torn) = 1;
  return true;
}

Result<void> EnclaveThread::run() {
  if (arena_.empty())
    return fail(twine::ErrorCode::out_of_memory,
                "no memory for the arena that the enclave and the host share");
  ExitRegisters exit;
  sgx_enclave_run state{};
  state.tcs = tcs_;
  state.user_handler = reinterpret_cast<uint64_t>(&capture);
  state.user_data = reinterpret_cast<uint64_t>(&exit);

  uint32_t leaf = kEenter;
  EnterReason reason = EnterReason::start;
  for (;;) {
    handling_exception_ = leaf == kEenter && reason == EnterReason::handle_exception ? 1 : 0;
    const int result =
        driver_.enter(static_cast<uint64_t>(reason), address_of(arena_), arena_.size(), leaf, 0, 0, &state);
    if (result == kDiverted) {
      ++statistics_.exceptions;
      leaf = kEenter;
      reason = EnterReason::handle_exception;
      continue;
    }
    if (result != 0) {
      return fail(twine::ErrorCode::internal,
                  std::string("the enclave could not be entered: ") + std::strerror(-result));
    }
    leaf = kEenter;
    if (state.function == kEresume) {
      if (mend_window(state)) {
        leaf = kEresume;
        continue;
      }
      // An asynchronous exit with an exception. Whether it is the enclave's to deal with only the enclave can
      // tell.
      ++statistics_.exceptions;
      reason = EnterReason::handle_exception;
      continue;
    }
    if (state.function != kEexit) return fail(twine::ErrorCode::io, refused_text(state));
    switch (static_cast<ExitReason>(exit.rdi)) {
      case ExitReason::host_call:
        ++statistics_.host_calls;
        handler_.host_call(arena_);
        if (stop_ != nullptr && *stop_ != 0) {
          stopped_ = true;
          return {};
        }
        reason = EnterReason::host_call_done;
        break;
      case ExitReason::resume:
        leaf = kEresume;
        break;
      case ExitReason::finished:
        return {};
      case ExitReason::not_ready:
        // Another thread of this process sets the enclave up; it takes milliseconds.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        reason = EnterReason::start;
        break;
      case ExitReason::starved:
        return fail(twine::ErrorCode::out_of_memory, starved_text(reason_of_death(arena_)));
      case ExitReason::dead:
        return fail(twine::ErrorCode::internal, "the enclave has ended itself: " + reason_of_death(arena_));
      default:
        return fail(
            twine::ErrorCode::internal,
            fmt::format("the enclave left with {}, which no exit reason is: the image and this program "
                        "do not belong together",
                        exit.rdi));
    }
  }
}

}  // namespace twine::host::sgx
