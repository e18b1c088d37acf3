// EREMOVE, EAUG, EMODPR, EMODT, ETRACK: system software and the pages of a running enclave; EDBGRD, EDBGWR.
#include <gtest/gtest.h>

#include "emulator_leaf_table.h"

namespace twine::test {

using Stage = World::Stage;
using sgx::ErrorCode;
using sgx::PageType;

namespace {

constexpr uint64_t kTcsType = sgx::secinfo_page_type(PageType::tcs);
constexpr uint64_t kTrimType = sgx::secinfo_page_type(PageType::trim);

Leaf eremove_leaf() {
  Leaf leaf{.name = "EREMOVE",
            .stage = Stage::entered,
            .arrange = TWINE_DO(w.linaddr = w.at(World::kTrimmed)),
            .act = [](World& w) { return emulator::eremove(w.enclave, w.linaddr); },
            .rows = {}};
  leaf.rows = {
      {"RCX is not page aligned", TWINE_DO(w.linaddr += 64), gp()},
      {"RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize)), epcm_pf(World::kSize)},
      {"the page is regular and a thread is inside", TWINE_DO(w.linaddr = w.at(World::kAccepted)),
       code(ErrorCode::enclave_act)},
      {"the page is the TCS of a thread inside", TWINE_DO(w.linaddr = w.at(World::kTcs)),
       code(ErrorCode::enclave_act)},
      {"the page is an idle TCS and another thread is inside", TWINE_DO(w.linaddr = w.at(World::kSecondTcs)),
       code(ErrorCode::enclave_act)},
      {"the page is PT_TRIM but not accepted, and a thread is inside",
       TWINE_DO(w.linaddr = w.at(World::kTrim)), code(ErrorCode::enclave_act)},
      {"the page is PT_TRIM and accepted, and a thread is inside",
       {},
       succeeds(),
       TWINE_DO(EXPECT_FALSE(w.entry(World::kTrimmed).valid))},
      {"there is no page", TWINE_DO(w.linaddr = w.at(World::kHole)), succeeds()},
      {"the page is regular and nobody is inside",
       TWINE_DO(w.linaddr = w.at(World::kAccepted);
                emulator::asynchronous_exit(w.cpu, emulator::ExitEvent::interrupt())),
       succeeds(), TWINE_DO(EXPECT_FALSE(w.entry(World::kAccepted).valid))},
      {"RCX is not aligned, and RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize) + 8),
       gp()},
  };
  return leaf;
}

Leaf eremove_secs_leaf() {
  Leaf leaf{.name = "EREMOVE of a SECS",
            .stage = Stage::created,
            .arrange = {},
            .act = [](World& w) { return emulator::eremove_secs(w.enclave); },
            .rows = {}};
  leaf.rows = {
      {"a page of the enclave is left",
       TWINE_DO(w.add(World::kReadOnly, sgx::secinfo_page_type(PageType::reg), w.page)),
       code(ErrorCode::child_present)},
      {"no page is left", {}, succeeds(), TWINE_DO(EXPECT_FALSE(w.enclave.created))},
  };
  return leaf;
}

Leaf eaug_leaf() {
  Leaf leaf{.name = "EAUG",
            .stage = Stage::initialised,
            .arrange = TWINE_DO(w.linaddr = w.at(World::kHole)),
            .act = [](World& w) { return emulator::eaug(w.enclave, w.linaddr); },
            .rows = {}};
  leaf.rows = {
      {"LINADDR is not page aligned", TWINE_DO(w.linaddr += 1), gp()},
      {"EPCM(RCX).VALID is 1", TWINE_DO(w.linaddr = w.at(World::kAccepted)), epcm_pf(World::kAccepted)},
      {"the SECS is not valid", TWINE_DO(w.enclave.created = false), secs_pf()},
      {"the enclave is not initialised", TWINE_DO(w.flags() &= ~sgx::kAttributeInit), gp()},
      {"LINADDR is below ELRANGE", TWINE_DO(w.linaddr = w.base - sgx::kEpcPageSize), gp()},
      {"LINADDR is above ELRANGE", TWINE_DO(w.linaddr = w.at(World::kSize)), gp()},
      {"the EPC is full (the kernel then has no page to give)", TWINE_DO(while (w.epc.take());),
       epcm_pf(World::kHole)},
      {"all is well: a zeroed regular page, R|W, pending",
       {},
       succeeds(),
       TWINE_DO(const auto entry = w.entry(World::kHole); EXPECT_TRUE(entry.valid && entry.pending);
                EXPECT_FALSE(entry.modified || entry.pr || entry.blocked);
                EXPECT_TRUE(entry.is(PageType::reg)); EXPECT_EQ(entry.rwx(), sgx::kSecinfoR | sgx::kSecinfoW);
                EXPECT_EQ(w.get<uint64_t>(World::kHole), 0U))},
      {"LINADDR is not aligned, and EPCM(RCX).VALID is 1", TWINE_DO(w.linaddr = w.at(World::kAccepted) + 8),
       gp()},
      {"EPCM(RCX).VALID is 1, and the enclave is not initialised",
       TWINE_DO(w.linaddr = w.at(World::kAccepted); w.flags() &= ~sgx::kAttributeInit),
       epcm_pf(World::kAccepted)},
      {"the SECS is not valid, and LINADDR is outside ELRANGE",
       TWINE_DO(w.enclave.created = false; w.linaddr = w.at(World::kSize)), secs_pf()},
  };
  return leaf;
}

Leaf emodpr_leaf() {
  Leaf leaf {
    .name = "EMODPR", .stage = Stage::initialised,
    .arrange = TWINE_DO(w.linaddr = w.at(World::kAccepted); w.secinfo.flags = sgx::kSecinfoR),
    .act = [](World& w) { return emulator::emodpr(w.enclave, w.linaddr, w.secinfo); }, .rows = {}
  };
  leaf.rows = {
      {"RCX is not page aligned", TWINE_DO(w.linaddr += 64), gp()},
      {"RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize)), epcm_pf(World::kSize)},
      {"a reserved bit of SECINFO.FLAGS is set", TWINE_DO(w.secinfo.flags |= 1 << 7), gp()},
      {"a reserved byte of SECINFO is set", TWINE_DO(w.secinfo.reserved[7] = 1), gp()},
      {"SECINFO.FLAGS.W is set without R", TWINE_DO(w.secinfo.flags = sgx::kSecinfoW), gp()},
      {"EPCM(RCX).VALID is 0", TWINE_DO(w.linaddr = w.at(World::kHole)), epcm_pf(World::kHole)},
      {"the page is PENDING", TWINE_DO(w.linaddr = w.at(World::kPending)),
       code(ErrorCode::page_not_modifiable)},
      {"the page is MODIFIED", TWINE_DO(w.entry(World::kAccepted).modified = 1),
       code(ErrorCode::page_not_modifiable)},
      {"the page is a TCS", TWINE_DO(w.linaddr = w.at(World::kTcs)), epcm_pf(World::kTcs)},
      {"the page is PT_TRIM", TWINE_DO(w.linaddr = w.at(World::kTrimmed)), epcm_pf(World::kTrimmed)},
      {"the enclave is not initialised", TWINE_DO(w.flags() &= ~sgx::kAttributeInit), gp()},
      {"permissions that the page has not are not given",
       TWINE_DO(w.secinfo.flags = sgx::kSecinfoR | sgx::kSecinfoX), succeeds(),
       TWINE_DO(EXPECT_EQ(w.entry(World::kAccepted).rwx(), sgx::kSecinfoR);
                EXPECT_TRUE(w.entry(World::kAccepted).pr))},
      {"a second restriction before the first was accepted",
       TWINE_DO(w.linaddr = w.at(World::kRestricted); w.secinfo.flags = 0), succeeds(),
       TWINE_DO(EXPECT_EQ(w.entry(World::kRestricted).rwx(), 0U))},
      {"RCX is not aligned, and RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize) + 8),
       gp()},
      {"RCX is no page of this enclave, and SECINFO is wrong",
       TWINE_DO(w.linaddr = w.at(World::kSize); w.secinfo.reserved[0] = 1), epcm_pf(World::kSize)},
      {"SECINFO is wrong, and EPCM(RCX).VALID is 0",
       TWINE_DO(w.linaddr = w.at(World::kHole); w.secinfo.flags = sgx::kSecinfoW), gp()},
      {"the page is MODIFIED, and the page is PT_TRIM", TWINE_DO(w.linaddr = w.at(World::kTrim)),
       code(ErrorCode::page_not_modifiable)},
      {"the page is a TCS, and the enclave is not initialised",
       TWINE_DO(w.linaddr = w.at(World::kTcs); w.flags() &= ~sgx::kAttributeInit), epcm_pf(World::kTcs)},
      {"the page is PENDING, and the enclave is not initialised",
       TWINE_DO(w.linaddr = w.at(World::kPending); w.flags() &= ~sgx::kAttributeInit),
       code(ErrorCode::page_not_modifiable)},
  };
  return leaf;
}

Leaf emodt_leaf() {
  Leaf leaf {
    .name = "EMODT", .stage = Stage::initialised,
    .arrange = TWINE_DO(w.linaddr = w.at(World::kAccepted); w.secinfo.flags = kTrimType),
    .act = [](World& w) { return emulator::emodt(w.enclave, w.linaddr, w.secinfo); }, .rows = {}
  };
  leaf.rows = {
      {"RCX is not page aligned", TWINE_DO(w.linaddr += 64), gp()},
      {"RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize)), epcm_pf(World::kSize)},
      {"a reserved bit of SECINFO.FLAGS is set", TWINE_DO(w.secinfo.flags |= uint64_t{1} << 63), gp()},
      {"a reserved byte of SECINFO is set", TWINE_DO(w.secinfo.reserved[0] = 1), gp()},
      {"SECINFO.FLAGS.PT is PT_REG", TWINE_DO(w.secinfo.flags = sgx::secinfo_page_type(PageType::reg)), gp()},
      {"SECINFO.FLAGS.PT is PT_SECS", TWINE_DO(w.secinfo.flags = 0), gp()},
      {"SECINFO.FLAGS.PT is PT_VA", TWINE_DO(w.secinfo.flags = sgx::secinfo_page_type(PageType::va)), gp()},
      {"EPCM(RCX).VALID is 0", TWINE_DO(w.linaddr = w.at(World::kHole)), epcm_pf(World::kHole)},
      {"the page is PT_TRIM", TWINE_DO(w.linaddr = w.at(World::kTrimmed)), epcm_pf(World::kTrimmed)},
      {"a TCS is to be a TCS", TWINE_DO(w.linaddr = w.at(World::kSecondTcs); w.secinfo.flags = kTcsType),
       epcm_pf(World::kSecondTcs)},
      {"the page is PENDING", TWINE_DO(w.linaddr = w.at(World::kPending)),
       code(ErrorCode::page_not_modifiable)},
      {"the page is MODIFIED", TWINE_DO(w.linaddr = w.at(World::kNewTcs)),
       code(ErrorCode::page_not_modifiable)},
      {"the enclave is not initialised", TWINE_DO(w.flags() &= ~sgx::kAttributeInit), gp()},
      {"a regular page becomes a TCS: modified, no permissions", TWINE_DO(w.secinfo.flags = kTcsType),
       succeeds(),
       TWINE_DO(const auto entry = w.entry(World::kAccepted);
                EXPECT_TRUE(entry.is(PageType::tcs) && entry.modified); EXPECT_EQ(entry.rwx(), 0U))},
      {"a TCS becomes PT_TRIM", TWINE_DO(w.linaddr = w.at(World::kSecondTcs)), succeeds(),
       TWINE_DO(EXPECT_TRUE(w.entry(World::kSecondTcs).is(PageType::trim)))},
      {"a restriction not yet accepted is forgotten", TWINE_DO(w.linaddr = w.at(World::kRestricted)),
       succeeds(), TWINE_DO(EXPECT_FALSE(w.entry(World::kRestricted).pr))},
      {"RCX is no page of this enclave, and SECINFO is wrong",
       TWINE_DO(w.linaddr = w.at(World::kSize); w.secinfo.flags = 0), epcm_pf(World::kSize)},
      {"SECINFO is wrong, and EPCM(RCX).VALID is 0",
       TWINE_DO(w.linaddr = w.at(World::kHole); w.secinfo.flags = 0), gp()},
      {"the page is PT_TRIM, and the page is MODIFIED", TWINE_DO(w.linaddr = w.at(World::kTrim)),
       epcm_pf(World::kTrim)},
      {"the page is PENDING, and the enclave is not initialised",
       TWINE_DO(w.linaddr = w.at(World::kPending); w.flags() &= ~sgx::kAttributeInit),
       code(ErrorCode::page_not_modifiable)},
  };
  return leaf;
}

// With the interrupts that follow it in Linux (leaves.h): every thread has left, and EACCEPT finds tracking complete.
Leaf etrack_leaf() {
  Leaf leaf {
    .name = "ETRACK", .stage = Stage::initialised,
    .arrange = TWINE_DO(w.entry(World::kTrim).tracked = 0; w.entry(World::kRestricted).tracked = 0),
    .act = [](World& w) { return emulator::etrack(w.enclave); }, .rows = {}
  };
  leaf.rows = {
      {"the SECS is not valid", TWINE_DO(w.enclave.created = false), secs_pf()},
      {"all is well: no page waits for a thread to leave",
       {},
       succeeds(),
       TWINE_DO(EXPECT_TRUE(w.entry(World::kTrim).tracked && w.entry(World::kRestricted).tracked))},
  };
  return leaf;
}

// What EDBGRD and EDBGWR have in common.
std::vector<Row> debug_rows() {
  return {
      {"RCX is not aligned to 8 bytes", TWINE_DO(w.linaddr += 4), gp()},
      {"RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize)), epcm_pf(World::kSize)},
      {"EPCM(RCX).VALID is 0", TWINE_DO(w.linaddr = w.at(World::kHole)), epcm_pf(World::kHole)},
      {"the page is PT_TRIM", TWINE_DO(w.linaddr = w.at(World::kTrimmed)), epcm_pf(World::kTrimmed)},
      {"the page is PENDING", TWINE_DO(w.linaddr = w.at(World::kPending)),
       code(ErrorCode::page_not_debuggable)},
      {"the page is MODIFIED", TWINE_DO(w.linaddr = w.at(World::kNewTcs) + 8),
       code(ErrorCode::page_not_debuggable)},
      {"the enclave has not ATTRIBUTES.DEBUG", TWINE_DO(w.flags() &= ~sgx::kAttributeDebug), gp()},
      {"RCX is not aligned, and RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize) + 4),
       gp()},
      {"the page is PT_TRIM, and the page is MODIFIED", TWINE_DO(w.linaddr = w.at(World::kTrim)),
       epcm_pf(World::kTrim)},
      {"the page is PENDING, and the enclave has not ATTRIBUTES.DEBUG",
       TWINE_DO(w.linaddr = w.at(World::kPending); w.flags() &= ~sgx::kAttributeDebug),
       code(ErrorCode::page_not_debuggable)},
  };
}

Leaf edbgrd_leaf() {
  Leaf leaf{.name = "EDBGRD",
            .stage = Stage::initialised,
            .attributes = sgx::kAttributeMode64Bit | sgx::kAttributeDebug,
            .arrange = TWINE_DO(w.linaddr = w.at(World::kAccepted)),
            .act = [](World& w) { return emulator::edbgrd(w.enclave, w.linaddr, w.value); },
            .rows = debug_rows()};
  const std::vector<Row> rows = {
      {"the field of the TCS lies beyond its architectural size",
       TWINE_DO(w.linaddr = w.at(World::kTcs) + 72), gp()},
      {"all is well: eight bytes", {}, succeeds(), TWINE_DO(EXPECT_EQ(w.value, 0x5a5a5a5a5a5a5a5aU))},
      {"the page has no permissions", TWINE_DO(w.entry(World::kAccepted).set_rwx(0)), succeeds()},
      {"a field of the TCS", TWINE_DO(w.linaddr = w.at(World::kTcs) + offsetof(sgx::Tcs, ossa)), succeeds(),
       TWINE_DO(EXPECT_EQ(w.value, World::kSsa))},
      {"the last field of the TCS", TWINE_DO(w.linaddr = w.at(World::kTcs) + 64), succeeds()},
      {"code that was patched reads as measured", TWINE_DO(w.linaddr = w.at(World::kCode) + 0x10), succeeds(),
       TWINE_DO(EXPECT_EQ(w.value, 0xcccccccccccca20fU))},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  return leaf;
}

Leaf edbgwr_leaf() {
  Leaf leaf {
    .name = "EDBGWR", .stage = Stage::initialised,
    .attributes = sgx::kAttributeMode64Bit | sgx::kAttributeDebug,
    .arrange = TWINE_DO(w.linaddr = w.at(World::kAccepted); w.value = 77),
    .act = [](World& w) { return emulator::edbgwr(w.enclave, w.linaddr, w.value); }, .rows = debug_rows()
  };
  const std::vector<Row> rows = {
      {"the field of the TCS is not FLAGS",
       TWINE_DO(w.linaddr = w.at(World::kTcs) + offsetof(sgx::Tcs, cssa)), gp()},
      {"all is well: eight bytes",
       {},
       succeeds(),
       TWINE_DO(EXPECT_EQ(w.get<uint64_t>(World::kAccepted), 77U))},
      {"the page is read-only", TWINE_DO(w.linaddr = w.at(World::kReadOnly)), succeeds(),
       TWINE_DO(EXPECT_EQ(w.get<uint64_t>(World::kReadOnly), 77U))},
      {"TCS.FLAGS", TWINE_DO(w.linaddr = w.at(World::kTcs) + 8; w.value = sgx::kTcsDbgoptin), succeeds(),
       TWINE_DO(EXPECT_EQ(w.tcs().flags, sgx::kTcsDbgoptin))},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  return leaf;
}

}  // namespace

std::vector<Leaf> page_leaves() {
  return {eremove_leaf(), eremove_secs_leaf(), eaug_leaf(), emodpr_leaf(), emodt_leaf(), etrack_leaf()};
}

std::vector<Leaf> debug_leaves() {
  return {edbgrd_leaf(), edbgwr_leaf()};
}

}  // namespace twine::test
