#include "host/debug/perf_map.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace twine::host::debug {
namespace {

std::string readable(const std::string& symbol) {
  std::string name = symbol;
  if (symbol.starts_with("_Z")) {
    int status = 0;
    if (char* const text = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status)) {
      name = text;
      std::free(text);
    }
  }
  std::ranges::replace_if(
      name, [](char character) { return static_cast<unsigned char>(character) < 0x20; }, '?');
  return name;
}

}  // namespace

Result<std::unique_ptr<PerfMap>> PerfMap::create() {
  const std::filesystem::path path = fmt::format("/tmp/perf-{}.map", ::getpid());
  // /tmp is everybody's: an old map of a process of this number goes, and no link of somebody else's is followed.
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return fail(ErrorCode::io,
                fmt::format("{}: {}; perf looks for it there", path.string(), std::strerror(errno)));
  return std::unique_ptr<PerfMap>(new PerfMap(path, file));
}

PerfMap::~PerfMap() {
  ::close(file_);
}

Result<void> PerfMap::add(const CodeSymbols& symbols, std::string_view origin) {
  std::string text;
  for (const Symbol& function : symbols.functions) {
    if (function.size != 0)
      text += fmt::format("{:x} {:x} {} [{}]\n", function.address, function.size, readable(function.name),
                          origin);
  }
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(file_, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(ErrorCode::io, fmt::format("{}: {}", path_.string(), std::strerror(errno)));
    done += static_cast<size_t>(written);
  }
  return {};
}

}  // namespace twine::host::debug
