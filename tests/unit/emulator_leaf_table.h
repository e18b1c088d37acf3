// The leaf table: one row for each check that the SDM has a leaf function make.
//
// A row names the leaf, the one thing that is wrong (relative to a case in which the leaf succeeds) and what
// must come of it: #GP(0), #PF with its address, an error code, or success where the row shows that something
// is allowed. Rows whose condition has the form "A, and B" have two things wrong: A is checked first, so its
// fault is the one that comes. Whatever the fault, it must leave no trace.
//
// docs/emulation-leaves.md is this table in prose; a test compares them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "emulator_leaf_world.h"

namespace twine::test {

struct Expected {
  emulator::Outcome::Kind kind = emulator::Outcome::Kind::done;
  sgx::ErrorCode error = sgx::ErrorCode::success;
  sgx::Vector vector = sgx::Vector::de;
  // Of #PF: an offset in ELRANGE; none for a page that has no linear address (the SECS) or lies elsewhere.
  std::optional<uint64_t> offset = {};
  bool by_epcm = false;  // #PF: the EPCM refused, not the page tables

  [[nodiscard]] std::string text() const;
};

inline Expected succeeds() {
  return {};
}
inline Expected gp() {
  return {.kind = emulator::Outcome::Kind::fault, .vector = sgx::Vector::gp};
}
// By the page tables.
inline Expected pf(uint64_t offset) {
  return {.kind = emulator::Outcome::Kind::fault, .vector = sgx::Vector::pf, .offset = offset};
}
// By the EPCM.
inline Expected epcm_pf(uint64_t offset) {
  return {
      .kind = emulator::Outcome::Kind::fault, .vector = sgx::Vector::pf, .offset = offset, .by_epcm = true};
}
inline Expected secs_pf() {
  return {.kind = emulator::Outcome::Kind::fault, .vector = sgx::Vector::pf, .offset = {}, .by_epcm = true};
}
inline Expected code(sgx::ErrorCode error) {
  return {.kind = emulator::Outcome::Kind::error, .error = error};
}

using Mutator = std::function<void(World&)>;

struct Row {
  std::string condition;
  Mutator change;
  Expected expected;
  Mutator check = {};  // of success: what the leaf has done
};

struct Leaf {
  std::string name;
  World::Stage stage;
  uint64_t attributes = sgx::kAttributeMode64Bit;
  Mutator arrange = {};  // operands with which it succeeds
  std::function<emulator::Outcome(World&)> act = {};
  std::vector<Row> rows = {};
};

// A mutator of `World& w`, as a statement: rows stay rows.
#define TWINE_DO(...) [](World& w) { __VA_ARGS__; }

// The rows that every explicit memory operand of an ENCLU leaf has: aligned, within ELRANGE, mapped, and a
// regular page of the EPCM with the permission. `name` is the register.
struct Operand {
  std::string name;
  uint64_t emulator::Registers::* address;
  uint64_t alignment;
  emulator::Access access;
};
void add_operand_rows(Leaf& leaf, const Operand& operand);

// All leaves, in the order of the SDM: ENCLS, ENCLU, AEX.
const std::vector<Leaf>& leaf_table();

// The parts, one a file.
std::vector<Leaf> building_leaves();
std::vector<Leaf> einit_leaves();
std::vector<Leaf> page_leaves();
std::vector<Leaf> debug_leaves();
std::vector<Leaf> entry_leaves();
std::vector<Leaf> exit_leaves();
std::vector<Leaf> key_leaves();
std::vector<Leaf> accept_leaves();

}  // namespace twine::test
