// Self-relocation: the image is linked at 0 and loaded wherever the host likes.
#pragma once

namespace twine::enclave {

// Adds the enclave's base to every address that the linker left a R_X86_64_RELATIVE relocation for; any other
// kind ends in #UD, as the link would be wrong. Runs once, before any code that reads a relocated word, and
// so with no stack protector, no global pointers and no calls.
void relocate();

}  // namespace twine::enclave
