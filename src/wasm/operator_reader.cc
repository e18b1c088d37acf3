#include "wasm/operator_reader.h"

#include <algorithm>
#include <limits>

#include "wasm/limits.h"

namespace twine::wasm {
namespace {

constexpr uint8_t bulk_prefix = 0xFC;
constexpr uint8_t simd_prefix = 0xFD;
constexpr uint8_t atomic_prefix = 0xFE;
constexpr uint8_t empty_block_type = 0x40;

}  // namespace

Result<Operator> OperatorReader::next() {
  Operator op;
  op.offset = reader_.offset();
  op.opcode = TWINE_TRY(opcode());
  const OpcodeInfo& properties = info(op.opcode);
  if (properties.feature != Feature::core) TWINE_TRY(check_feature(op, properties.feature));
  switch (op.opcode) {
    case Opcode::block:
    case Opcode::loop:
    case Opcode::if_:
      ++depth_;
      break;
    case Opcode::end:
      --depth_;
      break;
    default:
      break;
  }
  if (properties.immediates != Immediates::none) TWINE_TRY(immediates(op, properties.immediates));
  return op;
}

Result<void> OperatorReader::finish() const {
  if (!reader_.at_end()) {
    return malformed(
        reader_.offset(),
        {reader_.remaining(), " bytes follow the end that closes the expression: END opcode expected last"});
  }
  return {};
}

Result<Opcode> OperatorReader::opcode() {
  const uint32_t start = reader_.offset();
  const uint8_t first = TWINE_TRY(reader_.byte("an instruction (or END opcode expected)"));
  if (first != bulk_prefix && first != simd_prefix && first != atomic_prefix) {
    if (!opcode_table[first].exists()) return malformed(start, {"illegal opcode ", Hex{first}});
    return static_cast<Opcode>(first);
  }
  const uint32_t sub = TWINE_TRY(reader_.u32("opcode after a prefix"));
  if (first == atomic_prefix) {
    return fail_at(start, ErrorCode::unsupported, {"atomic instructions (threads) are not supported"});
  }
  const bool is_bulk = first == bulk_prefix;
  const uint32_t codes = is_bulk ? 0x100 : 0x200;
  const auto code = static_cast<uint32_t>(is_bulk ? OpcodePage::bulk : OpcodePage::simd) + sub;
  if (sub >= codes || !opcode_table[code].exists()) {
    return malformed(start, {"illegal opcode ", Hex{first}, " ", Hex{sub}});
  }
  return static_cast<Opcode>(code);
}

Result<void> OperatorReader::check_feature(const Operator& op, Feature feature) const {
  const auto needs = [&](std::string_view proposal) {
    return fail_at(op.offset, ErrorCode::unsupported,
                   {name(op.opcode), " needs ", proposal, ", which are not enabled"});
  };
  switch (feature) {
    case Feature::core:
      break;
    case Feature::tail_call:
      if (!features_.tail_call) return needs("tail calls");
      break;
    case Feature::relaxed_simd:
      if (!features_.relaxed_simd) return needs("relaxed vector instructions");
      break;
  }
  return {};
}

Result<void> OperatorReader::immediates(Operator& op, Immediates kind) {
  switch (kind) {
    case Immediates::none:
      break;
    case Immediates::block_type:
      return block_type(op);
    case Immediates::label:
      op.index = TWINE_TRY(reader_.u32("label index"));
      break;
    case Immediates::label_table:
      return branch_targets(op);
    case Immediates::function:
      op.index = TWINE_TRY(reader_.u32("function index"));
      break;
    case Immediates::type_table:
      op.index = TWINE_TRY(reader_.u32("type index"));
      op.second_index = TWINE_TRY(reader_.u32("table index"));
      break;
    case Immediates::local:
      op.index = TWINE_TRY(reader_.u32("local index"));
      break;
    case Immediates::global:
      op.index = TWINE_TRY(reader_.u32("global index"));
      break;
    case Immediates::table:
      op.index = TWINE_TRY(reader_.u32("table index"));
      break;
    case Immediates::table_table:
      op.index = TWINE_TRY(reader_.u32("table index"));
      op.second_index = TWINE_TRY(reader_.u32("table index"));
      break;
    case Immediates::element:
      op.index = TWINE_TRY(reader_.u32("element segment index"));
      break;
    case Immediates::element_table:
      op.index = TWINE_TRY(reader_.u32("element segment index"));
      op.second_index = TWINE_TRY(reader_.u32("table index"));
      break;
    case Immediates::data:
      op.index = TWINE_TRY(reader_.u32("data segment index"));
      break;
    case Immediates::data_memory:
      op.index = TWINE_TRY(reader_.u32("data segment index"));
      op.second_index = TWINE_TRY(memory_index());
      break;
    case Immediates::memory:
      op.index = TWINE_TRY(memory_index());
      break;
    case Immediates::memory_memory:
      op.index = TWINE_TRY(memory_index());
      op.second_index = TWINE_TRY(memory_index());
      break;
    case Immediates::memory_access:
      return memory_access(op);
    case Immediates::memory_lane:
      TWINE_TRY(memory_access(op));
      op.memory_access.lane = TWINE_TRY(reader_.byte("lane index"));
      break;
    case Immediates::lane2:
    case Immediates::lane4:
    case Immediates::lane8:
    case Immediates::lane16:
      op.lane = TWINE_TRY(reader_.byte("lane index"));
      break;
    case Immediates::shuffle:
      return read_vector(op, "lane indices of shuffle");
    case Immediates::reference_type:
      return reference_type(op);
    case Immediates::select_types:
      return select_types(op);
    case Immediates::i32:
      op.i32 = TWINE_TRY(reader_.s32("i32 constant"));
      break;
    case Immediates::i64:
      op.i64 = TWINE_TRY(reader_.s64("i64 constant"));
      break;
    case Immediates::f32:
      op.f32_bits = TWINE_TRY(reader_.f32("f32 constant"));
      break;
    case Immediates::f64:
      op.f64_bits = TWINE_TRY(reader_.f64("f64 constant"));
      break;
    case Immediates::v128:
      return read_vector(op, "v128 constant");
  }
  return {};
}

// blocktype (5.4.1): 0x40, a value type, or a type index as a positive signed integer of 33 bits.
Result<void> OperatorReader::block_type(Operator& op) {
  const uint32_t start = reader_.offset();
  const uint8_t first = reader_.peek();
  op.block_type = {};
  if (const auto type = value_type(first)) {
    op.block_type = {.kind = BlockType::Kind::value, .value = *type};
    static_cast<void>(TWINE_TRY(reader_.byte("block type")));
    return {};
  }
  if (first == empty_block_type) {
    static_cast<void>(TWINE_TRY(reader_.byte("block type")));
    return {};
  }
  const int64_t index = TWINE_TRY(reader_.s33("block type"));
  if (index < 0) return malformed(start, {"malformed block type: neither a value type nor a type index"});
  op.block_type = {.kind = BlockType::Kind::function_type, .type_index = static_cast<uint32_t>(index)};
  return {};
}

Result<void> OperatorReader::branch_targets(Operator& op) {
  // The list's items and the default label take a byte each, at least; the bytes of a function body are
  // limited.
  const uint32_t count = TWINE_TRY(reader_.count("branch targets", std::numeric_limits<uint32_t>::max()));
  labels_.clear();
  labels_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) labels_.push_back(TWINE_TRY(reader_.u32("label index")));
  op.targets = {.labels = labels_, .default_label = TWINE_TRY(reader_.u32("default label index"))};
  return {};
}

Result<void> OperatorReader::select_types(Operator& op) {
  const uint32_t count = TWINE_TRY(reader_.count("types of select", std::numeric_limits<uint32_t>::max()));
  op.select_types = {.count = count};
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t start = reader_.offset();
    const auto type = value_type(TWINE_TRY(reader_.byte("type of select")));
    if (!type) return malformed(start, {"malformed value type"});
    if (i == 0) op.select_types.type = *type;
  }
  return {};
}

Result<void> OperatorReader::reference_type(Operator& op) {
  const uint32_t start = reader_.offset();
  const auto type = value_type(TWINE_TRY(reader_.byte("reference type")));
  if (!type || !is_reference(*type)) return malformed(start, {"malformed reference type"});
  op.type = *type;
  return {};
}

Result<void> OperatorReader::read_vector(Operator& op, std::string_view what) {
  const auto bytes = TWINE_TRY(reader_.span(16, what));
  op.bytes = {};
  std::copy(bytes.begin(), bytes.end(), op.bytes.begin());
  return {};
}

// memarg (5.4.6). That the alignment is not beyond the access's width is validation's to say.
Result<void> OperatorReader::memory_access(Operator& op) {
  const uint32_t align = TWINE_TRY(reader_.u32("alignment"));
  op.memory_access = {.offset = TWINE_TRY(reader_.u32("memory offset")), .align = align};
  return {};
}

// In 2.0 the memory is not an index but a byte that must be 0.
Result<uint32_t> OperatorReader::memory_index() {
  const uint32_t start = reader_.offset();
  const uint8_t index = TWINE_TRY(reader_.byte("memory index"));
  if (index != 0) return malformed(start, {"zero byte expected, found ", Hex{index}});
  return 0;
}

Result<FunctionBody> read_body(std::span<const uint8_t> body, uint32_t offset, uint32_t params) {
  Reader reader(body, offset);
  FunctionBody result;
  const uint32_t runs =
      TWINE_TRY(reader.count("local declarations", std::numeric_limits<uint32_t>::max(), 2));
  result.locals.reserve(runs);
  uint64_t total = 0;
  for (uint32_t i = 0; i < runs; ++i) {
    const uint32_t start = reader.offset();
    const uint32_t count = TWINE_TRY(reader.u32("count of locals"));
    const uint32_t type_offset = reader.offset();
    const auto type = value_type(TWINE_TRY(reader.byte("type of locals")));
    if (!type) return malformed(type_offset, {"malformed value type"});
    total += count;
    if (total > std::numeric_limits<uint32_t>::max())
      return malformed(start, {"too many locals: 2^32 or more"});
    result.locals.push_back({.count = count, .type = *type});
  }
  if (total + params > limits::locals) {
    return fail_at(offset, ErrorCode::limit,
                   {total + params, " locals and parameters exceed the limit of ", limits::locals});
  }
  result.local_count = static_cast<uint32_t>(total);
  result.code = reader.rest();
  result.code_offset = reader.offset();
  return result;
}

}  // namespace twine::wasm
