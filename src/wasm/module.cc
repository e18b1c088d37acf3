#include "wasm/module.h"

#include <algorithm>

#include "wasm/validator.h"

namespace twine::wasm {

std::string_view Module::function_name(uint32_t function) const {
  const auto entry = std::ranges::lower_bound(names.functions, function, {}, &Names::Entry::index);
  return entry != names.functions.end() && entry->index == function ? entry->name : std::string_view{};
}

const Export* Module::find_export(std::string_view field) const {
  const auto found = std::ranges::find(exports, field, &Export::field);
  return found == exports.end() ? nullptr : &*found;
}

const CustomSection* Module::find_custom_section(std::string_view name) const {
  const auto found = std::ranges::find(custom_sections, name, &CustomSection::name);
  return found == custom_sections.end() ? nullptr : &*found;
}

Result<Module> load(std::span<const uint8_t> bytes, const Features& features) {
  Module module = TWINE_TRY(decode(bytes, features));
  TWINE_TRY(validate(module, features));
  return module;
}

}  // namespace twine::wasm
