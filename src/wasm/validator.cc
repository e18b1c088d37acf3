// validate(): the rules for modules (core specification 2.0, section 3.4), section by section. Function
// bodies are FunctionValidator's (function_validator.cc), constant expressions constant_expression.cc's.
#include "wasm/validator.h"

#include <algorithm>

#include "wasm/constant_expression.h"

namespace twine::wasm {

std::unexpected<Error> else_without_if(const Operator& op) {
  return malformed(op.offset, {"else without if: END opcode expected"});
}

Result<void> require_data_count(const Module& module, const Operator& op) {
  if (module.data_count || module.data.empty()) return {};
  return malformed(op.offset, {"data count section required by ", name(op.opcode)});
}

namespace {

std::unexpected<Error> unknown(uint32_t offset, std::string_view what, uint32_t index) {
  return invalid(offset, {"unknown ", what, " ", index});
}

class ModuleValidator {
 public:
  ModuleValidator(const Module& module, const Features& features) : module_(module), features_(features) {}

  Result<void> run() const {
    Result<void> valid = rules();
    if (!valid && valid.error().code == ErrorCode::invalid_module) {
      Result<void> read = bodies_are_well_formed();
      if (!read && read.error().code == ErrorCode::malformed) return read;
    }
    return valid;
  }

 private:
  Result<void> rules() const {
    TWINE_TRY(functions());
    TWINE_TRY(tables());
    TWINE_TRY(memories());
    TWINE_TRY(globals());
    TWINE_TRY(exports());
    TWINE_TRY(start());
    TWINE_TRY(elements());
    TWINE_TRY(data());
    FunctionValidator function(module_, features_);
    for (uint32_t i = module_.imported_functions; i < module_.functions.size(); ++i)
      TWINE_TRY(function.run(i));
    return {};
  }

  // Function bodies are decoded while they are validated. But a module that is malformed in one place is
  // malformed, not invalid in another; so once something invalid is found, the bodies are read for their
  // grammar alone.
  Result<void> bodies_are_well_formed() const {
    for (uint32_t i = module_.imported_functions; i < module_.functions.size(); ++i) {
      const Function& function = module_.functions[i];
      const FunctionBody body = TWINE_TRY(read_body(function.body, function.offset, 0));
      OperatorReader reader(body.code, body.code_offset, features_);
      std::vector<Opcode> open{Opcode::call};  // the instructions that opened the blocks, as in ControlFrame
      while (!reader.done()) {
        const Operator op = TWINE_TRY(reader.next());
        TWINE_TRY(check_grammar(op, open));
      }
      TWINE_TRY(reader.finish());
    }
    return {};
  }

  // What of the grammar OperatorReader leaves to the validator: `else` belongs to an `if`, and instructions
  // that name data segments need their number to be known.
  Result<void> check_grammar(const Operator& op, std::vector<Opcode>& open) const {
    switch (op.opcode) {
      case Opcode::block:
      case Opcode::loop:
      case Opcode::if_:
        open.push_back(op.opcode);
        return {};
      case Opcode::else_: {
        if (open.back() != Opcode::if_) return else_without_if(op);
        open.back() = Opcode::else_;
        return {};
      }
      case Opcode::end:
        open.pop_back();
        return {};
      case Opcode::memory_init:
      case Opcode::data_drop:
        return require_data_count(module_, op);
      default:
        return {};
    }
  }

  // Types of all functions, the imported ones too.
  Result<void> functions() const {
    for (const Function& function : module_.functions) {
      if (function.type_index >= module_.types.size()) {
        return unknown(function.offset, "type", function.type_index);
      }
    }
    return {};
  }

  Result<void> tables() const {
    for (const Table& table : module_.tables) {
      const Limits& limits = table.type.limits;
      if (limits.max && *limits.max < limits.min) {
        return invalid(table.offset,
                       {"size minimum must not be greater than maximum in the limits of a table"});
      }
    }
    return {};
  }

  Result<void> memories() const {
    if (module_.memories.size() > 1) return invalid(module_.memories[1].offset, {"multiple memories"});
    for (const Memory& memory : module_.memories) {
      const Limits& limits = memory.type.limits;
      if (limits.min > max_pages || limits.max.value_or(0) > max_pages) {
        return invalid(memory.offset, {"memory size must be at most 65536 pages (4GiB)"});
      }
      if (limits.max && *limits.max < limits.min) {
        return invalid(memory.offset,
                       {"size minimum must not be greater than maximum in the limits of a memory"});
      }
    }
    return {};
  }

  // 2.0 lets initialisers read imported globals only. The later rule, any earlier global, comes with extended
  // constants.
  Result<void> globals() const {
    for (uint32_t i = module_.imported_globals; i < module_.globals.size(); ++i) {
      const Global& global = module_.globals[i];
      const uint32_t visible = features_.extended_const ? i : module_.imported_globals;
      TWINE_TRY(constant(global.initialiser, global.type.value, visible));
    }
    return {};
  }

  Result<void> exports() const {
    for (const Export& item : module_.exports) {
      if (item.index >= index_space(item.kind)) return unknown(item.offset, name(item.kind), item.index);
    }
    // Names are unique. Sorted by name, then place, so that the error points at the second of two.
    std::vector<const Export*> sorted;
    sorted.reserve(module_.exports.size());
    for (const Export& item : module_.exports) sorted.push_back(&item);
    std::ranges::sort(sorted, [](const Export* a, const Export* b) {
      return a->field != b->field ? a->field < b->field : a->offset < b->offset;
    });
    const auto twin = std::ranges::adjacent_find(
        sorted, [](const Export* a, const Export* b) { return a->field == b->field; });
    if (twin != sorted.end()) {
      return invalid((*(twin + 1))->offset, {"duplicate export name \"", (*twin)->field, "\""});
    }
    return {};
  }

  Result<void> start() const {
    if (!module_.start) return {};
    if (*module_.start >= module_.functions.size()) {
      return unknown(module_.start_offset, "function", *module_.start);
    }
    const FunctionType& type = module_.function_type(*module_.start);
    if (!type.params.empty() || !type.results.empty()) {
      return invalid(module_.start_offset, {"start function must have neither parameters nor results"});
    }
    return {};
  }

  Result<void> elements() const {
    for (const ElementSegment& segment : module_.elements) {
      if (segment.mode == ElementSegment::Mode::active) {
        if (segment.table >= module_.tables.size()) return unknown(segment.offset, "table", segment.table);
        const ValueType element = module_.tables[segment.table].type.element;
        if (element != segment.type) {
          return invalid(segment.offset, {"type mismatch in element segment: table of ", name(element),
                                          ", elements of ", name(segment.type)});
        }
        TWINE_TRY(constant(segment.start, ValueType::i32));
      }
      for (size_t i = 0; i < segment.functions.size(); ++i) {
        if (segment.functions[i] < module_.functions.size()) continue;
        return invalid(segment.offset,
                       {"unknown function ", segment.functions[i], " as element ", i, " of the segment"});
      }
      for (const ConstantExpression& expression : segment.expressions)
        TWINE_TRY(constant(expression, segment.type));
    }
    return {};
  }

  Result<void> data() const {
    for (const DataSegment& segment : module_.data) {
      if (segment.mode != DataSegment::Mode::active) continue;
      if (segment.memory >= module_.memories.size()) return unknown(segment.offset, "memory", segment.memory);
      TWINE_TRY(constant(segment.start, ValueType::i32));
    }
    return {};
  }

  // Segments are held to the globals that initialisers of globals may read: in 2.0 the imported ones.
  Result<void> constant(const ConstantExpression& expression, ValueType expected) const {
    const auto all = static_cast<uint32_t>(module_.globals.size());
    return constant(expression, expected, features_.extended_const ? all : module_.imported_globals);
  }
  Result<void> constant(const ConstantExpression& expression, ValueType expected,
                        uint32_t visible_globals) const {
    return wasm::validate(module_, features_, expression, expected, visible_globals);
  }

  size_t index_space(ExternalKind kind) const {
    switch (kind) {
      case ExternalKind::function:
        return module_.functions.size();
      case ExternalKind::table:
        return module_.tables.size();
      case ExternalKind::memory:
        return module_.memories.size();
      case ExternalKind::global:
        return module_.globals.size();
    }
    return 0;
  }

  const Module& module_;
  const Features& features_;
};

}  // namespace

Result<void> validate(const Module& module, const Features& features) {
  return ModuleValidator(module, features).run();
}

}  // namespace twine::wasm
