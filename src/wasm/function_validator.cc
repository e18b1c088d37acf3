// FunctionValidator: the rules for instructions (core specification 2.0, section 3.3) by the algorithm of
// appendix 7.3.
//
// Instructions whose operand and result types do not depend on the context go through check_regular(), which
// reads them from the table in opcode.def; the others each have their rule here.
#include <algorithm>
#include <cstring>

#include "wasm/limits.h"
#include "wasm/validator.h"

namespace twine::wasm {
namespace {

std::unexpected<Error> unknown(const Operator& op, std::string_view what, uint32_t index) {
  return invalid(op.offset, {"unknown ", what, " ", index, " in ", name(op.opcode)});
}

// A span of the one type.
std::span<const ValueType> single(ValueType type) {
  static constexpr std::array types{ValueType::i32,  ValueType::i64,     ValueType::f32,      ValueType::f64,
                                    ValueType::v128, ValueType::funcref, ValueType::externref};
  return {std::ranges::find(types, type), 1};
}

Result<void> check_lane(const Operator& op, uint8_t lane, unsigned lanes) {
  if (lane < lanes) return {};
  return invalid(op.offset,
                 {"invalid lane index ", lane, " in ", name(op.opcode), ": must be below ", lanes});
}

bool same(std::span<const ValueType> a, std::span<const ValueType> b) {
  return std::ranges::equal(a, b);
}

}  // namespace

// ---- The function ----

Result<void> FunctionValidator::begin(uint32_t function) {
  const Function& entry = module_.functions[function];
  type_ = &module_.types[entry.type_index];
  const auto params = static_cast<uint32_t>(type_->params.size());
  body_ = TWINE_TRY(read_body(entry.body, entry.offset, params));
  local_count_ = params + body_.local_count;
  reader_ = OperatorReader(body_.code, body_.code_offset, features_);

  run_ends_.clear();
  size_t filled = std::min<size_t>(params, first_locals_.size());
  std::copy_n(type_->params.begin(), filled, first_locals_.begin());
  uint32_t end = params;
  for (const LocalRun& run : body_.locals) {
    end += run.count;
    run_ends_.push_back(end);
    for (; filled < end && filled < first_locals_.size(); ++filled) first_locals_[filled] = run.type;
  }

  operands_.clear();
  frames_.clear();
  frames_.push_back(
      {.opcode = Opcode::call, .offset = entry.offset, .params = {}, .results = type_->results});
  return {};
}

ValueType FunctionValidator::local_type(uint32_t local) const {
  if (local < first_locals_.size()) return first_locals_[local];
  if (local < type_->params.size()) return type_->params[local];
  const auto end = std::ranges::upper_bound(run_ends_, local);
  return body_.locals[static_cast<size_t>(end - run_ends_.begin())].type;
}

Result<void> FunctionValidator::run(uint32_t function) {
  TWINE_TRY(begin(function));
  while (!done()) {
    const Operator op = TWINE_TRY(read());
    TWINE_TRY(check(op));
  }
  return finish();
}

Result<void> FunctionValidator::check(const Operator& op) {
  const OpcodeInfo& properties = info(op.opcode);
  if (properties.is_regular) {
    TWINE_TRY(check_regular(op, properties));
  } else {
    TWINE_TRY(check_irregular(op));
  }
  if (operands_.size() > limits::operand_height) {
    return fail_at(op.offset, ErrorCode::limit,
                   {"operand stack exceeds the limit of ", limits::operand_height, " values"});
  }
  return {};
}

FunctionValidator::Arity FunctionValidator::arity(const BlockType& type) const {
  switch (type.kind) {
    case BlockType::Kind::empty:
      break;
    case BlockType::Kind::value:
      return {.params = {}, .results = single(type.value)};
    case BlockType::Kind::function_type: {
      const FunctionType& signature = module_.types[type.type_index];
      return {.params = signature.params, .results = signature.results};
    }
  }
  return {};
}

// ---- The operand stack ----

bool FunctionValidator::pop(ValueType expected) {
  const ControlFrame& current = frames_.back();
  if (operands_.size() == current.height) {
    if (current.unreachable) return true;
    failed_ = {.expected = name(expected), .found = "nothing"};
    return false;
  }
  const ValueType actual = operands_.back();
  operands_.pop_back();
  if (actual == expected || actual == ValueType::bottom || expected == ValueType::bottom) return true;
  failed_ = {.expected = name(expected), .found = name(actual)};
  return false;
}

bool FunctionValidator::pop_reference() {
  const ControlFrame& current = frames_.back();
  const ValueType actual = operands_.size() == current.height ? ValueType::bottom : operands_.back();
  if (actual != ValueType::bottom && !is_reference(actual)) {
    failed_ = {.expected = "a reference", .found = name(actual)};
    return false;
  }
  return pop(ValueType::bottom);
}

// Whether the types lie on top of the stack, the last one uppermost; below the height of an unreachable frame
// everything does.
bool FunctionValidator::fits(std::span<const ValueType> expected, bool consume) {
  const ControlFrame& current = frames_.back();
  const size_t available = operands_.size() - current.height;
  const size_t present = std::min(available, expected.size());
  const std::span<const ValueType> top = std::span(operands_).last(present);
  const std::span<const ValueType> wanted = expected.last(present);
  // Most often they are equal byte by byte.
  if (present != 0 && std::memcmp(top.data(), wanted.data(), present) != 0) {
    for (size_t i = present; i-- > 0;) {
      if (top[i] == wanted[i] || top[i] == ValueType::bottom) continue;
      failed_ = {.expected = name(wanted[i]), .found = name(top[i])};
      return false;
    }
  }
  if (present < expected.size() && !current.unreachable) {
    failed_ = {.expected = name(expected[expected.size() - present - 1]), .found = "nothing"};
    return false;
  }
  if (consume) operands_.resize(operands_.size() - present);
  return true;
}

bool FunctionValidator::pop(std::span<const ValueType> expected) {
  return fits(expected, true);
}

bool FunctionValidator::holds(std::span<const ValueType> expected) {
  return fits(expected, false);
}

std::unexpected<Error> FunctionValidator::mismatch(const Operator& op) const {
  return invalid(op.offset, {"type mismatch in ", name(op.opcode), ": expected ", failed_.expected,
                             ", found ", failed_.found});
}

// ---- The control stack ----

Result<void> FunctionValidator::enter(const Operator& op, std::span<const ValueType> params,
                                      std::span<const ValueType> results) {
  if (frames_.size() > limits::control_depth) {
    return fail_at(op.offset, ErrorCode::limit,
                   {"blocks nest deeper than the limit of ", limits::control_depth});
  }
  frames_.push_back({.opcode = op.opcode,
                     .height = static_cast<uint32_t>(operands_.size()),
                     .offset = op.offset,
                     .params = params,
                     .results = results});
  push(params);
  return {};
}

// The end of a block, before an `else` or at its `end`: the results lie on the stack, and nothing else. They
// are popped, the frame stays.
Result<void> FunctionValidator::leave(const Operator& op) {
  const ControlFrame& current = frames_.back();
  if (!pop(current.results)) return mismatch(op);
  if (operands_.size() != current.height) {
    return invalid(op.offset, {"type mismatch in ", name(op.opcode),
                               ": expected the end of the stack, found ", operands_.size() - current.height,
                               " more values, the uppermost ", name(operands_.back())});
  }
  return {};
}

void FunctionValidator::mark_unreachable() {
  operands_.resize(frames_.back().height);
  frames_.back().unreachable = true;
}

Result<const ControlFrame*> FunctionValidator::target(const Operator& op, uint32_t label) const {
  if (label >= frames_.size()) return unknown(op, "label", label);
  return &frame(label);
}

// ---- Instructions ----

Result<void> FunctionValidator::check_regular(const Operator& op, const OpcodeInfo& properties) {
  if (properties.immediates != Immediates::none) TWINE_TRY(check_indices(op, properties));
  for (size_t i = properties.operand_count; i-- > 0;) {
    if (!pop(properties.operand_types[i])) return mismatch(op);
  }
  if (properties.result != ValueType::bottom) push(properties.result);
  return {};
}

// The immediates of regular instructions.
Result<void> FunctionValidator::check_indices(const Operator& op, const OpcodeInfo& properties) const {
  switch (properties.immediates) {
    case Immediates::memory_lane:
      TWINE_TRY(check_lane(op, op.memory_access.lane, 16u >> properties.width));
      [[fallthrough]];
    case Immediates::memory_access:
      if (module_.memories.empty()) return unknown(op, "memory", 0);
      if (op.memory_access.align > properties.width) {
        return invalid(op.offset, {"alignment must not be larger than natural in ", name(op.opcode)});
      }
      return {};
    case Immediates::memory:
    case Immediates::memory_memory:
      if (module_.memories.empty()) return unknown(op, "memory", 0);
      return {};
    case Immediates::data_memory:
      if (module_.memories.empty()) return unknown(op, "memory", 0);
      [[fallthrough]];
    case Immediates::data:
      TWINE_TRY(require_data_count(module_, op));
      if (op.index >= module_.data.size()) return unknown(op, "data segment", op.index);
      return {};
    case Immediates::element:
      static_cast<void>(TWINE_TRY(element_type(op, op.index)));
      return {};
    case Immediates::element_table: {
      const ValueType table = TWINE_TRY(table_type(op, op.second_index));
      const ValueType element = TWINE_TRY(element_type(op, op.index));
      if (table == element) return {};
      return invalid(op.offset,
                     {"type mismatch in table.init: table of ", name(table), ", segment of ", name(element)});
    }
    case Immediates::table_table: {
      const ValueType destination = TWINE_TRY(table_type(op, op.index));
      const ValueType source = TWINE_TRY(table_type(op, op.second_index));
      if (destination == source) return {};
      return invalid(op.offset, {"type mismatch in table.copy: from a table of ", name(source),
                                 " to a table of ", name(destination)});
    }
    case Immediates::table:
      static_cast<void>(TWINE_TRY(table_type(op, op.index)));
      return {};
    case Immediates::lane2:
      return check_lane(op, op.lane, 2);
    case Immediates::lane4:
      return check_lane(op, op.lane, 4);
    case Immediates::lane8:
      return check_lane(op, op.lane, 8);
    case Immediates::lane16:
      return check_lane(op, op.lane, 16);
    case Immediates::shuffle:  // lanes of two vectors
      for (const uint8_t lane : op.bytes) TWINE_TRY(check_lane(op, lane, 32));
      return {};
    default:
      return {};  // constants
  }
}

Result<ValueType> FunctionValidator::table_type(const Operator& op, uint32_t table) const {
  if (table >= module_.tables.size()) return unknown(op, "table", table);
  return module_.tables[table].type.element;
}

Result<ValueType> FunctionValidator::element_type(const Operator& op, uint32_t segment) const {
  if (segment >= module_.elements.size()) return unknown(op, "element segment", segment);
  return module_.elements[segment].type;
}

Result<void> FunctionValidator::check_irregular(const Operator& op) {
  switch (op.opcode) {
    case Opcode::unreachable:
      mark_unreachable();
      return {};
    case Opcode::block:
    case Opcode::loop:
    case Opcode::if_:
      return check_block(op);
    case Opcode::else_:
      return check_else(op);
    case Opcode::end:
      return check_end(op);
    case Opcode::br:
      return check_br(op);
    case Opcode::br_if:
      return check_br_if(op);
    case Opcode::br_table:
      return check_br_table(op);
    case Opcode::return_:
      return check_return(op);
    case Opcode::call:
    case Opcode::call_indirect:
      return check_call(op);
    case Opcode::return_call:
    case Opcode::return_call_indirect:
      return check_tail_call(op);
    case Opcode::drop:
      return pop(ValueType::bottom) ? Result<void>{} : mismatch(op);
    case Opcode::select:
      return check_select(op);
    case Opcode::select_t:
      return check_typed_select(op);
    case Opcode::local_get:
    case Opcode::local_set:
    case Opcode::local_tee:
      return check_local(op);
    case Opcode::global_get:
    case Opcode::global_set:
      return check_global(op);
    case Opcode::table_get:
    case Opcode::table_set:
    case Opcode::table_grow:
    case Opcode::table_fill:
      return check_table(op);
    case Opcode::ref_null:
    case Opcode::ref_is_null:
    case Opcode::ref_func:
      return check_reference(op);
    default:
      break;  // every other instruction is regular
  }
  return fail_at(op.offset, ErrorCode::internal, {name(op.opcode), " has no validation rule"});
}

Result<void> FunctionValidator::check_block(const Operator& op) {
  if (op.block_type.kind == BlockType::Kind::function_type &&
      op.block_type.type_index >= module_.types.size()) {
    return unknown(op, "type", op.block_type.type_index);
  }
  if (op.opcode == Opcode::if_ && !pop(ValueType::i32)) return mismatch(op);
  const Arity types = arity(op.block_type);
  if (!pop(types.params)) return mismatch(op);
  return enter(op, types.params, types.results);
}

Result<void> FunctionValidator::check_else(const Operator& op) {
  if (frames_.back().opcode != Opcode::if_) return else_without_if(op);
  TWINE_TRY(leave(op));
  const ControlFrame opened = frames_.back();
  frames_.pop_back();
  return enter(op, opened.params, opened.results);
}

Result<void> FunctionValidator::check_end(const Operator& op) {
  TWINE_TRY(leave(op));
  const ControlFrame closed = frames_.back();
  if (closed.opcode == Opcode::if_ && !same(closed.params, closed.results)) {
    return invalid(op.offset, {"type mismatch in if without else: parameters and results differ"});
  }
  frames_.pop_back();
  push(closed.results);
  return {};
}

Result<void> FunctionValidator::check_br(const Operator& op) {
  const ControlFrame* destination = TWINE_TRY(target(op, op.index));
  if (!pop(destination->label_types())) return mismatch(op);
  mark_unreachable();
  return {};
}

Result<void> FunctionValidator::check_br_if(const Operator& op) {
  const ControlFrame* destination = TWINE_TRY(target(op, op.index));
  const auto types = destination->label_types();
  if (!pop(ValueType::i32) || !pop(types)) return mismatch(op);
  push(types);
  return {};
}

Result<void> FunctionValidator::check_br_table(const Operator& op) {
  if (!pop(ValueType::i32)) return mismatch(op);
  const ControlFrame* fallback = TWINE_TRY(target(op, op.targets.default_label));
  const auto types = fallback->label_types();
  for (const uint32_t label : op.targets.labels) {
    const auto others = TWINE_TRY(target(op, label))->label_types();
    if (others.size() != types.size()) {
      return invalid(op.offset, {"type mismatch in br_table: label ", label, " takes ", others.size(),
                                 " values, the default label ", types.size()});
    }
    if (!holds(others)) return mismatch(op);
  }
  if (!pop(types)) return mismatch(op);
  mark_unreachable();
  return {};
}

Result<void> FunctionValidator::check_return(const Operator& op) {
  if (!pop(type_->results)) return mismatch(op);
  mark_unreachable();
  return {};
}

// The type of the function that a call names, or that a call_indirect expects. For the latter the table is
// checked, and the operand that indexes it popped.
Result<const FunctionType*> FunctionValidator::callee(const Operator& op) {
  if (info(op.opcode).immediates == Immediates::function) {
    if (op.index >= module_.functions.size()) return unknown(op, "function", op.index);
    return &module_.function_type(op.index);
  }
  const ValueType element = TWINE_TRY(table_type(op, op.second_index));
  if (element != ValueType::funcref) {
    return invalid(op.offset, {"type mismatch in ", name(op.opcode),
                               ": expected a table of funcref, found one of ", name(element)});
  }
  if (op.index >= module_.types.size()) return unknown(op, "type", op.index);
  if (!pop(ValueType::i32)) return mismatch(op);
  return &module_.types[op.index];
}

Result<void> FunctionValidator::check_call(const Operator& op) {
  const FunctionType* called = TWINE_TRY(callee(op));
  if (!pop(called->params)) return mismatch(op);
  push(called->results);
  return {};
}

Result<void> FunctionValidator::check_tail_call(const Operator& op) {
  const FunctionType* called = TWINE_TRY(callee(op));
  if (!same(called->results, type_->results)) {
    return invalid(op.offset, {"type mismatch in ", name(op.opcode),
                               ": the results of the called function are not those of the caller"});
  }
  if (!pop(called->params)) return mismatch(op);
  mark_unreachable();
  return {};
}

// Without a type, only numbers and vectors may be selected, of one type.
Result<void> FunctionValidator::check_select(const Operator& op) {
  if (!pop(ValueType::i32)) return mismatch(op);
  const auto top = [&] {
    return operands_.size() == frames_.back().height ? ValueType::bottom : operands_.back();
  };
  const ValueType second = top();
  if (!pop(ValueType::bottom)) return mismatch(op);
  const ValueType first = top();
  if (!pop(second)) return mismatch(op);
  const ValueType type = second == ValueType::bottom ? first : second;
  if (is_reference(type)) {
    return invalid(op.offset, {"type mismatch in select: expected a number or vector, found ", name(type),
                               "; a select of references states its type"});
  }
  push(type);
  return {};
}

Result<void> FunctionValidator::check_typed_select(const Operator& op) {
  if (op.select_types.count != 1) {
    return invalid(op.offset, {"invalid result arity: select states ", op.select_types.count,
                               " types, and must state one"});
  }
  const ValueType type = op.select_types.type;
  if (!pop(ValueType::i32) || !pop(type) || !pop(type)) return mismatch(op);
  push(type);
  return {};
}

Result<void> FunctionValidator::check_local(const Operator& op) {
  if (op.index >= local_count_) return unknown(op, "local", op.index);
  const ValueType type = local_type(op.index);
  if (op.opcode != Opcode::local_get && !pop(type)) return mismatch(op);
  if (op.opcode != Opcode::local_set) push(type);
  return {};
}

Result<void> FunctionValidator::check_global(const Operator& op) {
  if (op.index >= module_.globals.size()) return unknown(op, "global", op.index);
  const GlobalType& type = module_.globals[op.index].type;
  if (op.opcode == Opcode::global_get) {
    push(type.value);
    return {};
  }
  if (!type.is_mutable) return invalid(op.offset, {"global ", op.index, " is immutable"});
  return pop(type.value) ? Result<void>{} : mismatch(op);
}

Result<void> FunctionValidator::check_table(const Operator& op) {
  const ValueType element = TWINE_TRY(table_type(op, op.index));
  switch (op.opcode) {
    case Opcode::table_get:
      if (!pop(ValueType::i32)) return mismatch(op);
      push(element);
      return {};
    case Opcode::table_set:
      if (!pop(element) || !pop(ValueType::i32)) return mismatch(op);
      return {};
    case Opcode::table_grow:
      if (!pop(ValueType::i32) || !pop(element)) return mismatch(op);
      push(ValueType::i32);
      return {};
    default:  // table.fill
      if (!pop(ValueType::i32) || !pop(element) || !pop(ValueType::i32)) return mismatch(op);
      return {};
  }
}

Result<void> FunctionValidator::check_reference(const Operator& op) {
  if (op.opcode == Opcode::ref_null) {
    push(op.type);
    return {};
  }
  if (op.opcode == Opcode::ref_is_null) {
    if (!pop_reference()) return mismatch(op);
    push(ValueType::i32);
    return {};
  }
  if (op.index >= module_.functions.size()) return unknown(op, "function", op.index);
  if (!module_.functions[op.index].is_referenced) {
    return invalid(op.offset, {"undeclared function reference: function ", op.index,
                               " occurs in no export, element segment or global"});
  }
  push(ValueType::funcref);
  return {};
}

}  // namespace twine::wasm
