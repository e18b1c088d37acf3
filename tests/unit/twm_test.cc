// Which compiled modules the enclave accepts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "enclave/runtime/compiled_module.h"
#include "support/twm_builder.h"

namespace twine::enclave {
namespace {

using testing::describe;
using ::testing::HasSubstr;
using testing::sample_wasm;
using testing::sign;
using testing::SigningKey;
using testing::TwmBuilder;

const SigningKey kCompiler(1);
const SigningKey kStranger(2);
const std::array<Ed25519PublicKey, 1> kAccepted = {kCompiler.public_key};
const Sha256Digest kThisEnclave = {0xE1};

ModulePolicy policy() {
  return {.accepted_signers = kAccepted,
          .mrenclave = kThisEnclave,
          .cpu_features = kCpuSse42 | kCpuPopcnt,
          .guest_stack_guard = uint64_t{1} << 20,
          .wasm_features = {}};
}

// The refusal's message, or "accepted". The manifest describes the file as it is: the host writes both.
std::string verdict(std::vector<uint8_t> file, std::span<const uint8_t> wasm = sample_wasm()) {
  const ManifestModule expected = describe(file, wasm);
  const auto module = accept_module(std::move(file), expected, policy());
  return module ? "accepted" : module.error().message;
}
std::string verdict(const TwmBuilder& builder) {
  return verdict(builder.build(kCompiler), builder.sections[0]);
}

TEST(Twm, AcceptsARightFile) {
  const std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  const auto module = accept_module(file, describe(file, sample_wasm()), policy());
  ASSERT_TRUE(module) << module.error().message;
  EXPECT_EQ((*module)->function_name(0), "answer");
  EXPECT_EQ((*module)->function_at(20), 0U);
  EXPECT_EQ((*module)->function_at(70), std::nullopt) << "a thunk is no function";
  EXPECT_EQ((*module)->function_at(3), std::nullopt);
  EXPECT_EQ((*module)->wasm_offset_at(20), 31U);
  EXPECT_EQ((*module)->cfa_at(16), 8U);
  EXPECT_EQ((*module)->cfa_at(30), 16U);
  EXPECT_EQ((*module)->cfa_at(15), std::nullopt);
}

TEST(Twm, RefusesAFileThatIsNotTheManifests) {
  std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  const ManifestModule expected = describe(file, sample_wasm());
  TwmBuilder other;
  other.section(TwmSectionKind::options)[0] = 'M';
  const auto module = accept_module(other.build(kCompiler), expected, policy());
  ASSERT_FALSE(module);
  EXPECT_THAT(module.error().message, HasSubstr("changed after the launch began"));
}

TEST(Twm, RefusesEveryFlippedByte) {
  const std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  for (size_t i = 0; i < file.size(); ++i) {
    std::vector<uint8_t> flipped = file;
    flipped[i] ^= 0xFF;
    ASSERT_NE(verdict(flipped), "accepted") << "byte " << i;
  }
}

// The signer is trusted to be the compiler, not to be without fault: whatever it signs is read without harm.
TEST(Twm, SurvivesEveryFlippedByteThatWasSignedAgain) {
  const std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  for (size_t i = 0; i < file.size() - kTwmSignatureSize; ++i) {
    std::vector<uint8_t> flipped = file;
    flipped[i] ^= 0xFF;
    sign(flipped, kCompiler);
    EXPECT_FALSE(verdict(flipped).empty());
  }
}

TEST(Twm, RefusesEveryTruncation) {
  const std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  for (size_t size = 0; size < file.size(); ++size) {
    ASSERT_NE(verdict({file.begin(), file.begin() + static_cast<ptrdiff_t>(size)}), "accepted")
        << size << " bytes";
  }
}

TEST(Twm, RefusesBytesAfterTheSignature) {
  std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  file.push_back(0);
  EXPECT_THAT(verdict(file), HasSubstr("its header says"));
}

TEST(Twm, RefusesAKeyThatTheManifestDoesNotAccept) {
  EXPECT_THAT(verdict(TwmBuilder().build(kStranger)), HasSubstr("which the launch manifest does not accept"));
}

TEST(Twm, RefusesAStrangersSignatureUnderAnAcceptedKey) {
  std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  sign(file, kStranger);
  EXPECT_THAT(verdict(file), HasSubstr("damaged or forged"));
}

TEST(Twm, RefusesAnUnsignedFile) {
  std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  std::fill(file.end() - kTwmSignatureSize, file.end(), uint8_t{0});
  EXPECT_THAT(verdict(file), HasSubstr("damaged or forged"));
}

TEST(Twm, RefusesAFileForAnotherEnclave) {
  TwmBuilder builder;
  builder.header.enclave[0] = 0xE2;
  EXPECT_THAT(verdict(builder), HasSubstr("compiled for the enclave"));
}

TEST(Twm, AcceptsAFileForThisEnclave) {
  TwmBuilder builder;
  std::ranges::copy(kThisEnclave, builder.header.enclave);
  EXPECT_EQ(verdict(builder), "accepted");
}

TEST(Twm, RefusesInstructionsThatTheEnclaveLacks) {
  TwmBuilder builder;
  builder.header.cpu_features = kCpuSse42 | kCpuAvx2;
  EXPECT_THAT(verdict(builder), HasSubstr("lower --cpu"));
}

TEST(Twm, RefusesAWasmModuleThatTheHeaderDoesNotName) {
  TwmBuilder builder;
  builder.header.wasm_sha256[0] = 1;
  EXPECT_THAT(verdict(builder), HasSubstr("not the one that its header names"));
}

TEST(Twm, RefusesAWasmModuleThatTheManifestDoesNotName) {
  const std::vector<uint8_t> file = TwmBuilder().build(kCompiler);
  ManifestModule expected = describe(file, sample_wasm());
  expected.wasm_sha256[0] ^= 1;
  const auto module = accept_module(file, expected, policy());
  ASSERT_FALSE(module);
  EXPECT_THAT(module.error().message, HasSubstr("compile the right one"));
}

TEST(Twm, RefusesAFrameThatCouldStepOverTheStacksGuard) {
  TwmBuilder builder;
  builder.set<TwmImageLayout>(
      TwmSectionKind::layout,
      {{.code_size = kPageSize, .data_size = 32, .max_frame = 1 << 20, .reserved = 0}});
  EXPECT_THAT(verdict(builder), HasSubstr("step over the guard"));
}

struct Fault {
  const char* name;
  const char* message;
  std::function<void(TwmBuilder&)> make;
};
void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

class TwmRefuses : public ::testing::TestWithParam<Fault> {};

TEST_P(TwmRefuses, TheFault) {
  TwmBuilder builder;
  GetParam().make(builder);
  EXPECT_THAT(verdict(builder), HasSubstr(GetParam().message));
}

Fault in_table(const char* name, const char* message,
               const std::function<void(std::span<TwmSection>)>& change) {
  return {name, message, [change](TwmBuilder& builder) { builder.change_table = change; }};
}

const std::vector<Fault> kFaults = {
    {"AnotherMagic", "not a compiled module", [](TwmBuilder& b) { b.header.magic[1] = 'x'; }},
    {"AnotherFormatVersion", "version 3.1", [](TwmBuilder& b) { b.header.format_version = 3; }},
    {"AnotherAbiVersion", "version 2.7", [](TwmBuilder& b) { b.header.abi_version = 7; }},
    {"AnotherTotalSize", "its header says", [](TwmBuilder& b) { b.header.total_size = 1000; }},
    {"AnUnknownFeature", "features that this enclave does not know",
     [](TwmBuilder& b) { b.header.features |= 1 << 20; }},
    {"AReservedFieldInTheHeader", "reserved field of the header",
     [](TwmBuilder& b) { b.header.reserved = 1; }},
    {"AMissingSection", "8 sections", [](TwmBuilder& b) { b.header.section_count = 8; }},
    {"AnUnknownSection", "10 sections", [](TwmBuilder& b) { b.header.section_count = 10; }},
    in_table("SectionsOutOfOrder", "has kind 2", [](auto t) { std::swap(t[0], t[1]); }),
    in_table("ASectionTwice", "section 2 has kind 1", [](auto t) { t[1].kind = 1; }),
    in_table("AReservedFieldInASection", "reserved field that is not zero",
             [](auto t) { t[3].reserved = 1; }),
    in_table("AnUnalignedSection", "is not aligned", [](auto t) { t[3].offset += 8; }),
    in_table("AnImageOffItsPage", "section `image` is not aligned", [](auto t) { t[1].offset += 16; }),
    in_table("OverlappingSections", "overlaps", [](auto t) { t[3].offset = t[2].offset; }),
    in_table("ASectionInTheHeader", "overlaps", [](auto t) { t[0].offset = 0; }),
    in_table("ASectionPastTheEnd", "past the end", [](auto t) { t[7].offset += 1 << 20; }),
    in_table("ASectionThatIsTooLong", "past the end", [](auto t) { t[7].size = ~uint64_t{0}; }),
    in_table("ASectionInTheSignature", "past the end", [](auto t) { t[7].size += 8; }),
    {"BytesBetweenSections", "gap that is not zero",
     [](TwmBuilder& b) { b.change_file = [](std::vector<uint8_t>& file) { file[kPageSize - 1] = 1; }; }},
    {"HalfAnEntry", "ends inside an entry",
     [](TwmBuilder& b) { b.section(TwmSectionKind::unwind).pop_back(); }},
    {"NoFunctionTable", "function table is empty",
     [](TwmBuilder& b) { b.set<uint32_t>(TwmSectionKind::functions, {}); }},
    {"ACodeSizeThatIsNoPage", "multiple of the page size",
     [](TwmBuilder& b) {
       b.set<TwmImageLayout>(TwmSectionKind::layout,
                             {{.code_size = 100, .data_size = 4028, .max_frame = 0, .reserved = 0}});
     }},
    {"AnImageOfAnotherSize", "do not make up the image",
     [](TwmBuilder& b) {
       b.set<TwmImageLayout>(TwmSectionKind::layout,
                             {{.code_size = kPageSize, .data_size = 33, .max_frame = 0, .reserved = 0}});
     }},
    {"CodeLargerThanTheImage", "do not make up the image",
     [](TwmBuilder& b) {
       b.set<TwmImageLayout>(TwmSectionKind::layout, {{.code_size = 2 * kPageSize,
                                                       .data_size = ~uint64_t{0} - kPageSize + 33,
                                                       .max_frame = 0,
                                                       .reserved = 0}});
     }},
    {"AFunctionOutsideTheCode", "starts outside the code",
     [](TwmBuilder& b) { b.set<uint32_t>(TwmSectionKind::functions, {kPageSize, 48}); }},
    {"AFunctionThatEndsOutsideTheCode", "ends outside the code",
     [](TwmBuilder& b) { b.set<uint32_t>(TwmSectionKind::functions, {16, kPageSize + 1}); }},
    {"AThunkOutsideTheCode", "thunk of type 0",
     [](TwmBuilder& b) { b.set<TwmThunks>(TwmSectionKind::thunks, {{.entry = 64, .host = kPageSize}}); }},
    {"LocationsOutOfOrder", "`locations` is not in ascending order",
     [](TwmBuilder& b) { b.set<TwmLocation>(TwmSectionKind::locations, {{20, 31}, {16, 31}}); }},
    {"ALocationOutsideTheCode", "`locations` reaches outside",
     [](TwmBuilder& b) { b.set<TwmLocation>(TwmSectionKind::locations, {{kPageSize, 31}}); }},
    {"ALocationOutsideTheModule", "outside the Wasm module",
     [](TwmBuilder& b) { b.set<TwmLocation>(TwmSectionKind::locations, {{16, 5000}}); }},
    {"UnwindRowsOutOfOrder", "`unwind` is not in ascending order",
     [](TwmBuilder& b) { b.set<TwmUnwind>(TwmSectionKind::unwind, {{20, 8}, {16, 8}}); }},
    {"AFrameOfOddSize", "no stack frame",
     [](TwmBuilder& b) { b.set<TwmUnwind>(TwmSectionKind::unwind, {{16, 9}}); }},
    {"AFrameOfNothing", "no stack frame",
     [](TwmBuilder& b) { b.set<TwmUnwind>(TwmSectionKind::unwind, {{16, 0}}); }},
    {"OptionsThatAreNotText", "not UTF-8",
     [](TwmBuilder& b) { b.section(TwmSectionKind::options)[0] = 0xFF; }},
    {"AFunctionTooMany", "code for 2 functions",
     [](TwmBuilder& b) { b.set<uint32_t>(TwmSectionKind::functions, {16, 32, 48}); }},
    {"ATypeTooMany", "thunks for 2 types",
     [](TwmBuilder& b) { b.set<TwmThunks>(TwmSectionKind::thunks, {{64, 96}, {64, 96}}); }},
    {"AnExportWithoutThunks", "lacks the thunks of type 0",
     [](TwmBuilder& b) { b.set<TwmThunks>(TwmSectionKind::thunks, {{kNoCode, 96}}); }},
    {"AWasmModuleThatDoesNotValidate", "byte 0x",
     [](TwmBuilder& b) {
       b.section(TwmSectionKind::wasm)[31] = 0x42; /* i64.const for an i32 */
     }},
};

INSTANTIATE_TEST_SUITE_P(Twm, TwmRefuses, ::testing::ValuesIn(kFaults),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace twine::enclave
