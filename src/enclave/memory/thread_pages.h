// What memory/threads.cc needs of the page ledger.
#pragma once

namespace twine::enclave {

// One more thread block exists, behind the last; its pages have been accepted.
void note_thread_block();

// Zeroes the pages of this thread's guest stack that were ever accepted.
void wipe_guest_stack();

}  // namespace twine::enclave
