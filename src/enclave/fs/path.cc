#include "enclave/fs/path.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hostcall.h"
#include "common/utf8.h"

namespace twine::fs {

namespace {

using wasi::Errno;

wasi::IoResult<void> check_text(std::string_view text) {
  if (text.size() > hostcall::kMaxPath) return std::unexpected(Errno::nametoolong);
  if (!is_utf8(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()))) {
    return std::unexpected(Errno::ilseq);
  }
  if (text.find('\0') != text.npos) return std::unexpected(Errno::inval);
  if (text.empty()) return std::unexpected(Errno::noent);
  if (text.front() == '/') return std::unexpected(Errno::perm);
  return {};
}

}  // namespace

wasi::IoResult<void> check_path(std::string_view path) {
  if (const auto text = check_text(path); !text) return text;
  int64_t depth = 0;
  for (size_t start = 0; start < path.size();) {
    size_t end = path.find('/', start);
    if (end == path.npos) end = path.size();
    const std::string_view component = path.substr(start, end - start);
    if (component == "..") {
      if (--depth < 0) return std::unexpected(Errno::perm);
    } else if (!component.empty() && component != ".") {
      ++depth;
    }
    start = end + 1;
  }
  return {};
}

wasi::IoResult<void> check_symlink_contents(std::string_view contents) {
  return check_text(contents);
}

}  // namespace twine::fs
