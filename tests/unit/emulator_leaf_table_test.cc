// Carries out every row of the leaf table (emulator_leaf_table.h), and keeps docs/emulation-leaves.md in step.
//
// After a change of the table:  TWINE_WRITE_LEAF_TABLE=1 build/tests/emulator_leaf_table_test
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <ostream>
#include <sstream>

#include "emulator_leaf_table.h"

namespace twine::test {
namespace {

using emulator::Outcome;
using sgx::kEpcPageSize;

const char* error_name(sgx::ErrorCode error) {
  using Code = sgx::ErrorCode;
  switch (error) {
    case Code::invalid_sig_struct:
      return "SGX_INVALID_SIG_STRUCT";
    case Code::invalid_attribute:
      return "SGX_INVALID_ATTRIBUTE";
    case Code::invalid_measurement:
      return "SGX_INVALID_MEASUREMENT";
    case Code::invalid_signature:
      return "SGX_INVALID_SIGNATURE";
    case Code::not_tracked:
      return "SGX_NOT_TRACKED";
    case Code::child_present:
      return "SGX_CHILD_PRESENT";
    case Code::enclave_act:
      return "SGX_ENCLAVE_ACT";
    case Code::invalid_einittoken:
      return "SGX_INVALID_EINITTOKEN";
    case Code::page_attributes_mismatch:
      return "SGX_PAGE_ATTRIBUTES_MISMATCH";
    case Code::page_not_modifiable:
      return "SGX_PAGE_NOT_MODIFIABLE";
    case Code::page_not_debuggable:
      return "SGX_PAGE_NOT_DEBUGGABLE";
    case Code::invalid_cpusvn:
      return "SGX_INVALID_CPUSVN";
    case Code::invalid_isvsvn:
      return "SGX_INVALID_ISVSVN";
    case Code::invalid_keyname:
      return "SGX_INVALID_KEYNAME";
    default:
      ADD_FAILURE() << "the table expects a code without a name: " << static_cast<uint32_t>(error);
      return "?";
  }
}

void expect_outcome(const World& world, const Outcome& outcome, const Expected& expected) {
  ASSERT_EQ(outcome.kind, expected.kind)
      << "expected " << expected.text() << "; came kind " << static_cast<int>(outcome.kind) << ", error "
      << static_cast<uint32_t>(outcome.error) << ", vector " << static_cast<int>(outcome.vector);
  switch (expected.kind) {
    case Outcome::Kind::done:
      return;
    case Outcome::Kind::error:
      EXPECT_EQ(static_cast<uint32_t>(outcome.error), static_cast<uint32_t>(expected.error));
      return;
    case Outcome::Kind::fault:
      ASSERT_EQ(static_cast<int>(outcome.vector), static_cast<int>(expected.vector))
          << "expected " << expected.text();
      if (expected.vector != sgx::Vector::pf) {
        EXPECT_EQ(outcome.error_code, 0U);
        return;
      }
      EXPECT_EQ(outcome.address, expected.offset ? world.base + *expected.offset : 0);
      EXPECT_EQ((outcome.error_code & sgx::kPagefaultSgx) != 0, expected.by_epcm) << "who refused";
      return;
  }
}

void carry_out(const Leaf& leaf, const Row& row) {
  World world;
  world.reach(leaf.stage, leaf.attributes);
  if (leaf.arrange) leaf.arrange(world);
  if (row.change) row.change(world);
  const World::Snapshot before = world.snapshot();
  const Outcome outcome = leaf.act(world);
  expect_outcome(world, outcome, row.expected);
  if (row.expected.kind != Outcome::Kind::done)
    EXPECT_EQ(World::difference(before, world.snapshot(), row.expected.kind == Outcome::Kind::error), "");
  if (row.check && !testing::Test::HasFailure()) row.check(world);
}

std::string document() {
  std::ostringstream out;
  size_t rows = 0;
  size_t order = 0;
  for (const Leaf& leaf : leaf_table()) {
    rows += leaf.rows.size();
    for (const Row& row : leaf.rows) {
      const bool two = row.condition.find(", and ") != std::string::npos;
      order += two && row.expected.kind != Outcome::Kind::done ? 1 : 0;
    }
  }
  out << "# The leaf table\n\n"
         "Every check that the SDM (volume 3D, \"SGX Instruction References\" and \"Enclave Exiting "
         "Events\") has a leaf "
         "function make, and what\n"
         "the software SGX answers. Each row is a test: one thing is wrong in a case that otherwise "
         "succeeds, and nothing "
         "but the fault may\n"
         "come of it. A condition of the form \"A, and B\" has two things wrong: A is checked first. \"#PF, "
         "page tables\" "
         "is a fault that the\n"
         "operating system answers for, \"#PF, EPCM\" has bit 15 of the error code set.\n\n"
         "Written by `emulator_leaf_table_test`; do not edit. What no row can show is listed in "
         "[emulation.md](emulation.md).\n\n"
      << rows << " rows, " << order << " of them of order.\n";
  for (const Leaf& leaf : leaf_table()) {
    out << "\n## " << leaf.name << "\n\n| condition | result |\n|---|---|\n";
    for (const Row& row : leaf.rows) out << "| " << row.condition << " | " << row.expected.text() << " |\n";
  }
  return out.str();
}

}  // namespace

std::string Expected::text() const {
  switch (kind) {
    case Outcome::Kind::done:
      return "succeeds";
    case Outcome::Kind::error:
      return error_name(error);
    case Outcome::Kind::fault:
      break;
  }
  if (vector == sgx::Vector::gp) return "#GP(0)";
  return by_epcm ? "#PF, EPCM" : "#PF, page tables";
}

void add_operand_rows(Leaf& leaf, const Operand& operand) {
  const std::string& name = operand.name;
  const auto address = operand.address;
  const auto alignment = operand.alignment;
  // Where the operand is in the case that succeeds.
  World world;
  world.reach(leaf.stage, leaf.attributes);
  leaf.arrange(world);
  const uint64_t offset = world.registers().*address - world.base;
  const uint64_t page = offset & ~(kEpcPageSize - 1);
  const auto at = [=](uint64_t elsewhere) {
    return [=](World& w) { w.registers().*address = w.at(elsewhere); };
  };
  const auto with_entry = [=](void (*change)(emulator::EpcmEntry&)) {
    return [=](World& w) { change(w.entry(page)); };
  };
  using Entry = emulator::EpcmEntry;
  const std::vector<Row> rows = {
      {name + " is not aligned to " + std::to_string(alignment) + " bytes",
       // The structure moves along, so that its address alone is wrong.
       [=](World& w) {
         w.put(offset + alignment / 2, w.get<std::array<uint8_t, 512>>(offset));
         w.registers().*address += alignment / 2;
       },
       gp()},
      {name + " is outside ELRANGE", at(World::kSize), gp()},
      {name + " is far outside ELRANGE", [=](World& w) { w.registers().*address = 0; }, gp()},
      {name + " has no page and no VMA", at(World::kHole), pf(World::kHole)},
      {name + " has no mapping", [=](World& w) { w.unmap(page); }, pf(offset)},
      {name + " has no page; its access adds one, which is PENDING", at(World::kEmpty),
       epcm_pf(World::kEmpty)},
      {name + " is BLOCKED", with_entry([](Entry& entry) { entry.blocked = 1; }), epcm_pf(offset)},
      {name + " is PENDING", with_entry([](Entry& entry) { entry.pending = 1; }), epcm_pf(offset)},
      {name + " is MODIFIED", with_entry([](Entry& entry) { entry.modified = 1; }), epcm_pf(offset)},
      {name + " is a TCS", at(World::kSecondTcs), epcm_pf(World::kSecondTcs)},
      {name + " is PT_TRIM", at(World::kTrimmed), epcm_pf(World::kTrimmed)},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  if (operand.access == emulator::Access::write) {
    leaf.rows.push_back({name + " is not writable", at(World::kReadOnly), epcm_pf(World::kReadOnly)});
    leaf.rows.push_back(
        {name + " is mapped read-only", [=](World& w) { w.protect(page, PROT_READ); }, pf(offset)});
  } else {
    leaf.rows.push_back(
        {name + " is not readable", with_entry([](Entry& entry) { entry.r = 0; }), epcm_pf(offset)});
  }
}

const std::vector<Leaf>& leaf_table() {
  static const auto table = [] {
    std::vector<Leaf> leaves;
    for (auto part : {building_leaves(), einit_leaves(), page_leaves(), debug_leaves(), entry_leaves(),
                      exit_leaves(), key_leaves(), accept_leaves()}) {
      leaves.insert(leaves.end(), part.begin(), part.end());
    }
    return leaves;
  }();
  return table;
}

namespace {

class LeafTable : public testing::TestWithParam<size_t> {};

TEST_P(LeafTable, EveryRowIsTrue) {
  const Leaf& leaf = leaf_table()[GetParam()];
  {
    SCOPED_TRACE(leaf.name + ": the case in which nothing is wrong");
    carry_out(leaf, {.condition = {}, .change = {}, .expected = succeeds(), .check = {}});
  }
  for (const Row& row : leaf.rows) {
    SCOPED_TRACE(leaf.name + ": " + row.condition);
    carry_out(leaf, row);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, LeafTable, testing::Range(size_t{0}, leaf_table().size()),
                         [](const auto& parameter) {
                           std::string name = leaf_table()[parameter.param].name;
                           for (char& letter : name)
                             if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
                           return name;
                         });

TEST(LeafTableDocument, IsTheTable) {
  const std::string text = document();
  if (std::getenv("TWINE_WRITE_LEAF_TABLE") != nullptr) {
    std::ofstream(TWINE_LEAF_TABLE_DOCUMENT) << text;
    return;
  }
  std::ifstream file(TWINE_LEAF_TABLE_DOCUMENT);
  const std::string written(std::istreambuf_iterator<char>(file), {});
  EXPECT_TRUE(written == text) << TWINE_LEAF_TABLE_DOCUMENT
                               << " is not what the table says; write it with TWINE_WRITE_LEAF_TABLE=1 "
                                  "build/tests/emulator_leaf_table_test";
}

}  // namespace
}  // namespace twine::test
