#pragma once

namespace twine::enclave {

// Reads the REPORT that the processor makes of this enclave, and refuses to run in an enclave that is not what the image needs:
//   MISCSELECT   has EXINFO (the host chooses MISCSELECT and no measurement tells: without EXINFO the addresses of faults would be the host's word)
//   ATTRIBUTES   INIT, MODE64BIT, no PROVISIONKEY, no EINITTOKENKEY. DEBUG is for the signer to admit (a release signature does not)
//                and for whoever trusts this enclave to look at: Identity::is_debug, evidence, other sealing keys
//   XFRM         x87 and SSE, nothing the SSA frame has no room for
// Then tells entry.S which extended state to cleanse.
void check_identity();

}  // namespace twine::enclave
