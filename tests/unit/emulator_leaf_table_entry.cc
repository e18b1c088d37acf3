// EENTER, ERESUME.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "emulator_leaf_table.h"

namespace twine::test {

using Stage = World::Stage;
using sgx::PageType;

namespace {

constexpr uint64_t kGpr = World::kSsa + sgx::ssa_gpr_offset(1);

// An enclave whose SSA frames are two pages, so that GPRSGX has one for itself.
constexpr uint64_t kWideGpr = World::kSsa + sgx::ssa_gpr_offset(2);
void widen_frames(World& w) {
  w.enclave.secs.ssaframesize = 2;
}

// What EENTER and ERESUME check in common, in the SDM's order.
std::vector<Row> thread_rows() {
  return {
      {"RBX is not page aligned", TWINE_DO(w.registers().rbx += 64), gp()},
      {"RBX is no page of this enclave", TWINE_DO(w.registers().rbx = w.at(World::kSize)), pf(World::kSize)},
      {"AEP is not canonical", TWINE_DO(w.registers().rcx = World::kNotCanonical), gp()},
      {"EPCM(RBX).VALID is 0", TWINE_DO(w.registers().rbx = w.at(World::kHole)), pf(World::kHole)},
      {"EPCM(RBX).BLOCKED is 1", TWINE_DO(w.entry(World::kTcs).blocked = 1), epcm_pf(World::kTcs)},
      {"EPCM(RBX).PT is PT_REG", TWINE_DO(w.registers().rbx = w.at(World::kAccepted)),
       epcm_pf(World::kAccepted)},
      {"EPCM(RBX).PT is PT_TRIM", TWINE_DO(w.registers().rbx = w.at(World::kTrimmed)),
       epcm_pf(World::kTrimmed)},
      {"EPCM(RBX).PENDING is 1", TWINE_DO(w.entry(World::kTcs).pending = 1), epcm_pf(World::kTcs)},
      {"EPCM(RBX).MODIFIED is 1", TWINE_DO(w.registers().rbx = w.at(World::kNewTcs)),
       epcm_pf(World::kNewTcs)},
      {"RBX has no mapping", TWINE_DO(w.unmap(World::kTcs)), pf(World::kTcs)},
      {"the machine has slept: the enclave is gone", TWINE_DO(w.enclave.lost = true), epcm_pf(World::kTcs)},
      {"TCS.OSSA is not page aligned", TWINE_DO(w.tcs().ossa += 8), gp()},
      {"TCS.OFSBASE is not page aligned", TWINE_DO(w.tcs().ofsbasgx += 1), gp()},
      {"TCS.OGSBASE is not page aligned", TWINE_DO(w.tcs().ogsbasgx += 1), gp()},
      {"a reserved bit of TCS.FLAGS is set", TWINE_DO(w.tcs().flags |= 1 << 2), gp()},
      {"the highest bit of TCS.FLAGS is set", TWINE_DO(w.tcs().flags |= uint64_t{1} << 63), gp()},
      {"the enclave is not initialised", TWINE_DO(w.flags() &= ~sgx::kAttributeInit), gp()},
      {"XFRM is not a subset of XCR0", TWINE_DO(w.enclave.secs.attributes.xfrm |= uint64_t{1} << 62), gp()},
      {"TCS.FLAGS.AEXNOTIFY is set, ATTRIBUTES.AEXNOTIFY is not",
       TWINE_DO(w.tcs().flags |= sgx::kTcsAexnotify), gp()},
      {"ATTRIBUTES.AEXNOTIFY is set, TCS.FLAGS.AEXNOTIFY is not",
       TWINE_DO(w.flags() |= sgx::kAttributeAexNotify), gp()},
      {"AEXNOTIFY differs, but the thread has opted in to debugging",
       TWINE_DO(w.tcs().flags |= sgx::kTcsAexnotify | sgx::kTcsDbgoptin), succeeds()},
      {"the SSA frame lies outside ELRANGE", TWINE_DO(w.tcs().ossa = World::kSize), pf(World::kSize)},
      {"the SSA frame has no page", TWINE_DO(w.remove(World::kSsa)), pf(World::kSsa)},
      {"the SSA frame has no mapping", TWINE_DO(w.unmap(World::kSsa)), pf(World::kSsa)},
      {"the SSA frame's mapping is read-only", TWINE_DO(w.protect(World::kSsa, PROT_READ)), pf(World::kSsa)},
      {"the SSA frame's page is being added", TWINE_DO(w.tcs().ossa = World::kEmpty), epcm_pf(World::kEmpty)},
      {"the SSA frame is BLOCKED", TWINE_DO(w.entry(World::kSsa).blocked = 1), epcm_pf(World::kSsa)},
      {"the SSA frame is PENDING", TWINE_DO(w.tcs().ossa = World::kPending), epcm_pf(World::kPending)},
      {"the SSA frame is MODIFIED", TWINE_DO(w.entry(World::kSsa).modified = 1), epcm_pf(World::kSsa)},
      {"the SSA frame is a TCS", TWINE_DO(w.tcs().ossa = World::kSecondTcs), epcm_pf(World::kSecondTcs)},
      {"the SSA frame is PT_TRIM", TWINE_DO(w.tcs().ossa = World::kTrimmed), epcm_pf(World::kTrimmed)},
      {"the SSA frame is not readable", TWINE_DO(w.entry(World::kSsa).set_rwx(0)), epcm_pf(World::kSsa)},
      {"the SSA frame is not writable", TWINE_DO(w.tcs().ossa = World::kReadOnly), epcm_pf(World::kReadOnly)},
      {"GPRSGX, in a page of its own, has no page", TWINE_DO(widen_frames(w); w.remove(World::kSsa + 0x1000)),
       pf(kWideGpr)},
      {"GPRSGX is BLOCKED", TWINE_DO(widen_frames(w); w.entry(World::kSsa + 0x1000).blocked = 1),
       epcm_pf(kWideGpr)},
      {"GPRSGX is PENDING", TWINE_DO(widen_frames(w); w.entry(World::kSsa + 0x1000).pending = 1),
       epcm_pf(kWideGpr)},
      {"GPRSGX is MODIFIED", TWINE_DO(widen_frames(w); w.entry(World::kSsa + 0x1000).modified = 1),
       epcm_pf(kWideGpr)},
      {"GPRSGX is not regular",
       TWINE_DO(widen_frames(w); w.entry(World::kSsa + 0x1000).pt = static_cast<uint8_t>(PageType::trim)),
       epcm_pf(kWideGpr)},
      {"GPRSGX is not readable", TWINE_DO(widen_frames(w); w.entry(World::kSsa + 0x1000).set_rwx(0)),
       epcm_pf(kWideGpr)},
      {"GPRSGX is not writable", TWINE_DO(widen_frames(w); w.entry(World::kSsa + 0x1000).w = 0),
       epcm_pf(kWideGpr)},
      {"TCS.STATE is ACTIVE", TWINE_DO(w.enclave.tcs_at(w.at(World::kTcs)).active = true), gp()},

      {"RBX is no page of this enclave, and AEP is not canonical",
       TWINE_DO(w.registers().rbx = w.at(World::kSize); w.registers().rcx = World::kNotCanonical),
       pf(World::kSize)},
      {"AEP is not canonical, and EPCM(RBX).VALID is 0",
       TWINE_DO(w.registers().rbx = w.at(World::kHole); w.registers().rcx = World::kNotCanonical), gp()},
      {"AEP is not canonical, and EPCM(RBX).BLOCKED is 1",
       TWINE_DO(w.entry(World::kTcs).blocked = 1; w.registers().rcx = World::kNotCanonical), gp()},
      {"EPCM(RBX).BLOCKED is 1, and TCS.OSSA is not aligned",
       TWINE_DO(w.entry(World::kTcs).blocked = 1; w.tcs().ossa += 8), epcm_pf(World::kTcs)},
      {"EPCM(RBX).PENDING is 1, and the enclave is not initialised",
       TWINE_DO(w.entry(World::kTcs).pending = 1; w.flags() &= ~sgx::kAttributeInit), epcm_pf(World::kTcs)},
      {"TCS.OSSA is not aligned, and the SSA frame is BLOCKED",
       TWINE_DO(w.entry(World::kSsa).blocked = 1; w.tcs().ossa += 8), gp()},
      {"a reserved bit of TCS.FLAGS is set, and the SSA frame has no page",
       TWINE_DO(w.remove(World::kSsa); w.tcs().flags |= 1 << 2), gp()},
      {"AEXNOTIFY differs, and the SSA frame has no page",
       TWINE_DO(w.remove(World::kSsa); w.tcs().flags |= sgx::kTcsAexnotify), gp()},
      {"the SSA frame is BLOCKED, and GPRSGX is BLOCKED",
       TWINE_DO(widen_frames(w); w.entry(World::kSsa).blocked = 1; w.entry(World::kSsa + 0x1000).blocked = 1),
       epcm_pf(World::kSsa)},
      {"the SSA frame has no page, and TCS.STATE is ACTIVE",
       TWINE_DO(w.remove(World::kSsa); w.enclave.tcs_at(w.at(World::kTcs)).active = true), pf(World::kSsa)},
  };
}

Leaf eenter_leaf() {
  Leaf leaf{.name = "EENTER",
            .stage = Stage::initialised,
            .arrange = {},
            .act = [](World& w) { return emulator::eenter(w.cpu, w.enclave); },
            .rows = thread_rows()};
  const std::vector<Row> rows = {
      {"TCS.CSSA is TCS.NSSA", TWINE_DO(w.tcs().cssa = 3), gp()},
      {"TCS.CSSA is beyond TCS.NSSA", TWINE_DO(w.tcs().cssa = 0xffffffff), gp()},
      {"TCS.NSSA is 0", TWINE_DO(w.tcs().nssa = 0), gp()},
      {"TCS.OENTRY leads to an address that is not canonical",
       TWINE_DO(w.tcs().oentry = World::kNotCanonical), gp()},
      {"TCS.OFSBASE leads to an address that is not canonical",
       TWINE_DO(w.tcs().ofsbasgx = World::kNotCanonical), gp()},
      {"TCS.OGSBASE leads to an address that is not canonical",
       TWINE_DO(w.tcs().ogsbasgx = World::kNotCanonical), gp()},
      {"the enclave is not initialised, and the SSA frame has no page",
       TWINE_DO(w.flags() &= ~sgx::kAttributeInit; w.unmap(World::kSsa)), gp()},
      {"TCS.CSSA is TCS.NSSA, and the next SSA frame is no page",
       TWINE_DO(w.tcs().cssa = 3; w.tcs().ossa = World::kHole), gp()},
      {"the SSA frame has no page, and TCS.OENTRY leads nowhere",
       TWINE_DO(w.remove(World::kSsa); w.tcs().oentry = World::kNotCanonical), pf(World::kSsa)},
      {"the SSA frame has no page, and TCS.OFSBASE leads nowhere",
       TWINE_DO(w.remove(World::kSsa); w.tcs().ofsbasgx = World::kNotCanonical), pf(World::kSsa)},
      {"all is well: RAX is CSSA, RCX the next RIP, FS and GS the TCS's, RSP and RBP are in the SSA",
       {},
       succeeds(),
       [](World& w) {
         EXPECT_EQ(w.registers().rax, 0U);
         EXPECT_EQ(w.registers().rcx, World::kNextRip);
         EXPECT_EQ(w.registers().rip, w.at(World::kCode));
         EXPECT_EQ(w.registers().fsbase, w.at(World::kOperands));
         EXPECT_EQ(w.registers().gsbase, w.at(World::kMoreOperands));
         EXPECT_EQ(w.registers().rsp, 0x7fff0000U);
         const auto gpr = w.get<sgx::SsaGpr>(kGpr);
         EXPECT_EQ(gpr.ursp, 0x7fff0000U);
         EXPECT_EQ(gpr.urbp, 0x7fff1000U);
         EXPECT_EQ(w.tcs().aep, World::kAep);
         EXPECT_TRUE(w.cpu.in_enclave());
         EXPECT_EQ(w.tcs().cssa, 0U);
       }},
      {"TF is set, the thread has not opted in: TF is cleared",
       TWINE_DO(w.registers().rflags |= emulator::kFlagTf), succeeds(),
       TWINE_DO(EXPECT_EQ(w.registers().rflags & emulator::kFlagTf, 0U))},
      {"TF is set, the thread has opted in: TF stays",
       TWINE_DO(w.registers().rflags |= emulator::kFlagTf; w.tcs().flags = sgx::kTcsDbgoptin), succeeds(),
       TWINE_DO(EXPECT_NE(w.registers().rflags & emulator::kFlagTf, 0U))},
      {"RFLAGS otherwise go in as they are",
       TWINE_DO(w.registers().rflags |= emulator::kFlagCf | 1 << 10 | 1 << 18), succeeds(),
       TWINE_DO(EXPECT_EQ(w.registers().rflags, 0x202U | emulator::kFlagCf | 1 << 10 | 1 << 18))},
      {"CSSA is 1: RAX is 1 and the second frame is used", TWINE_DO(w.tcs().cssa = 1; w.remove(World::kSsa)),
       succeeds(), TWINE_DO(EXPECT_EQ(w.registers().rax, 1U))},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  return leaf;
}

constexpr size_t kXstateBv = 512;
constexpr size_t kXcompBv = 520;
constexpr size_t kMxcsr = 24;

Leaf eresume_leaf() {
  Leaf leaf{.name = "ERESUME",
            .stage = Stage::exited,
            .arrange = TWINE_DO(w.registers().rip = World::kNextRip),
            .act = [](World& w) { return emulator::eresume(w.cpu, w.enclave); },
            .rows = thread_rows()};
  const std::vector<Row> rows = {
      {"TCS.CSSA is 0", TWINE_DO(w.tcs().cssa = 0), gp()},
      {"GPRSGX.RIP is not canonical",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.rip = World::kNotCanonical; })), gp()},
      {"GPRSGX.FSBASE is not canonical",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.fsbase = World::kNotCanonical; })), gp()},
      {"GPRSGX.GSBASE is not canonical",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.gsbase = World::kNotCanonical; })), gp()},
      {"XSTATE_BV has a component that XFRM has not",
       TWINE_DO(w.put(World::kSsa + kXstateBv, uint64_t{1} << 2)), gp()},
      {"XCOMP_BV is not zero", TWINE_DO(w.put(World::kSsa + kXcompBv, uint64_t{1} << 63)), gp()},
      {"a reserved byte of the XSAVE header is set", TWINE_DO(w.put(World::kSsa + kXcompBv + 8, uint64_t{1})),
       gp()},
      {"a reserved bit of MXCSR is set", TWINE_DO(w.put(World::kSsa + kMxcsr, uint32_t{0x11f80})), gp()},
      {"TCS.CSSA is 0, and the SSA has no page", TWINE_DO(w.tcs().cssa = 0; w.unmap(World::kSsa)), gp()},
      {"the SSA frame has no mapping, and GPRSGX.RIP is not canonical",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.rip = World::kNotCanonical; }); w.unmap(World::kSsa)),
       pf(World::kSsa)},
      {"all is well: registers, flags and bases come from GPRSGX, the frame is free again",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) {
         g.rax = 0x1111;
         g.r15 = 0x2222;
         g.rsp = 0x3333;
         g.rflags = 0x202 | emulator::kFlagCf | emulator::kFlagZf | 1 << 10 | 1 << 14 | 1 << 18 | 1 << 21;
       })),
       succeeds(),
       [](World& w) {
         EXPECT_EQ(w.registers().rax, 0x1111U);
         EXPECT_EQ(w.registers().r15, 0x2222U);
         EXPECT_EQ(w.registers().rsp, 0x3333U);
         EXPECT_EQ(w.registers().rip, w.at(World::kCode));
         EXPECT_EQ(w.registers().fsbase, w.at(World::kOperands));
         EXPECT_EQ(w.registers().rflags,
                   0x202U | emulator::kFlagCf | emulator::kFlagZf | 1 << 10 | 1 << 14 | 1 << 18 | 1 << 21);
         EXPECT_EQ(w.tcs().cssa, 0U);
       }},
      {"flags that only the kernel may change are not taken from GPRSGX",
       TWINE_DO(
           w.change_gpr([](sgx::SsaGpr& g) { g.rflags = 0x202 | 3 << 12 | 1 << 17 | 1 << 19 | 1 << 20; })),
       succeeds(), TWINE_DO(EXPECT_EQ(w.registers().rflags, 0x202U))},
      {"TF in GPRSGX, the thread has not opted in",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.rflags |= emulator::kFlagTf; })), succeeds(),
       TWINE_DO(EXPECT_EQ(w.registers().rflags & emulator::kFlagTf, 0U))},
      {"TF outside, the thread has opted in: it steps",
       TWINE_DO(w.registers().rflags |= emulator::kFlagTf; w.tcs().flags = sgx::kTcsDbgoptin), succeeds(),
       TWINE_DO(EXPECT_NE(w.registers().rflags & emulator::kFlagTf, 0U))},
  };
  leaf.rows.insert(leaf.rows.end(), rows.begin(), rows.end());
  return leaf;
}

// ERESUME of an enclave that asked to be told of exits (AEX-Notify).
Leaf notice_leaf() {
  Leaf leaf {
    .name = "ERESUME with a notice", .stage = Stage::exited,
    .attributes = sgx::kAttributeMode64Bit | sgx::kAttributeAexNotify,
    .arrange =
        TWINE_DO(w.registers().rip = World::kNextRip; w.change_gpr([](sgx::SsaGpr& g) { g.aexnotify = 1; })),
    .act = [](World& w) { return emulator::eresume(w.cpu, w.enclave); }, .rows = {}
  };
  leaf.rows = {
      {"no frame is left for the notice", TWINE_DO(w.tcs().nssa = 1), gp()},
      {"the next SSA frame has no page", TWINE_DO(w.remove(World::kSsa + 0x1000)), pf(World::kSsa + 0x1000)},
      {"the next SSA frame is BLOCKED", TWINE_DO(w.entry(World::kSsa + 0x1000).blocked = 1),
       epcm_pf(World::kSsa + 0x1000)},
      {"the next SSA frame is PENDING", TWINE_DO(w.entry(World::kSsa + 0x1000).pending = 1),
       epcm_pf(World::kSsa + 0x1000)},
      {"the next SSA frame is not writable", TWINE_DO(w.entry(World::kSsa + 0x1000).w = 0),
       epcm_pf(World::kSsa + 0x1000)},
      {"TCS.OENTRY leads to an address that is not canonical",
       TWINE_DO(w.tcs().oentry = World::kNotCanonical), gp()},
      {"TCS.OFSBASE leads to an address that is not canonical",
       TWINE_DO(w.tcs().ofsbasgx = World::kNotCanonical), gp()},
      {"TCS.STATE is ACTIVE", TWINE_DO(w.enclave.tcs_at(w.at(World::kTcs)).active = true), gp()},
      {"no frame is left, and the frame that would be next has no page",
       TWINE_DO(w.tcs().nssa = 1; w.remove(World::kSsa + 0x1000)), gp()},
      {"the next SSA frame has no page, and TCS.OENTRY leads nowhere",
       TWINE_DO(w.remove(World::kSsa + 0x1000); w.tcs().oentry = World::kNotCanonical),
       pf(World::kSsa + 0x1000)},
      {"all is well: the entry point, RAX is CSSA, and the interrupted frame stays",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.rip = World::kNotCanonical; })),  // not looked at
       succeeds(),
       [](World& w) {
         EXPECT_EQ(w.registers().rip, w.at(World::kCode));
         EXPECT_EQ(w.registers().rax, 1U);
         EXPECT_EQ(w.registers().rcx, World::kNextRip);
         EXPECT_EQ(w.registers().fsbase, w.at(World::kOperands));
         EXPECT_EQ(w.tcs().cssa, 1U);
         EXPECT_EQ(w.get<sgx::SsaGpr>(w.gpr_offset(1)).ursp, 0x7fff0000U);
       }},
      {"GPRSGX.AEXNOTIFY is 0: an ordinary ERESUME",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.aexnotify = 0; })), succeeds(),
       TWINE_DO(EXPECT_EQ(w.tcs().cssa, 0U))},
  };
  return leaf;
}

}  // namespace

std::vector<Leaf> entry_leaves() {
  return {eenter_leaf(), eresume_leaf(), notice_leaf()};
}

}  // namespace twine::test
