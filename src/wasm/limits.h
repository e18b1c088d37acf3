// Implementation limits (core specification, appendix 7.2). A module beyond one is refused with
// ErrorCode::limit.
//
// Where the WebAssembly JavaScript interface names a limit (its section "Implementation-defined limits"), the
// number is the same, so that modules which run in a browser run here. The last two are Twine's own: without
// them a few megabytes of module could claim gigabytes of enclave memory during validation.
//
// Independently of these, a count is never believed before the bytes that must follow it are known to be
// there.
#pragma once

#include <cstdint>

namespace twine::wasm::limits {

inline constexpr uint32_t module_bytes = 1'073'741'824;
inline constexpr uint32_t types = 1'000'000;
inline constexpr uint32_t functions = 1'000'000;  // imported ones count
inline constexpr uint32_t imports = 1'000'000;
inline constexpr uint32_t exports = 1'000'000;
inline constexpr uint32_t globals = 1'000'000;
inline constexpr uint32_t tables = 100'000;
inline constexpr uint32_t memories = 100;
inline constexpr uint32_t element_segments = 100'000;
inline constexpr uint32_t elements = 10'000'000;  // in one segment
inline constexpr uint32_t data_segments = 100'000;
inline constexpr uint32_t custom_sections = 100'000;
inline constexpr uint32_t params = 1'000;
inline constexpr uint32_t results = 1'000;
inline constexpr uint32_t locals = 50'000;  // parameters count
inline constexpr uint32_t function_bytes = 7'654'321;
inline constexpr uint32_t name_bytes = 100'000;

inline constexpr uint32_t control_depth = 100'000;     // nested blocks of a function
inline constexpr uint32_t operand_height = 1'000'000;  // values on the operand stack of a function

}  // namespace twine::wasm::limits
