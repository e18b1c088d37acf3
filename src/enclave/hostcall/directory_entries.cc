#include "enclave/hostcall/directory_entries.h"

#include <cstring>

#include "enclave/hostcall/exchange.h"

namespace twine::hostcall {

DirectoryEntryView take_directory_entry(std::span<const std::byte>& buffer) {
  DirectoryEntry entry;
  if (buffer.size() < sizeof entry) reply_attack(Call::directory_read, "an entry is not whole");
  std::memcpy(&entry, buffer.data(), sizeof entry);
  buffer = buffer.subspan(sizeof entry);
  if (entry.name_length == 0 || entry.name_length > kMaxName) {
    reply_attack(Call::directory_read, "a name's length is not between 1 and 255");
  }
  if (entry.name_length > buffer.size()) reply_attack(Call::directory_read, "a name is not whole");
  if (entry.filetype >= wasi::kFiletypeCount)
    reply_attack(Call::directory_read, "a file type does not exist");
  const std::string_view name(reinterpret_cast<const char*>(buffer.data()), entry.name_length);
  if (name.find('/') != name.npos || name.find('\0') != name.npos) {
    reply_attack(Call::directory_read, "a name holds a slash or a NUL");
  }
  buffer = buffer.subspan(entry.name_length);
  return {entry, name};
}

}  // namespace twine::hostcall
