// The host's half of the door against an enclave that does not keep to the rules, and what the launch needs
// of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
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
                                                            {kArenaSize, 1},           // just past the arena
                                                            {kArenaSize + 8, 0},       // beyond it
                                                            {kArenaSize - 8, 9},       // one byte too long
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
  EXPECT_LT(serve(static_cast<Call>(0), {}), 0);
  EXPECT_LT(serve(static_cast<Call>(15), {}), 0);
  EXPECT_LT(serve(static_cast<Call>(~uint64_t{0}), {}), 0);
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

}  // namespace
}  // namespace twine::host
