// The parts of libtwine-sgx.so that need no preloading. What it does to programs is tested by one: tests/preload.
#include <elf.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "host/emulator/platform.h"
#include "host/preload/cpuid.h"
#include "host/preload/device_table.h"
#include "host/preload/epc_size.h"
#include "host/preload/ranges.h"
#include "host/preload/vdso_image.h"

namespace twine::host::preload {
namespace {

// --- vDSO image: walked as programs do, by hand and without relocation ---------------------------------------------

template <typename T>
const T* at(const std::vector<uint8_t>& image, uint64_t offset) {
  return reinterpret_cast<const T*>(image.data() + offset);
}

uint64_t dynamic_value(const std::vector<uint8_t>& image, Elf64_Sxword tag) {
  const auto* const segments = at<Elf64_Phdr>(image, at<Elf64_Ehdr>(image, 0)->e_phoff);
  for (const auto* entry = at<Elf64_Dyn>(image, segments[1].p_offset); entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == tag) return entry->d_un.d_val;
  }
  return 0;
}

uint32_t hash_of(std::string_view name) {  // the System V ABI's, written as its example is
  uint32_t h = 0;
  for (const char c : name) {
    h = (h << 4) + static_cast<uint8_t>(c);
    const uint32_t g = h & 0xf0000000;
    if (g != 0) h ^= g >> 24;
    h &= ~g;
  }
  return h;
}

const Elf64_Sym* look_up(const std::vector<uint8_t>& image, std::string_view name) {
  const auto* const symbols = at<Elf64_Sym>(image, dynamic_value(image, DT_SYMTAB));
  const auto* const strings = at<char>(image, dynamic_value(image, DT_STRTAB));
  const auto* const hash = at<Elf64_Word>(image, dynamic_value(image, DT_HASH));
  const Elf64_Word buckets = hash[0];
  for (Elf64_Word i = hash[2 + hash_of(name) % buckets]; i != STN_UNDEF; i = hash[2 + buckets + i]) {
    if (name == strings + symbols[i].st_name) return symbols + i;
  }
  return nullptr;
}

VdsoImage sample_image() {
  static constexpr std::array<uint8_t, 5> kCode = {1, 2, 3, 4, 5};
  const std::vector<VdsoFunction> functions = {{"__vdso_clock_gettime", 0x1122334455667788},
                                               {"clock_gettime", 0x1122334455667788},
                                               {"__vdso_getcpu", 0x99}};
  return make_vdso_image(kCode, functions);
}

TEST(VdsoImage, EverySegmentHasItsAddressAsItsOffset) {
  const VdsoImage image = sample_image();
  const auto* const header = at<Elf64_Ehdr>(image.bytes, 0);
  ASSERT_EQ(std::memcmp(header->e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(header->e_type, ET_DYN);
  EXPECT_EQ(header->e_machine, EM_X86_64);
  ASSERT_EQ(header->e_phnum, 2);
  const auto* const segments = at<Elf64_Phdr>(image.bytes, header->e_phoff);
  EXPECT_EQ(segments[0].p_type, uint32_t{PT_LOAD});
  EXPECT_EQ(segments[0].p_filesz, image.bytes.size());
  EXPECT_EQ(segments[1].p_type, uint32_t{PT_DYNAMIC});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(segments[i].p_offset, segments[i].p_vaddr);
}

TEST(VdsoImage, TheHashTableFindsEachSymbolAndNoOther) {
  const VdsoImage image = sample_image();
  for (const char* const name :
       {"__vdso_sgx_enter_enclave", "__vdso_clock_gettime", "clock_gettime", "__vdso_getcpu"}) {
    ASSERT_NE(look_up(image.bytes, name), nullptr) << name;
  }
  EXPECT_EQ(look_up(image.bytes, "__vdso_time"), nullptr);
  EXPECT_EQ(look_up(image.bytes, ""), nullptr);
  EXPECT_EQ(std::string(at<char>(
                image.bytes, dynamic_value(image.bytes, DT_STRTAB) + dynamic_value(image.bytes, DT_SONAME))),
            "linux-vdso.so.1");
}

TEST(VdsoImage, TheEntryFunctionIsACopyAndTheOthersAreJumps) {
  const VdsoImage image = sample_image();
  const Elf64_Sym* const entry = look_up(image.bytes, "__vdso_sgx_enter_enclave");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->st_value, image.entry_function);
  EXPECT_EQ(entry->st_size, 5U);
  EXPECT_EQ(image.bytes[image.entry_function + 4], 5);
  const Elf64_Sym* const other = look_up(image.bytes, "clock_gettime");
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(ELF64_ST_TYPE(other->st_info), STT_FUNC);
  const std::array<uint8_t, 12> jump = {0x48, 0xb8, 0x88, 0x77, 0x66, 0x55,
                                        0x44, 0x33, 0x22, 0x11, 0xff, 0xe0};
  EXPECT_EQ(std::memcmp(image.bytes.data() + other->st_value, jump.data(), jump.size()), 0);
}

TEST(VdsoImage, StandsWithoutAKernelsVdso) {
  const VdsoImage image = make_vdso_image({}, {});
  EXPECT_NE(look_up(image.bytes, "__vdso_sgx_enter_enclave"), nullptr);
}

// --- CPUID ---------------------------------------------------------------------------------------------------------

constexpr std::array<uint8_t, 32> kSecret{};
constexpr CpuidRegisters kNative = {.eax = 1, .ebx = 2, .ecx = 3, .edx = 4};

TEST(Cpuid, OtherLeavesAreTheProcessors) {
  const emulator::Platform platform(kSecret);
  for (const uint32_t leaf : {1U, 2U, 0xdU, 0x11U, 0x13U, 0x80000000U}) {
    const CpuidRegisters answer = sgx_cpuid(leaf, 0, kNative, platform, 1 << 20);
    EXPECT_EQ(answer.eax, 1U);
    EXPECT_EQ(answer.ebx, 2U);
    EXPECT_EQ(answer.ecx, 3U);
    EXPECT_EQ(answer.edx, 4U);
  }
  EXPECT_EQ(sgx_cpuid(7, 1, kNative, platform, 1 << 20).ebx, 2U);
}

TEST(Cpuid, TheMaximalLeafIsRaisedAndNeverLowered) {
  const emulator::Platform platform(kSecret);
  EXPECT_EQ(sgx_cpuid(0, 0, kNative, platform, 1 << 20).eax, 0x12U);
  EXPECT_EQ(sgx_cpuid(0, 0, {.eax = 0x20, .ebx = 0, .ecx = 0, .edx = 0}, platform, 1 << 20).eax, 0x20U);
}

TEST(Cpuid, TheFeatureLeafKeepsTheProcessorsBits) {
  const emulator::Platform platform(kSecret);
  const CpuidRegisters answer =
      sgx_cpuid(7, 0, {.eax = 0, .ebx = 0x20, .ecx = 0x10, .edx = 9}, platform, 1 << 20);
  EXPECT_EQ(answer.ebx, 0x24U);
  EXPECT_EQ(answer.ecx, 0x40000010U);
  EXPECT_EQ(answer.edx, 9U);
}

TEST(Cpuid, OneSectionHasTheWholeEpc) {
  const emulator::Platform platform(kSecret);
  const uint64_t size = (uint64_t{5} << 30) + (3 << 12);
  const CpuidRegisters section = sgx_cpuid(0x12, 2, kNative, platform, size);
  EXPECT_EQ(section.eax & 0xf, 1U);
  EXPECT_EQ((section.ecx & 0xfffff000) + (uint64_t{section.edx & 0xfffff} << 32), size);
  EXPECT_EQ(sgx_cpuid(0x12, 3, kNative, platform, size).eax, 0U);
}

TEST(Cpuid, FindsTheInstructionAndNotItsBytesWithinAnother) {
  const std::vector<uint8_t> code = {
      0x31, 0xc0,                                // xorl %eax, %eax
      0x0f, 0xa2,                                // cpuid
      0xb8, 0x0f, 0xa2, 0x00, 0x00,              // movl $0xa20f, %eax
      0x48, 0x8b, 0x05, 0x0f, 0xa2, 0x00, 0x00,  // movq 0xa20f(%rip), %rax
      0x0f, 0xa2,                                // cpuid
      0xc3,                                      // ret
      0x0f,                                      // the end, in the middle of one
  };
  EXPECT_EQ(find_cpuid(code), (std::vector<uint64_t>{2, 16}));
  EXPECT_TRUE(find_cpuid({}).empty());
}

// --- The rest ------------------------------------------------------------------------------------------------------

TEST(EpcSize, IsANumberOfMebibytesOrGibibytes) {
  EXPECT_EQ(parse_epc_size("128M"), uint64_t{128} << 20);
  EXPECT_EQ(parse_epc_size("1M"), uint64_t{1} << 20);
  EXPECT_EQ(parse_epc_size("1024G"), uint64_t{1024} << 30);
  for (const char* const wrong :
       {"", "M", "128", "128K", "0M", "1025G", "128MB", "-1M", " 1M", "99999999999999999999G"})
    EXPECT_FALSE(parse_epc_size(wrong)) << wrong;
}

std::vector<std::pair<uint64_t, uint64_t>> list(const Ranges& ranges) {
  return {ranges.begin(), ranges.end()};
}

TEST(Ranges, JoinNeighboursAndFallApart) {
  Ranges ranges;
  ranges.add(10, 20);
  ranges.add(30, 40);
  ranges.add(20, 30);
  EXPECT_EQ(list(ranges), (std::vector<std::pair<uint64_t, uint64_t>>{{10, 40}}));
  ranges.remove(15, 18);
  ranges.remove(38, 99);
  ranges.remove(0, 11);
  EXPECT_EQ(list(ranges), (std::vector<std::pair<uint64_t, uint64_t>>{{11, 15}, {18, 38}}));
  ranges.add(12, 20);
  EXPECT_EQ(list(ranges), (std::vector<std::pair<uint64_t, uint64_t>>{{11, 38}}));
  ranges.remove(0, 100);
  EXPECT_TRUE(list(ranges).empty());
}

TEST(Ranges, KnowWhatTheyCoverAndTouch) {
  Ranges ranges;
  ranges.add(10, 20);
  ranges.add(30, 40);
  EXPECT_TRUE(ranges.covers(10, 20));
  EXPECT_FALSE(ranges.covers(15, 35));
  EXPECT_FALSE(ranges.covers(5, 12));
  EXPECT_TRUE(ranges.overlaps(19, 31));
  EXPECT_TRUE(ranges.overlaps(0, 11));
  EXPECT_FALSE(ranges.overlaps(20, 30));
  EXPECT_FALSE(ranges.overlaps(40, 50));
}

TEST(DeviceTable, KnowsTwoPathsAndNoOther) {
  EXPECT_EQ(device_of_path("/dev/sgx_enclave"), DeviceName::enclave);
  EXPECT_EQ(device_of_path("/dev/sgx_provision"), DeviceName::provision);
  EXPECT_EQ(device_of_path("/dev/sgx_enclave2"), std::nullopt);
  EXPECT_EQ(device_of_path("sgx_enclave"), std::nullopt);
  EXPECT_EQ(device_of_path(nullptr), std::nullopt);
  EXPECT_EQ(device_of_descriptor(0), std::nullopt);
}

}  // namespace
}  // namespace twine::host::preload
