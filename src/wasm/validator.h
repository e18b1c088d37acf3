// Validation (core specification 2.0, section 3, by the algorithm of appendix 7.3).
//
// Errors are ErrorCode::invalid_module, or what decoding a function body gives (malformed, limit,
// unsupported), always with the byte offset and the reason: "byte 0x1a3: type mismatch in i32.add: expected
// i32, found f64".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "wasm/module.h"
#include "wasm/operator_reader.h"

namespace twine::wasm {

// Two rules of the binary grammar that reach beyond one instruction, as errors of the format
// (ErrorCode::malformed): `else` stands only in an `if` (5.4.1), and the number of data segments must be
// known before code that names one (5.5.16). Where there are no data segments at all, it is the index that is
// wrong.
[[nodiscard]] std::unexpected<Error> else_without_if(const Operator& op);
Result<void> require_data_count(const Module& module, const Operator& op);

// Validates the whole module, all function bodies included.
Result<void> validate(const Module& module, const Features& features = {});

// A block that is being validated.
struct ControlFrame {
  // block, loop, if_ or else_; the outermost frame, the function's, has `call`.
  Opcode opcode = Opcode::call;
  bool unreachable = false;           // the rest of the block cannot be reached
  uint32_t height = 0;                // of the operand stack below the block's parameters
  uint32_t offset = 0;                // in the file, of the instruction that opened it
  std::span<const ValueType> params;  // views into the module's types, or a static table
  std::span<const ValueType> results;

  // What a branch to this frame carries: a loop is re-entered with its parameters, all others are left with
  // results.
  [[nodiscard]] std::span<const ValueType> label_types() const {
    return opcode == Opcode::loop ? params : results;
  }
};

// Validates one function body, operator by operator. A code generator drives it in step with its own work and
// asks it for the state of the abstract machine before or after each operator:
//
//   FunctionValidator function(module, features);      // one for many functions
//   TWINE_TRY(function.begin(index));
//   while (!function.done()) {
//     const Operator op = TWINE_TRY(function.read());
//     …  // function.reachable(), operands(), frame(label): the state before op
//     TWINE_TRY(function.check(op));
//     …  // … and after it
//   }
//   TWINE_TRY(function.finish());
//
// Precondition: the module passed validate(), or its types, imports, tables, memories, globals and segments
// did (which validate() checks before it comes to function bodies).
class FunctionValidator {
 public:
  FunctionValidator(const Module& module, const Features& features) : module_(module), features_(features) {}

  // Starts on a function of the module, not an imported one. Reads its local declarations.
  Result<void> begin(uint32_t function);

  // Whether the closing `end` has been checked.
  [[nodiscard]] bool done() const { return frames_.empty(); }
  Result<Operator> read() { return reader_.next(); }
  Result<void> check(const Operator& op);
  Result<void> finish() const { return reader_.finish(); }

  // All of the above for one function.
  Result<void> run(uint32_t function);

  // The state.
  [[nodiscard]] bool reachable() const { return !frames_.back().unreachable; }
  [[nodiscard]] std::span<const ValueType> operands() const { return operands_; }  // deepest first
  [[nodiscard]] uint32_t depth() const { return static_cast<uint32_t>(frames_.size()); }
  // The frame that a branch with this relative depth targets; 0 is the innermost. label < depth().
  [[nodiscard]] const ControlFrame& frame(uint32_t label) const {
    return frames_[frames_.size() - 1 - label];
  }

  // The function.
  [[nodiscard]] const FunctionType& type() const { return *type_; }
  [[nodiscard]] std::span<const LocalRun> locals() const { return body_.locals; }  // without parameters
  [[nodiscard]] uint32_t local_count() const { return local_count_; }              // with parameters
  // local < local_count()
  [[nodiscard]] ValueType local_type(uint32_t local) const;

  // Parameters and results of a block type; its type index must be valid.
  struct Arity {
    std::span<const ValueType> params;
    std::span<const ValueType> results;
  };
  [[nodiscard]] Arity arity(const BlockType& type) const;

 private:
  // Operand stack. The pops return false where the stack does not hold what is expected; failed_ says what
  // was found.
  bool pop(ValueType expected);
  bool pop_reference();
  bool pop(std::span<const ValueType> expected);
  bool holds(std::span<const ValueType> expected);
  void push(ValueType type) { operands_.push_back(type); }
  void push(std::span<const ValueType> types) {
    operands_.insert(operands_.end(), types.begin(), types.end());
  }
  bool fits(std::span<const ValueType> expected, bool consume);

  // Control stack.
  Result<void> enter(const Operator& op, std::span<const ValueType> params,
                     std::span<const ValueType> results);
  Result<void> leave(const Operator& op);
  void mark_unreachable();
  Result<const ControlFrame*> target(const Operator& op, uint32_t label) const;

  // Families of instructions whose types depend on the context.
  Result<void> check_irregular(const Operator& op);
  Result<void> check_regular(const Operator& op, const OpcodeInfo& properties);
  Result<void> check_block(const Operator& op);
  Result<void> check_else(const Operator& op);
  Result<void> check_end(const Operator& op);
  Result<void> check_br(const Operator& op);
  Result<void> check_br_if(const Operator& op);
  Result<void> check_br_table(const Operator& op);
  Result<void> check_return(const Operator& op);
  Result<void> check_call(const Operator& op);
  Result<void> check_tail_call(const Operator& op);
  Result<const FunctionType*> callee(const Operator& op);
  Result<void> check_select(const Operator& op);
  Result<void> check_typed_select(const Operator& op);
  Result<void> check_local(const Operator& op);
  Result<void> check_global(const Operator& op);
  Result<void> check_table(const Operator& op);
  Result<void> check_reference(const Operator& op);
  Result<void> check_indices(const Operator& op, const OpcodeInfo& properties) const;
  Result<ValueType> table_type(const Operator& op, uint32_t table) const;
  Result<ValueType> element_type(const Operator& op, uint32_t segment) const;

  [[nodiscard]] std::unexpected<Error> mismatch(const Operator& op) const;

  // What the last failed pop wanted and found.
  struct Mismatch {
    std::string_view expected;
    std::string_view found;
  };

  const Module& module_;
  Features features_;
  OperatorReader reader_{{}, 0, {}};
  FunctionBody body_;
  const FunctionType* type_ = nullptr;
  uint32_t local_count_ = 0;
  // Types of the first locals in a flat table, for speed. A body of a few bytes may declare limits::locals of
  // them, so that the rest is looked up by the ends of the declared runs.
  std::array<ValueType, 64> first_locals_{};
  std::vector<uint32_t> run_ends_;
  std::vector<ValueType> operands_;
  std::vector<ControlFrame> frames_;
  Mismatch failed_;
};

}  // namespace twine::wasm
