// MRENCLAVE of random layouts three times: by the software SGX's ECREATE, EADD and EEXTEND, by host/image, and by
// tests/tools/mrenclave.py, which was written from the SDM alone.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "host/emulator/enclave.h"
#include "host/emulator/leaves.h"
#include "host/image/hex.h"
#include "host/image/measurement.h"

namespace twine::test {
namespace {

using sgx::kEpcPageSize;
using sgx::PageType;
namespace emulator = host::emulator;

using Page = std::array<uint8_t, kEpcPageSize>;
using Random = std::mt19937_64;

// The script's answers, one a line.
std::vector<std::string> ask_script(const std::string& steps) {
  std::string path = testing::TempDir() + "/twine-mrenclave-XXXXXX";
  const int descriptor = mkstemp(path.data());
  FILE* const file = fdopen(descriptor, "w");
  std::fwrite(steps.data(), 1, steps.size(), file);
  std::fclose(file);
  FILE* const pipe = popen(("python3 " TWINE_MRENCLAVE_SCRIPT " < " + path).c_str(), "r");
  std::vector<std::string> answers;
  std::array<char, 128> line{};
  while (std::fgets(line.data(), line.size(), pipe) != nullptr) {
    answers.emplace_back(line.data());
    answers.back().pop_back();
  }
  EXPECT_EQ(pclose(pipe), 0);
  std::remove(path.c_str());
  return answers;
}

// A legal page: contents, SECINFO.FLAGS.
uint64_t random_page(Random& random, Page& page) {
  for (uint8_t& byte : page) byte = static_cast<uint8_t>(random());
  if (random() % 3 == 0) {
    // A TCS whose fields of the processor's own are set, which EADD clears before it measures.
    page.fill(0);
    for (size_t i = 0; i < offsetof(sgx::Tcs, ocetssa); ++i) page[i] = static_cast<uint8_t>(random());
    return sgx::secinfo_page_type(PageType::tcs) | (random() % 8);
  }
  constexpr uint64_t kPermissions[] = {0,
                                       sgx::kSecinfoR,
                                       sgx::kSecinfoX,
                                       sgx::kSecinfoR | sgx::kSecinfoW,
                                       sgx::kSecinfoR | sgx::kSecinfoX,
                                       sgx::kSecinfoRwx};
  return sgx::secinfo_page_type(PageType::reg) | kPermissions[random() % std::size(kPermissions)];
}

// What EADD has measured and stored of it.
uint64_t as_added(uint64_t flags, Page& page) {
  if ((flags & sgx::kSecinfoPageTypeMask) != sgx::secinfo_page_type(PageType::tcs)) return flags;
  sgx::Tcs tcs;
  std::memcpy(&tcs, page.data(), sizeof tcs);
  tcs.state = 0;
  tcs.flags &= ~sgx::kTcsDbgoptin;
  tcs.cssa = 0;
  tcs.aep = 0;
  std::memcpy(page.data(), &tcs, sizeof tcs);
  return flags & ~sgx::kSecinfoRwx;
}

// One random enclave, measured by the leaf functions; `by_image` gets host/image's measurement where the layout is
// one that a loader makes (pages measured whole or not at all).
std::string measure(Random& random, std::ostringstream& steps, std::string& by_image) {
  static const emulator::Platform platform(std::array<uint8_t, 32>{1});
  static emulator::Epc epc(uint64_t{1} << 30);
  emulator::Enclave enclave(platform, epc);
  const uint64_t size = uint64_t{1} << (13 + random() % 24);
  sgx::Secs secs{};
  secs.size = size;
  secs.baseaddr = *enclave.memory.reserve(size);
  secs.ssaframesize = static_cast<uint32_t>(1 + random() % 9);
  secs.miscselect = static_cast<uint32_t>(random() % 2);
  secs.attributes = {.flags = sgx::kAttributeMode64Bit, .xfrm = sgx::kXfrmLegacy};
  EXPECT_TRUE(enclave.take_epc_page());
  EXPECT_TRUE(emulator::ecreate(enclave, secs, {.flags = 0, .reserved = {}}).ok());
  EXPECT_TRUE(enclave.epcm.open(secs.baseaddr, size));
  steps << "create " << secs.ssaframesize << ' ' << size << '\n';
  image::Measurement measurement(secs.ssaframesize, size);

  const bool by_chunks = random() % 2 == 0;
  std::set<uint64_t> offsets;
  for (uint64_t count = random() % 10; count > 0; --count)
    offsets.insert(random() % (size / kEpcPageSize) * kEpcPageSize);
  for (const uint64_t offset : offsets) {
    Page page;
    const uint64_t flags = random_page(random, page);
    const uint64_t chunks = by_chunks ? random() % 0x10000 : random() % 3 == 0 ? 0 : 0xffff;
    steps << "page " << offset << ' ' << flags << ' ' << chunks << ' ' << image::to_hex(page) << '\n';
    EXPECT_TRUE(enclave.take_epc_page());
    EXPECT_TRUE(emulator::eadd(enclave, secs.baseaddr + offset, page, {.flags = flags, .reserved = {}}).ok());
    for (uint64_t chunk = 0; chunk < 16; ++chunk) {
      if ((chunks >> chunk & 1) != 0)
        EXPECT_TRUE(emulator::eextend(enclave, secs.baseaddr + offset + chunk * sgx::kEextendChunk).ok());
    }
    const uint64_t measured = as_added(flags, page);
    measurement.add_page(offset, measured);
    if (chunks == 0xffff) measurement.extend_page(offset, page);
  }
  steps << "init\n";
  const auto digest = enclave.measurement.digest();
  std::string result = image::to_hex(digest);
  by_image = by_chunks ? result : image::to_hex(measurement.finish());
  return result;
}

TEST(EmulatorMeasurement, OfRandomLayoutsIsThatOfTheSdmsTextAndOfTheLoader) {
  Random random(20251);
  std::ostringstream steps;
  std::vector<std::string> measured;
  for (int enclave = 0; enclave < 120; ++enclave) {
    std::string by_image;
    measured.push_back(measure(random, steps, by_image));
    EXPECT_EQ(measured.back(), by_image) << "layout " << enclave;
  }
  EXPECT_EQ(measured, ask_script(steps.str()));
}

}  // namespace
}  // namespace twine::test
