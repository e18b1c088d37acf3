#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <vector>

#include "cli/inspect.h"
#include "host/image/hex.h"
#include "host/launch/twm_file.h"
#include "wasm/module.h"

namespace twine::cli {
namespace {

std::string describe(std::span<const wasm::ValueType> types) {
  std::vector<std::string_view> names;
  for (const wasm::ValueType type : types) names.push_back(wasm::name(type));
  return fmt::format("({})", fmt::join(names, ", "));
}

std::string describe(const wasm::Limits& limits, std::string_view unit) {
  return limits.max ? fmt::format("{} to {} {}", grouped(limits.min), grouped(*limits.max), unit)
                    : fmt::format("{} {} or more", grouped(limits.min), unit);
}

// The type of an import or export, by its kind and index.
std::string describe(const wasm::Module& module, wasm::ExternalKind kind, uint32_t index) {
  switch (kind) {
    case wasm::ExternalKind::function: {
      const wasm::FunctionType& type = module.function_type(index);
      return fmt::format("function {} -> {}", describe(type.params), describe(type.results));
    }
    case wasm::ExternalKind::table: {
      const wasm::TableType& type = module.tables[index].type;
      return fmt::format("table of {}, {}", wasm::name(type.element), describe(type.limits, "elements"));
    }
    case wasm::ExternalKind::memory:
      return "memory, " + describe(module.memories[index].type.limits, "pages");
    case wasm::ExternalKind::global: {
      const wasm::GlobalType& type = module.globals[index].type;
      return fmt::format("global {}{}", type.is_mutable ? "mutable " : "", wasm::name(type.value));
    }
  }
  return "unknown";
}

// Names come from the file: what a terminal would obey is shown as an escape.
std::string printable(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text;
}

struct SectionRow {
  uint64_t offset = 0;
  uint64_t size = 0;
  uint8_t id = 0;
};

// Section headers of a module that has been decoded, so all of this is there: id, LEB128 size, contents.
std::vector<SectionRow> list_sections(std::span<const uint8_t> file) {
  std::vector<SectionRow> rows;
  for (uint64_t at = 8; at < file.size();) {
    SectionRow section;
    section.id = file[at++];
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t byte = file[at++];
      section.size |= uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) break;
    }
    section.offset = at;
    at += section.size;
    rows.push_back(section);
  }
  return rows;
}

std::string section_name(const wasm::Module& module, const SectionRow& section) {
  constexpr std::string_view kNames[] = {"custom", "type",   "import",    "function", "table",
                                         "memory", "global", "export",    "start",    "element",
                                         "code",   "data",   "data count"};
  if (section.id != 0) return std::string(section.id < std::size(kNames) ? kNames[section.id] : "unknown");
  for (const wasm::CustomSection& custom : module.custom_sections) {
    if (custom.offset >= section.offset && custom.offset <= section.offset + section.size) {
      return fmt::format("custom \"{}\"", printable(custom.name));
    }
  }
  return "custom";
}

}  // namespace

Result<std::string> inspect_wasm(std::span<const uint8_t> file) {
  const wasm::Module module = TWINE_TRY(wasm::load(file, wasm::all_features));
  std::string text = fmt::format("WebAssembly module, valid, {} bytes\n", grouped(file.size()));
  text += row("sha256", image::to_hex(host::sha256(file)));
  text += row("functions", fmt::format("{}, {} of them imported", grouped(module.functions.size()),
                                       grouped(module.imported_functions)));
  text += row("types", grouped(module.types.size()));
  for (size_t i = 0; i < module.memories.size(); ++i) {
    text += row(fmt::format("memory {}", i), describe(module.memories[i].type.limits, "pages of 64 KiB"));
  }
  for (size_t i = 0; i < module.tables.size(); ++i) {
    text += row(
        fmt::format("table {}", i),
        describe(module, wasm::ExternalKind::table, static_cast<uint32_t>(i)).substr(sizeof("table ") - 1));
  }
  if (module.start) text += row("start", fmt::format("function {}", *module.start));

  text += "sections\n      offset        size  name\n";
  for (const SectionRow& section : list_sections(file)) {
    text += fmt::format("  {:>#10x}  {:>10}  {}\n", section.offset, grouped(section.size),
                        section_name(module, section));
  }
  text += fmt::format("imports ({})\n", module.imports.size());
  for (const wasm::Import& import : module.imports) {
    text += fmt::format("  {}.{}  {}\n", printable(import.module), printable(import.field),
                        describe(module, import.kind, import.index));
  }
  text += fmt::format("exports ({})\n", module.exports.size());
  for (const wasm::Export& entry : module.exports) {
    text += fmt::format("  {}  {}\n", printable(entry.field), describe(module, entry.kind, entry.index));
  }
  return text;
}

}  // namespace twine::cli
