// A house to break out of, and the ways: shared by the containment tests and by the subverted enclave.
//
//   ROOT/mount      mount 0, writable
//   ROOT/second     mount 1, writable
//   ROOT/readonly   mount 2, read-only
//   ROOT/outside    nobody's: `secret`, `directory/inner`
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "unit/temporary_directory.h"

namespace twine::test {

inline constexpr const char kSecret[] = "the secret of the host";

class House {
 public:
  explicit House(const std::filesystem::path& root);

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] std::filesystem::path mount() const { return root_ / "mount"; }
  [[nodiscard]] std::filesystem::path second() const { return root_ / "second"; }
  [[nodiscard]] std::filesystem::path read_only() const { return root_ / "readonly"; }
  [[nodiscard]] std::filesystem::path outside() const { return root_ / "outside"; }

  // What lies outside and on the read-only mount, times, links and contents included: unchanged if two pictures are equal.
  [[nodiscard]] std::string picture() const;
  // What lies on the writable mounts, as far as names go: a house whose mounts are unchanged can be used once more.
  [[nodiscard]] std::string rooms() const;
  // Inode numbers of what lies outside, and of the house's root.
  [[nodiscard]] std::vector<uint64_t> foreign_inodes() const;

 private:
  std::filesystem::path root_;
};

// One path, to be tried with every operation that takes one.
struct WayOut {
  std::string name;
  std::string path;
};
std::vector<WayOut> ways_out(const House& house);

}  // namespace twine::test
