// The host's half of the door against an enclave that does not keep to the rules, and what the launch needs
// of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "common/entry.h"
#include "common/hostcall_table.h"
#include "host/services/services.h"
#include "unit/temporary_directory.h"

namespace twine::host {
namespace {

using hostcall::Call;
using ::testing::HasSubstr;
using wasi::Errno;

struct alignas(kArenaAlignment) ArenaBytes {
  std::byte bytes[kArenaSize];
};

class ServicesTest : public ::testing::Test {
 protected:
  ServicesTest() {
    std::filesystem::create_directory(directory_ / "mount");
    directory_.write("secret", "secret");
    directory_.write("mount/file", "contents");
    services_ =
        std::move(Services::create({.manifest = {std::byte{1}, std::byte{2}, std::byte{3}},
                                    .modules = {{std::byte{9}}},
                                    .mounts = {{.host_path = directory_ / "mount", .read_only = false},
                                               {.host_path = directory_ / "mount", .read_only = true}}})
                      .value());
  }

  // The arena's result for a request whose words are `args`.
  int64_t serve(Call call, std::initializer_list<uint64_t> args) {
    ArenaHeader& header = *reinterpret_cast<ArenaHeader*>(arena_->bytes);
    header = {};
    header.call = static_cast<uint64_t>(call);
    std::ranges::copy(args, header.args);
    services_->serve(arena_->bytes);
    return header.result;
  }
  void place(uint64_t offset, std::string_view text) {
    std::memcpy(arena_->bytes + offset, text.data(), text.size());
  }

  static constexpr int64_t failure(Errno error) { return -int64_t{static_cast<uint16_t>(error)}; }
  static constexpr uint64_t kMount = hostcall::kFirstMount;
  static constexpr uint64_t kData = kArenaDataOffset;

  testing::TemporaryDirectory directory_;
  std::unique_ptr<ArenaBytes> arena_ = std::make_unique<ArenaBytes>();
  std::unique_ptr<Services> services_;
};

TEST_F(ServicesTest, ReadsTheLaunchInputInPieces) {
  EXPECT_EQ(serve(Call::input_size, {0}), 3);
  EXPECT_EQ(serve(Call::input_size, {1}), 1);
  EXPECT_EQ(serve(Call::input_size, {2}), failure(Errno::io));
  EXPECT_EQ(serve(Call::input_read, {0, 1, kData, 100}), 2);
  EXPECT_EQ(arena_->bytes[kData], std::byte{2});
  EXPECT_EQ(serve(Call::input_read, {0, 3, kData, 100}), 0);
  EXPECT_EQ(serve(Call::input_read, {0, ~uint64_t{0}, kData, 100}), 0);
}

TEST_F(ServicesTest, KeepsWhatTheEnclaveHandsOver) {
  place(kData, "resu");
  EXPECT_EQ(serve(Call::output_write, {kData, 4}), 4);
  place(kData, "lt");
  EXPECT_EQ(serve(Call::output_write, {kData, 2}), 2);
  const auto output = services_->output();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(output.data()), output.size()), "result");
  EXPECT_EQ(services_->calls_served(), 2U);
}

TEST_F(ServicesTest, RefusesBuffersOutsideTheArena) {
  for (const auto& [offset, size] :
       std::initializer_list<std::pair<uint64_t, uint64_t>>{{0, 8},                    // the header
                                                            {kData - 8, 16},           // across its end
                                                            {kArenaDataEnd, 1},        // just past the data
                                                            {kArenaDataEnd + 8, 0},    // beyond it
                                                            {kArenaWindowOffset, 8},   // in the window
                                                            {kArenaDataEnd - 8, 9},    // one byte too long
                                                            {kData, kArenaSize},       // too long
                                                            {kData, ~uint64_t{0}},     // a sum that wraps
                                                            {~uint64_t{0} - 7, 16},    // likewise
                                                            {kData + 1, 8},            // not aligned
                                                            {0x7fff'0000'0000, 8}}) {  // an address
    EXPECT_EQ(serve(Call::output_write, {offset, size}), failure(Errno::io)) << offset << " " << size;
  }
  EXPECT_TRUE(services_->output().empty());
}

TEST_F(ServicesTest, RefusesCallsAndValuesThatDoNotExist) {
  EXPECT_LT(serve(std::bit_cast<Call>(uint64_t{0}), {}), 0);
  EXPECT_LT(serve(std::bit_cast<Call>(uint64_t{15}), {}), 0);
  EXPECT_LT(serve(std::bit_cast<Call>(~uint64_t{0}), {}), 0);
  EXPECT_LT(serve(Call::clock_time, {uint64_t{1} << 32}), 0) << "a number beyond its type";
  EXPECT_LT(serve(Call::clock_time, {4}), 0);
  EXPECT_LT(serve(Call::file_close, {uint64_t{1} << 32 | kMount}), 0) << "a handle beyond its type";
  EXPECT_EQ(serve(Call::file_read, {99, 0, kData, 8}), failure(Errno::badf));
}

TEST_F(ServicesTest, AnswersOnlyErrnosOfTheTable) {
  // There is no page service here; `io` stands for whatever an honest host cannot say.
  EXPECT_EQ(serve(Call::pages_open, {0, 4096, 3}), failure(Errno::io));
  EXPECT_EQ(serve(Call::file_advise, {kMount, 0, 0, 0}), failure(Errno::badf));
}

TEST_F(ServicesTest, NeverClosesWhatStandsOpenAtLaunch) {
  for (const uint64_t handle : {uint64_t{0}, uint64_t{1}, uint64_t{2}, kMount, kMount + 1}) {
    EXPECT_EQ(serve(Call::file_close, {handle}), failure(Errno::badf)) << handle;
  }
}

TEST_F(ServicesTest, KeepsToTheMountEvenIfTheEnclaveDoesNot) {
  // These paths never come from an honest enclave, which refuses them itself.
  for (const std::string path :
       {"../secret", "/etc/passwd", "..", "/", "../../../../../../etc/passwd", "//"}) {
    place(kData, path);
    EXPECT_EQ(serve(Call::file_open, {kMount, kData, path.size(), 0, 0, 5, kData + 4096, 64}),
              failure(Errno::perm))
        << path;
    EXPECT_EQ(serve(Call::file_stat, {kMount, kData, path.size(), 1, kData + 4096, 64}), failure(Errno::perm))
        << path;
    EXPECT_LT(serve(Call::file_unlink, {kMount, kData, path.size()}), 0) << path;
    EXPECT_LT(serve(Call::directory_remove, {kMount, kData, path.size()}), 0) << path;
    EXPECT_LT(serve(Call::directory_create, {kMount, kData, path.size()}), 0) << path;
    EXPECT_LT(serve(Call::symlink_read, {kMount, kData, path.size(), kData + 4096, 100}), 0) << path;
    EXPECT_LT(serve(Call::file_set_times, {kMount, kData, path.size(), 1, 0, 0, 5}), 0) << path;
  }
  const std::string with_nul("file\0x", 6);
  place(kData, with_nul);
  EXPECT_LT(serve(Call::file_unlink, {kMount, kData, with_nul.size()}), 0);
  EXPECT_EQ(directory_.read("secret"), "secret");
  EXPECT_EQ(directory_.read("mount/file"), "contents");
}

TEST_F(ServicesTest, KeepsAReadOnlyMountReadOnlyEvenIfTheEnclaveDoesNot) {
  constexpr uint64_t kReadOnlyMount = kMount + 1;
  place(kData, "file");
  EXPECT_EQ(serve(Call::file_open, {kReadOnlyMount, kData, 4, 0, 0, hostcall::kOpenWrite, kData + 4096, 64}),
            failure(Errno::rofs));
  EXPECT_EQ(serve(Call::file_open, {kReadOnlyMount, kData, 4, wasi::oflags::trunc, 0, 1, kData + 4096, 64}),
            failure(Errno::rofs));
  EXPECT_EQ(serve(Call::file_unlink, {kReadOnlyMount, kData, 4}), failure(Errno::rofs));
  EXPECT_EQ(serve(Call::file_set_times, {kReadOnlyMount, kData, 4, 1, 0, 0, 5}), failure(Errno::rofs));
  const int64_t handle =
      serve(Call::file_open, {kReadOnlyMount, kData, 4, 0, 0, hostcall::kOpenRead, kData + 4096, 64});
  ASSERT_GE(handle, 0);
  EXPECT_LT(serve(Call::file_write, {static_cast<uint64_t>(handle), 0, kData, 4}), 0);
  EXPECT_EQ(serve(Call::file_set_size, {static_cast<uint64_t>(handle), 0}), failure(Errno::rofs));
  EXPECT_EQ(directory_.read("mount/file"), "contents");
}

TEST(Services, SaysWhichDirectoryCannotBeMountedAndWhy) {
  const testing::TemporaryDirectory directory;
  directory.write("file", "");
  const auto absent = Services::create({.mounts = {{.host_path = directory / "absent", .read_only = false}}});
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  EXPECT_THAT(absent.error().message, HasSubstr("absent: no such directory"));
  const auto file = Services::create({.mounts = {{.host_path = directory / "file", .read_only = false}}});
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().message, HasSubstr("file: not a directory"));
}

// ---------------------------------------------------------------- file_show

class FileShow : public ServicesTest {
 protected:
  FileShow() {
    std::string contents(3 * kArenaAlignment + 100, '\0');
    for (size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<char>('a' + i / kArenaAlignment);
    directory_.write("mount/file", contents);
    void* const memory =
        ::mmap(nullptr, kArenaSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    arena_ = {static_cast<std::byte*>(memory), kArenaSize};
    services_->show_files_in(arena_);
  }
  ~FileShow() override { ::munmap(arena_.data(), arena_.size()); }

  int64_t serve(Call call, std::initializer_list<uint64_t> args) {
    ArenaHeader& header = *reinterpret_cast<ArenaHeader*>(arena_.data());
    header = {};
    header.call = static_cast<uint64_t>(call);
    std::ranges::copy(args, header.args);
    services_->serve(arena_);
    return header.result;
  }
  uint64_t open(std::string_view name, uint32_t access = hostcall::kOpenRead) {
    std::memcpy(arena_.data() + kData, name.data(), name.size());
    const int64_t handle =
        serve(Call::file_open, {kMount, kData, name.size(), 0, 0, access, kData + 4096, 64});
    EXPECT_GE(handle, 0) << name;
    return static_cast<uint64_t>(handle);
  }
  char at(uint64_t offset) { return static_cast<char>(arena_[kArenaWindowOffset + offset]); }
  bool process_maps(std::string_view name) {
    std::ifstream maps("/proc/self/maps");
    return std::any_of(std::istream_iterator<std::string>(maps), {},
                       [&](const std::string& word) { return word == (directory_ / name).string(); });
  }

  std::span<std::byte> arena_;
};

TEST_F(FileShow, ShowsTheFilesOwnPages) {
  const uint64_t file = open("file");
  EXPECT_EQ(serve(Call::file_show, {file, 0, kArenaWindowSize}), 3 * kArenaAlignment + 100);
  EXPECT_EQ(at(0), 'a');
  EXPECT_EQ(at(kArenaAlignment), 'b');
  EXPECT_EQ(at(3 * kArenaAlignment + 99), 'd');
  EXPECT_EQ(serve(Call::file_show, {file, 2 * kArenaAlignment, 10}), 10);
  EXPECT_EQ(at(0), 'c');
  // What another process writes is seen.
  std::fstream(directory_ / "mount/file").seekp(2 * kArenaAlignment).put('!');
  EXPECT_EQ(at(0), '!');
}

TEST_F(FileShow, EndsWhereTheFileEnds) {
  const uint64_t file = open("file");
  EXPECT_EQ(serve(Call::file_show, {file, 3 * kArenaAlignment, kArenaWindowSize}), 100);
  EXPECT_EQ(serve(Call::file_show, {file, 4 * kArenaAlignment, kArenaWindowSize}), 0);
  EXPECT_EQ(serve(Call::file_show, {file, uint64_t{1} << 62, 1}), 0);
  directory_.write("mount/empty", "");
  EXPECT_EQ(serve(Call::file_show, {open("empty"), 0, 1}), 0);
  EXPECT_EQ(serve(Call::file_show, {file, 0, 0}), failure(Errno::notsup)) << "of nothing there is no mapping";
}

TEST_F(FileShow, RefusesWhatCannotBeShown) {
  const uint64_t file = open("file");
  EXPECT_EQ(serve(Call::file_show, {file, 1, 1}), failure(Errno::inval));
  EXPECT_EQ(serve(Call::file_show, {file, uint64_t{1} << 63, 1}), failure(Errno::inval));
  EXPECT_EQ(serve(Call::file_show, {file, 0, kArenaWindowSize + 1}), failure(Errno::inval));
  EXPECT_EQ(serve(Call::file_show, {99, 0, 1}), failure(Errno::badf));
  EXPECT_EQ(serve(Call::file_show, {kMount, 0, 1}), failure(Errno::notsup)) << "a directory";
  EXPECT_EQ(serve(Call::file_show, {open("file", hostcall::kOpenWrite), 0, 1}), failure(Errno::notsup))
      << "a file that may not be read";
  ASSERT_EQ(::mkfifo((directory_ / "mount/pipe").c_str(), 0600), 0);
  EXPECT_EQ(serve(Call::file_show, {open("pipe", hostcall::kOpenRead | hostcall::kOpenWrite), 0, 1}),
            failure(Errno::notsup));
  std::filesystem::resize_file(directory_ / "mount/file", 100 * kArenaAlignment);
  EXPECT_EQ(serve(Call::file_show, {file, 0, 1}), failure(Errno::notsup)) << "a file with holes";
  // Where there is no window nothing is touched.
  const auto without =
      Services::create({.mounts = {{.host_path = directory_ / "mount", .read_only = false}}}).value();
  services_->show_files_in(arena_);
  ArenaHeader& header = *reinterpret_cast<ArenaHeader*>(arena_.data());
  header = {};
  header.call = static_cast<uint64_t>(Call::file_show);
  std::ranges::copy(std::initializer_list<uint64_t>{0, 0, 1}, header.args);
  without->serve(arena_);
  EXPECT_EQ(header.result, failure(Errno::notsup));
}

TEST_F(FileShow, LeavesTheWindowWritableMemoryWhenItCannot) {
  const uint64_t readable = open("file");
  ASSERT_GT(serve(Call::file_show, {readable, 0, 100}), 0);
  ASSERT_EQ(serve(Call::file_show, {open("file", hostcall::kOpenWrite), 0, 100}), failure(Errno::notsup));
  EXPECT_EQ(at(0), '\0') << "the other file's bytes are gone";
  arena_[kArenaWindowOffset] = std::byte{1};
}

TEST_F(FileShow, HoldsNoFileThatWasClosed) {
  const uint64_t file = open("file");
  const uint64_t other = open("file");
  ASSERT_GT(serve(Call::file_show, {file, 0, 100}), 0);
  EXPECT_TRUE(process_maps("mount/file"));
  EXPECT_EQ(serve(Call::file_close, {other}), 0);
  EXPECT_TRUE(process_maps("mount/file")) << "another descriptor's end is not this one's";
  EXPECT_EQ(serve(Call::file_close, {file}), 0);
  EXPECT_FALSE(process_maps("mount/file"));
  arena_[kArenaWindowOffset] = std::byte{1};
}

TEST_F(FileShow, ShowsOneFileAtATimeToItsLastPage) {
  directory_.write("mount/other", std::string(kArenaAlignment, 'o'));
  ASSERT_GT(serve(Call::file_show, {open("file"), 0, kArenaWindowSize}), 0);
  ASSERT_EQ(serve(Call::file_show, {open("other"), 0, kArenaWindowSize}), kArenaAlignment);
  EXPECT_EQ(at(0), 'o');
  EXPECT_EQ(at(kArenaAlignment), '\0');
  EXPECT_FALSE(process_maps("mount/file"));
}

}  // namespace
}  // namespace twine::host
