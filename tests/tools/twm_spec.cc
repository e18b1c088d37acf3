// twm-spec FILE.json…: runs the commands of wast2json's output against the compiler in a plain process, and
// prints what failed. For work on the compiler; the conformance that counts is scripts/conformance.sh, inside
// the enclave.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/guest_host.h"

namespace {

using nlohmann::json;
using twine::abi::TrapKind;
using twine::test::Extern;
using twine::test::Host;
using twine::test::Instance;
using twine::test::Outcome;
using twine::test::Trap;
using twine::test::Values;
using twine::wasm::RawValue;
using twine::wasm::ValueType;

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream input(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  return {bytes.begin(), bytes.end()};
}

const char* message(TrapKind kind) {
  switch (kind) {
    case TrapKind::unreachable:
      return "unreachable";
    case TrapKind::integer_divide_by_zero:
      return "integer divide by zero";
    case TrapKind::integer_overflow:
      return "integer overflow";
    case TrapKind::invalid_conversion_to_integer:
      return "invalid conversion to integer";
    case TrapKind::undefined_element:
      return "undefined element";
    case TrapKind::uninitialized_element:
      return "uninitialized element";
    case TrapKind::indirect_call_type_mismatch:
      return "indirect call type mismatch";
    case TrapKind::out_of_bounds_memory_access:
      return "out of bounds memory access";
    case TrapKind::call_stack_exhausted:
      return "call stack exhausted";
    case TrapKind::out_of_bounds_table_access:
      return "out of bounds table access";
    default:
      return "?";
  }
}

// wast2json's vectors: lanes as decimal strings.
RawValue vector_of(const json& value) {
  static const std::map<std::string, unsigned> widths = {{"i8", 1},  {"i16", 2}, {"i32", 4},
                                                         {"i64", 8}, {"f32", 4}, {"f64", 8}};
  const unsigned width = widths.at(value["lane_type"]);
  std::array<uint8_t, 16> bytes{};
  unsigned offset = 0;
  for (const json& lane : value["value"]) {
    const std::string text = lane;
    const uint64_t bits = text.starts_with("nan") ? 0 : std::stoull(text);
    std::memcpy(&bytes[offset], &bits, width);
    offset += width;
  }
  RawValue result;
  std::memcpy(&result, bytes.data(), 16);
  return result;
}

class Runner {
 public:
  explicit Runner(twine::codegen::CompileOptions options) : host_(std::move(options)) {
    const auto quiet = [](const Values&) { return Values{}; };
    const auto add = [&](const char* name, std::vector<ValueType> params) {
      host_.add_function("spectest", name, {std::move(params), {}}, quiet);
    };
    add("print", {});
    add("print_i32", {ValueType::i32});
    add("print_i64", {ValueType::i64});
    add("print_f32", {ValueType::f32});
    add("print_f64", {ValueType::f64});
    add("print_i32_f32", {ValueType::i32, ValueType::f32});
    add("print_f64_f64", {ValueType::f64, ValueType::f64});
    host_.add_global("spectest", "global_i32", {ValueType::i32, false}, {666, 0});
    host_.add_global("spectest", "global_i64", {ValueType::i64, false}, {666, 0});
    host_.add_global("spectest", "global_f32", {ValueType::f32, false}, {std::bit_cast<uint32_t>(666.6F), 0});
    host_.add_global("spectest", "global_f64", {ValueType::f64, false}, {std::bit_cast<uint64_t>(666.6), 0});
    host_.add_table("spectest", "table", 10, 20);
    host_.add_memory("spectest", "memory", 1, 2);
  }

  void run(const std::filesystem::path& path) {
    directory_ = path.parent_path();
    json script;
    std::ifstream(path) >> script;
    for (const json& command : script["commands"]) {
      ++commands;
      const std::string problem = run_command(command);
      if (problem.empty()) continue;
      ++failures;
      std::printf("%s:%d: %s: %s\n", script["source_filename"].get<std::string>().c_str(),
                  command["line"].get<int>(), command["type"].get<std::string>().c_str(), problem.c_str());
    }
  }

  int commands = 0;
  int failures = 0;

 private:
  std::string run_command(const json& command) {
    const std::string type = command["type"];
    if (type == "module") return instantiate(command);
    if (type == "register") {
      Instance* instance = instance_of(command);
      if (instance == nullptr) return "no such module";
      for (const auto& item : instance->module().exports) {
        const std::string field(item.field);
        if (const auto exported = instance->find_export(field)) {
          host_.externs()[{command["as"], field}] = *exported;
        }
      }
      return {};
    }
    if (type == "action") return run_action(command["action"], nullptr);
    if (type == "assert_return") return run_action(command["action"], &command["expected"]);
    if (type == "assert_trap" || type == "assert_exhaustion") return expect_trap(command);
    if (type == "assert_invalid" || type == "assert_malformed") {
      if (command.value("module_type", "binary") == "text") return {};
      const auto bytes = read_file(directory_ / command["filename"].get<std::string>());
      return twine::wasm::load(bytes) ? "was accepted" : "";
    }
    if (type == "assert_unlinkable") {
      const auto made = host_.instantiate(read_file(directory_ / command["filename"].get<std::string>()));
      if (made) return "was linked";
      return made.error().code == twine::ErrorCode::link ? "" : made.error().message;
    }
    if (type == "assert_uninstantiable") {
      const auto made = host_.instantiate(read_file(directory_ / command["filename"].get<std::string>()));
      if (!made) return made.error().message;
      return made->trap ? "" : "did not trap";
    }
    return "unknown command";
  }

  std::string instantiate(const json& command) {
    last_ = nullptr;
    const auto made = host_.instantiate(read_file(directory_ / command["filename"].get<std::string>()));
    if (!made) return made.error().message;
    last_ = made->instance;
    if (command.contains("name")) named_[command["name"]] = last_;
    const std::optional<Trap>& trap = made->trap;
    return trap ? message(trap->kind) : "";
  }

  Instance* instance_of(const json& item) {
    if (!item.contains("module") && !item.contains("name")) return last_;
    const auto found = named_.find(item.contains("module") ? item["module"] : item["name"]);
    return found == named_.end() ? nullptr : found->second;
  }

  RawValue value_of(const json& value) {
    const std::string type = value["type"];
    if (type == "v128") return vector_of(value);
    const std::string text = value["value"];
    // Null is what the host says; external references are numbers of the test.
    if (type == "externref") return {text == "null" ? 0 : std::stoull(text) + 1, 0};
    if (type == "funcref") return {host_.null_of(ValueType::funcref), 0};
    return {std::stoull(text), 0};
  }

  bool matches(const json& expected, RawValue actual) {
    const std::string type = expected["type"];
    if (type == "v128") return vector_of(expected) == actual;
    if (!expected.contains("value")) return true;
    const std::string text = expected["value"];
    if (type == "funcref") return text != "null" || is_null_function(actual);
    if (text == "nan:canonical") {
      return type == "f32" ? (actual.low & 0x7fff'ffff) == 0x7fc0'0000
                           : (actual.low & 0x7fff'ffff'ffff'ffff) == 0x7ff8'0000'0000'0000;
    }
    if (text == "nan:arithmetic") {
      return type == "f32" ? (actual.low & 0x7fc0'0000) == 0x7fc0'0000
                           : (actual.low & 0x7ff8'0000'0000'0000) == 0x7ff8'0000'0000'0000;
    }
    return value_of(expected).low == actual.low;
  }

  bool is_null_function(RawValue value) const { return value.low == host_.null_of(ValueType::funcref); }

  std::optional<Outcome> act(const json& action) {
    Instance* instance = instance_of(action);
    if (instance == nullptr) return std::nullopt;
    const std::string field = action["field"];
    if (!instance->find_export(field)) return std::nullopt;
    if (action["type"] == "get") return Values{instance->global(field)};
    Values arguments;
    for (const json& argument : action["args"]) arguments.push_back(value_of(argument));
    return instance->invoke(field, arguments);
  }

  std::string run_action(const json& action, const json* expected) {
    const auto outcome = act(action);
    if (!outcome) return "no such module or function: " + action.value("field", "");
    if (const Trap* trap = std::get_if<Trap>(&*outcome))
      return std::string("trapped: ") + message(trap->kind);
    if (expected == nullptr) return {};
    const Values& results = std::get<Values>(*outcome);
    if (results.size() != expected->size()) return "wrong number of results";
    for (size_t index = 0; index < results.size(); ++index) {
      if (!matches((*expected)[index], results[index])) {
        return action["field"].get<std::string>() + ": got " + std::to_string(results[index].low) +
               ", wanted " + (*expected)[index].dump();
      }
    }
    return {};
  }

  std::string expect_trap(const json& command) {
    const auto outcome = act(command["action"]);
    if (!outcome) return "no such module or function";
    const Trap* trap = std::get_if<Trap>(&*outcome);
    if (trap == nullptr) return "did not trap";
    const std::string actual = message(trap->kind);
    const std::string wanted = command["text"];
    return wanted.starts_with(actual) || actual.starts_with(wanted)
               ? ""
               : "trapped: " + actual + ", wanted: " + wanted;
  }

  Host host_;
  std::filesystem::path directory_;
  Instance* last_ = nullptr;
  std::map<std::string, Instance*> named_;
};

}  // namespace

int main(int argc, char** argv) {
  int commands = 0;
  int failures = 0;
  twine::codegen::CompileOptions options;
  options.jobs = 1;
  for (int index = 1; index < argc; ++index) {
    const std::string argument = argv[index];
    if (argument.starts_with("-O")) {
      options.optimisation_level = argument[2] - '0';
      continue;
    }
    Runner runner(options);
    runner.run(argument);
    std::printf("%s: %d of %d failed\n", std::filesystem::path(argument).stem().c_str(), runner.failures,
                runner.commands);
    commands += runner.commands;
    failures += runner.failures;
  }
  std::printf("total: %d of %d failed\n", failures, commands);
  return failures == 0 ? 0 : 1;
}
