// ECREATE, EADD, EEXTEND.
#include <gtest/gtest.h>

#include "emulator_leaf_table.h"

namespace twine::test {

using Stage = World::Stage;
using sgx::PageType;

namespace {

constexpr uint64_t kReg = sgx::secinfo_page_type(PageType::reg);

Leaf ecreate_leaf() {
  Leaf leaf{.name = "ECREATE",
            .stage = Stage::nothing,
            .arrange = {},
            .act = [](World& w) { return emulator::ecreate(w.enclave, w.secs, w.secinfo); },
            .rows = {}};
  leaf.rows = {
      {"SECINFO.FLAGS.PT is not PT_SECS", TWINE_DO(w.secinfo.flags = kReg), gp()},
      {"a reserved bit of SECINFO.FLAGS is set", TWINE_DO(w.secinfo.flags |= 1 << 6), gp()},
      {"a reserved byte of SECINFO is set", TWINE_DO(w.secinfo.reserved[55] = 1), gp()},
      {"EPCM(RCX).VALID is 1", TWINE_DO(w.enclave.created = true), secs_pf()},
      {"XFRM[0] (x87) is clear", TWINE_DO(w.secs.attributes.xfrm = sgx::kXfrmSse), gp()},
      {"XFRM[1] (SSE) is clear", TWINE_DO(w.secs.attributes.xfrm = sgx::kXfrmX87), gp()},
      {"XFRM has a bit that XCR0 cannot have", TWINE_DO(w.secs.attributes.xfrm |= uint64_t{1} << 62), gp()},
      {"XFRM has one MPX bit of two", TWINE_DO(w.secs.attributes.xfrm |= sgx::kXfrmBndregs), gp()},
      {"XFRM has AVX-512 without AVX", TWINE_DO(w.secs.attributes.xfrm |= sgx::kXfrmAvx512), gp()},
      {"XFRM has one AVX-512 bit of three", TWINE_DO(w.secs.attributes.xfrm |= sgx::kXfrmAvx | 1 << 5), gp()},
      {"XFRM has one AMX bit of two", TWINE_DO(w.secs.attributes.xfrm |= 1 << 17), gp()},
      {"CET_ATTRIBUTES is set without ATTRIBUTES.CET", TWINE_DO(w.secs.cet_attributes = 1), gp()},
      {"CET_LEG_BITMAP_OFFSET is set without ATTRIBUTES.CET",
       TWINE_DO(w.secs.cet_leg_bitmap_offset = sgx::kEpcPageSize), gp()},
      {"MISCSELECT has a bit that CPUID.12H.0:EBX has not", TWINE_DO(w.secs.miscselect |= 1U << 1), gp()},
      {"SSAFRAMESIZE is too small for XSAVE, GPRSGX and MISC", TWINE_DO(w.secs.ssaframesize = 0), gp()},
      {"ATTRIBUTES.MODE64BIT is 0 (32-bit enclaves do not exist here)",
       TWINE_DO(w.secs.attributes.flags &= ~sgx::kAttributeMode64Bit), gp()},
      {"BASEADDR is not canonical", TWINE_DO(w.secs.baseaddr = World::kNotCanonical), gp()},
      {"SIZE is at least 2^(CPUID.12H.0:EDX[15:8])",
       TWINE_DO(w.secs.size = w.platform.max_enclave_size(); w.secs.baseaddr = 0), gp()},
      {"SIZE is less than two pages", TWINE_DO(w.secs.size = sgx::kEpcPageSize), gp()},
      {"SIZE is not a power of two", TWINE_DO(w.secs.size = 3 * sgx::kEpcPageSize; w.secs.baseaddr = 0),
       gp()},
      {"BASEADDR is not aligned on SIZE", TWINE_DO(w.secs.baseaddr += sgx::kEpcPageSize), gp()},
      {"ATTRIBUTES.INIT is set", TWINE_DO(w.secs.attributes.flags |= sgx::kAttributeInit), gp()},
      {"ATTRIBUTES.CET is set, which is not supported",
       TWINE_DO(w.secs.attributes.flags |= sgx::kAttributeCet), gp()},
      {"a reserved bit of ATTRIBUTES is set", TWINE_DO(w.secs.attributes.flags |= uint64_t{1} << 3), gp()},
      {"the highest bit of ATTRIBUTES is set", TWINE_DO(w.secs.attributes.flags |= uint64_t{1} << 63), gp()},
      {"a reserved byte before ATTRIBUTES is set", TWINE_DO(w.secs.reserved1[0] = 1), gp()},
      {"a reserved byte behind MRENCLAVE is set", TWINE_DO(w.secs.reserved2[31] = 1), gp()},
      {"a reserved byte behind MRSIGNER is set", TWINE_DO(w.secs.reserved3[31] = 1), gp()},
      {"the last byte of the SECS is set", TWINE_DO(w.secs.reserved4[3833] = 1), gp()},
      {"CONFIGID is set without ATTRIBUTES.KSS", TWINE_DO(w.secs.configid[63] = 1), gp()},
      {"CONFIGSVN is set without ATTRIBUTES.KSS", TWINE_DO(w.secs.configsvn = 1), gp()},
      {"CONFIGID and CONFIGSVN are set with ATTRIBUTES.KSS",
       TWINE_DO(w.secs.attributes.flags |= sgx::kAttributeKss; w.secs.configid[0] = 1; w.secs.configsvn = 1),
       succeeds()},
      {"ATTRIBUTES.AEXNOTIFY is set", TWINE_DO(w.secs.attributes.flags |= sgx::kAttributeAexNotify),
       succeeds()},
      {"the source has MRSIGNER, ISVPRODID and ISVSVN: they are cleared",
       TWINE_DO(w.secs.mrsigner[0] = 1; w.secs.mrenclave[0] = 1; w.secs.isvprodid = 1; w.secs.isvsvn = 1),
       succeeds(),
       TWINE_DO(EXPECT_EQ(w.enclave.secs.mrsigner[0], 0); EXPECT_EQ(w.enclave.secs.isvprodid, 0);
                EXPECT_EQ(w.enclave.secs.isvsvn, 0); EXPECT_FALSE(w.enclave.initialised()))},
      {"SECINFO is wrong, and EPCM(RCX).VALID is 1",
       TWINE_DO(w.secinfo.flags = kReg; w.enclave.created = true), gp()},
      {"EPCM(RCX).VALID is 1, and XFRM is illegal",
       TWINE_DO(w.enclave.created = true; w.secs.attributes.xfrm = 0), secs_pf()},
      {"EPCM(RCX).VALID is 1, and SIZE is illegal", TWINE_DO(w.enclave.created = true; w.secs.size = 0),
       secs_pf()},
  };
  return leaf;
}

// The source page of EADD as a TCS.
void tcs_source(World& w, void (*change)(sgx::Tcs&)) {
  w.secinfo.flags = sgx::secinfo_page_type(PageType::tcs) | sgx::kSecinfoR;
  sgx::Tcs tcs{};
  tcs.nssa = 1;
  change(tcs);
  std::memcpy(w.page.data(), &tcs, sizeof tcs);
}

Leaf eadd_leaf() {
  Leaf leaf{.name = "EADD",
            .stage = Stage::built,
            .arrange = {},
            .act = [](World& w) { return emulator::eadd(w.enclave, w.linaddr, w.page, w.secinfo); },
            .rows = {}};
  leaf.rows = {
      {"LINADDR is not page aligned", TWINE_DO(w.linaddr += 8), gp()},
      {"a reserved bit of SECINFO.FLAGS is set", TWINE_DO(w.secinfo.flags |= uint64_t{1} << 16), gp()},
      {"a reserved byte of SECINFO is set", TWINE_DO(w.secinfo.reserved[0] = 1), gp()},
      {"SECINFO.FLAGS.PT is PT_SECS", TWINE_DO(w.secinfo.flags = sgx::secinfo_page_type(PageType::secs)),
       gp()},
      {"SECINFO.FLAGS.PT is PT_VA", TWINE_DO(w.secinfo.flags = sgx::secinfo_page_type(PageType::va)), gp()},
      {"SECINFO.FLAGS.PT is PT_TRIM", TWINE_DO(w.secinfo.flags = sgx::secinfo_page_type(PageType::trim)),
       gp()},
      {"SECINFO.FLAGS.PT is PT_SS_FIRST, without CET",
       TWINE_DO(w.secinfo.flags =
                    sgx::secinfo_page_type(PageType::ss_first) | sgx::kSecinfoR | sgx::kSecinfoW),
       gp()},
      {"SECINFO.FLAGS.PT is PT_SS_REST, without CET",
       TWINE_DO(w.secinfo.flags =
                    sgx::secinfo_page_type(PageType::ss_rest) | sgx::kSecinfoR | sgx::kSecinfoW),
       gp()},
      {"EPCM(RCX).VALID is 1", TWINE_DO(w.linaddr = w.at(World::kOperands)), epcm_pf(World::kOperands)},
      {"the SECS is not valid", TWINE_DO(w.enclave.created = false), secs_pf()},
      {"a reserved byte of the TCS is set",
       TWINE_DO(tcs_source(w, [](sgx::Tcs& t) { t.reserved[4007] = 1; })), gp()},
      {"TCS.PREVSSP is set", TWINE_DO(tcs_source(w, [](sgx::Tcs& t) { t.prevssp = 8; })), gp()},
      {"TCS.OCETSSA is set, which is reserved without CET",
       TWINE_DO(tcs_source(w, [](sgx::Tcs& t) { t.ocetssa = 4096; })), gp()},
      {"SECINFO.FLAGS.W is set without R", TWINE_DO(w.secinfo.flags = kReg | sgx::kSecinfoW), gp()},
      {"LINADDR is below ELRANGE", TWINE_DO(w.linaddr = w.base - sgx::kEpcPageSize), gp()},
      {"LINADDR is above ELRANGE", TWINE_DO(w.linaddr = w.at(World::kSize)), gp()},
      {"the enclave is initialised", TWINE_DO(w.flags() |= sgx::kAttributeInit), gp()},
      {"a regular page R|W|X is added", TWINE_DO(w.secinfo.flags = kReg | sgx::kSecinfoRwx), succeeds(),
       TWINE_DO(const auto entry = w.entry(World::kHole); EXPECT_TRUE(entry.valid && entry.is(PageType::reg));
                EXPECT_EQ(entry.rwx(), sgx::kSecinfoRwx); EXPECT_FALSE(entry.pending || entry.modified))},
      {"a TCS is added: no permissions, DBGOPTIN, CSSA, AEP and STATE cleared",
       TWINE_DO(tcs_source(w,
                           [](sgx::Tcs& t) {
                             t.flags = sgx::kTcsDbgoptin | sgx::kTcsAexnotify;
                             t.cssa = 2;
                             t.aep = 3;
                             t.state = 1;
                           })),
       succeeds(),
       TWINE_DO(EXPECT_EQ(w.entry(World::kHole).rwx(), 0U);
                EXPECT_EQ(w.tcs(World::kHole).flags, sgx::kTcsAexnotify);
                EXPECT_EQ(w.tcs(World::kHole).cssa, 0U); EXPECT_EQ(w.tcs(World::kHole).aep, 0U);
                EXPECT_EQ(w.tcs(World::kHole).state, 0U))},
      {"LINADDR is not aligned, and EPCM(RCX).VALID is 1", TWINE_DO(w.linaddr = w.at(World::kOperands) + 8),
       gp()},
      {"SECINFO is wrong, and EPCM(RCX).VALID is 1",
       TWINE_DO(w.secinfo.flags = 0; w.linaddr = w.at(World::kOperands)), gp()},
      {"EPCM(RCX).VALID is 1, and W is set without R",
       TWINE_DO(w.linaddr = w.at(World::kOperands); w.secinfo.flags = kReg | sgx::kSecinfoW),
       epcm_pf(World::kOperands)},
      {"EPCM(RCX).VALID is 1, and the enclave is initialised",
       TWINE_DO(w.linaddr = w.at(World::kOperands); w.flags() |= sgx::kAttributeInit),
       epcm_pf(World::kOperands)},
      {"the SECS is not valid, and W is set without R",
       TWINE_DO(w.enclave.created = false; w.secinfo.flags = kReg | sgx::kSecinfoW), secs_pf()},
      {"the SECS is not valid, and LINADDR is outside ELRANGE",
       TWINE_DO(w.enclave.created = false; w.linaddr = w.at(World::kSize)), secs_pf()},
  };
  return leaf;
}

Leaf eextend_leaf() {
  Leaf leaf{.name = "EEXTEND",
            .stage = Stage::built,
            .arrange = TWINE_DO(w.linaddr = w.at(World::kOperands + 0x300)),
            .act = [](World& w) { return emulator::eextend(w.enclave, w.linaddr); },
            .rows = {}};
  leaf.rows = {
      {"RCX is not aligned to 256 bytes", TWINE_DO(w.linaddr += 128), gp()},
      {"the SECS is not valid", TWINE_DO(w.enclave.created = false), epcm_pf(World::kOperands + 0x300)},
      {"RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize)), epcm_pf(World::kSize)},
      {"EPCM(RCX).VALID is 0", TWINE_DO(w.linaddr = w.at(World::kHole)), epcm_pf(World::kHole)},
      {"EPCM(RCX).PT is PT_TRIM",
       TWINE_DO(w.entry(World::kOperands).pt = static_cast<uint8_t>(PageType::trim)),
       epcm_pf(World::kOperands + 0x300)},
      {"the enclave is initialised", TWINE_DO(w.flags() |= sgx::kAttributeInit), gp()},
      {"the page is a TCS", TWINE_DO(w.linaddr = w.at(World::kTcs)), succeeds()},
      {"the page cannot be read by the enclave", TWINE_DO(w.entry(World::kOperands).set_rwx(0)), succeeds()},
      {"RCX is not aligned, and RCX is no page of this enclave", TWINE_DO(w.linaddr = w.at(World::kSize) + 8),
       gp()},
      {"EPCM(RCX).VALID is 0, and the enclave is initialised",
       TWINE_DO(w.linaddr = w.at(World::kHole); w.flags() |= sgx::kAttributeInit), epcm_pf(World::kHole)},
      {"EPCM(RCX).PT is PT_TRIM, and the enclave is initialised",
       TWINE_DO(w.entry(World::kOperands).pt = static_cast<uint8_t>(PageType::trim);
                w.flags() |= sgx::kAttributeInit),
       epcm_pf(World::kOperands + 0x300)},
  };
  return leaf;
}

}  // namespace

std::vector<Leaf> building_leaves() {
  return {ecreate_leaf(), eadd_leaf(), eextend_leaf()};
}

}  // namespace twine::test
