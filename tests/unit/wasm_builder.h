// Builds binary modules for tests, byte by byte, so that a test shows the very encoding it is about.
//
//   const Bytes module = make_module({section(1, vec({{0x60, 0x00, 0x00}})), …});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace twine::wasm::testing {

using Bytes = std::vector<uint8_t>;

inline Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Unsigned LEB128, shortest form.
inline Bytes leb(uint32_t value) {
  Bytes bytes;
  do {
    const auto low = static_cast<uint8_t>(value & 0x7F);
    value >>= 7;
    bytes.push_back(static_cast<uint8_t>(low | (value != 0 ? 0x80 : 0)));
  } while (value != 0);
  return bytes;
}

inline Bytes text(std::string_view characters) {
  return {characters.begin(), characters.end()};
}

// Bytes with their length before them: names, function bodies.
inline Bytes sized(const Bytes& contents) {
  return concat({leb(static_cast<uint32_t>(contents.size())), contents});
}

inline Bytes name(std::string_view characters) {
  return sized(text(characters));
}

// Items with their count before them.
inline Bytes vec(std::initializer_list<Bytes> items) {
  return concat({leb(static_cast<uint32_t>(items.size())), concat(items)});
}

inline Bytes section(uint8_t id, const Bytes& contents) {
  return concat({{id}, sized(contents)});
}

inline Bytes make_module(std::initializer_list<Bytes> sections) {
  return concat({{0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00}, concat(sections)});
}

// A module of one function of the given type (binary form, with 0x60) whose body is `code`, without locals.
inline Bytes one_function(const Bytes& type, const Bytes& code) {
  return make_module({section(1, vec({type})), section(3, vec({{0x00}})),
                      section(10, vec({sized(concat({{0x00}, code}))}))});
}

inline constexpr uint8_t i32 = 0x7F;
inline constexpr uint8_t i64 = 0x7E;
inline constexpr uint8_t f32 = 0x7D;
inline constexpr uint8_t f64 = 0x7C;
inline constexpr uint8_t v128 = 0x7B;
inline constexpr uint8_t funcref = 0x70;
inline constexpr uint8_t externref = 0x6F;
inline constexpr uint8_t end = 0x0B;

// One module with every kind of section and segment that 2.0 has, in order.
inline std::vector<Bytes> rich_sections() {
  const Bytes zero{0x41, 0x00, end};  // i32.const 0
  return {
      section(1, vec({{0x60, 0x00, 0x00}, {0x60, 0x02, i32, i64, 0x01, i32}})),
      section(2, vec({concat({name("env"), name("f"), {0x00, 0x00}}),
                      concat({name("env"), name("g"), {0x03, i32, 0x00}})})),
      section(3, vec({{0x01}, {0x00}})),
      section(4, vec({{funcref, 0x01, 0x02, 0x08}, {externref, 0x00, 0x00}})),
      section(5, vec({{0x01, 0x01, 0x10}})),
      section(6, vec({concat({{i32, 0x01}, {0x23, 0x00, end}}),  // mutable, initialised by the import
                      {f64, 0x00, 0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, end},
                      {funcref, 0x00, 0xD2, 0x01, end}})),
      section(7, vec({concat({name("main"), {0x00, 0x01}}), concat({name("memory"), {0x02, 0x00}}),
                      concat({name("table"), {0x01, 0x00}}), concat({name("global"), {0x03, 0x01}})})),
      section(8, {0x02}),
      section(9, vec({concat({{0x00}, zero, {0x01, 0x01}}),              // active, functions
                      {0x01, 0x00, 0x01, 0x02},                          // passive, functions
                      concat({{0x02, 0x00}, zero, {0x00, 0x01, 0x01}}),  // active with a table
                      {0x03, 0x00, 0x01, 0x00},                          // declarative
                      concat({{0x04}, zero, {0x01, 0xD2, 0x01, end}}),   // active, expressions
                      {0x05, externref, 0x01, 0xD0, externref, end},     // passive, expressions
                      concat({{0x06, 0x01}, zero, {externref, 0x01, 0xD0, externref, end}}),
                      {0x07, funcref, 0x01, 0xD0, funcref, end}})),
      section(12, {0x02}),
      section(10, vec({
                      // if (p0) loop … load, memory.init, br_table; returns an i32
                      sized({0x02, 0x03, i32,  0x01, v128,        // 3 locals i32, 1 v128
                             0x20, 0x00, 0x04, 0x40, 0x03, 0x40,  // local.get, if, loop
                             0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFC, 0x08, 0x01, 0x00,  // memory.init 1
                             0x20, 0x00, 0x0E, 0x02, 0x00, 0x01, 0x01, end,  // br_table 0 1 1, end
                             0x05, 0xFD, 0x0C, 0,    1,    2,    3,    4,    5,    6,
                             7,    8,    9,    10,   11,   12,   13,   14,   15,  // v128.const
                             0x21, 0x05, end,                                     // local.set 5, end
                             0x20, 0x00, 0x28, 0x02, 0x04,                        // i32.load offset=4
                             0x41, 0xFF, 0x00, 0x6A, end}),
                      sized({0x00, 0x41, 0x01, 0x42, 0x02, 0x41, 0x01, 0x11, 0x01, 0x00, 0x1A, 0xFC, 0x09,
                             0x01, 0xD0, funcref, 0x1A, end}),
                  })),
      section(11,
              vec({concat({{0x00}, zero, sized(text("data"))}), concat({{0x01}, sized(text("passive"))})})),
      section(0, concat({name("name"),
                         {0x01},
                         sized(vec({concat({{0x00}, name("f")}), concat({{0x01}, name("main")})}))})),
  };
}

inline Bytes rich_module() {
  Bytes module = make_module({});
  for (const Bytes& part : rich_sections()) module.insert(module.end(), part.begin(), part.end());
  return module;
}

}  // namespace twine::wasm::testing
