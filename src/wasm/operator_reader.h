// OperatorReader: walks the instructions of an expression, one Operator at a time.
//
// It knows the binary grammar (core specification 2.0, section 5.4) and nothing of types. The validator and
// the code generators read code through it and nothing else.
//
//   OperatorReader reader(body.code, body.code_offset, features);
//   while (!reader.done()) {
//     const Operator op = TWINE_TRY(reader.next());
//     …
//   }
//   TWINE_TRY(reader.finish());
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.h"
#include "wasm/opcode.h"
#include "wasm/reader.h"
#include "wasm/types.h"

namespace twine::wasm {

// The type of a block (5.4.1): nothing to nothing, nothing to one value, or a function type of the module.
struct BlockType {
  enum class Kind : uint8_t { empty, value, function_type };
  Kind kind = Kind::empty;
  ValueType value = ValueType::bottom;  // Kind::value
  uint32_t type_index = 0;              // Kind::function_type
};

// The static part of an address (5.4.6): effective address = operand + offset.
struct MemoryAccess {
  uint32_t offset = 0;
  uint32_t align = 0;  // log2 of the alignment that the program promises
  uint8_t lane = 0;    // memory_lane only
};

// Relative depths. `labels` lives in the OperatorReader until its next call of next().
struct BranchTargets {
  std::span<const uint32_t> labels;
  uint32_t default_label = 0;
};

// The types written with a `select`. Validation admits exactly one, so only the first is kept.
struct SelectTypes {
  uint32_t count = 0;
  ValueType type = ValueType::bottom;
};

// An instruction with its immediates. Which members of the unions are set follows from
// info(opcode).immediates, as listed there. Trivially copyable.
struct Operator {
  Opcode opcode = Opcode::unreachable;
  uint32_t offset = 0;  // of the first byte of the instruction, from the start of the file
  union {
    uint32_t index = 0;
    uint8_t lane;
    ValueType type;
  };
  uint32_t second_index = 0;
  union {
    uint64_t f64_bits = 0;
    uint32_t f32_bits;
    int32_t i32;
    int64_t i64;
    std::array<uint8_t, 16> bytes;
    BlockType block_type;
    MemoryAccess memory_access;
    BranchTargets targets;
    SelectTypes select_types;
  };
};

class OperatorReader {
 public:
  // `code`: the instructions with the closing `end`, `offset` bytes into the file.
  OperatorReader(std::span<const uint8_t> code, uint32_t offset, const Features& features)
      : reader_(code, offset), features_(features) {}

  // Whether the `end` that closes the expression has been read.
  [[nodiscard]] bool done() const { return depth_ == 0; }

  // Offset in the file of the next instruction, or of the end.
  [[nodiscard]] uint32_t offset() const { return reader_.offset(); }

  // The next instruction; not to be called when done(). Errors: malformed, or unsupported for instructions of
  // proposals that are not enabled in Features. Indices, lanes and alignments are not checked here.
  Result<Operator> next();

  // Checks that nothing follows the closing `end`.
  Result<void> finish() const;

  // How many blocks are open, the expression itself included.
  [[nodiscard]] uint32_t depth() const { return depth_; }

 private:
  Result<Opcode> opcode();
  Result<void> check_feature(const Operator& op, Feature feature) const;
  Result<void> immediates(Operator& op, Immediates kind);
  Result<void> block_type(Operator& op);
  Result<void> branch_targets(Operator& op);
  Result<void> select_types(Operator& op);
  Result<void> reference_type(Operator& op);
  Result<void> memory_access(Operator& op);
  Result<void> read_vector(Operator& op, std::string_view what);
  Result<uint32_t> memory_index();

  Reader reader_;
  Features features_;
  uint32_t depth_ = 1;
  std::vector<uint32_t> labels_;  // of the last br_table
};

// A run of local variables of one type, as a function body declares them.
struct LocalRun {
  uint32_t count = 0;
  ValueType type = ValueType::i32;
};

// A function body (5.5.13) split into its parts.
struct FunctionBody {
  std::vector<LocalRun> locals;   // declared ones, without the parameters; may hold runs of count 0
  uint32_t local_count = 0;       // sum of the runs
  std::span<const uint8_t> code;  // instructions with the closing `end`
  uint32_t code_offset = 0;       // of `code` in the file
};

// `params`: the number of parameters, which count against limits::locals.
Result<FunctionBody> read_body(std::span<const uint8_t> body, uint32_t offset, uint32_t params);

}  // namespace twine::wasm
