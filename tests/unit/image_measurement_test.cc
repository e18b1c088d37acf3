// MRENCLAVE against tests/tools/mrenclave.py, which was written from the SDM alone.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/sgx/arch.h"
#include "host/image/enclave_image.h"
#include "host/image/hex.h"
#include "unit/image_builder.h"

namespace twine::image {
namespace {

// The script's answers, one a line.
std::vector<std::string> ask_script(const std::string& steps) {
  char path[] = "/tmp/twine-mrenclave-XXXXXX";
  const int descriptor = mkstemp(path);
  FILE* const file = fdopen(descriptor, "w");
  std::fwrite(steps.data(), 1, steps.size(), file);
  std::fclose(file);
  FILE* const pipe = popen((std::string("python3 " TWINE_MRENCLAVE_SCRIPT " < ") + path).c_str(), "r");
  std::vector<std::string> answers;
  std::array<char, 128> line{};
  while (std::fgets(line.data(), line.size(), pipe) != nullptr) {
    answers.emplace_back(line.data());
    answers.back().pop_back();
  }
  EXPECT_EQ(pclose(pipe), 0);
  std::remove(path);
  return answers;
}

void describe_page(std::ostream& steps, uint64_t offset, uint64_t flags, std::span<const uint8_t> contents) {
  steps << "add " << offset << ' ' << flags << '\n';
  for (uint64_t at = 0; at < kPageSize; at += 256) {
    steps << "extend " << offset + at << ' ' << to_hex(contents.subspan(at, 256)) << '\n';
  }
}

TEST(Measurement, AgreesWithTheSdmsTextOnRandomLayouts) {
  std::mt19937_64 random(20231);
  std::ostringstream steps;
  std::vector<std::string> measured;
  for (int enclave = 0; enclave < 25; ++enclave) {
    const uint32_t ssa_pages = 1 + random() % 4;
    const uint64_t size = uint64_t{1} << (13 + random() % 30);
    Measurement measurement(ssa_pages, size);
    steps << "create " << ssa_pages << ' ' << size << '\n';
    const uint64_t pages = random() % 12;
    for (uint64_t i = 0; i < pages; ++i) {
      const uint64_t offset = random() % size / kPageSize * kPageSize;
      const uint64_t flags = random() % 8 == 0 ? sgx::secinfo_page_type(sgx::PageType::tcs)
                                               : sgx::secinfo_page_type(sgx::PageType::reg) | (random() % 8);
      std::array<uint8_t, kPageSize> contents;
      for (uint8_t& byte : contents) byte = static_cast<uint8_t>(random());
      measurement.add_page(offset, flags);
      measurement.extend_page(offset, contents);
      describe_page(steps, offset, flags, contents);
    }
    steps << "init\n";
    measured.push_back(to_hex(measurement.finish()));
  }
  EXPECT_EQ(measured, ask_script(steps.str()));
}

TEST(Measurement, OfAnImageIsThatOfItsPagesInAscendingOrder) {
  const auto image = EnclaveImage::from_elf(test::Builder().build());
  ASSERT_TRUE(image);
  std::ostringstream steps;
  steps << "create " << image->note().ssa_frame_pages << ' ' << image->note().elrange_size << '\n';
  for (const PageRun& run : image->runs()) {
    for (uint64_t at = 0; at < run.contents.size(); at += kPageSize) {
      describe_page(steps, run.offset + at, run.secinfo_flags, run.contents.subspan(at, kPageSize));
    }
  }
  steps << "init\n";
  EXPECT_EQ(ask_script(steps.str()), std::vector{to_hex(image->measure())});
}

TEST(Measurement, ChangesWithEveryFieldOfTheLayout) {
  const auto measure = [](auto&& change) {
    test::Builder builder;
    change(builder);
    const auto image = EnclaveImage::from_elf(builder.build());
    return image ? to_hex(image->measure()) : image.error().message;
  };
  const std::string plain = measure([](test::Builder&) {});
  EXPECT_NE(plain, measure([](test::Builder& b) { b.note.tcs_count = 3; }));
  EXPECT_NE(plain, measure([](test::Builder& b) { b.note.isv_svn = 4; })) << "the note is part of the image";
  EXPECT_NE(plain, measure([](test::Builder& b) { b.header.e_entry += 1; }));
  EXPECT_NE(plain, measure([](test::Builder& b) { b.note.elrange_size *= 2; }));
  EXPECT_NE(plain, measure([](test::Builder& b) { b.program_headers[2].p_memsz += kPageSize; }));
}

}  // namespace
}  // namespace twine::image
