// Thunks: how the runtime calls the guest, and the guest the runtime, for each function type that may be
// called across that line (docs/abi.md, "Calling convention").
#pragma once

#include <cstdint>
#include <vector>

#include "codegen/llvm/unit.h"

namespace twine::codegen {

// For each type of the module, the type whose thunks serve it (the first equal one), or kNoThunk if no
// function of that type is imported, exported, or can be referred to.
inline constexpr uint32_t kNoThunk = 0xffff'ffff;
std::vector<uint32_t> plan_thunks(const wasm::Module& wasm);

// Defines entry_thunk_symbol(type) and host_thunk_symbol(type) in the unit.
void emit_thunks(Unit& unit, uint32_t type);

// For a function that makes tail calls: its entry in the guest convention, which calls the one that holds its body.
void emit_tail_thunk(Unit& unit, uint32_t function);

}  // namespace twine::codegen
