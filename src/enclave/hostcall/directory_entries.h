// Reads the bytes that directory_read yielded, after they were copied into the enclave.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "common/hostcall.h"

namespace twine::hostcall {

struct DirectoryEntryView {
  DirectoryEntry entry;
  std::string_view name;  // into the buffer
};

// Takes the first entry off `buffer`, which must not be empty. Ends the enclave if it is not whole or cannot
// be true: a name of 0 or more than kMaxName bytes or with NUL or slash in it, a file type that does not
// exist.
DirectoryEntryView take_directory_entry(std::span<const std::byte>& buffer);

}  // namespace twine::hostcall
