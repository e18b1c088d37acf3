// Constant tables: what the compiler knows of a table that nobody can write once its module is instantiated.
//
// Such a table is defined by the module, not exported, and no function has a table.set, table.grow, table.fill, table.copy or table.init on
// it. It keeps its minimum size, and its elements are those of the active segments, whose places must be constants (`i32.const`) and
// whose elements `ref.func` or `ref.null`. wasm-ld's table of function pointers is one.
//
// Nothing is known of any table when some active segment might fail: what was written before it to a table of another module stays
// reachable (core specification 2.0, 4.5.4), so that code could run while our tables are half filled.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wasm/module.h"

namespace twine::codegen {

// The elements of a constant table that have one type.
struct ConstantElements {
  uint32_t table_size = 0;
  uint32_t count = 0;  // of the elements; when 0, the others are meaningless
  uint32_t first = 0;  // index of the first element
  uint32_t end = 0;    // one behind the last
  bool has_imports = false;
  std::optional<uint32_t> only;  // the function, when there is one element and it is the module's own

  // No other element lies among them.
  [[nodiscard]] bool is_contiguous() const { return count != 0 && count == end - first; }
};

class ConstantTables {
 public:
  // `wasm` has been validated but for its function bodies, and outlives this.
  ConstantTables(const wasm::Module& wasm, const wasm::Features& features);

  // Nothing when the table may change.
  [[nodiscard]] std::optional<ConstantElements> elements_of(uint32_t table,
                                                            const wasm::FunctionType& type) const;

 private:
  static constexpr uint32_t kNull = UINT32_MAX;
  struct Table {
    bool is_constant = false;
    std::vector<uint32_t> functions;  // by index of element; kNull
  };

  void choose_candidates();
  void drop_written(const wasm::Features& features);
  void drop_written_by(const wasm::Function& function, uint32_t params, const wasm::Features& features);
  // False when a segment is not known or might fail.
  bool fill(const wasm::Features& features);
  void drop_all();

  const wasm::Module& wasm_;
  std::vector<Table> tables_;
};

}  // namespace twine::codegen
