// A file that is shown to the enclave (file_show) and changes under its hands: the real image on the software SGX, where a page that
// vanishes is an asynchronous exit in the middle of a copy.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "attacked_launch.h"
#include "common/entry.h"
#include "unit/temporary_directory.h"

namespace twine::test {
namespace {

using hostcall::Call;

constexpr size_t kPage = 4096;
constexpr size_t kMiB = 1 << 20;

class FileWindow : public ::testing::Test {
 protected:
  FileWindow() { make_file(); }

  void make_file() const {
    std::string contents(24 * kMiB, '\0');
    for (size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<char>(i / kPage + 1);
    directory_.write("file", contents);
  }

  Ending run() {
    launch_.answer = [this](host::Services& services, std::span<std::byte> arena) {
      services.show_files_in(arena);
      services.serve(arena);
      const ArenaHeader& header = *reinterpret_cast<const ArenaHeader*>(arena.data());
      if (header.call != static_cast<uint64_t>(Call::file_show)) return;
      shown_ += header.result > 0 ? 1 : 0;
      if (after_show_) after_show_();
    };
    AttackOptions options;
    options.directory = directory_.path();
    return launch_.run(options);
  }
  void cut(size_t size) const { std::filesystem::resize_file(directory_ / "file", size); }

  testing::TemporaryDirectory directory_;
  AttackedLaunch launch_;
  std::function<void()> after_show_;
  int shown_ = 0;
};

void expect_output(const Ending& ending, std::string_view output) {
  ASSERT_TRUE(ending.result) << ending.result.error().message;
  EXPECT_EQ(ending.result->exit_code, 0U);
  EXPECT_EQ(ending.output, output);
}

TEST_F(FileWindow, IsReadWithoutOneReadOfTheHosts) {
  expect_output(run(), "25165824 bytes, 0 wrong\n");
  EXPECT_EQ(shown_, 6) << "1, 1, 2, 4, 8 and 8 MiB";
}

// The reply is true when it is given; then the file becomes shorter, before the enclave has copied a byte. Where it ends the program finds its
// end, wherever that is in a page and in what was shown.
TEST_F(FileWindow, OfAFileThatIsCutAfterTheReplyEndsWhereTheFileDoes) {
  for (const size_t size : {size_t{0}, kPage, 4 * kMiB + 5 * kPage, 9 * kMiB, 16 * kMiB + kPage / 2}) {
    make_file();
    after_show_ = [&] {
      if (std::filesystem::file_size(directory_ / "file") > size) cut(size);
    };
    expect_output(run(), std::to_string(size) + " bytes, 0 wrong\n");
  }
}

}  // namespace
}  // namespace twine::test
