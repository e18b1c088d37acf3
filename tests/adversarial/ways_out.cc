#include "ways_out.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace twine::test {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const char* contents) {
  std::ofstream(path) << contents;
}

void describe(std::ostringstream& out, const fs::path& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return;
  out << path.string() << ' ' << status.st_ino << ' ' << status.st_mode << ' ' << status.st_nlink << ' '
      << status.st_size << ' ' << status.st_mtim.tv_sec << '.' << status.st_mtim.tv_nsec << ' '
      << status.st_ctim.tv_sec << '.' << status.st_ctim.tv_nsec;
  if (S_ISREG(status.st_mode)) out << ' ' << std::ifstream(path).rdbuf();
  out << '\n';
}

}  // namespace

House::House(const fs::path& root) : root_(root) {
  for (const fs::path& directory : {mount(), second(), read_only(), outside()})
    fs::create_directories(directory);
  write(outside() / "secret", kSecret);
  fs::create_directory(outside() / "directory");
  write(outside() / "directory" / "inner", kSecret);
  write(read_only() / "file", "read, not written");
  fs::create_directory(read_only() / "empty");
  fs::create_symlink("file", read_only() / "link");
  write(second() / "file", "of the second mount");

  const fs::path in = mount();
  write(in / "file", "of the mount");
  fs::create_directories(in / "directory" / "deep");
  write(in / "directory" / "deep" / "file", "deep");
  // Links that a host, or an earlier guest, has left there.
  fs::create_symlink(outside() / "secret", in / "absolute");
  fs::create_symlink(outside(), in / "absolute-directory");
  fs::create_symlink("../outside/secret", in / "relative");
  fs::create_symlink("../outside", in / "relative-directory");
  fs::create_symlink("..", in / "up");
  fs::create_symlink("../..", in / "directory" / "up-up");
  fs::create_symlink("directory/../../outside/secret", in / "winding");
  fs::create_symlink("chain2", in / "chain1");
  fs::create_symlink("directory/chain3", in / "chain2");
  fs::create_symlink("../../outside/secret", in / "directory" / "chain3");
  fs::create_symlink("loop", in / "loop");
  fs::create_symlink("pong", in / "ping");
  fs::create_symlink("ping", in / "pong");
  fs::create_symlink("../outside/new", in / "dangling");
  fs::create_symlink(outside() / "new", in / "dangling-absolute");
  fs::create_symlink("/", in / "slash");
  fs::create_symlink("/proc/self/root", in / "proc-root");
  fs::create_symlink("/proc/self/cwd", in / "proc-cwd");
  fs::create_symlink("/proc/self/fd/0", in / "proc-fd");
  fs::create_symlink("/proc/self/mem", in / "proc-mem");
  fs::create_symlink("/dev/null", in / "device");
  fs::create_symlink("deep/../../up/outside/secret", in / "directory" / "through-up");
  fs::create_symlink(".", in / "here");
  fs::create_symlink("../mount/../outside/secret", in / "out-and-in");
}

std::string House::picture() const {
  std::vector<fs::path> paths = {outside(), read_only()};
  for (const fs::path& start : {outside(), read_only()}) {
    for (const auto& entry : fs::recursive_directory_iterator(start)) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::ostringstream out;
  for (const fs::path& path : paths) describe(out, path);
  for (const auto& entry : fs::directory_iterator(root_)) out << entry.path().filename().string() << '\n';
  return std::move(out).str();
}

std::string House::rooms() const {
  std::ostringstream out;
  for (const fs::path& start : {mount(), second()}) {
    for (const auto& entry : fs::recursive_directory_iterator(start)) describe(out, entry.path());
  }
  return std::move(out).str();
}

std::vector<uint64_t> House::foreign_inodes() const {
  std::vector<uint64_t> inodes;
  for (const fs::path& path :
       {root_, outside(), outside() / "secret", outside() / "directory", outside() / "directory" / "inner",
        fs::path("/"), fs::path("/etc"), fs::path("/etc/passwd")}) {
    struct stat status{};
    if (stat(path.c_str(), &status) == 0) inodes.push_back(status.st_ino);
  }
  return inodes;
}

std::vector<WayOut> ways_out(const House& house) {
  const std::string secret = (house.outside() / "secret").string();
  std::string far_up;
  for (int i = 0; i < 64; ++i) far_up += "../";
  std::string long_way;
  while (long_way.size() < 4000) long_way += "directory/../";
  std::string here_long;
  while (here_long.size() < 4000) here_long += "./";
  return {
      {"the parent", ".."},
      {"the parent with a slash", "../"},
      {"the parent, twice", "../.."},
      {"a name in the parent", "../outside/secret"},
      {"a directory in the parent", "../outside/directory"},
      {"a new name in the parent", "../outside/new"},
      {"the parent after here", "./../outside/secret"},
      {"the parent after many heres", "././././../outside/secret"},
      {"the parent after empty components", ".//..//outside//secret"},
      {"down and up twice", "directory/../../outside/secret"},
      {"down two and up three", "directory/deep/../../../outside/secret"},
      {"through a file and up", "file/../../outside/secret"},
      {"through what is missing and up", "missing/../../outside/secret"},
      {"far up and down", far_up + "etc/passwd"},
      {"up to the house and back in", "../mount/file"},
      {"an absolute path", secret},
      {"an absolute path with two slashes", "/" + secret},
      {"an absolute path of the system", "/etc/passwd"},
      {"the root", "/"},
      {"many slashes", "////"},
      {"the root's here", "/."},
      {"/proc/self/root", "/proc/self/root/etc/passwd"},
      {"/proc/self/mem", "/proc/self/mem"},
      {"/dev/fd/0", "/dev/fd/0"},
      {"an absolute link", "absolute"},
      {"an absolute link with a slash", "absolute/"},
      {"an absolute link to a directory", "absolute-directory"},
      {"an absolute link's inside", "absolute-directory/secret"},
      {"an absolute link's new name", "absolute-directory/new"},
      {"a relative link", "relative"},
      {"a relative link to a directory", "relative-directory"},
      {"a relative link to a directory with a slash", "relative-directory/"},
      {"a relative link's inside", "relative-directory/secret"},
      {"a relative link's new name", "relative-directory/new"},
      {"a link to the parent", "up"},
      {"a link to the parent, and in", "up/outside/secret"},
      {"a link to the parent, twice", "up/mount/up/outside/secret"},
      {"a link to the parent's parent", "directory/up-up"},
      {"a winding link", "winding"},
      {"a chain of links", "chain1"},
      {"the middle of a chain", "directory/chain3"},
      {"a link to itself", "loop"},
      {"two links to one another", "ping"},
      {"inside a loop", "loop/../../outside/secret"},
      {"a dangling link", "dangling"},
      {"a dangling absolute link", "dangling-absolute"},
      {"a link to the root", "slash"},
      {"a link to the root, and in", "slash/etc/passwd"},
      {"a link to /proc/self/root", "proc-root"},
      {"a link to /proc/self/root, and in", "proc-root/etc/passwd"},
      {"a link to /proc/self/cwd", "proc-cwd/"},
      {"a link to /proc/self/fd/0", "proc-fd"},
      {"a link to /proc/self/mem", "proc-mem"},
      {"a link to a device", "device"},
      {"`..` through a link to the parent", "directory/through-up"},
      {"out and in again", "out-and-in"},
      {"here, through a link, and up", "here/../outside/secret"},
      {"here, through many links, and up", "here/here/here/here/../../outside/secret"},
      {"up after a link that goes up", "up/../../etc/passwd"},
      {"a NUL before the rest", std::string("file\0/../../outside/secret", 25)},
      {"a NUL at the end", std::string("../outside/secret\0", 18)},
      {"a NUL at the start", std::string("\0../outside/secret", 18)},
      {"an empty path", ""},
      {"a path longer than any", std::string(5000, 'a') + "/../../outside/secret"},
      {"a name longer than any", std::string(300, 'a')},
      {"a long way to the parent", long_way + "../outside/secret"},
      {"a long way through here", here_long + "../outside/secret"},
      {"no UTF-8", "\xff\xfe/../../outside/secret"},
      {"an overlong slash", "..\xc0\xafoutside\xc0\xafsecret"},
      {"a backslash", "..\\outside\\secret"},
      {"percent-encoded", "%2e%2e/outside/secret"},
      {"three dots", ".../outside/secret"},
      {"a file as a directory", "file/"},
      {"a file's parent", "file/.."},
      {"the mount itself and up", "./.."},
  };
}

}  // namespace twine::test
