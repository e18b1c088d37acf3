// Ways out of a mount: every path of ways_out.cc with every operation that takes a path, by a guest through WASI and by a subverted enclave
// that speaks to the host directly; races with a second process; descriptors, rights, read-only mounts. What is outside must be as before, and
// none of it may reach the guest. (The subverted enclave in a confined process, watched by strace: scripts/containment.sh.)
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>

#include "subverted_calls.h"
#include "unit/wasi_program.h"
#include "ways_out.h"

namespace twine::test {
namespace {

namespace fs = std::filesystem;
using testing::WasiProgram;
using wasi::Errno;

constexpr uint32_t kMount = 3;
constexpr uint32_t kSecond = 4;
constexpr uint32_t kReadOnly = 5;
constexpr uint32_t kSearched = 1 << 18;  // of the guest's memory: what WasiProgram uses of it

class Guest {
 public:
  explicit Guest(const House& house)
      : program_({.mounts = {{.host_path = house.mount(), .read_only = false},
                             {.host_path = house.second(), .read_only = false},
                             {.host_path = house.read_only(), .read_only = true}}},
                 {.arguments = {},
                  .environment = {},
                  .mounts = {{.guest_path = "/mount", .read_only = false},
                             {.guest_path = "/second", .read_only = false},
                             {.guest_path = "/readonly", .read_only = true}}}) {}
  WasiProgram& operator*() { return program_; }
  WasiProgram* operator->() { return &program_; }
  bool knows(std::string_view text) { return program_.text(0, kSearched).find(text) != std::string::npos; }

 private:
  WasiProgram program_;
};

struct Operation {
  const char* name;
  void (*run)(WasiProgram& p, const std::string& path);
};

void read_all(WasiProgram& p, wasi::IoResult<uint32_t> fd) {
  if (fd) static_cast<void>(p.read(*fd, 4096));
}

// What can be done with a directory once it is open.
void look_around(WasiProgram& p, uint32_t fd) {
  p.call("fd_readdir", {fd, WasiProgram::kData, 4096, 0, WasiProgram::kResult});
  read_all(p, p.open(fd, "secret"));
  read_all(p, p.open(fd, "outside/secret"));
  read_all(p, p.open(fd, "etc/passwd"));
  read_all(p, p.open(fd, "../outside/secret"));
  p.on_path("path_create_directory", fd, "new");
  p.on_path("path_unlink_file", fd, "secret");
}

constexpr Operation kOperations[] = {
    {"open", [](WasiProgram& p, const std::string& path) { read_all(p, p.open(kMount, path)); }},
    {"open to write",
     [](WasiProgram& p, const std::string& path) {
       if (const auto fd = p.open(kMount, path, 0, wasi::rights::fd_write))
         static_cast<void>(p.write(*fd, "overwritten"));
     }},
    {"create",
     [](WasiProgram& p, const std::string& path) {
       if (const auto fd = p.open(kMount, path, wasi::oflags::creat))
         static_cast<void>(p.write(*fd, "created"));
     }},
    {"create exclusively",
     [](WasiProgram& p, const std::string& path) {
       static_cast<void>(p.open(kMount, path, wasi::oflags::creat | wasi::oflags::excl));
     }},
    {"truncate",
     [](WasiProgram& p, const std::string& path) {
       static_cast<void>(p.open(kMount, path, wasi::oflags::trunc));
     }},
    {"open without following",
     [](WasiProgram& p, const std::string& path) {
       read_all(p, p.open(kMount, path, 0, wasi::rights::all, 0, 0));
     }},
    {"open as a directory",
     [](WasiProgram& p, const std::string& path) {
       if (const auto fd = p.open(kMount, path, wasi::oflags::directory)) look_around(p, *fd);
     }},
    {"open as a directory, from another directory",
     [](WasiProgram& p, const std::string& path) {
       const auto inner = p.open(kMount, "directory", wasi::oflags::directory);
       if (!inner) return;
       read_all(p, p.open(*inner, path));
       read_all(p, p.open(*inner, "../" + path));
       if (const auto fd = p.open(*inner, path, wasi::oflags::directory)) look_around(p, *fd);
     }},
    {"stat", [](WasiProgram& p, const std::string& path) { static_cast<void>(p.stat(kMount, path, true)); }},
    {"stat without following",
     [](WasiProgram& p, const std::string& path) { static_cast<void>(p.stat(kMount, path, false)); }},
    {"set times",
     [](WasiProgram& p, const std::string& path) {
       p.store_text(WasiProgram::kPath, path);
       p.call("path_filestat_set_times", {kMount, 1, WasiProgram::kPath, path.size(), 1, 1, 5});
       p.call("path_filestat_set_times", {kMount, 0, WasiProgram::kPath, path.size(), 1, 1, 5});
     }},
    {"make a directory",
     [](WasiProgram& p, const std::string& path) { p.on_path("path_create_directory", kMount, path); }},
    {"remove a directory",
     [](WasiProgram& p, const std::string& path) { p.on_path("path_remove_directory", kMount, path); }},
    {"unlink", [](WasiProgram& p, const std::string& path) { p.on_path("path_unlink_file", kMount, path); }},
    {"rename from there",
     [](WasiProgram& p, const std::string& path) {
       if (p.on_two_paths("path_rename", kMount, path, kMount, "taken") == Errno::success)
         read_all(p, p.open(kMount, "taken"));
     }},
    {"rename to there",
     [](WasiProgram& p, const std::string& path) {
       p.on_two_paths("path_rename", kMount, "file", kMount, path);
     }},
    {"rename to there from another mount",
     [](WasiProgram& p, const std::string& path) {
       p.on_two_paths("path_rename", kSecond, "file", kMount, path);
     }},
    {"link from there",
     [](WasiProgram& p, const std::string& path) {
       p.on_two_paths("path_link", kMount, path, kMount, "taken");
       read_all(p, p.open(kMount, "taken"));
     }},
    {"link from there to another mount",
     [](WasiProgram& p, const std::string& path) {
       p.on_two_paths("path_link", kMount, path, kSecond, "taken");
       read_all(p, p.open(kSecond, "taken"));
     }},
    {"link to there",
     [](WasiProgram& p, const std::string& path) {
       p.on_two_paths("path_link", kMount, "file", kMount, path);
     }},
    {"make a link there", [](WasiProgram& p, const std::string& path) { p.symlink("file", kMount, path); }},
    {"make a link that leads there",
     [](WasiProgram& p, const std::string& path) {
       if (p.symlink(path, kMount, "made") != Errno::success) return;
       read_all(p, p.open(kMount, "made"));
       read_all(p, p.open(kMount, "made/secret"));
       if (const auto fd = p.open(kMount, "made", wasi::oflags::directory)) look_around(p, *fd);
       if (const auto fd = p.open(kMount, "made", wasi::oflags::creat))
         static_cast<void>(p.write(*fd, "created"));
     }},
    {"read the link",
     [](WasiProgram& p, const std::string& path) {
       p.store_text(WasiProgram::kPath, path);
       p.call("path_readlink",
              {kMount, WasiProgram::kPath, path.size(), WasiProgram::kData, 4096, WasiProgram::kResult});
     }},
};

class Containment : public ::testing::TestWithParam<Operation> {};

std::string identifier(std::string_view name) {
  std::string text;
  for (const char c : name) text += isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return text;
}

INSTANTIATE_TEST_SUITE_P(Adversarial, Containment, ::testing::ValuesIn(kOperations),
                         [](const auto& info) { return identifier(info.param.name); });

// Houses to break out of, a new one whenever the last was changed inside.
class Houses {
 public:
  const House& next() {
    if (house_ == nullptr || house_->rooms() != rooms_) {
      if (house_ != nullptr) fs::remove_all(house_->root());
      house_ = std::make_unique<House>(root_ / std::to_string(number_++));
      rooms_ = house_->rooms();
      before_ = house_->picture();
    }
    return *house_;
  }
  [[nodiscard]] bool outside_is_unchanged() const { return house_->picture() == before_; }

 private:
  const testing::TemporaryDirectory root_;
  std::unique_ptr<House> house_;
  std::string rooms_;
  std::string before_;
  size_t number_ = 0;
};

TEST_P(Containment, NoPathLeadsAGuestOut) {
  Houses houses;
  size_t number = 0;
  for (size_t count = ways_out(houses.next()).size(); number < count; ++number) {
    const House& house = houses.next();
    const WayOut way = ways_out(house)[number];
    const std::vector<uint64_t> foreign = house.foreign_inodes();
    Guest guest(house);
    GetParam().run(*guest, way.path);
    EXPECT_TRUE(houses.outside_is_unchanged()) << GetParam().name << " by " << way.name;
    EXPECT_FALSE(guest.knows(kSecret)) << GetParam().name << " by " << way.name;
    EXPECT_FALSE(guest.knows("root:x:0:0")) << GetParam().name << " by " << way.name;
    if (std::string_view(GetParam().name).starts_with("stat")) {
      const auto stat = guest->stat(kMount, way.path, GetParam().name == std::string_view("stat"));
      EXPECT_TRUE(!stat || std::ranges::find(foreign, stat->ino) == foreign.end())
          << GetParam().name << " by " << way.name;
    }
  }
  EXPECT_GE(number, 60U);
}

class ContainmentOfASubvertedEnclave : public ::testing::TestWithParam<size_t> {};

INSTANTIATE_TEST_SUITE_P(Adversarial, ContainmentOfASubvertedEnclave,
                         ::testing::Range(size_t{0}, kSubvertedOperations),
                         [](const auto& info) { return identifier(SubvertedEnclave::name(info.param)); });

TEST_P(ContainmentOfASubvertedEnclave, NoHostCallLeadsOut) {
  Houses houses;
  const size_t count = ways_out(houses.next()).size();
  for (size_t number = 0; number < count; ++number) {
    const House& house = houses.next();
    const WayOut way = ways_out(house)[number];
    SubvertedEnclave enclave(house);
    enclave.attempt(GetParam(), way.path);
    EXPECT_TRUE(houses.outside_is_unchanged()) << enclave.name(GetParam()) << " by " << way.name;
    EXPECT_EQ(enclave.loot().find(kSecret), std::string::npos)
        << enclave.name(GetParam()) << " by " << way.name;
    EXPECT_EQ(enclave.loot().find("root:x:0:0"), std::string::npos)
        << enclave.name(GetParam()) << " by " << way.name;
  }
}

// The oracles themselves: with the mount one floor higher, the same ways find the secret and change what is outside.
TEST(ContainmentsOracle, SeesASecretThatIsReadAndAFileThatIsMade) {
  const testing::TemporaryDirectory root;
  const House house(root.path());
  const std::string before = house.picture();
  WasiProgram program(
      {.mounts = {{.host_path = house.root(), .read_only = false}}},
      {.arguments = {}, .environment = {}, .mounts = {{.guest_path = "/", .read_only = false}}});
  read_all(program, program.open(kMount, "mount/../outside/secret"));
  EXPECT_NE(program.text(0, kSearched).find(kSecret), std::string::npos);
  EXPECT_EQ(program.on_path("path_create_directory", kMount, "mount/relative-directory/new"), Errno::success);
  EXPECT_NE(house.picture(), before);
}

// ---------------------------------------------------------------- races

// A second process that exchanges two names as fast as it can, until the end of its scope.
class Exchanger {
 public:
  Exchanger(const fs::path& a, const fs::path& b) : child_(fork()) {
    if (child_ != 0) return;
    for (;;) syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  }
  ~Exchanger() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Exchanger(const Exchanger&) = delete;
  Exchanger& operator=(const Exchanger&) = delete;

 private:
  pid_t child_;
};

template <typename Body>
void for_a_while(Body&& body) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  while (std::chrono::steady_clock::now() < end) body();
}

TEST(ContainmentInARace, ADirectoryThatBecomesALinkOutside) {
  const testing::TemporaryDirectory root;
  const House house(root.path());
  fs::create_directory(house.mount() / "flip");
  std::ofstream(house.mount() / "flip" / "secret") << "harmless";
  fs::create_symlink("../outside", house.mount() / "flop");
  const std::string before = house.picture();
  Guest guest(house);
  uint64_t opened = 0;
  uint64_t refused = 0;
  {
    const Exchanger exchanger(house.mount() / "flip", house.mount() / "flop");
    for_a_while([&] {
      const auto fd = guest->open(kMount, "flip/secret", 0, wasi::rights::fd_read);
      ++(fd ? opened : refused);
      read_all(*guest, fd);
      static_cast<void>(guest->stat(kMount, "flip/secret"));
      guest->on_path("path_create_directory", kMount, "flip/new");
      guest->on_path("path_remove_directory", kMount, "flip/new");
      guest->on_path("path_unlink_file", kMount, "flip/missing");
      guest->on_two_paths("path_rename", kMount, "file", kMount, "flip/file");
      guest->on_two_paths("path_rename", kMount, "flip/file", kMount, "file");
      guest->on_two_paths("path_link", kMount, "flip/secret", kMount, "taken");
      guest->on_path("path_unlink_file", kMount, "taken");
      guest->symlink("x", kMount, "flip/link");
      guest->on_path("path_unlink_file", kMount, "flip/link");
      if (const auto directory = guest->open(kMount, "flip", wasi::oflags::directory)) {
        read_all(*guest, guest->open(*directory, "secret"));
        guest->call("fd_close", {*directory});
      }
      if (fd) guest->call("fd_close", {*fd});
    });
  }
  EXPECT_EQ(house.picture(), before);
  EXPECT_FALSE(guest.knows(kSecret));
  EXPECT_GT(opened, 0U) << "the guest never saw the directory: nothing raced";
  EXPECT_GT(refused, 0U) << "the guest never saw the link: nothing raced";
}

TEST(ContainmentInARace, AFileThatBecomesALinkToASecret) {
  const testing::TemporaryDirectory root;
  const House house(root.path());
  std::ofstream(house.mount() / "flip") << "harmless";
  fs::create_symlink(house.outside() / "secret", house.mount() / "flop");
  const std::string before = house.picture();
  Guest guest(house);
  uint64_t opened = 0;
  {
    const Exchanger exchanger(house.mount() / "flip", house.mount() / "flop");
    for_a_while([&] {
      for (const uint32_t follow : {0U, 1U}) {
        const auto fd = guest->open(kMount, "flip", 0, wasi::rights::all, 0, follow);
        if (!fd) continue;
        ++opened;
        read_all(*guest, fd);
        static_cast<void>(guest->write(*fd, "overwritten"));
        guest->call("fd_filestat_set_times", {*fd, 1, 1, 5});
        guest->call("fd_close", {*fd});
      }
      guest->store_text(WasiProgram::kPath, "flip");
      guest->call("path_filestat_set_times", {kMount, 1, WasiProgram::kPath, 4, 1, 1, 5});
      guest->call("path_filestat_set_times", {kMount, 0, WasiProgram::kPath, 4, 1, 1, 5});
    });
  }
  EXPECT_EQ(house.picture(), before);
  EXPECT_FALSE(guest.knows(kSecret));
  EXPECT_GT(opened, 0U);
}

// A directory that is moved out of the mount while it is walked: its `..` is then outside.
TEST(ContainmentInARace, ADirectoryThatIsMovedOutsideWhileItIsWalked) {
  const testing::TemporaryDirectory root;
  const House house(root.path());
  fs::create_directory(house.outside() / "moved");
  Guest guest(house);
  uint64_t opened = 0;
  {
    const Exchanger exchanger(house.mount() / "directory" / "deep", house.outside() / "moved");
    for_a_while([&] {
      const auto fd =
          guest->open(kMount, "directory/deep/../deep/../deep/../../file", 0, wasi::rights::fd_read);
      if (fd) ++opened;
      read_all(*guest, fd);
      if (fd) guest->call("fd_close", {*fd});
      for (const char* way : {"directory/deep/../secret", "directory/deep/../deep/../secret",
                              "directory/deep/../directory/inner"}) {
        const auto secret = guest->open(kMount, way, 0, wasi::rights::fd_read);
        read_all(*guest, secret);
        if (secret) guest->call("fd_close", {*secret});
      }
    });
  }
  EXPECT_FALSE(guest.knows(kSecret));
  EXPECT_GT(opened, 0U);
}

// ---------------------------------------------------------------- descriptors, rights, read-only mounts

TEST(ContainmentByDescriptors, ARenumberedMountIsTheMountItWas) {
  const testing::TemporaryDirectory root;
  const House house(root.path());
  const std::string before = house.picture();
  Guest guest(house);
  ASSERT_EQ(guest->call("fd_renumber", {kReadOnly, kMount}), Errno::success);
  EXPECT_EQ(guest->on_path("path_create_directory", kMount, "new"), Errno::rofs);
  EXPECT_EQ(guest->open(kMount, "file", wasi::oflags::trunc), std::unexpected(Errno::rofs));
  EXPECT_EQ(guest->on_path("path_create_directory", kReadOnly, "new"), Errno::badf);
  EXPECT_EQ(guest->on_two_paths("path_rename", kMount, "file", kSecond, "taken"), Errno::rofs);
  EXPECT_EQ(house.picture(), before);
  EXPECT_TRUE(fs::exists(house.mount() / "file"));
}

TEST(ContainmentByDescriptors, NoRightIsGainedOnTheWayDown) {
  const testing::TemporaryDirectory root;
  const House house(root.path());
  Guest guest(house);
  const wasi::Rights few = wasi::rights::path_open | wasi::rights::fd_read | wasi::rights::fd_readdir;
  guest->store_text(WasiProgram::kPath, "directory");
  ASSERT_EQ(guest->call("path_open", {kMount, 1, WasiProgram::kPath, 9, wasi::oflags::directory, few, few, 0,
                                      WasiProgram::kResult}),
            Errno::success);
  const uint32_t directory = guest->result();
  EXPECT_NE(guest->on_path("path_create_directory", directory, "new"), Errno::success);
  EXPECT_NE(guest->call("fd_fdstat_set_rights", {directory, wasi::rights::all, wasi::rights::all}),
            Errno::success);
  const auto file = guest->open(directory, "deep/file");
  if (file) EXPECT_FALSE(guest->write(*file, "overwritten").has_value());
  EXPECT_FALSE(guest->open(directory, "deep/file", wasi::oflags::trunc).has_value());
  EXPECT_FALSE(guest->open(directory, "deep/made", wasi::oflags::creat).has_value());
  EXPECT_FALSE(fs::exists(house.mount() / "directory" / "new"));
  EXPECT_FALSE(fs::exists(house.mount() / "directory" / "deep" / "made"));
}

TEST(ContainmentByDescriptors, AReadOnlyMountIsNotChangedByAnyCall) {
  const testing::TemporaryDirectory root;
  const House house(root.path());
  const std::string before = house.picture();
  Guest guest(house);
  for (const char* name : {"file", "link", "empty", "new", "empty/new", "./file", "empty/../file"}) {
    for (const wasi::Oflags oflags : {wasi::oflags::creat, wasi::oflags::trunc,
                                      static_cast<wasi::Oflags>(wasi::oflags::creat | wasi::oflags::excl)}) {
      if (const auto fd = guest->open(kReadOnly, name, oflags))
        static_cast<void>(guest->write(*fd, "overwritten"));
    }
    if (const auto fd = guest->open(kReadOnly, name)) {
      static_cast<void>(guest->write(*fd, "overwritten"));
      guest->call("fd_filestat_set_size", {*fd, 1});
      guest->call("fd_allocate", {*fd, 0, 1000});
      guest->call("fd_filestat_set_times", {*fd, 1, 1, 5});
    }
    guest->on_path("path_create_directory", kReadOnly, name);
    guest->on_path("path_remove_directory", kReadOnly, name);
    guest->on_path("path_unlink_file", kReadOnly, name);
    guest->symlink("file", kReadOnly, name);
    guest->on_two_paths("path_rename", kReadOnly, name, kReadOnly, "renamed");
    guest->on_two_paths("path_rename", kReadOnly, name, kMount, "renamed");
    guest->on_two_paths("path_rename", kMount, "file", kReadOnly, name);
    guest->on_two_paths("path_link", kReadOnly, name, kMount, "linked");
    guest->on_two_paths("path_link", kMount, "file", kReadOnly, name);
    guest->store_text(WasiProgram::kPath, name);
    guest->call("path_filestat_set_times", {kReadOnly, 1, WasiProgram::kPath, strlen(name), 1, 1, 5});
    EXPECT_EQ(house.picture(), before) << name;
  }
  EXPECT_FALSE(fs::exists(house.mount() / "linked"));
}

}  // namespace
}  // namespace twine::test
