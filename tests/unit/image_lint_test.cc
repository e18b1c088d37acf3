// The lint of enclave images, on images made for it: what it finds, what it lets pass, and what it cannot see.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "host/image/elf_symbols.h"
#include "host/image/lint.h"
#include "unit/image_builder.h"

namespace twine::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kText = test::Builder::kTextAt;
constexpr uint8_t kNop = 0x90;

struct Function {
  std::string name;
  uint64_t offset = 0;  // in the text
  std::vector<uint8_t> code;
  uint64_t size = 0;  // 0: that of the code
};

template <typename T>
void append(std::vector<uint8_t>& file, const T* objects, size_t count) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(objects);
  file.insert(file.end(), bytes, bytes + count * sizeof(T));
}

// An image whose text is NOPs, but for these functions; with a symbol table, unless it is to be stripped.
std::vector<uint8_t> image_of(const std::vector<Function>& functions, bool stripped = false) {
  std::vector<uint8_t> file = test::Builder().build();
  std::fill_n(file.begin() + kText, kPageSize, kNop);
  std::string strings(1, '\0');
  std::vector<Elf64_Sym> symbols(1);
  for (const Function& function : functions) {
    std::ranges::copy(function.code, file.begin() + static_cast<int64_t>(kText + function.offset));
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
    symbol.st_shndx = 1;
    symbol.st_value = kText + function.offset;
    symbol.st_size = function.size != 0 ? function.size : function.code.size();
    symbols.push_back(symbol);
    strings += function.name + '\0';
  }
  if (stripped) return file;
  Elf64_Shdr sections[3]{};
  sections[1].sh_type = SHT_SYMTAB;
  sections[1].sh_link = 2;
  sections[1].sh_offset = file.size();
  sections[1].sh_size = symbols.size() * sizeof(Elf64_Sym);
  append(file, symbols.data(), symbols.size());
  sections[2].sh_type = SHT_STRTAB;
  sections[2].sh_offset = file.size();
  sections[2].sh_size = strings.size();
  append(file, strings.data(), strings.size());
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  header.e_shoff = file.size();
  header.e_shnum = 3;
  header.e_shentsize = sizeof(Elf64_Shdr);
  std::memcpy(file.data(), &header, sizeof header);
  append(file, sections, 3);
  return file;
}

std::vector<InstructionSite> sites_of(const std::vector<uint8_t>& file, std::string_view list = "") {
  const auto allowed = parse_allowed_instructions(list, "list");
  EXPECT_TRUE(allowed) << allowed.error().message;
  auto sites = lint_image(file, *allowed);
  EXPECT_TRUE(sites) << sites.error().message;
  return sites ? *sites : std::vector<InstructionSite>{};
}

std::vector<std::string> texts_of(const std::vector<uint8_t>& file) {
  std::vector<std::string> texts;
  for (const InstructionSite& site : sites_of(file)) texts.push_back(site.text());
  return texts;
}

const std::vector<uint8_t> kSyscall = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};  // mov eax, 39; syscall; ret

TEST(ImageLint, FindsNothingInOrdinaryCode) {
  EXPECT_THAT(texts_of(image_of({{.name = "f", .code = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3}}})), IsEmpty());
}

TEST(ImageLint, NamesTheFunctionTheOffsetAndTheAddress) {
  EXPECT_THAT(texts_of(image_of({{.name = "getpid", .offset = 0x20, .code = kSyscall}})),
              ElementsAre("syscall at getpid+0x5 (0x1025)"));
}

TEST(ImageLint, FindsEachClass) {
  const auto found = texts_of(image_of({{.name = "f",
                                         .code = {
                                             0x0f, 0xa2,              // cpuid
                                             0xcd, 0x80,              // int 80h
                                             0x8e, 0xd8,              // mov ds, eax
                                             0x0f, 0x01, 0xe0,        // smsw eax
                                             0x0f, 0x30,              // wrmsr
                                             0xf3, 0x0f, 0xae, 0xd0,  // wrfsbase eax
                                             0x0f, 0x01, 0xd7,        // enclu
                                             0x0f, 0xae, 0x2f,        // xrstor [rdi]
                                             0x0f, 0x01, 0xef,        // wrpkru
                                         }}}));
  EXPECT_THAT(found, ElementsAre("cpuid at f+0x0 (0x1000)", "int at f+0x2 (0x1002)", "mov at f+0x4 (0x1004)",
                                 "smsw at f+0x6 (0x1006)", "wrmsr at f+0x9 (0x1009)",
                                 "wrfsbase at f+0xb (0x100b)", "enclu at f+0xf (0x100f)",
                                 "xrstor at f+0x12 (0x1012)", "wrpkru at f+0x15 (0x1015)"));
}

TEST(ImageLint, RefusesAFindingWithItsNameAndWhatToDo) {
  const Result<void> refused = require_allowed(sites_of(image_of({{.name = "getpid", .code = kSyscall}})));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("1 instruction that the list"));
  EXPECT_THAT(refused.error().message, HasSubstr("syscall at getpid+0x5 (0x1005): raises #UD in an enclave"));
  EXPECT_THAT(refused.error().message, HasSubstr("--allowed-instructions"));
}

TEST(ImageLint, LetsPassWhatTheListGivesAReasonFor) {
  const auto sites =
      sites_of(image_of({{.name = "getpid", .code = kSyscall}}), "getpid syscall it is never called");
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0].reason, "it is never called");
  EXPECT_TRUE(require_allowed(sites));
}

TEST(ImageLint, APermissionIsForOneInstructionOfOneFunction) {
  const std::vector<uint8_t> file =
      image_of({{.name = "a", .code = kSyscall}, {.name = "b", .offset = 0x40, .code = kSyscall}});
  const auto refused = require_allowed(sites_of(file, "a syscall tried"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("at b+0x5"));
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("at a+0x5")));
  EXPECT_FALSE(require_allowed(sites_of(file, "a cpuid other\nb cpuid other")));
}

TEST(ImageLint, KnowsAFunctionByItsNameInTheSourceLanguage) {
  const std::vector<uint8_t> file =
      image_of({{.name = "_ZN5twine7enclave12_GLOBAL__N_14exitEm", .code = {0x0f, 0x01, 0xd7}}});
  EXPECT_THAT(texts_of(file), ElementsAre("enclu at twine::enclave::exit+0x0 (0x1000)"));
  EXPECT_TRUE(require_allowed(sites_of(file, "twine::enclave::exit enclu EEXIT")));
  EXPECT_TRUE(require_allowed(sites_of(file, "_ZN5twine7enclave12_GLOBAL__N_14exitEm enclu EEXIT")));
}

TEST(ImageLint, FindsEncluInTheMiddleOfOtherInstructions) {
  // mov eax, 00d7010fh: a jump to its second byte executes ENCLU.
  EXPECT_THAT(texts_of(image_of({{.name = "f", .code = {0xb8, 0x0f, 0x01, 0xd7, 0x00, 0xc3}}})),
              ElementsAre("hidden-enclu at f+0x1 (0x1001)"));
  // Across two: the first ends with 0F, the second begins with 01 D7 (add edi, edx).
  EXPECT_THAT(texts_of(image_of({{.name = "f", .code = {0xb0, 0x0f, 0x01, 0xd7, 0xc3}}})),
              ElementsAre("hidden-enclu at f+0x1 (0x1001)"));
}

TEST(ImageLint, AnEncluWithAPrefixIsFoundOnce) {
  EXPECT_EQ(sites_of(image_of({{.name = "f", .code = {0x48, 0x0f, 0x01, 0xd7, 0xc3}}})).size(), 1U);
}

// A limit, on purpose a test: linear disassembly does not see what only a jump into an immediate would execute.
TEST(ImageLint, DoesNotSeeOtherInstructionsInTheMiddleOfOthers) {
  EXPECT_THAT(texts_of(image_of({{.name = "f", .code = {0xb8, 0x0f, 0x05, 0x00, 0x00, 0xc3}}})), IsEmpty());
}

TEST(ImageLint, DecodesAnewFromEachFunction) {
  // Data before the function (B8: the beginning of a MOV of five bytes) would swallow its SYSCALL.
  const std::vector<Function> functions = {{.name = "table", .code = {0xc3, 0xb8}},
                                           {.name = "f", .offset = 2, .code = {0x0f, 0x05, 0xc3, 0x90}}};
  EXPECT_THAT(texts_of(image_of(functions)), ElementsAre("syscall at f+0x0 (0x1002)"));
  EXPECT_THAT(texts_of(image_of(functions, true)), IsEmpty()) << "without symbols it is swallowed";
}

TEST(ImageLint, AnImageWithoutSymbolsIsNamedByAddressAndCannotBeAllowed) {
  const std::vector<uint8_t> file = image_of({{.name = "getpid", .code = kSyscall}}, true);
  EXPECT_THAT(texts_of(file), ElementsAre("syscall at 0x1005, in no function"));
  EXPECT_FALSE(require_allowed(sites_of(file, "getpid syscall reason")));
}

TEST(ImageLint, CodeBehindAFunctionsEndBelongsToNone) {
  EXPECT_THAT(texts_of(image_of({{.name = "f", .code = kSyscall, .size = 2}})),
              ElementsAre("syscall at 0x1005, in no function"));
}

TEST(ImageLint, DataIsNotLookedAt) {
  std::vector<uint8_t> file = image_of({});
  file[test::Builder::kDataAt + 64] = 0x0f;
  file[test::Builder::kDataAt + 65] = 0x05;
  EXPECT_THAT(texts_of(file), IsEmpty());
}

TEST(AllowedInstructions, AreReadWithCommentsAndBlankLines) {
  const auto allowed =
      parse_allowed_instructions("# head\n\n f  enclu   EEXIT, the way out  # why\r\n", "list");
  ASSERT_TRUE(allowed);
  ASSERT_EQ(allowed->size(), 1U);
  EXPECT_EQ((*allowed)[0].symbol, "f");
  EXPECT_EQ((*allowed)[0].instruction, "enclu");
  EXPECT_EQ((*allowed)[0].reason, "EEXIT, the way out");
}

TEST(AllowedInstructions, WithoutAReasonAreRefusedWithTheLine) {
  const auto allowed = parse_allowed_instructions("a cpuid reason\nf enclu\n", "my.list");
  ASSERT_FALSE(allowed);
  EXPECT_THAT(allowed.error().message, HasSubstr("my.list:2"));
}

TEST(AllowedInstructions, OfTwineItselfAllHaveAReasonAndNoneFaults) {
  const auto allowed = own_allowed_instructions();
  ASSERT_TRUE(allowed) << allowed.error().message;
  EXPECT_FALSE(allowed->empty());
  for (const AllowedInstruction& each : *allowed) {
    EXPECT_TRUE(each.instruction == "enclu" || each.instruction == "xrstor64") << each.symbol;
  }
}

TEST(FunctionSymbols, OfADamagedTableAreAnError) {
  std::vector<uint8_t> file = image_of({{.name = "f", .code = {0xc3}}});
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  Elf64_Shdr table;
  const size_t at = header.e_shoff + sizeof(Elf64_Shdr);
  std::memcpy(&table, file.data() + at, sizeof table);
  const auto with = [&](auto change) {
    Elf64_Shdr changed = table;
    change(changed);
    std::vector<uint8_t> damaged = file;
    std::memcpy(damaged.data() + at, &changed, sizeof changed);
    return read_function_symbols(damaged).has_value();
  };
  EXPECT_TRUE(with([](Elf64_Shdr&) {}));
  EXPECT_FALSE(with([](Elf64_Shdr& s) { s.sh_offset = UINT64_MAX; }));
  EXPECT_FALSE(with([](Elf64_Shdr& s) { s.sh_size = UINT64_MAX; }));
  EXPECT_FALSE(with([](Elf64_Shdr& s) { s.sh_size -= 1; }));
  EXPECT_FALSE(with([](Elf64_Shdr& s) { s.sh_link = 9; }));
  EXPECT_FALSE(with([](Elf64_Shdr& s) { s.sh_link = 1; })) << "names in a table that is no string table";
}

}  // namespace
}  // namespace twine::image
