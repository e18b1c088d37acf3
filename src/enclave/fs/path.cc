#include "enclave/fs/path.h"

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
  return check_text(path);
}

wasi::IoResult<void> check_symlink_contents(std::string_view contents) {
  return check_text(contents);
}

}  // namespace twine::fs
