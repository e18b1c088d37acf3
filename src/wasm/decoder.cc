// decode(): the binary format of modules (core specification 2.0, section 5.5).
//
//   module   ::= 00 61 73 6D  01 00 00 00  section*
//   section  ::= id:byte  size:u32  contents[size]
//
// Each section but the custom ones (id 0) comes at most once, in the order
//   type 1, import 2, function 3, table 4, memory 5, global 6, export 7, start 8, element 9, data count 12,
//   code 10, data 11
#include <algorithm>
#include <array>

#include "wasm/limits.h"
#include "wasm/module.h"
#include "wasm/operator_reader.h"
#include "wasm/reader.h"

namespace twine::wasm {
namespace {

enum class SectionId : uint8_t {
  custom,
  type,
  import,
  function,
  table,
  memory,
  global,
  export_,
  start,
  element,
  code,
  data,
  data_count,
  tag,  // of the exception-handling proposal
};

// By section id: its name, and its place in the order (0: anywhere).
struct SectionOrder {
  std::string_view name;
  unsigned place;
};
constexpr std::array<SectionOrder, 13> section_order{{
    {"custom section", 0},
    {"type section", 1},
    {"import section", 2},
    {"function section", 3},
    {"table section", 4},
    {"memory section", 5},
    {"global section", 6},
    {"export section", 7},
    {"start section", 8},
    {"element section", 9},
    {"code section", 11},
    {"data section", 12},
    {"data count section", 10},
}};

constexpr std::array<uint8_t, 4> magic{0x00, 0x61, 0x73, 0x6D};
constexpr std::array<uint8_t, 4> version{0x01, 0x00, 0x00, 0x00};

constexpr uint8_t function_type_form = 0x60;
constexpr uint8_t element_kind_function = 0x00;

class Decoder {
 public:
  Decoder(std::span<const uint8_t> bytes, const Features& features) : bytes_(bytes), features_(features) {
    module_.bytes = bytes;
  }

  Result<Module> run();

 private:
  Result<void> section(SectionId id, Reader& reader);
  Result<void> check_counts() const;

  Result<void> custom_section(Reader& reader);
  Result<void> type_section(Reader& reader);
  Result<void> import_section(Reader& reader);
  Result<void> function_section(Reader& reader);
  Result<void> table_section(Reader& reader);
  Result<void> memory_section(Reader& reader);
  Result<void> global_section(Reader& reader);
  Result<void> export_section(Reader& reader);
  Result<void> start_section(Reader& reader);
  Result<void> element_section(Reader& reader);
  Result<void> data_count_section(Reader& reader);
  Result<void> code_section(Reader& reader);
  Result<void> data_section(Reader& reader);

  Result<ElementSegment> element_segment(Reader& reader);
  Result<DataSegment> data_segment(Reader& reader);
  Result<ConstantExpression> constant_expression(Reader& reader);

  // Notes that a function occurs outside of function bodies; an index out of range is validation's to refuse.
  void refer_to(uint32_t function) {
    if (function < module_.functions.size()) module_.functions[function].is_referenced = true;
  }

  std::span<const uint8_t> bytes_;
  Features features_;
  Module module_;
  uint32_t bodies_ = 0;  // function bodies seen
};

Result<void> read_header(Reader& reader) {
  // A file that ends too early is told so, as long as what there is of it fits.
  const auto starts_like = [](std::span<const uint8_t> bytes, std::span<const uint8_t> expected) {
    const size_t size = std::min(bytes.size(), expected.size());
    return std::ranges::equal(bytes.first(size), expected.first(size));
  };
  if (!starts_like(reader.rest(), magic)) {
    return malformed(0, {"magic header not detected: this is not a WebAssembly module"});
  }
  static_cast<void>(TWINE_TRY(reader.span(4, "magic header")));
  if (!starts_like(reader.rest(), version)) {
    return malformed(4, {"unknown binary version: this is not a core module of version 1"});
  }
  static_cast<void>(TWINE_TRY(reader.span(4, "version")));
  return {};
}

Result<ValueType> read_value_type(Reader& reader) {
  const uint32_t start = reader.offset();
  const uint8_t code = TWINE_TRY(reader.byte("value type"));
  if (const auto type = value_type(code)) return *type;
  return malformed(start, {"malformed value type ", Hex{code}});
}

Result<ValueType> read_reference_type(Reader& reader) {
  const uint32_t start = reader.offset();
  const uint8_t code = TWINE_TRY(reader.byte("reference type"));
  const auto type = value_type(code);
  if (type && is_reference(*type)) return *type;
  return malformed(start, {"malformed reference type ", Hex{code}});
}

Result<std::vector<ValueType>> read_value_types(Reader& reader, std::string_view what, uint32_t limit) {
  const uint32_t count = TWINE_TRY(reader.count(what, limit));
  std::vector<ValueType> types;
  types.reserve(count);
  for (uint32_t i = 0; i < count; ++i) types.push_back(TWINE_TRY(read_value_type(reader)));
  return types;
}

// limits (5.3.7): flag 0 with a minimum, flag 1 with a minimum and a maximum. `what` is "table" or "memory".
Result<Limits> read_limits(Reader& reader, std::string_view what) {
  constexpr uint8_t has_max = 1;
  constexpr uint8_t is_shared = 2;
  constexpr uint8_t is_64_bit = 4;
  const uint32_t start = reader.offset();
  const uint8_t flags = TWINE_TRY(reader.byte("limits flags"));
  if (flags == is_shared || flags == (is_shared | has_max)) {
    return fail_at(start, ErrorCode::unsupported, {"shared ", what, " (threads) is not supported"});
  }
  if (flags == is_64_bit || flags == (is_64_bit | has_max)) {
    return fail_at(start, ErrorCode::unsupported, {"64-bit ", what, " (memory64) is not supported"});
  }
  if (flags > has_max) return malformed(start, {"malformed limits flags ", Hex{flags}});
  Limits limits{.min = TWINE_TRY(reader.u32("minimum of limits")), .max = {}};
  if (flags == has_max) limits.max = TWINE_TRY(reader.u32("maximum of limits"));
  return limits;
}

Result<TableType> read_table_type(Reader& reader) {
  const ValueType element = TWINE_TRY(read_reference_type(reader));
  return TableType{.element = element, .limits = TWINE_TRY(read_limits(reader, "table"))};
}

Result<MemoryType> read_memory_type(Reader& reader) {
  return MemoryType{.limits = TWINE_TRY(read_limits(reader, "memory"))};
}

Result<GlobalType> read_global_type(Reader& reader) {
  const ValueType value = TWINE_TRY(read_value_type(reader));
  const uint32_t start = reader.offset();
  const uint8_t mutability = TWINE_TRY(reader.byte("mutability"));
  if (mutability > 1) return malformed(start, {"malformed mutability ", Hex{mutability}});
  return GlobalType{.value = value, .is_mutable = mutability == 1};
}

Result<ExternalKind> read_external_kind(Reader& reader, std::string_view what) {
  const uint32_t start = reader.offset();
  const uint8_t code = TWINE_TRY(reader.byte(what));
  if (code > static_cast<uint8_t>(ExternalKind::global)) {
    return malformed(start, {"malformed ", what, " ", Hex{code}});
  }
  return static_cast<ExternalKind>(code);
}

// A name map (appendix 7.4.2) of functions, until its end or the first entry that is wrong.
void read_name_map(Reader& reader, std::vector<Names::Entry>& entries) {
  const auto count = reader.count("names", limits::functions, 2);
  if (!count) return;
  for (uint32_t i = 0; i < *count; ++i) {
    const auto index = reader.u32("function index");
    if (!index || (!entries.empty() && *index <= entries.back().index)) return;
    const auto name = reader.name("function name");
    if (!name) return;
    entries.push_back({.index = *index, .name = *name});
  }
}

// The name section: module name (subsection 0) and function names (1). Errors end it quietly, as the
// specification wants (appendix 7.4): names never decide whether a module is valid.
void read_names(Reader reader, Names& names) {
  constexpr uint8_t module_name = 0;
  constexpr uint8_t function_names = 1;
  while (!reader.at_end()) {
    const auto id = reader.byte("subsection id");
    const auto size = id ? reader.u32("subsection size") : 0;
    if (!size) return;
    const uint32_t offset = reader.offset();
    const auto contents = reader.span(*size, "subsection");
    if (!contents) return;
    Reader subsection(*contents, offset);
    if (*id == module_name) {
      if (const auto name = subsection.name("module name")) names.module = *name;
    } else if (*id == function_names && names.functions.empty()) {
      read_name_map(subsection, names.functions);
    }
  }
}

Result<Module> Decoder::run() {
  if (bytes_.size() > limits::module_bytes) {
    return fail_at(0, ErrorCode::limit,
                   {"module of ", bytes_.size(), " bytes exceeds the limit of ", limits::module_bytes});
  }
  Reader reader(bytes_, 0);
  TWINE_TRY(read_header(reader));
  SectionId last = SectionId::custom;
  while (!reader.at_end()) {
    const uint32_t start = reader.offset();
    const uint8_t code = TWINE_TRY(reader.byte("section id"));
    if (code == static_cast<uint8_t>(SectionId::tag)) {
      return fail_at(start, ErrorCode::unsupported, {"tag section (exception handling) is not supported"});
    }
    if (code >= section_order.size()) return malformed(start, {"malformed section id ", Hex{code}});
    const auto id = static_cast<SectionId>(code);
    const SectionOrder& order = section_order[code];
    if (id != SectionId::custom) {
      const SectionOrder& before = section_order[static_cast<uint8_t>(last)];
      if (order.place <= before.place) {
        return id == last ? malformed(start, {"unexpected content: the ", order.name, " comes twice"})
                          : malformed(start, {"unexpected content: the ", order.name, " comes after the ",
                                              before.name});
      }
      last = id;
    }
    const uint32_t size = TWINE_TRY(reader.u32("section size"));
    const uint32_t offset = reader.offset();
    Reader contents(TWINE_TRY(reader.span(size, order.name)), offset);
    TWINE_TRY(section(id, contents));
    if (!contents.at_end()) {
      return malformed(contents.offset(), {"section size mismatch: ", contents.remaining(),
                                           " bytes follow the contents of the ", order.name});
    }
  }
  TWINE_TRY(check_counts());
  return std::move(module_);
}

Result<void> Decoder::section(SectionId id, Reader& reader) {
  switch (id) {
    case SectionId::custom:
      return custom_section(reader);
    case SectionId::type:
      return type_section(reader);
    case SectionId::import:
      return import_section(reader);
    case SectionId::function:
      return function_section(reader);
    case SectionId::table:
      return table_section(reader);
    case SectionId::memory:
      return memory_section(reader);
    case SectionId::global:
      return global_section(reader);
    case SectionId::export_:
      return export_section(reader);
    case SectionId::start:
      return start_section(reader);
    case SectionId::element:
      return element_section(reader);
    case SectionId::code:
      return code_section(reader);
    case SectionId::data:
      return data_section(reader);
    case SectionId::data_count:
      return data_count_section(reader);
    case SectionId::tag:
      break;  // refused by the caller
  }
  return malformed(reader.offset(), {"malformed section id"});
}

// What can only be told at the end: that sections which belong together agree.
Result<void> Decoder::check_counts() const {
  const auto end = static_cast<uint32_t>(bytes_.size());
  const size_t declared = module_.functions.size() - module_.imported_functions;
  if (declared != bodies_) {
    return malformed(end, {"function and code section have inconsistent lengths: ", declared, " functions, ",
                           bodies_, " bodies"});
  }
  if (module_.data_count && *module_.data_count != module_.data.size()) {
    return malformed(end, {"data count and data section have inconsistent lengths: ", *module_.data_count,
                           " announced, ", module_.data.size(), " found"});
  }
  return {};
}

Result<void> Decoder::custom_section(Reader& reader) {
  const uint32_t start = reader.offset();
  const std::string_view name = TWINE_TRY(reader.name("custom section name"));
  if (module_.custom_sections.size() == limits::custom_sections) {
    return fail_at(start, ErrorCode::limit,
                   {"custom sections exceed the limit of ", limits::custom_sections});
  }
  const uint32_t offset = reader.offset();
  const auto contents = TWINE_TRY(reader.span(reader.remaining(), "custom section"));
  module_.custom_sections.push_back({.name = name, .bytes = contents, .offset = offset});
  if (name == "name") read_names(Reader(contents, offset), module_.names);
  return {};
}

Result<void> Decoder::type_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("types", limits::types, 3));
  module_.types.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t start = reader.offset();
    const uint8_t form = TWINE_TRY(reader.byte("function type"));
    if (form != function_type_form)
      return malformed(start, {"malformed function type: 0x60 expected, found ", Hex{form}});
    FunctionType type;
    type.params = TWINE_TRY(read_value_types(reader, "parameters", limits::params));
    type.results = TWINE_TRY(read_value_types(reader, "results", limits::results));
    module_.types.push_back(std::move(type));
  }
  return {};
}

Result<void> Decoder::import_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("imports", limits::imports, 4));
  module_.imports.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Import import;
    import.offset = reader.offset();
    import.module = TWINE_TRY(reader.name("import module name"));
    import.field = TWINE_TRY(reader.name("import field name"));
    import.kind = TWINE_TRY(read_external_kind(reader, "import kind"));
    switch (import.kind) {
      case ExternalKind::function:
        import.index = module_.imported_functions++;
        module_.functions.push_back(
            {.type_index = TWINE_TRY(reader.u32("type index")), .offset = import.offset, .body = {}});
        break;
      case ExternalKind::table:
        import.index = module_.imported_tables++;
        module_.tables.push_back({.type = TWINE_TRY(read_table_type(reader)), .offset = import.offset});
        break;
      case ExternalKind::memory:
        import.index = module_.imported_memories++;
        module_.memories.push_back({.type = TWINE_TRY(read_memory_type(reader)), .offset = import.offset});
        break;
      case ExternalKind::global:
        import.index = module_.imported_globals++;
        module_.globals.push_back(
            {.type = TWINE_TRY(read_global_type(reader)), .initialiser = {}, .offset = import.offset});
        break;
    }
    module_.imports.push_back(import);
  }
  return {};
}

Result<void> Decoder::function_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("functions", limits::functions - module_.imported_functions));
  module_.functions.reserve(module_.functions.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t start = reader.offset();
    module_.functions.push_back(
        {.type_index = TWINE_TRY(reader.u32("type index")), .offset = start, .body = {}});
  }
  return {};
}

Result<void> Decoder::table_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("tables", limits::tables, 3));
  module_.tables.reserve(module_.tables.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t start = reader.offset();
    module_.tables.push_back({.type = TWINE_TRY(read_table_type(reader)), .offset = start});
  }
  return {};
}

Result<void> Decoder::memory_section(Reader& reader) {
  // More than one are well formed here, and refused by validation.
  const uint32_t count = TWINE_TRY(reader.count("memories", limits::memories, 2));
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t start = reader.offset();
    module_.memories.push_back({.type = TWINE_TRY(read_memory_type(reader)), .offset = start});
  }
  return {};
}

Result<void> Decoder::global_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("globals", limits::globals, 3));
  module_.globals.reserve(module_.globals.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    Global global;
    global.offset = reader.offset();
    global.type = TWINE_TRY(read_global_type(reader));
    global.initialiser = TWINE_TRY(constant_expression(reader));
    module_.globals.push_back(global);
  }
  return {};
}

Result<void> Decoder::export_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("exports", limits::exports, 3));
  module_.exports.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Export item;
    item.offset = reader.offset();
    item.field = TWINE_TRY(reader.name("export name"));
    item.kind = TWINE_TRY(read_external_kind(reader, "export kind"));
    item.index = TWINE_TRY(reader.u32("index of export"));
    if (item.kind == ExternalKind::function) refer_to(item.index);
    module_.exports.push_back(item);
  }
  return {};
}

Result<void> Decoder::start_section(Reader& reader) {
  module_.start_offset = reader.offset();
  module_.start = TWINE_TRY(reader.u32("start function index"));
  return {};
}

Result<void> Decoder::element_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("element segments", limits::element_segments, 3));
  module_.elements.reserve(count);
  for (uint32_t i = 0; i < count; ++i) module_.elements.push_back(TWINE_TRY(element_segment(reader)));
  return {};
}

// elem (5.5.12). The flags say what follows, in this order:
//
//   bit 0 clear: active     bit 1: [table index]  start expression
//   bit 0 set   : bit 1 clear passive, set declarative
//   bit 1 or bit 0: element kind (functions), or reference type (expressions); otherwise it is funcref
//   bit 2: items are expressions; otherwise function indices
Result<ElementSegment> Decoder::element_segment(Reader& reader) {
  constexpr uint32_t not_active = 1;
  constexpr uint32_t table_or_declarative = 2;
  constexpr uint32_t has_expressions = 4;

  ElementSegment segment;
  segment.offset = reader.offset();
  const uint32_t flags = TWINE_TRY(reader.u32("element segment flags"));
  if (flags > 7) return malformed(segment.offset, {"malformed element segment flags ", Hex{flags}});
  if ((flags & not_active) != 0) {
    segment.mode = (flags & table_or_declarative) != 0 ? ElementSegment::Mode::declarative
                                                       : ElementSegment::Mode::passive;
  } else {
    segment.mode = ElementSegment::Mode::active;
    if ((flags & table_or_declarative) != 0) segment.table = TWINE_TRY(reader.u32("table index"));
    segment.start = TWINE_TRY(constant_expression(reader));
  }
  if ((flags & (not_active | table_or_declarative)) != 0) {
    if ((flags & has_expressions) != 0) {
      segment.type = TWINE_TRY(read_reference_type(reader));
    } else {
      const uint32_t start = reader.offset();
      const uint8_t kind = TWINE_TRY(reader.byte("element kind"));
      if (kind != element_kind_function) return malformed(start, {"malformed element kind ", Hex{kind}});
    }
  }
  const bool expressions = (flags & has_expressions) != 0;
  const uint32_t count = TWINE_TRY(reader.count("elements", limits::elements));
  if (expressions) {
    segment.expressions.reserve(count);
    for (uint32_t i = 0; i < count; ++i)
      segment.expressions.push_back(TWINE_TRY(constant_expression(reader)));
  } else {
    segment.functions.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
      segment.functions.push_back(TWINE_TRY(reader.u32("function index")));
      refer_to(segment.functions.back());
    }
  }
  return segment;
}

Result<void> Decoder::data_count_section(Reader& reader) {
  module_.data_count = TWINE_TRY(reader.u32("data count"));
  return {};
}

Result<void> Decoder::code_section(Reader& reader) {
  module_.code_section_offset = reader.offset();
  const uint32_t start = reader.offset();
  const uint32_t count = TWINE_TRY(reader.count("function bodies", limits::functions, 2));
  if (count != module_.functions.size() - module_.imported_functions) {
    return malformed(
        start, {"function and code section have inconsistent lengths: ",
                module_.functions.size() - module_.imported_functions, " functions, ", count, " bodies"});
  }
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t size_offset = reader.offset();
    const uint32_t size = TWINE_TRY(reader.u32("size of function body"));
    Function& function = module_.functions[module_.imported_functions + i];
    function.offset = reader.offset();
    function.body = TWINE_TRY(reader.span(size, "function body"));
    if (size > limits::function_bytes) {
      return fail_at(size_offset, ErrorCode::limit,
                     {"function body of ", size, " bytes exceeds the limit of ", limits::function_bytes});
    }
  }
  bodies_ = count;
  return {};
}

Result<void> Decoder::data_section(Reader& reader) {
  const uint32_t count = TWINE_TRY(reader.count("data segments", limits::data_segments, 2));
  module_.data.reserve(count);
  for (uint32_t i = 0; i < count; ++i) module_.data.push_back(TWINE_TRY(data_segment(reader)));
  return {};
}

// data (5.5.14). Flags: 0 active in memory 0; 1 passive; 2 active with a memory index.
Result<DataSegment> Decoder::data_segment(Reader& reader) {
  constexpr uint32_t passive = 1;
  constexpr uint32_t with_memory = 2;
  DataSegment segment;
  segment.offset = reader.offset();
  const uint32_t flags = TWINE_TRY(reader.u32("data segment flags"));
  if (flags > with_memory) return malformed(segment.offset, {"malformed data segment flags ", Hex{flags}});
  if (flags != passive) {
    segment.mode = DataSegment::Mode::active;
    if (flags == with_memory) segment.memory = TWINE_TRY(reader.u32("memory index"));
    segment.start = TWINE_TRY(constant_expression(reader));
  }
  const uint32_t size = TWINE_TRY(reader.u32("size of data"));
  segment.bytes = TWINE_TRY(reader.span(size, "data"));
  return segment;
}

// Only reading its instructions finds the end of an expression.
Result<ConstantExpression> Decoder::constant_expression(Reader& reader) {
  const uint32_t offset = reader.offset();
  OperatorReader operators(reader.rest(), offset, features_);
  while (!operators.done()) {
    const Operator op = TWINE_TRY(operators.next());
    if (op.opcode == Opcode::ref_func) refer_to(op.index);
  }
  return ConstantExpression{
      .bytes = TWINE_TRY(reader.span(operators.offset() - offset, "constant expression")), .offset = offset};
}

}  // namespace

Result<Module> decode(std::span<const uint8_t> bytes, const Features& features) {
  return Decoder(bytes, features).run();
}

}  // namespace twine::wasm
