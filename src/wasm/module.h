// A decoded WebAssembly module (core specification 2.0, section 2.5).
//
// Lifetime: a Module borrows the bytes it was decoded from. Names, function bodies, initialiser expressions
// and data segments are views into them; the caller keeps the bytes alive and unchanged as long as the
// Module. In the enclave those bytes are the enclave's own copy.
//
// Index spaces (functions, tables, memories, globals) are whole: imported entries come first, so an index of
// the program is an index of the vector. Offsets are counted from the start of the file.
//
// A Module that decode() returned is well formed, no more; its indices may be wild. validate() or load()
// makes them safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "wasm/types.h"

namespace twine::wasm {

// Instructions up to and with the closing `end`. Read with OperatorReader, or evaluate() of
// constant_expression.h.
struct ConstantExpression {
  std::span<const uint8_t> bytes;
  uint32_t offset = 0;
};

struct Import {
  std::string_view module;
  std::string_view field;
  ExternalKind kind = ExternalKind::function;
  uint32_t index = 0;  // in the index space of its kind, where its type is
  uint32_t offset = 0;
};

struct Export {
  std::string_view field;
  ExternalKind kind = ExternalKind::function;
  uint32_t index = 0;  // in the index space of its kind
  uint32_t offset = 0;
};

struct Function {
  uint32_t type_index = 0;
  uint32_t offset = 0;            // of `body`; of the import for an imported function
  std::span<const uint8_t> body;  // local declarations and code; empty for an imported function
  // Occurs outside of function bodies: in an export, an element segment or a global's initialiser. Only such
  // functions may be named by ref.func (3.3.2), and only they (or those passed out by the host) are ever
  // called indirectly.
  bool is_referenced = false;
};

struct Table {
  TableType type;
  uint32_t offset = 0;
};

struct Memory {
  MemoryType type;
  uint32_t offset = 0;
};

struct Global {
  GlobalType type;
  ConstantExpression initialiser;  // empty for an imported global
  uint32_t offset = 0;
};

struct ElementSegment {
  enum class Mode : uint8_t { active, passive, declarative };
  Mode mode = Mode::passive;
  ValueType type = ValueType::funcref;
  uint32_t table = 0;        // active only
  ConstantExpression start;  // active only: index in the table of the first element
  // One of the two is used, by the form in the file; the other is empty.
  std::vector<uint32_t> functions;
  std::vector<ConstantExpression> expressions;
  uint32_t offset = 0;

  [[nodiscard]] size_t size() const { return functions.size() + expressions.size(); }
};

struct DataSegment {
  enum class Mode : uint8_t { active, passive };
  Mode mode = Mode::passive;
  uint32_t memory = 0;       // active only
  ConstantExpression start;  // active only: address of the first byte
  std::span<const uint8_t> bytes;
  uint32_t offset = 0;  // of the segment; its bytes are behind
};

struct CustomSection {
  std::string_view name;
  std::span<const uint8_t> bytes;
  uint32_t offset = 0;  // of `bytes`
};

// The "name" section (appendix 7.4.1), as far as it is well formed; the specification wants errors in it
// ignored.
struct Names {
  struct Entry {
    uint32_t index = 0;
    std::string_view name;
  };
  std::string_view module;
  std::vector<Entry> functions;  // ascending by index
};

struct Module {
  std::span<const uint8_t> bytes;

  std::vector<FunctionType> types;
  std::vector<Import> imports;
  std::vector<Function> functions;
  std::vector<Table> tables;
  std::vector<Memory> memories;
  std::vector<Global> globals;
  std::vector<Export> exports;
  std::optional<uint32_t> start;  // index of a function
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> data;
  std::optional<uint32_t> data_count;
  std::vector<CustomSection> custom_sections;  // all, with "name", in the order of the file
  Names names;

  uint32_t imported_functions = 0;
  uint32_t imported_tables = 0;
  uint32_t imported_memories = 0;
  uint32_t imported_globals = 0;

  uint32_t start_offset = 0;         // of the start section's index
  uint32_t code_section_offset = 0;  // of the code section's contents: DWARF counts addresses from here

  // The type of a function; both indices must be valid.
  [[nodiscard]] const FunctionType& function_type(uint32_t function) const {
    return types[functions[function].type_index];
  }
  [[nodiscard]] bool is_imported_function(uint32_t function) const { return function < imported_functions; }

  // The name section's name of a function; empty when it has none.
  [[nodiscard]] std::string_view function_name(uint32_t function) const;

  // The export of that name, or null.
  [[nodiscard]] const Export* find_export(std::string_view field) const;

  // The custom section of that name (the first, where there are several), or null.
  [[nodiscard]] const CustomSection* find_custom_section(std::string_view name) const;
};

// Decodes the binary format (section 5). Errors are ErrorCode::malformed, ErrorCode::limit (a bound of
// limits.h) or ErrorCode::unsupported (a proposal that Twine does not implement), with the byte offset and
// the reason.
//
// Function bodies are delimited here but decoded by validate(), which walks them once for both purposes;
// constant expressions are decoded here, since only that finds their ends.
Result<Module> decode(std::span<const uint8_t> bytes, const Features& features = {});

// decode() and validate().
Result<Module> load(std::span<const uint8_t> bytes, const Features& features = {});

}  // namespace twine::wasm
