// EACCEPT, EACCEPTCOPY, EMODPE.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "emulator_leaf_table.h"

namespace twine::test {

using Stage = World::Stage;
using emulator::Access;
using emulator::Registers;
using sgx::ErrorCode;
using sgx::PageType;

namespace {

constexpr uint64_t kReg = sgx::secinfo_page_type(PageType::reg);
constexpr uint64_t kTcsType = sgx::secinfo_page_type(PageType::tcs);
constexpr uint64_t kTrimType = sgx::secinfo_page_type(PageType::trim);
constexpr uint64_t kRw = sgx::kSecinfoR | sgx::kSecinfoW;
constexpr uint64_t kPending = sgx::kSecinfoPending;
constexpr uint64_t kModified = sgx::kSecinfoModified;

// Another request, for the page at `offset`.
Mutator ask(uint64_t flags, uint64_t offset = World::kPending) {
  return [=](World& w) {
    w.put_secinfo(flags);
    w.registers().rcx = w.at(offset);
  };
}

// EACCEPT of the page that was EMODTed to a TCS, which is not as EADD would have made it.
Mutator accept_tcs(void (*change)(sgx::Tcs&)) {
  return [=](World& w) {
    ask(kTcsType | kModified, World::kNewTcs)(w);
    change(w.tcs(World::kNewTcs));
  };
}

void operands(World& w, sgx::Enclu leaf, uint64_t secinfo_flags) {
  w.put_secinfo(secinfo_flags);
  w.registers().rax = static_cast<uint64_t>(leaf);
  w.registers().rbx = w.at(World::kOperands);
  w.registers().rcx = w.at(World::kPending);
  w.registers().rdx = w.at(World::kAccepted);
}

emulator::Outcome carry_out(World& w) {
  return emulator::enclu(w.cpu);
}

std::vector<Row> eaccept_rows() {
  return {
      {"a reserved bit of SECINFO.FLAGS is set", ask(kReg | kRw | kPending | 1 << 6), gp()},
      {"a reserved byte of SECINFO is set",
       TWINE_DO(w.change<sgx::Secinfo>(World::kOperands, [](sgx::Secinfo& s) { s.reserved[0] = 1; })), gp()},
      {"RCX is not page aligned", TWINE_DO(w.registers().rcx += 64), gp()},
      {"RCX is outside ELRANGE", TWINE_DO(w.registers().rcx = w.at(World::kSize)), gp()},
      {"RCX has no page and no VMA", TWINE_DO(w.registers().rcx = w.at(World::kHole)), pf(World::kHole)},
      {"RCX has no mapping", TWINE_DO(w.unmap(World::kPending)), pf(World::kPending)},
      {"PT_REG, neither PENDING nor PR", ask(kReg | kRw), gp()},
      {"PT_REG, PENDING and MODIFIED", ask(kReg | kRw | kPending | kModified), gp()},
      {"PT_REG, MODIFIED", ask(kReg | kRw | kModified), gp()},
      {"PT_TCS, not MODIFIED", ask(kTcsType, World::kNewTcs), gp()},
      {"PT_TCS, MODIFIED and PENDING", ask(kTcsType | kModified | kPending, World::kNewTcs), gp()},
      {"PT_TCS, MODIFIED and PR", ask(kTcsType | kModified | sgx::kSecinfoPr, World::kNewTcs), gp()},
      {"PT_TRIM, not MODIFIED", ask(kTrimType, World::kTrim), gp()},
      {"PT_TRIM, MODIFIED and PR", ask(kTrimType | kModified | sgx::kSecinfoPr, World::kTrim), gp()},
      {"PT_SECS", ask(kPending), gp()},
      {"PT_VA", ask(sgx::secinfo_page_type(PageType::va) | kPending), gp()},
      {"PT_SS_FIRST without CET", ask(sgx::secinfo_page_type(PageType::ss_first) | kRw | kPending), gp()},
      {"PT_SS_REST without CET", ask(sgx::secinfo_page_type(PageType::ss_rest) | kRw | kPending), gp()},
      {"EPCM(RCX).BLOCKED is 1", TWINE_DO(w.entry(World::kPending).blocked = 1), epcm_pf(World::kPending)},
      {"PENDING differs", ask(kReg | kRw | kPending, World::kAccepted),
       code(ErrorCode::page_attributes_mismatch)},
      {"MODIFIED differs", ask(kTrimType | kModified, World::kTrimmed),
       code(ErrorCode::page_attributes_mismatch)},
      {"R differs", ask(kReg | sgx::kSecinfoW | kPending), code(ErrorCode::page_attributes_mismatch)},
      {"W differs", ask(kReg | sgx::kSecinfoR | kPending), code(ErrorCode::page_attributes_mismatch)},
      {"X differs", ask(kReg | kRw | sgx::kSecinfoX | kPending), code(ErrorCode::page_attributes_mismatch)},
      {"PT differs", ask(kTcsType | kModified, World::kTrim), code(ErrorCode::page_attributes_mismatch)},
      {"a page that was accepted is accepted again", ask(kReg | kRw | kPending, World::kAccepted),
       code(ErrorCode::page_attributes_mismatch)},
      {"a thread may still be inside that was there before EMODPR",
       TWINE_DO(ask(kReg | sgx::kSecinfoR | sgx::kSecinfoPr, World::kRestricted)(w);
                w.entry(World::kRestricted).tracked = 0),
       code(ErrorCode::not_tracked)},
      {"a thread may still be inside that was there before EMODT",
       TWINE_DO(ask(kTrimType | kModified, World::kTrim)(w); w.entry(World::kTrim).tracked = 0),
       code(ErrorCode::not_tracked)},
      {"a reserved byte of the TCS is set", accept_tcs([](sgx::Tcs& t) { t.reserved[0] = 1; }), gp()},
      {"TCS.FLAGS.DBGOPTIN is set", accept_tcs([](sgx::Tcs& t) { t.flags = sgx::kTcsDbgoptin; }), gp()},
      {"TCS.CSSA is TCS.NSSA", accept_tcs([](sgx::Tcs& t) { t.cssa = t.nssa; }), gp()},
      {"TCS.NSSA is 0", accept_tcs([](sgx::Tcs& t) { t.nssa = 0; }), gp()},
      {"TCS.AEP is set", accept_tcs([](sgx::Tcs& t) { t.aep = 1; }), gp()},
      {"TCS.STATE is set", accept_tcs([](sgx::Tcs& t) { t.state = 1; }), gp()},
      {"TCS.PREVSSP is set", accept_tcs([](sgx::Tcs& t) { t.prevssp = 8; }), gp()},
      {"TCS.OCETSSA is set, which is reserved without CET", accept_tcs([](sgx::Tcs& t) { t.ocetssa = 16; }),
       gp()},
      {"a page is accepted", {}, succeeds(), TWINE_DO(EXPECT_FALSE(w.entry(World::kPending).pending))},
      {"a restriction is accepted", ask(kReg | sgx::kSecinfoR | sgx::kSecinfoPr, World::kRestricted),
       succeeds(), TWINE_DO(EXPECT_FALSE(w.entry(World::kRestricted).pr))},
      {"a PR that was never asked for is accepted (EPCM.PR is not compared)",
       ask(kReg | kRw | sgx::kSecinfoPr, World::kAccepted), succeeds()},
      {"a TRIM is accepted", ask(kTrimType | kModified, World::kTrim), succeeds(),
       TWINE_DO(EXPECT_FALSE(w.entry(World::kTrim).modified);
                EXPECT_TRUE(w.entry(World::kTrim).is(PageType::trim)))},
      {"a TCS is accepted", ask(kTcsType | kModified, World::kNewTcs), succeeds(),
       TWINE_DO(EXPECT_FALSE(w.entry(World::kNewTcs).modified))},
      {"a page that nobody had added is added, then accepted",
       TWINE_DO(w.registers().rcx = w.at(World::kEmpty)), succeeds(),
       TWINE_DO(EXPECT_TRUE(w.entry(World::kEmpty).valid && !w.entry(World::kEmpty).pending))},

      {"RBX has no mapping, and RCX is not aligned",
       TWINE_DO(w.unmap(World::kOperands); w.registers().rcx += 8), pf(World::kOperands)},
      {"RBX is PENDING, and RCX is outside ELRANGE",
       TWINE_DO(w.entry(World::kOperands).pending = 1; w.registers().rcx = w.at(World::kSize)),
       epcm_pf(World::kOperands)},
      {"a reserved bit of SECINFO is set, and RCX has no page",
       ask(kReg | kRw | kPending | 1 << 7, World::kHole), gp()},
      {"RCX has no page, and the request is not legal", ask(kReg | kRw, World::kHole), pf(World::kHole)},
      {"the request is not legal, and EPCM(RCX).BLOCKED is 1",
       TWINE_DO(ask(kReg | kRw)(w); w.entry(World::kPending).blocked = 1), gp()},
      {"EPCM(RCX).BLOCKED is 1, and W differs",
       TWINE_DO(ask(kReg | sgx::kSecinfoR | kPending)(w); w.entry(World::kPending).blocked = 1),
       epcm_pf(World::kPending)},
      {"W differs, and tracking is not complete",
       TWINE_DO(ask(kReg | kRw | sgx::kSecinfoPr, World::kRestricted)(w);
                w.entry(World::kRestricted).tracked = 0),
       code(ErrorCode::page_attributes_mismatch)},
      {"tracking is not complete, and TCS.AEP is set",
       TWINE_DO(accept_tcs([](sgx::Tcs& t) { t.aep = 1; })(w); w.entry(World::kNewTcs).tracked = 0),
       code(ErrorCode::not_tracked)},
  };
}

Leaf eaccept_leaf() {
  Leaf leaf{.name = "EACCEPT",
            .stage = Stage::entered,
            .arrange = TWINE_DO(operands(w, sgx::Enclu::eaccept, kReg | kRw | kPending)),
            .act = carry_out,
            .rows = {}};
  add_operand_rows(leaf, {"RBX (SECINFO)", &Registers::rbx, 64, Access::read});
  const auto rows = eaccept_rows();
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  return leaf;
}

Leaf eacceptcopy_leaf() {
  Leaf leaf{.name = "EACCEPTCOPY",
            .stage = Stage::entered,
            .arrange = TWINE_DO(operands(w, sgx::Enclu::eacceptcopy, kReg | sgx::kSecinfoR | sgx::kSecinfoX)),
            .act = carry_out,
            .rows = {}};
  add_operand_rows(leaf, {"RBX (SECINFO)", &Registers::rbx, 64, Access::read});
  add_operand_rows(leaf, {"RDX (source)", &Registers::rdx, 4096, Access::read});
  const std::vector<Row> rows = {
      {"RCX is not page aligned", TWINE_DO(w.registers().rcx += 64), gp()},
      {"RCX is outside ELRANGE", TWINE_DO(w.registers().rcx = w.at(World::kSize)), gp()},
      {"RCX has no page and no VMA", TWINE_DO(w.registers().rcx = w.at(World::kHole)), pf(World::kHole)},
      {"RCX has no mapping", TWINE_DO(w.unmap(World::kPending)), pf(World::kPending)},
      {"RCX is mapped without write access", TWINE_DO(w.protect(World::kPending, PROT_READ | PROT_EXEC)),
       pf(World::kPending)},
      {"a reserved bit of SECINFO.FLAGS is set", ask(kReg | sgx::kSecinfoR | 1 << 6), gp()},
      {"a reserved byte of SECINFO is set",
       TWINE_DO(w.change<sgx::Secinfo>(World::kOperands, [](sgx::Secinfo& s) { s.reserved[55] = 1; })), gp()},
      {"SECINFO.FLAGS.W is set without R", ask(kReg | sgx::kSecinfoW), gp()},
      {"SECINFO.FLAGS.PT is PT_TCS", ask(kTcsType | kRw), gp()},
      {"the target is not PENDING", ask(kReg | kRw, World::kMoreOperands),
       code(ErrorCode::page_attributes_mismatch)},
      {"the target is MODIFIED", TWINE_DO(w.entry(World::kPending).modified = 1),
       code(ErrorCode::page_attributes_mismatch)},
      {"the target is BLOCKED", TWINE_DO(w.entry(World::kPending).blocked = 1),
       code(ErrorCode::page_attributes_mismatch)},
      {"the target is not PT_REG", ask(kReg | kRw, World::kTrim), code(ErrorCode::page_attributes_mismatch)},
      {"the target is not readable", TWINE_DO(w.entry(World::kPending).r = 0),
       code(ErrorCode::page_attributes_mismatch)},
      {"the target is not writable", TWINE_DO(w.entry(World::kPending).w = 0),
       code(ErrorCode::page_attributes_mismatch)},
      {"the target is executable", TWINE_DO(w.entry(World::kPending).x = 1),
       code(ErrorCode::page_attributes_mismatch)},
      {"all is well: contents and permissions",
       {},
       succeeds(),
       TWINE_DO(EXPECT_EQ(w.get<uint64_t>(World::kPending + 4088), 0x5a5a5a5a5a5a5a5aU);
                EXPECT_EQ(w.entry(World::kPending).rwx(), sgx::kSecinfoR | sgx::kSecinfoX);
                EXPECT_FALSE(w.entry(World::kPending).pending))},
      {"the target is added by the access itself", TWINE_DO(w.registers().rcx = w.at(World::kEmpty)),
       succeeds(), TWINE_DO(EXPECT_EQ(w.get<uint64_t>(World::kEmpty), 0x5a5a5a5a5a5a5a5aU))},

      {"RCX is not aligned, and RBX has no mapping",
       TWINE_DO(w.registers().rcx += 8; w.unmap(World::kOperands)), gp()},
      {"RDX is outside ELRANGE, and RBX has no mapping",
       TWINE_DO(w.registers().rdx = w.at(World::kSize); w.unmap(World::kOperands)), gp()},
      {"RBX has no mapping, and RCX has no mapping",
       TWINE_DO(w.unmap(World::kOperands); w.unmap(World::kPending)), pf(World::kOperands)},
      {"RCX has no mapping, and RDX has no mapping",
       TWINE_DO(w.unmap(World::kPending); w.unmap(World::kAccepted)), pf(World::kPending)},
      {"RDX has no mapping, and RBX is PENDING",
       TWINE_DO(w.unmap(World::kAccepted); w.entry(World::kOperands).pending = 1), pf(World::kAccepted)},
      {"RCX has no mapping, and SECINFO is wrong",
       TWINE_DO(w.put_secinfo(kTcsType); w.unmap(World::kPending)), pf(World::kPending)},
      {"RBX is PENDING, and RDX is PENDING",
       TWINE_DO(w.entry(World::kOperands).pending = 1; w.entry(World::kAccepted).pending = 1),
       epcm_pf(World::kOperands)},
      {"SECINFO is wrong, and RDX is PENDING",
       TWINE_DO(w.put_secinfo(kReg | sgx::kSecinfoW); w.entry(World::kAccepted).pending = 1), gp()},
      {"RDX is PENDING, and the target is not PENDING",
       TWINE_DO(w.entry(World::kAccepted).pending = 1; w.registers().rcx = w.at(World::kMoreOperands)),
       epcm_pf(World::kAccepted)},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  return leaf;
}

Leaf emodpe_leaf() {
  Leaf leaf {
    .name = "EMODPE", .stage = Stage::entered,
    .arrange = TWINE_DO(operands(w, sgx::Enclu::emodpe, kReg | sgx::kSecinfoX);
                        w.registers().rcx = w.at(World::kAccepted)),
    .act = carry_out, .rows = {}
  };
  add_operand_rows(leaf, {"RBX (SECINFO)", &Registers::rbx, 64, Access::read});
  const std::vector<Row> rows = {
      {"RCX is not page aligned", TWINE_DO(w.registers().rcx += 64), gp()},
      {"RCX is outside ELRANGE", TWINE_DO(w.registers().rcx = w.at(World::kSize)), gp()},
      {"RCX has no page and no VMA", TWINE_DO(w.registers().rcx = w.at(World::kHole)), pf(World::kHole)},
      {"RCX has no mapping", TWINE_DO(w.unmap(World::kAccepted)), pf(World::kAccepted)},
      {"RCX has no page, which its access adds, so that it is PENDING", ask(kReg | kRw, World::kEmpty),
       epcm_pf(World::kEmpty)},
      {"a reserved bit of SECINFO.FLAGS is set", ask(kReg | sgx::kSecinfoR | 1 << 6, World::kAccepted), gp()},
      {"a reserved byte of SECINFO is set",
       TWINE_DO(w.change<sgx::Secinfo>(World::kOperands, [](sgx::Secinfo& s) { s.reserved[30] = 1; })), gp()},
      {"the page is PENDING", ask(kReg | kRw, World::kPending), epcm_pf(World::kPending)},
      {"the page is MODIFIED", TWINE_DO(w.entry(World::kAccepted).modified = 1), epcm_pf(World::kAccepted)},
      {"the page is BLOCKED", TWINE_DO(w.entry(World::kAccepted).blocked = 1), epcm_pf(World::kAccepted)},
      {"the page is a TCS", ask(kReg | kRw, World::kSecondTcs), epcm_pf(World::kSecondTcs)},
      {"the page is PT_TRIM", ask(kReg | kRw, World::kTrimmed), epcm_pf(World::kTrimmed)},
      {"W is given without R, and the page has no R",
       TWINE_DO(w.put_secinfo(kReg | sgx::kSecinfoW); w.entry(World::kAccepted).set_rwx(sgx::kSecinfoX)),
       gp()},
      {"all is well: permissions are added, none is taken",
       {},
       succeeds(),
       TWINE_DO(EXPECT_EQ(w.entry(World::kAccepted).rwx(), sgx::kSecinfoRwx))},
      {"W is given without R, and the page has R", ask(kReg | sgx::kSecinfoW, World::kReadOnly), succeeds(),
       TWINE_DO(EXPECT_EQ(w.entry(World::kReadOnly).rwx(), kRw))},
      {"no flags change and RAX stays", TWINE_DO(w.registers().rflags |= emulator::kFlagZf), succeeds(),
       TWINE_DO(EXPECT_EQ(w.registers().rflags, 0x202U | emulator::kFlagZf);
                EXPECT_EQ(w.registers().rax, 6U))},

      {"RCX is outside ELRANGE, and RBX has no mapping",
       TWINE_DO(w.registers().rcx = w.at(World::kSize); w.unmap(World::kOperands)), gp()},
      {"RBX has no mapping, and RCX has no mapping",
       TWINE_DO(w.unmap(World::kOperands); w.unmap(World::kAccepted)), pf(World::kOperands)},
      {"RCX has no mapping, and RBX is PENDING",
       TWINE_DO(w.entry(World::kOperands).pending = 1; w.unmap(World::kAccepted)), pf(World::kAccepted)},
      {"RCX has no mapping, and SECINFO is wrong", ask(kReg | 1 << 6, World::kHole), pf(World::kHole)},
      {"SECINFO is wrong, and the page is PENDING", ask(kReg | 1 << 6, World::kPending), gp()},
      {"the page is PENDING, and W is given without R",
       TWINE_DO(ask(kReg | sgx::kSecinfoW, World::kPending)(w); w.entry(World::kPending).set_rwx(0)),
       epcm_pf(World::kPending)},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  return leaf;
}

}  // namespace

std::vector<Leaf> accept_leaves() {
  return {eaccept_leaf(), eacceptcopy_leaf(), emodpe_leaf()};
}

}  // namespace twine::test
