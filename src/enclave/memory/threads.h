// The enclave's threads: how many there are, how many run, and where another comes from.
//
// A launch runs on one thread block (common/image_layout.h). The image has a few; when the last idle one begins, the enclave adds a block
// behind it, so that there is always one to start, up to kMaxThreads:
//
//   the enclave                                        the host
//   pages_open of the block                            mmap
//   EACCEPT of its pages, as they are touched          EAUG
//   writes the TCS, as a plain page
//   thread_make                                        EMODT: the page becomes a TCS
//   EACCEPT of the TCS
//   thread_ready                                       may start launches there
//
// What stands in the TCS is the enclave's own word, and EACCEPT proves that it stands there: the host can only refuse.
#pragma once

namespace twine::enclave {

// A launch begins, or ends, on the calling thread. The guest stack is opened, and what a guest left on it is wiped.
void begin_thread();
void end_thread();

}  // namespace twine::enclave
