// The asynchronous enclave exit (AEX), SDM chapter "Enclave Exiting Events": what an exception or interrupt in
// enclave mode leaves in the SSA, and the synthetic state that it shows outside.
#include <cstdlib>
#include <cstring>

#include "host/emulator/leaves.h"

namespace twine::host::emulator {
namespace {

using sgx::Vector;

// SDM table "Exception Vectors": what EXITINFO tells the enclave. No CET, so no #CP.
bool reported_inside(Vector vector, uint32_t miscselect) {
  switch (vector) {
    case Vector::de:
    case Vector::db:
    case Vector::bp:
    case Vector::br:
    case Vector::ud:
    case Vector::mf:
    case Vector::ac:
    case Vector::xm:
      return true;
    case Vector::gp:
    case Vector::pf:
      return (miscselect & sgx::kMiscExinfo) != 0;
    default:
      return false;
  }
}

// EXITINFO for an event, 0 (not valid) where MISCSELECT does not allow it to be reported.
uint32_t exitinfo(const ExitEvent& event, uint32_t miscselect) {
  if (!event.valid) return 0;
  if (!reported_inside(event.vector, miscselect)) return 0;
  const uint32_t type =
      event.vector == sgx::Vector::bp ? sgx::kExitinfoTypeSoftware : sgx::kExitinfoTypeHardware;
  return sgx::kExitinfoValid | type | static_cast<uint32_t>(event.vector);
}

// Whether the frame's pages are still the enclave's. EENTER and ERESUME have checked them and silicon keeps their
// physical addresses, so an AEX asks nobody; and it drives every thread out (ETRACK) before a page that was
// trimmed can be accepted as such and removed. Here a thread stays inside, and what it leaves then is lost: it
// could not be resumed on silicon either.
bool frame_stands(Enclave& enclave, uint64_t frame) {
  const uint64_t end = frame + uint64_t{enclave.secs.ssaframesize} * sgx::kEpcPageSize;
  for (uint64_t page = frame; page < end; page += sgx::kEpcPageSize) {
    const EpcmEntry& entry = enclave.epcm.at(page);
    if (!entry.valid || !entry.is(sgx::PageType::reg)) return false;
  }
  return true;
}

// The interrupted state goes into the frame. False: the memory could not be written.
bool save_state(const Processor& processor, Enclave& enclave, uint64_t frame, const ExitEvent& event,
                sgx::SsaGpr& gpr) {
  const Registers& registers = processor.registers;
  const sgx::Secs& secs = enclave.secs;
  const uint64_t gpr_address = frame + sgx::ssa_gpr_offset(secs.ssaframesize);
  // URSP, URBP, AEXNOTIFY stay as they are.
  if (!enclave.memory.read(gpr_address, &gpr, sizeof gpr)) return false;
  std::memcpy(&gpr, &registers, offsetof(sgx::SsaGpr, rflags));
  gpr.rflags = registers.rflags;
  gpr.rip = registers.rip;
  gpr.exitinfo = exitinfo(event, secs.miscselect);
  gpr.fsbase = registers.fsbase;
  gpr.gsbase = registers.gsbase;

  uint8_t xsave[kMaxXsaveSize];
  const uint64_t xsave_size = enclave.platform.xsave().size(secs.attributes.xfrm);
  if (xsave_size > sizeof xsave || !enclave.memory.read(frame, xsave, xsave_size)) return false;
  processor.extended.save(enclave.platform.xsave(), secs.attributes.xfrm, xsave);
  // The pages can be written even if the host has since taken away the mapping.
  if (!enclave.memory.write(frame, xsave, xsave_size) || !enclave.memory.write(gpr_address, &gpr, sizeof gpr))
    return false;
  if ((secs.miscselect & sgx::kMiscExinfo) != 0 && event.valid &&
      (event.vector == Vector::pf || event.vector == Vector::gp)) {
    const sgx::ExInfo exinfo{
        .maddr = event.vector == Vector::pf ? event.address : 0, .errcd = event.error_code, .reserved = 0};
    if (!enclave.memory.write(frame + sgx::ssa_exinfo_offset(secs.ssaframesize), &exinfo, sizeof exinfo))
      return false;
  }
  return enclave.memory.close(frame, uint64_t{secs.ssaframesize} * sgx::kEpcPageSize) == 0;
}

}  // namespace

void asynchronous_exit(Processor& processor, const ExitEvent& event) {
  Enclave& enclave = *processor.enclave;
  TcsState& state = *processor.tcs;
  Registers& registers = processor.registers;
  const sgx::Secs& secs = enclave.secs;
  const uint64_t frame = enclave.ssa_frame(state.tcs, state.tcs.cssa);
  sgx::SsaGpr gpr{};
  gpr.ursp = processor.save_rsp;
  gpr.urbp = processor.save_rbp;
  if (frame_stands(enclave, frame) && !save_state(processor, enclave, frame, event, gpr))
    std::abort();  // the reservation itself is gone: the process unmapped memory it does not own

  // SDM "Synthetic State on Asynchronous Enclave Exit".
  const uint64_t tcs_address = state.address;
  const uint64_t aep = state.tcs.aep;
  const uint64_t flags = registers.rflags & ~(kFlagsStatus | kFlagRf);
  ++state.tcs.cssa;
  leave_enclave_mode(processor);
  const uint64_t fsbase = registers.fsbase;
  const uint64_t gsbase = registers.gsbase;
  const bool trap_flag = (registers.rflags & kFlagTf) != 0;
  registers = Registers{};
  registers.rax = static_cast<uint64_t>(sgx::Enclu::eresume);
  registers.rbx = tcs_address;
  registers.rcx = aep;
  registers.rsp = gpr.ursp;
  registers.rbp = gpr.urbp;
  registers.rip = aep;
  registers.rflags = (flags & ~kFlagTf) | (trap_flag ? kFlagTf : 0);
  registers.fsbase = fsbase;
  registers.gsbase = gsbase;
  processor.extended.initialise(secs.attributes.xfrm);
  if (event.valid && event.vector == Vector::mf) processor.extended.show_x87_exception();
  if (event.valid && event.vector == Vector::xm) processor.extended.show_simd_exception();
  enclave.counters.asynchronous_exits.fetch_add(1, std::memory_order_relaxed);
  if (!event.valid) enclave.counters.interrupts.fetch_add(1, std::memory_order_relaxed);
}

void set_result(Registers& registers, const Outcome& outcome) {
  registers.rflags &= ~kFlagsStatus;
  registers.rax = static_cast<uint64_t>(outcome.error);
  if (outcome.kind == Outcome::Kind::error) registers.rflags |= kFlagZf;
}

}  // namespace twine::host::emulator
