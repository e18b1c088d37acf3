// Wasm values as people write and read them, for --invoke.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "host/launch/modules.h"
#include "wasm/types.h"

namespace twine::host {

// A number: decimal or 0x-hexadecimal integers, from the least signed to the largest unsigned of the type;
// floats as strtod takes them, "nan" and "inf" too. "null" for references. A v128 is written by its lanes, the
// first one first, as the text format does, "i32x4:1,2,3,4" (i8x16, i16x8, i32x4, i64x2, f32x4, f64x2), or as 0x and
// 32 hexadecimal digits, the last lane first. Errors: invalid_argument (not such a value, or out of range).
Result<WireValue> parse_value(wasm::ValueType type, std::string_view text);

// Integers as signed decimals, floats as the shortest decimal that reads back the same, v128 as 0x and 32
// digits; "funcref", "null".
std::string describe_value(const WireValue& value);

// The arguments of the module's exported function. Errors: not_found (no such export; those that exist are
// listed), invalid_argument (their number, or one of them).
Result<std::vector<WireValue>> read_arguments(const CompiledModule& module, std::string_view export_name,
                                              std::span<const std::string> texts);

}  // namespace twine::host
