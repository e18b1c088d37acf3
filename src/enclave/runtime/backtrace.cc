// Stack walking by frame sizes.
#include "enclave/runtime/backtrace.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "enclave/runtime/store.h"

extern "C" const char twine_guest_returned[];  // trampolines.S

namespace twine::enclave {
namespace {

constexpr size_t kOutermostFrames = 8;

// A word of the guest stack; none outside of it.
std::optional<uint64_t> stack_word(const abi::ThreadContext& thread, uint64_t address) {
  const bool inside =
      address >= thread.guest_stack_low && address <= thread.guest_stack_high - sizeof(uint64_t);
  if (!inside || address % sizeof(uint64_t) != 0) return std::nullopt;
  uint64_t word;
  std::memcpy(&word, std::bit_cast<const void*>(address), sizeof word);
  return word;
}

// Collects frames; keeps the first ones and, in a ring, the last ones.
class FrameCollector {
 public:
  void add(const CompiledModule& module, uint32_t function, uint32_t wasm_offset) {
    if (first_.size() < kInnermostFrames) {
      first_.push_back({&module, function, wasm_offset});
      return;
    }
    if (last_.size() < kOutermostFrames) {
      last_.push_back({&module, function, wasm_offset});
    } else {
      last_[dropped_++ % kOutermostFrames] = {&module, function, wasm_offset};
    }
  }

  void finish(TrapReport& report) {
    std::ranges::rotate(last_,
                        last_.begin() + static_cast<ptrdiff_t>(last_.empty() ? 0 : dropped_ % last_.size()));
    for (const std::vector<Frame>* part : {&first_, &last_}) {
      for (const Frame& frame : *part) {
        report.frames.push_back({.module = frame.module->name,
                                 .function = frame.function,
                                 .function_name = frame.module->function_name(frame.function),
                                 .wasm_offset = frame.wasm_offset});
      }
    }
    report.frames_omitted = static_cast<uint32_t>(dropped_);
  }

 private:
  struct Frame {
    const CompiledModule* module;
    uint32_t function;
    uint32_t wasm_offset;
  };
  std::vector<Frame> first_;
  std::vector<Frame> last_;
  size_t dropped_ = 0;
};

// The caller of the frame at `position`; none at the end of an activation or where the frame cannot be
// unwound.
std::optional<GuestPosition> unwind(const GuestThread& thread, const CompiledModule& module, uint32_t offset,
                                    const GuestPosition& position) {
  const std::optional<uint32_t> cfa = module.cfa_at(offset);
  if (!cfa) return std::nullopt;
  const uint64_t caller_rsp = position.rsp + *cfa;
  const std::optional<uint64_t> caller = stack_word(thread.context, caller_rsp - sizeof(uint64_t));
  if (!caller) return std::nullopt;
  return GuestPosition{.rip = *caller, .rsp = caller_rsp, .is_return_address = true};
}

// Where the guest stands in the activation around this one.
std::optional<GuestPosition> outer_position(const GuestThread& thread, const Activation& activation) {
  if (activation.outer_activation == 0) return std::nullopt;
  const std::optional<uint64_t> rip = stack_word(thread.context, activation.outer_guest_rsp);
  if (!rip) return std::nullopt;
  return GuestPosition{
      .rip = *rip, .rsp = activation.outer_guest_rsp + sizeof(uint64_t), .is_return_address = true};
}

}  // namespace

void capture_backtrace(const GuestThread& thread, GuestPosition position, TrapReport& report) {
  FrameCollector frames;
  const auto* activation = std::bit_cast<const Activation*>(thread.context.activation);
  std::optional<GuestPosition> next = position;
  while (next) {
    position = *next;
    // A call can be its function's last instruction; the byte before the return address belongs to the call
    // for certain.
    const uint64_t address = position.rip - (position.is_return_address ? 1 : 0);
    if (const CompiledModule* module = thread.store->module_at(address)) {
      const auto offset = static_cast<uint32_t>(address - reinterpret_cast<uint64_t>(module->code));
      if (const std::optional<uint32_t> function = module->function_at(offset)) {
        frames.add(*module, *function, module->wasm_offset_at(offset));
      }
      next = unwind(thread, *module, offset, position);
    } else if (position.rip == reinterpret_cast<uint64_t>(twine_guest_returned)) {
      next = outer_position(thread, *activation);
      activation = std::bit_cast<const Activation*>(activation->outer_activation);
    } else {
      next = std::nullopt;
    }
  }
  frames.finish(report);
}

}  // namespace twine::enclave
