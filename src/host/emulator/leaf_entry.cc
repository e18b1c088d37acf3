// EENTER, ERESUME, EEXIT, EDECCSSA: how software changes between the two modes, and between SSA frames. The
// asynchronous exit is in leaf_aex.cc.
#include <cstdlib>
#include <cstring>

#include "host/emulator/leaves.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;
using sgx::PageType;

namespace {

// RFLAGS bits that ERESUME takes from the SSA; the others keep their value.
constexpr uint64_t kRestoredFlags = kFlagsStatus | kFlagRf | (uint64_t{1} << 10) /* DF */ |
                                    (uint64_t{1} << 14) /* NT */ | (uint64_t{1} << 18) /* AC */ |
                                    (uint64_t{1} << 21) /* ID */;

// The checks that EENTER and ERESUME share up to the SSA (SDM order). `tcs_address` is RBX.
Outcome check_tcs(const Processor& processor, Enclave& enclave, uint64_t tcs_address) {
  if (tcs_address % kEpcPageSize != 0) return general_protection();
  if (!enclave.in_elrange(tcs_address)) return page_fault(tcs_address, sgx::kPagefaultUser);
  if (!is_canonical(processor.registers.rcx)) return general_protection();
  if (enclave.lost) return epcm_fault(tcs_address);
  const EpcmEntry& entry = enclave.epcm.at(tcs_address);
  if (!entry.valid) return page_fault(tcs_address, sgx::kPagefaultUser);
  if (entry.blocked) return epcm_fault(tcs_address);
  if (!entry.is(PageType::tcs)) return epcm_fault(tcs_address);
  if (entry.pending || entry.modified) return epcm_fault(tcs_address);
  // The page tables must lead there; silicon finds that out when it resolves RBX.
  if (enclave.memory.vma_protection(tcs_address) == 0) return page_fault(tcs_address, sgx::kPagefaultUser);

  TWINE_SGX_CHECK(enclave.reload(tcs_address));

  const sgx::Tcs& tcs = enclave.tcs_at(tcs_address).tcs;
  if (tcs.ossa % kEpcPageSize != 0) return general_protection();
  if (tcs.ofsbasgx % kEpcPageSize != 0 || tcs.ogsbasgx % kEpcPageSize != 0) return general_protection();
  return done();
}

// The second half of the shared checks: what the enclave must be.
Outcome check_secs(const Enclave& enclave, const sgx::Tcs& tcs) {
  if ((tcs.flags & ~(sgx::kTcsDbgoptin | sgx::kTcsAexnotify)) != 0) return general_protection();
  if (!enclave.initialised()) return general_protection();
  const uint64_t xfrm = enclave.secs.attributes.xfrm;
  if ((xfrm & enclave.platform.xsave().xcr0()) != xfrm) return general_protection();
  const bool notify_thread = (tcs.flags & sgx::kTcsAexnotify) != 0;
  const bool notify_enclave = (enclave.secs.attributes.flags & sgx::kAttributeAexNotify) != 0;
  if ((tcs.flags & sgx::kTcsDbgoptin) == 0 && notify_thread != notify_enclave) return general_protection();
  return done();
}

// The pages of one SSA frame: those of the XSAVE area, then the one of GPRSGX. All must be readable and
// writable for the enclave.
Outcome check_ssa(Enclave& enclave, uint64_t frame) {
  const uint64_t xsave_size = enclave.platform.xsave().size(enclave.secs.attributes.xfrm);
  const auto check_page = [&](uint64_t address) -> Outcome {
    if (!enclave.in_elrange(address)) return page_fault(address, sgx::kPagefaultUser);
    TWINE_SGX_CHECK(enclave.access(address, Access::read));
    return enclave.access(address, Access::write);
  };
  for (uint64_t page = frame; page < frame + xsave_size; page += kEpcPageSize)
    TWINE_SGX_CHECK(check_page(page));
  return check_page(frame + sgx::ssa_gpr_offset(enclave.secs.ssaframesize));
}

void enter_enclave_mode(Processor& processor, Enclave& enclave, TcsState& state) {
  state.active = true;
  state.tcs.aep = processor.registers.rcx;
  processor.enclave = &enclave;
  processor.tcs = &state;
  processor.save_fs = processor.registers.fsbase;
  processor.save_gs = processor.registers.gsbase;
  processor.save_rsp = processor.registers.rsp;
  processor.save_rbp = processor.registers.rbp;
}

// Opt-out entry: single stepping outside does not step through the enclave.
void suppress_trap_flag(Processor& processor, const TcsState& state) {
  processor.debug_optin = (state.tcs.flags & sgx::kTcsDbgoptin) != 0;
  processor.save_tf = (processor.registers.rflags & kFlagTf) != 0;
  if (!processor.debug_optin) processor.registers.rflags &= ~kFlagTf;
}

Outcome check_segments(const sgx::Secs& secs, const sgx::Tcs& tcs) {
  const bool canonical =
      is_canonical(tcs.ofsbasgx + secs.baseaddr) && is_canonical(tcs.ogsbasgx + secs.baseaddr);
  return canonical ? done() : general_protection();
}

// Goes to the enclave's entry point with `frame` as the current SSA frame: what EENTER does, and an ERESUME
// that notifies of the exit instead of undoing it.
void start_thread(Processor& processor, Enclave& enclave, TcsState& state, uint64_t frame) {
  const sgx::Secs& secs = enclave.secs;
  enter_enclave_mode(processor, enclave, state);
  Registers& registers = processor.registers;
  registers.rcx = registers.rip;
  registers.rip = state.tcs.oentry + secs.baseaddr;
  registers.rax = state.tcs.cssa;
  const uint64_t gpr = frame + sgx::ssa_gpr_offset(secs.ssaframesize);
  const uint64_t outside[2] = {registers.rsp, registers.rbp};
  static_assert(offsetof(sgx::SsaGpr, urbp) == offsetof(sgx::SsaGpr, ursp) + 8);
  if (!enclave.memory.write(gpr + offsetof(sgx::SsaGpr, ursp), outside, sizeof outside))
    std::abort();  // check_ssa has allowed it
  registers.fsbase = state.tcs.ofsbasgx + secs.baseaddr;
  registers.gsbase = state.tcs.ogsbasgx + secs.baseaddr;
  suppress_trap_flag(processor, state);
}

// GPRSGX of a frame that check_ssa has allowed.
sgx::SsaGpr read_gpr(const Enclave& enclave, uint64_t frame) {
  sgx::SsaGpr gpr{};
  if (!enclave.memory.read(frame + sgx::ssa_gpr_offset(enclave.secs.ssaframesize), &gpr, sizeof gpr))
    std::abort();
  return gpr;
}

// ERESUME where the enclave has asked to be told of asynchronous exits (AEX-Notify): execution goes on at the
// entry point, on the next SSA frame, and the interrupted state stays where it is.
Outcome resume_with_notice(Processor& processor, Enclave& enclave, TcsState& state) {
  if (state.tcs.cssa >= state.tcs.nssa) return general_protection();
  const uint64_t frame = enclave.ssa_frame(state.tcs, state.tcs.cssa);
  TWINE_SGX_CHECK(check_ssa(enclave, frame));
  if (!is_canonical(state.tcs.oentry + enclave.secs.baseaddr)) return general_protection();
  TWINE_SGX_CHECK(check_segments(enclave.secs, state.tcs));
  if (state.active) return general_protection();
  start_thread(processor, enclave, state, frame);
  enclave.open_accepted(state);
  enclave.counters.resumes.fetch_add(1, std::memory_order_relaxed);
  return done();
}

}  // namespace

void leave_enclave_mode(Processor& processor) {
  processor.tcs->active = false;
  processor.enclave = nullptr;
  processor.tcs = nullptr;
  processor.registers.fsbase = processor.save_fs;
  processor.registers.gsbase = processor.save_gs;
  if (!processor.debug_optin && processor.save_tf) processor.registers.rflags |= kFlagTf;
}

Outcome eenter(Processor& processor, Enclave& enclave) {
  const uint64_t tcs_address = processor.registers.rbx;
  TWINE_SGX_CHECK(check_tcs(processor, enclave, tcs_address));
  TcsState& state = enclave.tcs_at(tcs_address);
  const sgx::Secs& secs = enclave.secs;
  TWINE_SGX_CHECK(check_secs(enclave, state.tcs));
  if (state.tcs.cssa >= state.tcs.nssa) return general_protection();
  const uint64_t frame = enclave.ssa_frame(state.tcs, state.tcs.cssa);
  TWINE_SGX_CHECK(check_ssa(enclave, frame));
  const uint64_t target = state.tcs.oentry + secs.baseaddr;
  if (!is_canonical(target)) return general_protection();
  TWINE_SGX_CHECK(check_segments(secs, state.tcs));
  if (state.active) return general_protection();

  start_thread(processor, enclave, state, frame);
  enclave.counters.enters.fetch_add(1, std::memory_order_relaxed);
  return done();
}

Outcome eresume(Processor& processor, Enclave& enclave) {
  const uint64_t tcs_address = processor.registers.rbx;
  TWINE_SGX_CHECK(check_tcs(processor, enclave, tcs_address));
  TcsState& state = enclave.tcs_at(tcs_address);
  TWINE_SGX_CHECK(check_secs(enclave, state.tcs));
  if (state.tcs.cssa == 0) return general_protection();
  const uint64_t frame = enclave.ssa_frame(state.tcs, state.tcs.cssa - 1);
  TWINE_SGX_CHECK(check_ssa(enclave, frame));

  const sgx::SsaGpr gpr = read_gpr(enclave, frame);
  if ((state.tcs.flags & sgx::kTcsAexnotify) != 0 && (gpr.aexnotify & 1) != 0)
    return resume_with_notice(processor, enclave, state);
  if (!is_canonical(gpr.rip)) return general_protection();
  if (!is_canonical(gpr.fsbase) || !is_canonical(gpr.gsbase)) return general_protection();
  if (state.active) return general_protection();
  uint8_t xsave[kMaxXsaveSize];
  const uint64_t xfrm = enclave.secs.attributes.xfrm;
  const uint64_t xsave_size = enclave.platform.xsave().size(xfrm);
  if (xsave_size > sizeof xsave || !enclave.memory.read(frame, xsave, xsave_size)) std::abort();
  TWINE_SGX_CHECK(processor.extended.restore(enclave.platform.xsave(), xfrm, xsave));

  enter_enclave_mode(processor, enclave, state);
  Registers& registers = processor.registers;
  const uint64_t flags = (registers.rflags & ~kRestoredFlags) | (gpr.rflags & kRestoredFlags);
  static_assert(offsetof(Registers, rflags) == offsetof(sgx::SsaGpr, rflags));
  std::memcpy(&registers, &gpr, offsetof(sgx::SsaGpr, rflags));
  registers.rip = gpr.rip;
  registers.fsbase = gpr.fsbase;
  registers.gsbase = gpr.gsbase;
  registers.rflags = flags;
  suppress_trap_flag(processor, state);  // with opt-in, TF stays as it was outside: so a debugger steps
  --state.tcs.cssa;
  enclave.open_accepted(state);
  enclave.counters.resumes.fetch_add(1, std::memory_order_relaxed);
  return done();
}

Outcome eexit(Processor& processor) {
  Registers& registers = processor.registers;
  if (!is_canonical(registers.rbx)) return general_protection();
  registers.rip = registers.rbx;
  registers.rcx = processor.tcs->tcs.aep;
  processor.enclave->counters.exits.fetch_add(1, std::memory_order_relaxed);
  leave_enclave_mode(processor);
  return done();
}

Outcome edeccssa(Processor& processor) {
  Enclave& enclave = *processor.enclave;
  sgx::Tcs& tcs = processor.tcs->tcs;
  if (tcs.cssa == 0) return general_protection();
  TWINE_SGX_CHECK(check_ssa(enclave, enclave.ssa_frame(tcs, tcs.cssa - 1)));
  --tcs.cssa;
  return done();
}

}  // namespace twine::host::emulator
