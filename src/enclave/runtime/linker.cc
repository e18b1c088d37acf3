// Import resolution and matching.
#include "enclave/runtime/linker.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "common/decimal.h"
#include "enclave/platform/platform.h"
#include "enclave/runtime/store.h"

namespace twine::enclave {
namespace {

wasm::ValueType signature_letter(char letter) {
  switch (letter) {
    case 'i':
      return wasm::ValueType::i32;
    case 'I':
      return wasm::ValueType::i64;
    case 'f':
      return wasm::ValueType::f32;
    case 'F':
      return wasm::ValueType::f64;
    case 'V':
      return wasm::ValueType::v128;
    case 'r':
      return wasm::ValueType::funcref;
    case 'x':
      return wasm::ValueType::externref;
    default:
      panic("a host function's signature has an unknown letter");
  }
}

std::string describe(const wasm::FunctionType& type) {
  const auto list = [](const std::vector<wasm::ValueType>& types) {
    std::string text = "(";
    for (const wasm::ValueType value : types) {
      if (text.size() > 1) text += ", ";
      text += wasm::name(value);
    }
    return text + ")";
  };
  return list(type.params) + " → " + list(type.results);
}

std::string describe(uint64_t min, std::optional<uint32_t> max) {
  return decimal(min) + " to " + (max ? decimal(*max) : "any");
}

std::string describe(const wasm::GlobalType& type) {
  return std::string(type.is_mutable ? "mutable " : "immutable ") + std::string(wasm::name(type.value));
}

// 3.4.1: a range of [min, max] lies within another.
bool limits_match(uint64_t size, std::optional<uint32_t> max, const wasm::Limits& wanted) {
  if (size < wanted.min) return false;
  return !wanted.max || (max && *max <= *wanted.max);
}

std::unexpected<Error> mismatch(std::string_view kind, const std::string& wanted, const std::string& found) {
  return fail(ErrorCode::link, "incompatible import type: a " + std::string(kind) + " " + wanted +
                                   " is imported, " + found + " is there");
}

// The importer's type against what was found.
Result<void> match(Store& store, const CompiledModule& module, const wasm::Import& import,
                   const Extern& found) {
  if (found.kind != import.kind) {
    return fail(ErrorCode::link, "incompatible import type: a " + std::string(wasm::name(import.kind)) +
                                     " is imported, a " + std::string(wasm::name(found.kind)) + " is there");
  }
  switch (import.kind) {
    case wasm::ExternalKind::function: {
      const wasm::FunctionType& wanted = module.wasm.function_type(import.index);
      const wasm::FunctionType type = found.host_function != nullptr
                                          ? type_of(*found.host_function)
                                          : store.types().type(found.function->type_id);
      if (type != wanted) return mismatch("function", describe(wanted), describe(type));
      return {};
    }
    case wasm::ExternalKind::table: {
      const wasm::TableType& wanted = module.wasm.tables[import.index].type;
      const wasm::TableType& type = found.table->type();
      if (type.element != wanted.element) {
        return mismatch("table of", std::string(wasm::name(wanted.element)),
                        std::string(wasm::name(type.element)));
      }
      if (!limits_match(found.table->descriptor.size, type.limits.max, wanted.limits)) {
        return mismatch("table of elements", describe(wanted.limits.min, wanted.limits.max),
                        describe(found.table->descriptor.size, type.limits.max));
      }
      return {};
    }
    case wasm::ExternalKind::memory: {
      const wasm::Limits& wanted = module.wasm.memories[import.index].type.limits;
      if (!limits_match(found.memory->pages(), found.memory->declared_max, wanted)) {
        return mismatch("memory of pages", describe(wanted.min, wanted.max),
                        describe(found.memory->pages(), found.memory->declared_max));
      }
      return {};
    }
    case wasm::ExternalKind::global: {
      const wasm::GlobalType& wanted = module.wasm.globals[import.index].type;
      if (found.global_type != wanted)
        return mismatch("global", describe(wanted), describe(found.global_type));
      return {};
    }
  }
  std::unreachable();
}

}  // namespace

wasm::FunctionType type_of(const HostFunction& function) {
  wasm::FunctionType type;
  std::vector<wasm::ValueType>* list = &type.params;
  for (const char letter : function.signature) {
    if (letter == ':') {
      list = &type.results;
    } else {
      list->push_back(signature_letter(letter));
    }
  }
  return type;
}

void Linker::add(std::string_view module, std::string_view field, const Extern& value) {
  definitions_.push_back({std::string(module), std::string(field), value});
}

void Linker::add(std::string name, Instance& instance) {
  instances_.push_back({std::move(name), &instance});
}

std::optional<Extern> Linker::find(std::string_view module, std::string_view field) const {
  const auto named = std::views::reverse(instances_);
  const auto instance = std::ranges::find(named, module, &NamedInstance::name);
  if (instance != named.end()) {
    const wasm::Export* entry = instance->instance->module().wasm.find_export(field);
    if (entry == nullptr) return std::nullopt;
    return instance->instance->external(*entry);
  }
  for (const Definition& definition : definitions_) {
    if (definition.module == module && definition.field == field) return definition.value;
  }
  for (const std::span<const HostFunction> functions : host_functions_) {
    for (const HostFunction& function : functions) {
      if (function.module == module && function.name == field) {
        return Extern{.kind = wasm::ExternalKind::function, .host_function = &function};
      }
    }
  }
  return std::nullopt;
}

bool Linker::knows_module(std::string_view module) const {
  const auto contains = [](const auto& items, std::string_view name, auto member) {
    return std::ranges::find(items, name, member) != items.end();
  };
  return contains(instances_, module, &NamedInstance::name) ||
         contains(definitions_, module, &Definition::module) ||
         std::ranges::any_of(host_functions_, [&](auto functions) {
           return contains(functions, module, &HostFunction::module);
         });
}

Result<Extern> Linker::resolve(Store& store, const CompiledModule& module, const wasm::Import& import) const {
  const std::string where =
      module.name + ": import \"" + std::string(import.module) + "\" \"" + std::string(import.field) + "\"";
  const std::optional<Extern> found = find(import.module, import.field);
  if (!found) {
    return within(where, fail(ErrorCode::link,
                              knows_module(import.module)
                                  ? "unknown import: that module has no such export"
                                  : "unknown import: there is no module of that name; give it with --preload")
                             .error());
  }
  if (Result<void> matched = match(store, module, import, *found); !matched) {
    return within(where, std::move(matched).error());
  }
  return *found;
}

}  // namespace twine::enclave
