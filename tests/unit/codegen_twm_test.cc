// The file that compile() writes, its signature, and the linker's refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "codegen/llvm/compile.h"
#include "codegen/llvm/object_linker.h"
#include "codegen/llvm/target.h"
#include "common/abi.h"
#include "common/image_layout.h"
#include "support/guest_host.h"

namespace twine::codegen {
namespace {

const char* const kModule = R"((module
  (import "a" "b" (func $import (param i64) (result i64)))
  (memory 1)
  (func $private (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "f") (param i32) (result i32) (i32.add (call $private (local.get 0)) (i32.const 1)))
  (func (export "table") (param i32) (result i32)
    (block (block (block (block (block (br_table 0 1 2 3 4 (local.get 0)))
      (return (i32.const 12))) (return (i32.const 77))) (return (i32.const 5))) (return (i32.const 8)))
    (i32.const 90))
  (func (export "wide") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 1.25))))
)";

struct File {
  std::vector<uint8_t> bytes;
  TwmHeader header{};
  std::vector<TwmSection> sections;

  explicit File(std::vector<uint8_t> contents) : bytes(std::move(contents)) {
    std::memcpy(&header, bytes.data(), sizeof header);
    sections.resize(header.section_count);
    std::memcpy(sections.data(), bytes.data() + sizeof header, sections.size() * sizeof(TwmSection));
  }
  template <typename T>
  [[nodiscard]] std::vector<T> read(TwmSectionKind kind) const {
    const auto found = std::ranges::find(sections, static_cast<uint32_t>(kind), &TwmSection::kind);
    std::vector<T> items(found->size / sizeof(T));
    std::memcpy(items.data(), bytes.data() + found->offset, found->size);
    return items;
  }
};

class CompiledFile : public testing::Test {
 protected:
  File compile(const CompileOptions& options = {}) {
    auto twm = codegen::compile(wasm_, options, *signer_);
    EXPECT_TRUE(twm.has_value()) << twm.error().message;
    return File(std::move(twm).value());
  }

  std::unique_ptr<Signer> signer_ = make_ephemeral_signing_key().value();
  std::vector<uint8_t> wasm_ = test::assemble(kModule);
};

TEST_F(CompiledFile, HasItsSectionsInOrderAlignedAndInsideTheFile) {
  const File file = compile();
  EXPECT_EQ(file.header.total_size, file.bytes.size());
  EXPECT_EQ(file.header.abi_version, abi::kAbiVersion);
  uint64_t end = sizeof(TwmHeader) + file.sections.size() * sizeof(TwmSection);
  uint32_t kind = 0;
  for (const TwmSection& section : file.sections) {
    EXPECT_GT(section.kind, kind);
    EXPECT_GE(section.offset, end);
    EXPECT_EQ(
        section.offset % (section.kind == static_cast<uint32_t>(TwmSectionKind::image) ? kPageSize : 16), 0);
    kind = section.kind;
    end = section.offset + section.size;
  }
  EXPECT_LE(end, file.bytes.size() - kTwmSignatureSize);
}

TEST_F(CompiledFile, CarriesTheModuleAndItsHash) {
  const File file = compile();
  EXPECT_EQ(file.read<uint8_t>(TwmSectionKind::wasm), wasm_);
  std::array<uint8_t, 32> hash{};
  SHA256(wasm_.data(), wasm_.size(), hash.data());
  EXPECT_TRUE(std::ranges::equal(hash, file.header.wasm_sha256));
}

TEST_F(CompiledFile, IsSignedOverEveryByte) {
  File file = compile();
  Signature signature{};
  const size_t size = file.bytes.size() - kTwmSignatureSize;
  std::ranges::copy(std::span(file.bytes).last(kTwmSignatureSize), signature.begin());
  const auto message = std::span(file.bytes).first(size);
  ASSERT_TRUE(verify_signature(signer_->public_key(), message, signature));
  EXPECT_TRUE(std::ranges::equal(signer_->public_key(), file.header.public_key));
  for (size_t offset = 0; offset < size; offset += 97) {
    file.bytes[offset] ^= 1;
    EXPECT_FALSE(verify_signature(signer_->public_key(), message, signature)) << offset;
    file.bytes[offset] ^= 1;
  }
}

TEST_F(CompiledFile, IsTheSameWhateverTheNumberOfJobs) {
  // Bodies long enough for several groups, and quickly compiled.
  std::string nops;
  for (int count = 0; count < 20'000; ++count) nops += "nop ";
  std::string wat = "(module (memory 1)";
  for (int index = 0; index < 40; ++index) {
    wat += "(func (export \"f" + std::to_string(index) + "\") (param i32) (result i32)" + nops +
           "(i32.add (i32.load (local.get 0)) (i32.const " + std::to_string(index) + ")))";
  }
  wasm_ = test::assemble(wat + ")");
  EXPECT_EQ(compile({.jobs = 1}).bytes, compile({.jobs = 3}).bytes);
}

TEST_F(CompiledFile, SaysWhatTheProcessorMustHave) {
  EXPECT_EQ(compile({.cpu = Cpu::x86_64_v2}).header.cpu_features, kCpuSse42 | kCpuPopcnt);
  EXPECT_NE(compile({.cpu = Cpu::x86_64_v3}).header.cpu_features & kCpuAvx2, 0);
  EXPECT_NE(compile({.cpu = Cpu::x86_64_v4}).header.cpu_features & kCpuAvx512, 0);
}

TEST_F(CompiledFile, NamesTheEnclaveItIsBoundTo) {
  CompileOptions options;
  options.enclave.fill(0xab);
  EXPECT_THAT(compile(options).header.enclave, testing::Each(0xab));
}

TEST_F(CompiledFile, HasAnUnwindRowForEveryByteOfEveryFunction) {
  const File file = compile();
  const auto functions = file.read<uint32_t>(TwmSectionKind::functions);
  const auto rows = file.read<TwmUnwind>(TwmSectionKind::unwind);
  EXPECT_TRUE(std::ranges::is_sorted(rows, {}, &TwmUnwind::code_offset));
  for (size_t index = 0; index + 1 < functions.size(); ++index) {
    const auto row = std::ranges::find(rows, functions[index], &TwmUnwind::code_offset);
    ASSERT_NE(row, rows.end()) << "function " << index;
    EXPECT_EQ(row->cfa, 8) << "only the return address is on the stack at the entry";
  }
  EXPECT_EQ(rows.back().cfa, kNoUnwind);
}

TEST_F(CompiledFile, HasThunksForTypesThatCrossTheLineAndForNoOther) {
  wasm_ = test::assemble(R"((module (type $in (func (param f32))) (type $out (func (result i64)))
    (type $private (func (param i32 i32 i32)))
    (import "a" "b" (func (type $in))) (func (type $private)) (func (export "x") (type $out) (i64.const 1))))");
  const auto thunks = compile().read<TwmThunks>(TwmSectionKind::thunks);
  ASSERT_EQ(thunks.size(), 3);
  EXPECT_NE(thunks[0].entry, kNoCode);
  EXPECT_NE(thunks[0].host, kNoCode);
  EXPECT_NE(thunks[1].entry, kNoCode);
  EXPECT_EQ(thunks[2].entry, kNoCode);
  EXPECT_EQ(thunks[2].host, kNoCode);
}

TEST_F(CompiledFile, RecordsAFrameThatHoldsManyValues) {
  // 200 values that live over a call do not fit registers.
  std::string wat =
      "(module (import \"a\" \"b\" (func $b)) (memory 1) (func (export \"f\") (param i32) (result i64)";
  for (int index = 0; index < 200; ++index)
    wat += "(i64.load offset=" + std::to_string(index * 8) + " (local.get 0))";
  wat += "(call $b)";
  for (int index = 0; index < 199; ++index) wat += "i64.rotl ";
  wasm_ = test::assemble(wat + "))");
  EXPECT_GE(compile().read<TwmImageLayout>(TwmSectionKind::layout)[0].max_frame, 1600);
}

TEST_F(CompiledFile, RefusesAModuleThatDoesNotValidate) {
  wasm_.resize(wasm_.size() - 1);
  EXPECT_FALSE(codegen::compile(wasm_, {}, *signer_).has_value());
}

TEST_F(CompiledFile, ReportsProgressUpToTheEnd) {
  std::vector<std::pair<uint64_t, uint64_t>> reports;
  const Progress progress = [&](uint64_t done, uint64_t total) { reports.emplace_back(done, total); };
  ASSERT_TRUE(codegen::compile(wasm_, {}, *signer_, &progress).has_value());
  ASSERT_FALSE(reports.empty());
  EXPECT_GT(reports.back().second, 0);
  EXPECT_EQ(reports.back().first, reports.back().second);
}

TEST(Linker, NamesACallOfWhatDoesNotExistInTheEnclave) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  const auto machine = make_target_machine(target_cpu(Cpu::x86_64_v2), 2);
  ASSERT_TRUE(machine.has_value());
  const auto module = llvm::parseAssemblyString(
      "declare void @memset()\ndefine hidden void @f() { call void @memset() ret void }", diagnostic,
      context);
  ASSERT_NE(module, nullptr) << diagnostic.getMessage().str();
  module->setDataLayout((*machine)->createDataLayout());
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  (*machine)->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile);
  passes.run(*module);
  const llvm::MemoryBufferRef buffer(llvm::StringRef(object.data(), object.size()), "test");
  const auto image = link_objects({&buffer, 1});
  ASSERT_FALSE(image.has_value());
  EXPECT_THAT(image.error().message, testing::HasSubstr("memset"));
}

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "twine-key.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path directory_;
};

TEST_F(KeyFile, IsMadeOnceForItsOwnerAlone) {
  const auto path = directory_ / "keys" / "signing.pem";
  const auto first = load_or_create_signing_key(path);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  const auto second = load_or_create_signing_key(path);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ((*first)->public_key(), (*second)->public_key());
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}), 1)
      << "left something behind";
}

TEST_F(KeyFile, IsRefusedWhenOthersCanReadIt) {
  const auto path = directory_ / "signing.pem";
  ASSERT_TRUE(load_or_create_signing_key(path).has_value());
  std::filesystem::permissions(path, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  const auto key = load_or_create_signing_key(path);
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, ErrorCode::permission);
}

TEST_F(KeyFile, IsNotReplacedWhenItIsNoKey) {
  const auto path = directory_ / "signing.pem";
  std::ofstream(path) << "not a key\n";
  std::filesystem::permissions(path,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto key = load_or_create_signing_key(path);
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, ErrorCode::malformed);
  std::string text;
  std::getline(std::ifstream(path), text);
  EXPECT_EQ(text, "not a key");
}

}  // namespace
}  // namespace twine::codegen
