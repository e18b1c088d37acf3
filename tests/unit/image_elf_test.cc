// The enclave's ELF file and note: what is refused, and which pages come out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/sgx/arch.h"
#include "host/image/enclave_image.h"
#include "unit/image_builder.h"

namespace twine::image {
namespace {

using test::Builder;
using ::testing::HasSubstr;

constexpr uint64_t kReg = sgx::secinfo_page_type(sgx::PageType::reg);

TEST(EnclaveImage, TurnsSegmentsAndThreadBlocksIntoPages) {
  const Builder builder;
  const auto image = EnclaveImage::from_elf(builder.build());
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->end(), 0x5000);
  ASSERT_EQ(image->runs().size(), 3 + 2 * 4);
  EXPECT_EQ(image->runs()[0].secinfo_flags, kReg | sgx::kSecinfoR);
  EXPECT_EQ(image->runs()[1].secinfo_flags, kReg | sgx::kSecinfoR | sgx::kSecinfoX);
  EXPECT_EQ(image->runs()[2].secinfo_flags, kReg | sgx::kSecinfoR | sgx::kSecinfoW);
  EXPECT_EQ(image->runs()[2].contents.size(), 0x3000)
      << "memory beyond the file's contents is part of the image";
  EXPECT_EQ(image->runs()[2].contents[0x1000], 0);

  uint64_t end = 0;
  for (const PageRun& run : image->runs()) {
    EXPECT_GE(run.offset, end) << "runs ascend and do not overlap";
    EXPECT_EQ(run.contents.size() % kPageSize, 0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(run.contents.data()) % kPageSize, 0);
    end = run.offset + run.contents.size();
  }
  EXPECT_LE(end, builder.note.heap_offset);
}

TEST(EnclaveImage, FillsEachTcsWithItsOwnBlocksOffsets) {
  const auto image = EnclaveImage::from_elf(Builder().build());
  ASSERT_TRUE(image);
  const ThreadBlockLayout block = thread_block_layout(image->note());
  for (uint32_t thread = 0; thread < 2; ++thread) {
    const PageRun& run = image->runs()[3 + thread * 4];
    ASSERT_EQ(run.secinfo_flags, sgx::secinfo_page_type(sgx::PageType::tcs))
        << "a TCS has no permission bits";
    ASSERT_EQ(run.offset, image->tcs_offset(thread));
    sgx::Tcs tcs;
    std::memcpy(&tcs, run.contents.data(), sizeof(tcs));
    EXPECT_EQ(tcs.ossa, run.offset + kPageSize);
    EXPECT_EQ(tcs.nssa, 3);
    EXPECT_EQ(tcs.cssa, 0);
    EXPECT_EQ(tcs.oentry, Builder::kTextAt + 0x10);
    EXPECT_EQ(tcs.ofsbasgx, run.offset + block.tcb);
    EXPECT_EQ(tcs.ogsbasgx, run.offset + block.tcb);
    EXPECT_EQ(tcs.aep, 0);
    EXPECT_EQ(tcs.state, 0);
  }
}

TEST(EnclaveImage, AddsNoPageToTheGuestStackOrAGuard) {
  const auto image = EnclaveImage::from_elf(Builder().build());
  ASSERT_TRUE(image);
  const ThreadBlockLayout block = thread_block_layout(image->note());
  const uint64_t first = image->tcs_offset(0);
  for (const PageRun& run : image->runs()) {
    if (run.offset < first || run.offset >= first + block.size) continue;
    EXPECT_LE(run.offset + run.contents.size(), first + block.guest_stack - image->note().guard_size);
  }
}

struct Refusal {
  const char* name;
  std::function<void(Builder&)> spoil;
  const char* says;
};
void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.name;
}

class ElfImageRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(ElfImageRefuses, AndNamesTheFault) {
  Builder builder;
  GetParam().spoil(builder);
  const auto image = EnclaveImage::from_elf(builder.build());
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().message, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ElfImageRefuses,
    ::testing::Values(
        Refusal{"Magic", [](Builder& b) { b.header.e_ident[1] = 'F'; }, "does not start with an ELF header"},
        Refusal{"Class32", [](Builder& b) { b.header.e_ident[EI_CLASS] = ELFCLASS32; }, "ELFCLASS64"},
        Refusal{"BigEndian", [](Builder& b) { b.header.e_ident[EI_DATA] = ELFDATA2MSB; }, "little-endian"},
        Refusal{"Executable", [](Builder& b) { b.header.e_type = ET_EXEC; }, "-static-pie"},
        Refusal{"OtherMachine", [](Builder& b) { b.header.e_machine = EM_AARCH64; }, "x86-64"},
        Refusal{"EntryOutsideCode", [](Builder& b) { b.header.e_entry = Builder::kDataAt; },
                "entry point 0x2000"},
        Refusal{"ProgramHeadersOutside", [](Builder& b) { b.header.e_phoff = ~uint64_t{0} - 20; },
                "program header 0 lies outside"},
        Refusal{"NothingToLoad",
                [](Builder& b) {
                  b.program_headers.erase(b.program_headers.begin(), b.program_headers.begin() + 3);
                },
                "no PT_LOAD"},
        Refusal{"Interpreter", [](Builder& b) { b.add(PT_INTERP, PF_R, 0x500, 8, 8); }, "PT_INTERP"},
        Refusal{"Unaligned", [](Builder& b) { b.program_headers[1].p_vaddr += 8; },
                "does not start at a page"},
        Refusal{"FirstNotAtZero", [](Builder& b) { b.program_headers.erase(b.program_headers.begin()); },
                "does not start at address 0"},
        Refusal{"Overlap", [](Builder& b) { b.program_headers[0].p_memsz = 0x1001; }, "overlaps"},
        Refusal{"WritableCode", [](Builder& b) { b.program_headers[1].p_flags |= PF_W; },
                "both writable and executable"},
        Refusal{"Unreadable", [](Builder& b) { b.program_headers[1].p_flags = PF_X; }, "is not readable"},
        Refusal{"MoreContentsThanMemory", [](Builder& b) { b.program_headers[2].p_memsz = 8; },
                "more contents than memory"},
        Refusal{"Truncated", [](Builder& b) { b.file_size = 0x2800; }, "may be truncated"},
        Refusal{"HugeSegment", [](Builder& b) { b.program_headers[2].p_memsz = ~uint64_t{0}; },
                "reaches past"},
        Refusal{"NoNote", [](Builder& b) { b.program_headers.pop_back(); }, "no Twine note"},
        Refusal{"OtherNoteType", [](Builder& b) { b.note_type = 9; }, "no Twine note"},
        Refusal{"TwoNotes", [](Builder& b) { b.program_headers.push_back(b.program_headers.back()); },
                "two Twine notes"},
        Refusal{"NoteVersion", [](Builder& b) { b.note.version = 2; }, "version 2"},
        Refusal{"SharedLibrary", [](Builder& b) { b.dynamic[0].d_tag = DT_NEEDED; }, "shared library"},
        Refusal{"TextRelocations", [](Builder& b) { b.dynamic[0].d_tag = DT_TEXTREL; }, "-fPIE"},
        Refusal{"SymbolRelocation", [](Builder& b) { b.relocation.r_info = ELF64_R_INFO(1, R_X86_64_64); },
                "R_X86_64_RELATIVE"},
        Refusal{"RelocatedCode", [](Builder& b) { b.relocation.r_offset = Builder::kTextAt; },
                "not in a writable segment"},
        Refusal{"RelocationsOutside", [](Builder& b) { b.dynamic[0].d_un.d_val = 0x9000; }, "DT_RELA"},
        Refusal{"NoThreads", [](Builder& b) { b.note.tcs_count = 0; }, "tcs_count"},
        Refusal{"OneSsaFrame", [](Builder& b) { b.note.nssa = 1; }, "nssa"},
        Refusal{"NoSsaPages", [](Builder& b) { b.note.ssa_frame_pages = 0; }, "ssa_frame_pages"},
        Refusal{"OddElrange", [](Builder& b) { b.note.elrange_size += kPageSize; }, "power of two"},
        Refusal{"UnalignedStack", [](Builder& b) { b.note.runtime_stack_size += 8; },
                "runtime_stack_size is not a multiple"},
        Refusal{"NoGuard", [](Builder& b) { b.note.guard_size = 0; }, "guard_size"},
        Refusal{"ThreadsOverHeap", [](Builder& b) { b.note.heap_offset = 0x10000; }, "overlap the heap"},
        Refusal{"HeapOverCode", [](Builder& b) { b.note.heap_size = 17 << 20; }, "heap overlaps the code"},
        Refusal{"CodeOverMemories", [](Builder& b) { b.note.wasm_offset = 32 << 20; },
                "code region overlaps"},
        Refusal{"MemoriesBeyondElrange", [](Builder& b) { b.note.wasm_size += kPageSize; },
                "reach past elrange_size"},
        Refusal{"ReservedField", [](Builder& b) { b.note.reserved = 1; }, "reserved"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ElfImage, RefusesEveryTruncationWithoutReadingBeyondTheEnd) {
  const std::vector<uint8_t> whole = Builder().build();
  for (size_t size = 0; size < whole.size(); size += size < 0x800 ? 1 : 61) {
    const std::vector<uint8_t> part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(parse_elf_image(part)) << size;
  }
}

}  // namespace
}  // namespace twine::image
