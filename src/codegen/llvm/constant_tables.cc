#include "codegen/llvm/constant_tables.h"

#include <algorithm>

#include "wasm/operator_reader.h"

namespace twine::codegen {
namespace {

using wasm::Opcode;

// A larger one is a data structure rather than a list of functions.
constexpr uint32_t kMaxElements = 1 << 20;

// The operator of an expression that has one.
std::optional<wasm::Operator> single_operator(const wasm::ConstantExpression& expression,
                                              const wasm::Features& features) {
  wasm::OperatorReader reader(expression.bytes, expression.offset, features);
  const auto op = reader.next();
  if (!op) return std::nullopt;
  const auto end = reader.next();
  if (!end || !reader.done()) return std::nullopt;
  return *op;
}

}  // namespace

ConstantTables::ConstantTables(const wasm::Module& wasm, const wasm::Features& features)
    : wasm_(wasm), tables_(wasm.tables.size()) {
  choose_candidates();
  drop_written(features);
  if (!fill(features)) drop_all();
}

void ConstantTables::choose_candidates() {
  for (uint32_t index = wasm_.imported_tables; index < tables_.size(); ++index) {
    const wasm::TableType& type = wasm_.tables[index].type;
    tables_[index].is_constant = type.element == wasm::ValueType::funcref && type.limits.min <= kMaxElements;
  }
  for (const wasm::Export& entry : wasm_.exports) {
    if (entry.kind == wasm::ExternalKind::table) tables_[entry.index].is_constant = false;
  }
}

void ConstantTables::drop_all() {
  for (Table& table : tables_) table.is_constant = false;
}

void ConstantTables::drop_written(const wasm::Features& features) {
  for (uint32_t index = wasm_.imported_functions; index < wasm_.functions.size(); ++index) {
    if (std::ranges::none_of(tables_, &Table::is_constant)) return;
    drop_written_by(wasm_.functions[index], static_cast<uint32_t>(wasm_.function_type(index).params.size()),
                    features);
  }
}

void ConstantTables::drop_written_by(const wasm::Function& function, uint32_t params,
                                     const wasm::Features& features) {
  const auto body = wasm::read_body(function.body, function.offset, params);
  if (!body) return drop_all();  // translation reports it
  wasm::OperatorReader reader(body->code, body->code_offset, features);
  while (!reader.done()) {
    const auto op = reader.next();
    if (!op) return drop_all();
    switch (op->opcode) {
      case Opcode::table_set:
      case Opcode::table_grow:
      case Opcode::table_fill:
      case Opcode::table_copy:
      case Opcode::table_init:
        // One of the indices may be that of a segment or of a table that is read; to take it for one that is written does no harm.
        for (const uint32_t table : {op->index, op->second_index}) {
          if (table < tables_.size()) tables_[table].is_constant = false;
        }
        break;
      default:
        break;
    }
  }
}

bool ConstantTables::fill(const wasm::Features& features) {
  if (std::ranges::none_of(tables_, &Table::is_constant)) return false;
  for (uint32_t index = wasm_.imported_tables; index < tables_.size(); ++index) {
    if (tables_[index].is_constant)
      tables_[index].functions.assign(wasm_.tables[index].type.limits.min, kNull);
  }
  for (const wasm::ElementSegment& segment : wasm_.elements) {
    if (segment.mode != wasm::ElementSegment::Mode::active) continue;
    if (segment.table < wasm_.imported_tables) return false;
    const auto start = single_operator(segment.start, features);
    if (!start || start->opcode != Opcode::i32_const) return false;
    const uint64_t first = static_cast<uint32_t>(start->i32);
    if (first + segment.size() > wasm_.tables[segment.table].type.limits.min) return false;
    Table& table = tables_[segment.table];
    if (!table.is_constant) continue;
    std::ranges::copy(segment.functions, table.functions.begin() + static_cast<int64_t>(first));
    for (size_t number = 0; number < segment.expressions.size(); ++number) {
      const auto element = single_operator(segment.expressions[number], features);
      if (!element || (element->opcode != Opcode::ref_func && element->opcode != Opcode::ref_null))
        return false;
      table.functions[first + number] = element->opcode == Opcode::ref_func ? element->index : kNull;
    }
  }
  return true;
}

std::optional<ConstantElements> ConstantTables::elements_of(uint32_t table,
                                                            const wasm::FunctionType& type) const {
  const Table& known = tables_[table];
  if (!known.is_constant) return std::nullopt;
  ConstantElements elements;
  elements.table_size = static_cast<uint32_t>(known.functions.size());
  for (uint32_t index = 0; index < known.functions.size(); ++index) {
    const uint32_t function = known.functions[index];
    if (function == kNull || wasm_.function_type(function) != type) continue;
    if (elements.count++ == 0) elements.first = index;
    elements.end = index + 1;
    elements.has_imports |= wasm_.is_imported_function(function);
    elements.only = function;
  }
  if (elements.count != 1 || elements.has_imports) elements.only.reset();
  return elements;
}

}  // namespace twine::codegen
