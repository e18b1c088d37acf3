// EEXIT, EDECCSSA, AEX, and ENCLU's own check.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "emulator_leaf_table.h"

namespace twine::test {

using Stage = World::Stage;
using emulator::ExitEvent;
using sgx::Vector;

namespace {

constexpr uint64_t kGpr = World::kSsa + sgx::ssa_gpr_offset(1);
constexpr uint64_t kExinfo = World::kSsa + sgx::ssa_exinfo_offset(1);

Leaf eexit_leaf() {
  Leaf leaf{.name = "EEXIT",
            .stage = Stage::entered,
            .arrange = TWINE_DO(w.registers().rbx = 0x500000),
            .act = [](World& w) { return emulator::eexit(w.cpu); },
            .rows = {}};
  leaf.rows = {
      {"RBX is not canonical", TWINE_DO(w.registers().rbx = World::kNotCanonical), gp()},
      {"all is well: RIP is RBX, RCX is AEP, FS and GS are the host's, the TCS is free",
       {},
       succeeds(),
       [](World& w) {
         EXPECT_EQ(w.registers().rip, 0x500000U);
         EXPECT_EQ(w.registers().rcx, World::kAep);
         EXPECT_EQ(w.registers().fsbase, World::kHostFs);
         EXPECT_EQ(w.registers().gsbase, World::kHostGs);
         EXPECT_FALSE(w.cpu.in_enclave());
         EXPECT_FALSE(w.enclave.tcs_at(w.at(World::kTcs)).active);
       }},
      {"registers and flags are not cleared: that is the enclave's duty",
       TWINE_DO(w.registers().r9 = 0x5ec; w.registers().rflags |= emulator::kFlagCf | 1 << 10), succeeds(),
       TWINE_DO(EXPECT_EQ(w.registers().r9, 0x5ecU);
                EXPECT_EQ(w.registers().rflags, 0x202U | emulator::kFlagCf | 1 << 10))},
      {"TF was set at the entry: it is set again", TWINE_DO(w.cpu.save_tf = true), succeeds(),
       TWINE_DO(EXPECT_NE(w.registers().rflags & emulator::kFlagTf, 0U))},
  };
  return leaf;
}

Leaf edeccssa_leaf() {
  Leaf leaf{.name = "EDECCSSA",
            .stage = Stage::exited,
            .arrange =  // the handler of an exit, on the second frame
            [](World& w) {
              w.registers().rip = World::kNextRip;
              if (!emulator::eenter(w.cpu, w.enclave).ok()) ADD_FAILURE();
            },
            .act = [](World& w) { return emulator::edeccssa(w.cpu); },
            .rows = {}};
  leaf.rows = {
      {"TCS.CSSA is 0", TWINE_DO(w.tcs().cssa = 0), gp()},
      {"the SSA frame below has no page", TWINE_DO(w.remove(World::kSsa)), pf(World::kSsa)},
      {"the SSA frame below has no mapping", TWINE_DO(w.unmap(World::kSsa)), pf(World::kSsa)},
      {"the SSA frame below is mapped read-only", TWINE_DO(w.protect(World::kSsa, PROT_READ)),
       pf(World::kSsa)},
      {"the SSA frame below is BLOCKED", TWINE_DO(w.entry(World::kSsa).blocked = 1), epcm_pf(World::kSsa)},
      {"the SSA frame below is PENDING", TWINE_DO(w.entry(World::kSsa).pending = 1), epcm_pf(World::kSsa)},
      {"the SSA frame below is MODIFIED", TWINE_DO(w.entry(World::kSsa).modified = 1), epcm_pf(World::kSsa)},
      {"the SSA frame below is not regular",
       TWINE_DO(w.entry(World::kSsa).pt = static_cast<uint8_t>(sgx::PageType::trim)), epcm_pf(World::kSsa)},
      {"the SSA frame below is not readable", TWINE_DO(w.entry(World::kSsa).set_rwx(0)),
       epcm_pf(World::kSsa)},
      {"the SSA frame below is not writable", TWINE_DO(w.entry(World::kSsa).w = 0), epcm_pf(World::kSsa)},
      {"TCS.CSSA is 0, and the SSA has no page", TWINE_DO(w.tcs().cssa = 0; w.remove(World::kSsa)), gp()},
      {"all is well: CSSA is one less, RAX and flags stay", TWINE_DO(w.registers().rax = 9), succeeds(),
       TWINE_DO(EXPECT_EQ(w.tcs().cssa, 0U); EXPECT_EQ(w.registers().rax, 9U);
                EXPECT_EQ(w.registers().rflags, 0x202U); EXPECT_TRUE(w.cpu.in_enclave()))},
      {"the next AEX uses the frame that was freed",
       {},
       succeeds(),
       [](World& w) {
         w.registers().r10 = 0xabc;
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         EXPECT_EQ(w.get<sgx::SsaGpr>(kGpr).r10, 0xabcU);
       }},
  };
  return leaf;
}

// An AEX cannot fail; its rows say what it leaves where.
Leaf aex_leaf() {
  Leaf leaf{.name = "AEX",
            .stage = Stage::entered,
            .arrange = {},
            .act = [](World&) { return emulator::done(); },
            .rows = {}};
  const auto exits_with = [](const ExitEvent& event, uint32_t exitinfo,
                             uint32_t miscselect = sgx::kMiscExinfo) {
    return [=](World& w) {
      w.enclave.secs.miscselect = miscselect;
      emulator::asynchronous_exit(w.cpu, event);
      EXPECT_EQ(w.get<sgx::SsaGpr>(kGpr).exitinfo, exitinfo);
    };
  };
  constexpr uint32_t kHardware = sgx::kExitinfoValid | sgx::kExitinfoTypeHardware;
  constexpr uint32_t kSoftware = sgx::kExitinfoValid | sgx::kExitinfoTypeSoftware;
  const auto exception = [](Vector vector) { return ExitEvent::exception(vector, 0, 0); };
  leaf.rows = {
      {"an interrupt: EXITINFO is not valid", {}, succeeds(), exits_with(ExitEvent::interrupt(), 0)},
      {"#DE: EXITINFO has vector 0", {}, succeeds(), exits_with(exception(Vector::de), kHardware | 0)},
      {"#DB: EXITINFO has vector 1", {}, succeeds(), exits_with(exception(Vector::db), kHardware | 1)},
      {"#BP: EXITINFO has vector 3, a software exception",
       {},
       succeeds(),
       exits_with(exception(Vector::bp), kSoftware | 3)},
      {"#BR: EXITINFO has vector 5", {}, succeeds(), exits_with(exception(Vector::br), kHardware | 5)},
      {"#UD: EXITINFO has vector 6", {}, succeeds(), exits_with(exception(Vector::ud), kHardware | 6)},
      {"#MF: EXITINFO has vector 16", {}, succeeds(), exits_with(exception(Vector::mf), kHardware | 16)},
      {"#AC: EXITINFO has vector 17", {}, succeeds(), exits_with(exception(Vector::ac), kHardware | 17)},
      {"#XM: EXITINFO has vector 19", {}, succeeds(), exits_with(exception(Vector::xm), kHardware | 19)},
      {"#GP with MISCSELECT.EXINFO: EXITINFO has vector 13",
       {},
       succeeds(),
       exits_with(exception(Vector::gp), kHardware | 13)},
      {"#PF with MISCSELECT.EXINFO: EXITINFO has vector 14",
       {},
       succeeds(),
       exits_with(exception(Vector::pf), kHardware | 14)},
      {"#GP without MISCSELECT.EXINFO: EXITINFO is not valid",
       {},
       succeeds(),
       exits_with(exception(Vector::gp), 0, 0)},
      {"#PF without MISCSELECT.EXINFO: EXITINFO is not valid",
       {},
       succeeds(),
       exits_with(exception(Vector::pf), 0, 0)},
      {"#SS is not told: EXITINFO is not valid",
       {},
       succeeds(),
       exits_with(exception(static_cast<Vector>(12)), 0)},
      {"#NM is not told: EXITINFO is not valid",
       {},
       succeeds(),
       exits_with(exception(static_cast<Vector>(7)), 0)},
      {"#PF: EXINFO has the exact address and the error code",
       {},
       succeeds(),
       [](World& w) {
         emulator::asynchronous_exit(w.cpu, ExitEvent::exception(Vector::pf, 7, w.at(World::kHole + 0x123)));
         const auto exinfo = w.get<sgx::ExInfo>(kExinfo);
         EXPECT_EQ(exinfo.maddr, w.at(World::kHole + 0x123));
         EXPECT_EQ(exinfo.errcd, 7U);
       }},
      {"#GP: EXINFO has the error code and no address",
       {},
       succeeds(),
       [](World& w) {
         emulator::asynchronous_exit(w.cpu, ExitEvent::exception(Vector::gp, 0x50, 99));
         const auto exinfo = w.get<sgx::ExInfo>(kExinfo);
         EXPECT_EQ(exinfo.maddr, 0U);
         EXPECT_EQ(exinfo.errcd, 0x50U);
       }},
      {"the registers are in GPRSGX",
       TWINE_DO(w.registers().r11 = 0x77; w.registers().rflags |= emulator::kFlagZf), succeeds(),
       [](World& w) {
         const uint64_t rip = w.registers().rip;
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         const auto gpr = w.get<sgx::SsaGpr>(kGpr);
         EXPECT_EQ(gpr.r11, 0x77U);
         EXPECT_EQ(gpr.rip, rip);
         EXPECT_EQ(gpr.rflags, 0x202U | emulator::kFlagZf);
         EXPECT_EQ(gpr.fsbase, w.at(World::kOperands));
         EXPECT_EQ(w.tcs().cssa, 1U);
       }},
      {"the synthetic state: RAX is ERESUME, RBX the TCS, RCX and RIP the AEP, RSP and RBP the host's, all "
       "else zero",
       TWINE_DO(w.registers().r9 = 0x5ec; w.registers().rsp = 1; w.registers().rbp = 2;
                w.registers().rdi = 3),
       succeeds(),
       [](World& w) {
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         const emulator::Registers& r = w.registers();
         EXPECT_EQ(r.rax, 3U);
         EXPECT_EQ(r.rbx, w.at(World::kTcs));
         EXPECT_EQ(r.rcx, World::kAep);
         EXPECT_EQ(r.rip, World::kAep);
         EXPECT_EQ(r.rsp, 0x7fff0000U);
         EXPECT_EQ(r.rbp, 0x7fff1000U);
         EXPECT_EQ(r.rdx | r.rsi | r.rdi | r.r8 | r.r9 | r.r10 | r.r11 | r.r12 | r.r13 | r.r14 | r.r15, 0U);
         EXPECT_EQ(r.fsbase, World::kHostFs);
         EXPECT_FALSE(w.cpu.in_enclave());
       }},
      {"status flags and RF are cleared, the other flags stay",
       TWINE_DO(w.registers().rflags |= emulator::kFlagsStatus | emulator::kFlagRf | 1 << 10 | 1 << 18),
       succeeds(),
       [](World& w) {
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         EXPECT_EQ(w.registers().rflags, 0x202U | 1 << 10 | 1 << 18);
       }},
      {"x87 and SSE are initial, MXCSR is 1F80H",
       {},
       succeeds(),
       [](World& w) {
         const uint64_t in_use = sgx::kXfrmLegacy;
         std::memcpy(w.cpu.extended.area + 512, &in_use, sizeof in_use);
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         uint64_t bitmap = 0;
         uint32_t mxcsr = 0;
         std::memcpy(&bitmap, w.cpu.extended.area + 512, sizeof bitmap);
         std::memcpy(&mxcsr, w.cpu.extended.area + 24, sizeof mxcsr);
         EXPECT_EQ(bitmap & in_use, 0U);
         EXPECT_EQ(mxcsr, 0x1f80U);
       }},
      {"#MF: FCW is 037EH and FSW 8081H",
       {},
       succeeds(),
       [](World& w) {
         emulator::asynchronous_exit(w.cpu, ExitEvent::exception(Vector::mf));
         EXPECT_EQ(w.cpu.extended.area[0], 0x7e);
         EXPECT_EQ(w.cpu.extended.area[2], 0x81);
         EXPECT_EQ(w.cpu.extended.area[3], 0x80);
         EXPECT_EQ(w.cpu.extended.area[512] & 1, 1);
       }},
      {"#XM: MXCSR is 1F01H",
       {},
       succeeds(),
       [](World& w) {
         emulator::asynchronous_exit(w.cpu, ExitEvent::exception(Vector::xm));
         EXPECT_EQ(w.cpu.extended.area[24], 0x01);
         EXPECT_EQ(w.cpu.extended.area[25], 0x1f);
       }},
      {"GPRSGX.AEXNOTIFY is left as the enclave set it",
       TWINE_DO(w.change_gpr([](sgx::SsaGpr& g) { g.aexnotify = 1; })), succeeds(),
       [](World& w) {
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         EXPECT_EQ(w.get<sgx::SsaGpr>(kGpr).aexnotify, 1);
       }},
      {"the frame was trimmed and removed under the thread (on silicon ETRACK drives it out first): the "
       "state is lost",
       [](World& w) {
         const sgx::Secinfo trim{.flags = sgx::secinfo_page_type(sgx::PageType::trim), .reserved = {}};
         EXPECT_TRUE(emulator::emodt(w.enclave, w.at(World::kSsa), trim).ok());
         w.entry(World::kSsa).modified = 0;
         EXPECT_TRUE(emulator::eremove(w.enclave, w.at(World::kSsa)).ok());
       },
       succeeds(),
       [](World& w) {
         w.registers().r12 = 0x5ec;
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         EXPECT_EQ(w.registers().rsp, 0x7fff0000U);
         EXPECT_TRUE(emulator::eaug(w.enclave, w.at(World::kSsa)).ok());
         EXPECT_EQ(w.get<sgx::SsaGpr>(kGpr).r12, 0U);
       }},
      {"the host has unmapped the SSA since the entry: the state is saved all the same",
       TWINE_DO(w.unmap(World::kSsa)), succeeds(),
       [](World& w) {
         w.registers().r12 = 0x12;
         emulator::asynchronous_exit(w.cpu, ExitEvent::interrupt());
         EXPECT_EQ(w.get<sgx::SsaGpr>(kGpr).r12, 0x12U);
       }},
  };
  return leaf;
}

Leaf enclu_leaf() {
  Leaf leaf{.name = "ENCLU",
            .stage = Stage::entered,
            .arrange = TWINE_DO(w.registers().rax = static_cast<uint64_t>(sgx::Enclu::eexit)),
            .act = [](World& w) { return emulator::enclu(w.cpu); },
            .rows = {}};
  leaf.rows = {
      {"EENTER inside an enclave", TWINE_DO(w.registers().rax = 2), gp()},
      {"ERESUME inside an enclave", TWINE_DO(w.registers().rax = 3), gp()},
      {"a leaf that was never given (8)", TWINE_DO(w.registers().rax = 8), gp()},
      {"a leaf beyond the last (10)", TWINE_DO(w.registers().rax = 10), gp()},
      {"EAX is FFFFFFFFH", TWINE_DO(w.registers().rax = 0xffffffff), gp()},
      {"the upper half of RAX is ignored", TWINE_DO(w.registers().rax |= uint64_t{1} << 40), succeeds(),
       TWINE_DO(EXPECT_FALSE(w.cpu.in_enclave()))},
  };
  return leaf;
}

}  // namespace

std::vector<Leaf> exit_leaves() {
  return {eexit_leaf(), edeccssa_leaf(), enclu_leaf(), aex_leaf()};
}

}  // namespace twine::test
