#include "codegen/llvm/object_linker.h"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELF.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/Endian.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "codegen/llvm/code_tables.h"
#include "common/image_layout.h"

namespace twine::codegen {
namespace {

using Elf = llvm::object::ELF64LE;
using ElfFile = llvm::object::ELFFile<Elf>;

constexpr uint64_t kMaxImage = uint64_t{1} << 31;  // what a 32-bit displacement reaches
constexpr uint8_t kInt3 = 0xcc;

template <typename T>
Result<T> checked(llvm::Expected<T> value, const char* what) {
  if (value) return std::move(*value);
  return fail(ErrorCode::internal,
              std::string("compiled object: ") + what + ": " + llvm::toString(value.takeError()));
}

uint64_t align_up(uint64_t value, uint64_t alignment) {
  return alignment <= 1 ? value : (value + alignment - 1) / alignment * alignment;
}

class Linker {
 public:
  Result<LinkedImage> link(std::span<const llvm::MemoryBufferRef> buffers) {
    for (const llvm::MemoryBufferRef& buffer : buffers) {
      const ElfFile file = TWINE_TRY(checked(ElfFile::create(buffer.getBuffer()), "not ELF"));
      const Elf::ShdrRange sections = TWINE_TRY(checked(file.sections(), "section table"));
      Object object{buffer,  file, sections,
                    nullptr, {},   std::vector<std::optional<uint64_t>>(sections.size())};
      for (const Elf::Shdr& section : sections) {
        if (section.sh_type == llvm::ELF::SHT_SYMTAB) object.symbol_table = &section;
      }
      object.names = TWINE_TRY(checked(file.getStringTableForSymtab(*object.symbol_table), "symbol names"));
      objects_.push_back(std::move(object));
    }
    TWINE_TRY(place_sections());
    TWINE_TRY(collect_symbols());
    for (const Object& object : objects_) TWINE_TRY(relocate(object));
    for (const Object& object : objects_) TWINE_TRY(read_tables(object));
    return std::move(image_);
  }

 private:
  struct Object {
    llvm::MemoryBufferRef buffer;
    ElfFile file;
    Elf::ShdrRange sections;
    const Elf::Shdr* symbol_table;
    llvm::StringRef names;
    std::vector<std::optional<uint64_t>> placed;  // by section number: offset in the image
  };

  static bool is_code(const Elf::Shdr& section) {
    return (section.sh_flags & llvm::ELF::SHF_EXECINSTR) != 0 && section.sh_size != 0;
  }

  // Allocated in memory, but not code: constants. Unwind tables are allocated too and stay behind.
  static Result<bool> is_constant(const Object& object, const Elf::Shdr& section) {
    if ((section.sh_flags & llvm::ELF::SHF_ALLOC) == 0 || section.sh_size == 0 || is_code(section))
      return false;
    const llvm::StringRef name = TWINE_TRY(checked(object.file.getSectionName(section), "section name"));
    if (name == ".eh_frame") return false;
    if ((section.sh_flags & llvm::ELF::SHF_WRITE) != 0 && !name.starts_with(".data.rel.ro")) {
      return fail(ErrorCode::internal, "compiled object: has writable data in " + name.str());
    }
    return true;
  }

  Result<void> append(Object& object, size_t number, uint8_t padding) {
    const Elf::Shdr& section = object.sections[number];
    const uint64_t offset = align_up(image_.bytes.size(), section.sh_addralign);
    const auto contents = TWINE_TRY(checked(object.file.getSectionContents(section), "section contents"));
    if (offset + contents.size() >= kMaxImage) {
      return fail(ErrorCode::limit, "the module's code is larger than 2 GiB; split the module");
    }
    image_.bytes.resize(offset, padding);
    image_.bytes.insert(image_.bytes.end(), contents.begin(), contents.end());
    object.placed[number] = offset;
    return {};
  }

  Result<void> place_sections() {
    for (Object& object : objects_) {
      for (size_t number = 0; number < object.sections.size(); ++number) {
        if (is_code(object.sections[number])) TWINE_TRY(append(object, number, kInt3));
      }
    }
    image_.layout.code_size = align_up(image_.bytes.size(), kPageSize);
    image_.bytes.resize(image_.layout.code_size, kInt3);
    for (Object& object : objects_) {
      for (size_t number = 0; number < object.sections.size(); ++number) {
        const bool constant = TWINE_TRY(is_constant(object, object.sections[number]));
        if (constant) TWINE_TRY(append(object, number, 0));
      }
    }
    image_.layout.data_size = image_.bytes.size() - image_.layout.code_size;
    return {};
  }

  // Where a symbol lies in the image; nothing if it is not defined in a section of the image.
  static std::optional<uint64_t> placement(const Object& object, const Elf::Sym& symbol) {
    // The special numbers (absolute, common) are beyond every section.
    if (symbol.st_shndx == llvm::ELF::SHN_UNDEF || symbol.st_shndx >= object.placed.size())
      return std::nullopt;
    const std::optional<uint64_t>& section = object.placed[symbol.st_shndx];
    if (!section) return std::nullopt;
    return *section + symbol.st_value;
  }

  Result<void> collect_symbols() {
    for (const Object& object : objects_) {
      for (const Elf::Sym& symbol : TWINE_TRY(checked(object.file.symbols(object.symbol_table), "symbols"))) {
        const std::optional<uint64_t> offset = placement(object, symbol);
        if (symbol.getType() != llvm::ELF::STT_FUNC || !offset) continue;
        const llvm::StringRef name = TWINE_TRY(checked(symbol.getName(object.names), "symbol name"));
        image_.functions[name.str()] = {static_cast<uint32_t>(*offset),
                                        static_cast<uint32_t>(*offset + symbol.st_size)};
      }
    }
    return {};
  }

  Result<uint64_t> target(const Object& object, const Elf::Sym& symbol) const {
    const std::optional<uint64_t> offset = placement(object, symbol);
    if (offset) return *offset;
    const llvm::StringRef name = TWINE_TRY(checked(symbol.getName(object.names), "symbol name"));
    const auto function = image_.functions.find(name.str());
    if (function != image_.functions.end()) return function->second.begin;
    return fail(ErrorCode::internal,
                "compiled code refers to '" + name.str() + "', which does not exist in the enclave");
  }

  Result<void> relocate(const Object& object) {
    for (const Elf::Shdr& section : object.sections) {
      // sh_info of a relocation section: the section it is for. Debug information and unwind tables have no
      // place.
      if (section.sh_type != llvm::ELF::SHT_RELA || section.sh_info >= object.placed.size()) continue;
      const std::optional<uint64_t>& placed = object.placed[section.sh_info];
      if (!placed) continue;
      for (const Elf::Rela& relocation : TWINE_TRY(checked(object.file.relas(section), "relocations"))) {
        const Elf::Sym* symbol =
            TWINE_TRY(checked(object.file.getRelocationSymbol(relocation, object.symbol_table), "symbol"));
        if (symbol == nullptr)
          return fail(ErrorCode::internal, "compiled object: relocation without a symbol");
        const uint64_t address = TWINE_TRY(target(object, *symbol));
        const uint64_t place = *placed + relocation.r_offset;
        const int64_t value =
            static_cast<int64_t>(address) + relocation.r_addend - static_cast<int64_t>(place);
        TWINE_TRY(apply(relocation.getType(false), place, value));
      }
    }
    return {};
  }

  Result<void> apply(uint32_t type, uint64_t place, int64_t value) {
    const bool wide = type == llvm::ELF::R_X86_64_PC64;
    if (type != llvm::ELF::R_X86_64_PC32 && type != llvm::ELF::R_X86_64_PLT32 && !wide) {
      return fail(ErrorCode::internal, "compiled code has a relocation of type " + std::to_string(type) +
                                           ", which is not relative within the image");
    }
    const uint64_t size = wide ? 8 : 4;
    if (place + size > image_.bytes.size())
      return fail(ErrorCode::internal, "relocation outside of its section");
    if (wide) {
      llvm::support::endian::write64le(&image_.bytes[place], static_cast<uint64_t>(value));
      return {};
    }
    if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
      return fail(ErrorCode::internal, "relocation does not fit 32 bits");
    }
    llvm::support::endian::write32le(&image_.bytes[place], static_cast<uint32_t>(value));
    return {};
  }

  Result<void> read_tables(const Object& object) {
    const auto file =
        TWINE_TRY(checked(llvm::object::ObjectFile::createELFObjectFile(object.buffer), "debug information"));
    for (size_t number = 0; number < object.sections.size(); ++number) {
      const std::optional<uint64_t>& placed = object.placed[number];
      if (!placed || !is_code(object.sections[number])) continue;
      CodeTables tables = TWINE_TRY(read_code_tables(*file, static_cast<uint32_t>(*placed)));
      image_.locations.insert(image_.locations.end(), tables.locations.begin(), tables.locations.end());
      image_.unwind.insert(image_.unwind.end(), tables.unwind.begin(), tables.unwind.end());
      image_.layout.max_frame = std::max(image_.layout.max_frame, tables.max_frame);
    }
    return {};
  }

  std::vector<Object> objects_;
  LinkedImage image_;
};

}  // namespace

Result<LinkedImage> link_objects(std::span<const llvm::MemoryBufferRef> objects) {
  return Linker().link(objects);
}

}  // namespace twine::codegen
