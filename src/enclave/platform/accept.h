// Taking over pages that the host added, or confirming that it takes them away: one instruction each, no
// bookkeeping. Only memory/ uses it, and notes in the page ledger what was done. A page that is not as it
// should be is the host's attack and ends the enclave; a page that is not there faults, and the fault is the
// host's to mend.
#pragma once

#include <cstdint>

namespace twine::enclave {

enum class PageAccess : uint8_t { read, read_execute };

// `page` was added, zeroed, readable and writable (EACCEPT).
void accept_page(uint64_t page);

// `page` was added; it takes the contents of the page at `source` and, at once, `access` (EACCEPTCOPY).
void accept_page_copy(uint64_t page, const void* source, PageAccess access);

// Writes into the plain page at `block` what makes it the entry of the thread block that it begins.
void write_thread_entry(uint64_t block);
// The page at `page` has become a thread's entry: nobody can write it any more.
void accept_thread_entry(uint64_t page);

// `page` was marked for removal (EACCEPT of the TRIM type). False when the host has not marked it.
[[nodiscard]] bool accept_trim(uint64_t page);

}  // namespace twine::enclave
