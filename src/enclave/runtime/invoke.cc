// Calls from outside: values in, values out.
#include "enclave/runtime/invoke.h"

#include <utility>

#include "common/decimal.h"
#include "enclave/runtime/store.h"

namespace twine::enclave {
namespace {

const wasm::Export* find(const Instance& instance, std::string_view field, wasm::ExternalKind kind) {
  const wasm::Export* entry = instance.module().wasm.find_export(field);
  return entry != nullptr && entry->kind == kind ? entry : nullptr;
}

std::unexpected<Error> not_exported(const Instance& instance, std::string_view kind, std::string_view field) {
  return fail(ErrorCode::not_found, instance.module().name + ": exports no " + std::string(kind) + " `" +
                                        std::string(field) + "`; `twine inspect` lists what it exports");
}

WireValue to_wire(const Store& store, wasm::ValueType type, const abi::Value& value) {
  constexpr uint64_t low_half = 0xffff'ffff;
  WireValue wire{.type = std::to_underlying(type)};
  switch (type) {
    case wasm::ValueType::i32:
    case wasm::ValueType::f32:
      wire.low = value.low & low_half;
      break;
    case wasm::ValueType::v128:
      wire.low = value.low;
      wire.high = value.high;
      break;
    case wasm::ValueType::funcref:
      wire.low = value.low == reinterpret_cast<uint64_t>(store.null_function()) ? 0 : 1;
      break;
    default:
      wire.low = value.low;
      break;
  }
  return wire;
}

Result<void> check_argument(const WireValue& argument, wasm::ValueType type, size_t number) {
  if (argument.type != std::to_underlying(type)) {
    return fail(
        ErrorCode::invalid_argument,
        "argument " + decimal(number) + " is not of the parameter's type " + std::string(wasm::name(type)));
  }
  if (type == wasm::ValueType::funcref && argument.low != 0) {
    return fail(ErrorCode::invalid_argument,
                "argument " + decimal(number) + " is a function; only null can be given");
  }
  return {};
}

}  // namespace

Result<Invoked> invoke(Instance& instance, std::string_view function, std::span<const WireValue> arguments) {
  const wasm::Export* entry = find(instance, function, wasm::ExternalKind::function);
  if (entry == nullptr) return not_exported(instance, "function", function);
  const CompiledModule& module = instance.module();
  const wasm::FunctionType& type = module.wasm.function_type(entry->index);
  if (arguments.size() != type.params.size()) {
    return fail(ErrorCode::invalid_argument, module.name + ": `" + std::string(function) + "` takes " +
                                                 decimal(type.params.size()) + " arguments, not " +
                                                 decimal(arguments.size()));
  }

  Store& store = instance.store();
  GuestThread& thread = store.guest_thread();
  const std::span<abi::Value> values(thread.context.values);
  for (size_t i = 0; i < arguments.size(); ++i) {
    TWINE_TRY(check_argument(arguments[i], type.params[i], i));
    values[i] = {.low = arguments[i].low, .high = arguments[i].high};
    if (type.params[i] == wasm::ValueType::funcref)
      values[i].low = reinterpret_cast<uint64_t>(store.null_function());
  }

  Invoked invoked;
  const uint32_t type_index = module.wasm.functions[entry->index].type_index;
  invoked.end = call(thread, *instance.function(entry->index), module.entry_thunk(type_index));
  switch (invoked.end) {
    case CallEnd::returned:
      for (size_t i = 0; i < type.results.size(); ++i) {
        invoked.results.push_back(to_wire(store, type.results[i], values[i]));
      }
      break;
    case CallEnd::trapped:
      invoked.trap = std::move(thread.trap);
      break;
    case CallEnd::exited:
      invoked.exit_code = thread.exit_code;
      break;
  }
  return invoked;
}

Result<WireValue> read_global(Instance& instance, std::string_view global) {
  const wasm::Export* entry = find(instance, global, wasm::ExternalKind::global);
  if (entry == nullptr) return not_exported(instance, "global", global);
  const wasm::GlobalType& type = instance.module().wasm.globals[entry->index].type;
  return to_wire(instance.store(), type.value, *instance.global(entry->index));
}

}  // namespace twine::enclave
