// ENCLU in enclave mode: the leaf in EAX.
#include "host/emulator/leaves.h"

namespace twine::host::emulator {

using sgx::Enclu;

namespace {

// Leaves that report in RAX and RFLAGS; the others leave both alone.
bool sets_result(Enclu leaf) {
  return leaf == Enclu::egetkey || leaf == Enclu::eaccept || leaf == Enclu::eacceptcopy;
}

Outcome carry_out(Processor& processor, Enclu leaf) {
  switch (leaf) {
    case Enclu::ereport:
      return ereport(processor);
    case Enclu::egetkey:
      return egetkey(processor);
    case Enclu::eexit:
      return eexit(processor);
    case Enclu::eaccept:
      return eaccept(processor);
    case Enclu::emodpe:
      return emodpe(processor);
    case Enclu::eacceptcopy:
      return eacceptcopy(processor);
    case Enclu::edeccssa:
      return edeccssa(processor);
    case Enclu::eenter:
    case Enclu::eresume:
      break;  // there is no entering from inside
  }
  return general_protection();
}

}  // namespace

Outcome enclu(Processor& processor) {
  const auto leaf = static_cast<Enclu>(static_cast<uint32_t>(processor.registers.rax));
  const Outcome outcome = carry_out(processor, leaf);
  if (outcome.kind != Outcome::Kind::fault && sets_result(leaf)) set_result(processor.registers, outcome);
  return outcome;
}

}  // namespace twine::host::emulator
