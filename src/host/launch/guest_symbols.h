// What a compiled module's file says about its code, for debuggers and profilers (host/debug/symbols.h).
#pragma once

#include <cstdint>
#include <span>

#include "common/result.h"
#include "host/debug/symbols.h"

namespace twine::host {

// Of a .twm file whose code lies at `base`: its functions under the names of the module's name section, else of an export, else
// "func[N]", its thunks as "thunk[T] in" and "thunk[T] out", and its unwinding table. Nothing depends on it for safety. Errors: those
// of parse_twm and wasm::load; malformed.
Result<debug::CodeSymbols> guest_symbols(std::span<const uint8_t> twm, uint64_t base);

// Bytes of executable code that the file has mapped. Errors: those of parse_twm; malformed.
Result<uint64_t> guest_code_size(std::span<const uint8_t> twm);

}  // namespace twine::host
