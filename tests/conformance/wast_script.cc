#include "conformance/wast_script.h"

#include <openssl/sha.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

#include "wasm/module.h"
#include "wasm/types.h"

namespace twine::conformance {
namespace {

using nlohmann::json;
using wasm::ValueType;

constexpr uint64_t kFloat32Sign = 0x8000'0000;
constexpr uint64_t kFloat64Sign = 0x8000'0000'0000'0000;
constexpr uint64_t kFloat32QuietNan = 0x7fc0'0000;
constexpr uint64_t kFloat64QuietNan = 0x7ff8'0000'0000'0000;

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream input(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
}

Sha256Digest digest_of(std::span<const uint8_t> bytes) {
  Sha256Digest digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

ValueType type_named(const std::string& name) {
  static const std::map<std::string, ValueType> types = {{"i32", ValueType::i32},
                                                         {"i64", ValueType::i64},
                                                         {"f32", ValueType::f32},
                                                         {"f64", ValueType::f64},
                                                         {"v128", ValueType::v128},
                                                         {"funcref", ValueType::funcref},
                                                         {"externref", ValueType::externref}};
  return types.at(name);
}

struct Lanes {
  unsigned width;  // bytes
  bool is_float;
};
Lanes lanes_of(const std::string& type) {
  static const std::map<std::string, Lanes> lanes = {{"i8", {1, false}},  {"i16", {2, false}},
                                                     {"i32", {4, false}}, {"i64", {8, false}},
                                                     {"f32", {4, true}},  {"f64", {8, true}}};
  return lanes.at(type);
}

uint64_t lane(const WireValue& vector, unsigned width, unsigned index) {
  std::array<uint64_t, 2> words = {vector.low, vector.high};
  uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<const uint8_t*>(words.data()) + size_t{width} * index, width);
  return value;
}

// An argument. Numbers are written as their bits in decimal.
WireValue value_of(const json& value) {
  const ValueType type = type_named(value["type"]);
  WireValue wire{.type = std::to_underlying(type), .low = 0, .high = 0};
  if (type == ValueType::v128) {
    const unsigned width = lanes_of(value["lane_type"]).width;
    std::array<uint64_t, 2> words{};
    auto* bytes = reinterpret_cast<uint8_t*>(words.data());
    for (const json& item : value["value"]) {
      const uint64_t bits = std::stoull(item.get<std::string>());
      std::memcpy(bytes, &bits, width);
      bytes += width;
    }
    wire.low = words[0];
    wire.high = words[1];
    return wire;
  }
  const std::string text = value["value"];
  if (type == ValueType::externref) {
    wire.low = text == "null" ? 0 : std::stoull(text) + 1;
  } else if (type != ValueType::funcref) {  // funcref: only null can be given
    wire.low = std::stoull(text);
  }
  return wire;
}

// `text`: bits in decimal, or a class of NaNs (core specification, appendix of the test suite: canonical has
// only the quiet bit set in its payload, arithmetic has at least that one).
bool number_matches(const std::string& text, bool is_float, unsigned width, uint64_t actual) {
  if (is_float && text.starts_with("nan:")) {
    const uint64_t sign = width == 4 ? kFloat32Sign : kFloat64Sign;
    const uint64_t quiet = width == 4 ? kFloat32QuietNan : kFloat64QuietNan;
    return text == "nan:canonical" ? (actual & ~sign) == quiet : (actual & quiet) == quiet;
  }
  return std::stoull(text) == actual;
}

bool matches(const json& expected, const WireValue& actual) {
  const ValueType type = type_named(expected["type"]);
  if (actual.type != std::to_underlying(type)) return false;
  if (type == ValueType::v128) {
    const Lanes lanes = lanes_of(expected["lane_type"]);
    unsigned index = 0;
    return std::ranges::all_of(expected["value"], [&](const json& item) {
      return number_matches(item, lanes.is_float, lanes.width, lane(actual, lanes.width, index++));
    });
  }
  if (!expected.contains("value")) return actual.low != 0;  // (ref.func), (ref.extern): any that is not null
  const std::string text = expected["value"];
  if (wasm::is_reference(type)) return value_of(expected).low == actual.low;
  const bool is_float = type == ValueType::f32 || type == ValueType::f64;
  const bool is_narrow = type == ValueType::i32 || type == ValueType::f32;
  return number_matches(text, is_float, is_narrow ? 4 : 8, actual.low);
}

std::string describe(const StepResult& result) {
  switch (result.outcome) {
    case StepOutcome::success: {
      std::string text = "returned";
      for (const WireValue& value : result.values) text += " " + std::to_string(value.low);
      return text;
    }
    case StepOutcome::trap:
      return "trapped: " + (result.trap ? result.trap->message : "");
    case StepOutcome::refused:
    case StepOutcome::unlinkable:
    case StepOutcome::failed:
      return result.message;
  }
  return {};
}

}  // namespace

// Translates commands in order; modules are compiled afterwards, several at once.
struct WastScript::Translation {
  WastScript& script;
  std::filesystem::path directory;
  const codegen::CompileOptions& options;
  const codegen::Signer& signer;

  struct Compilation {
    size_t command;
    uint32_t module;
  };
  std::vector<Compilation> compilations;
  std::map<std::string, uint32_t> named;
  std::optional<uint32_t> current;  // instance that commands without a name mean
  bool current_is_named = false;
  uint32_t instances = 0;

  uint32_t add_module(const json& command, ModuleKind kind) {
    ManifestModule& entry = script.manifest_.modules.emplace_back();
    entry.name = command["filename"];
    entry.kind = kind;
    std::vector<uint8_t>& bytes = script.modules_.emplace_back(read_file(directory / entry.name));
    entry.size = bytes.size();
    entry.sha256 = entry.wasm_sha256 = digest_of(bytes);
    return static_cast<uint32_t>(script.modules_.size() - 1);
  }

  size_t add_step(Step step) {
    script.manifest_.steps.push_back(std::move(step));
    return script.manifest_.steps.size() - 1;
  }

  size_t instantiate(Command& command) {
    const uint32_t module = add_module(command.json, ModuleKind::twm);
    compilations.push_back({static_cast<size_t>(&command - script.commands_.data()), module});
    ++instances;
    return add_step(
        {.kind = StepKind::instantiate, .module = module, .instance = 0, .name = {}, .arguments = {}});
  }

  std::optional<uint32_t> instance_named(const json& item, const char* key) {
    if (!item.contains(key)) return current;
    const auto found = named.find(item[key]);
    return found == named.end() ? std::nullopt : std::optional(found->second);
  }

  void act(Command& command) {
    const json& action = command.json["action"];
    const std::optional<uint32_t> instance = instance_named(action, "module");
    if (!instance) {
      command.problem = "no module before it";
      return;
    }
    Step step{.kind = action["type"] == "get" ? StepKind::get : StepKind::invoke,
              .module = 0,
              .instance = *instance,
              .name = action["field"],
              .arguments = {}};
    if (step.kind == StepKind::invoke) {
      for (const json& argument : action["args"]) step.arguments.push_back(value_of(argument));
    }
    command.step = add_step(std::move(step));
  }

  void translate(Command& command) {
    const std::string type = command.json["type"];
    if (type == "module") {
      // Nothing can name the one before any more; its address space is needed.
      if (current && !current_is_named) {
        add_step({.kind = StepKind::release, .module = 0, .instance = *current, .name = {}, .arguments = {}});
      }
      command.step = instantiate(command);
      current = instances - 1;
      current_is_named = command.json.contains("name");
      if (current_is_named) named[command.json["name"]] = *current;
    } else if (type == "register") {
      const std::optional<uint32_t> instance = instance_named(command.json, "name");
      if (!instance) {
        command.problem = "no module before it";
        return;
      }
      command.step = add_step({.kind = StepKind::register_instance,
                               .module = 0,
                               .instance = *instance,
                               .name = command.json["as"],
                               .arguments = {}});
    } else if (type == "assert_invalid" || type == "assert_malformed") {
      command.is_text = command.json.value("module_type", "binary") == "text";
      if (command.is_text) return;
      command.step = add_step({.kind = StepKind::check,
                               .module = add_module(command.json, ModuleKind::wasm),
                               .instance = 0,
                               .name = {},
                               .arguments = {}});
    } else if (type == "assert_unlinkable" || type == "assert_uninstantiable") {
      command.step = instantiate(command);
    } else {
      act(command);
    }
  }

  void compile() {
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < compilations.size(); i = next++) {
        const auto [command, module] = compilations[i];
        std::vector<uint8_t>& bytes = script.modules_[module];
        Result<std::vector<uint8_t>> compiled = codegen::compile(bytes, options, signer);
        if (!compiled) {
          script.commands_[command].problem = "does not compile: " + compiled.error().message;
          continue;
        }
        bytes = std::move(*compiled);
        script.manifest_.modules[module].size = bytes.size();
        script.manifest_.modules[module].sha256 = digest_of(bytes);
      }
    };
    const std::jthread second(work);
    work();
  }
};

Result<WastScript> WastScript::read(const std::filesystem::path& path, const codegen::CompileOptions& options,
                                    const codegen::Signer& signer) {
  const std::vector<uint8_t> text = read_file(path);
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.contains("commands")) {
    return fail(ErrorCode::malformed, path.string() + ": not the output of wast2json");
  }
  WastScript script;
  script.source_ = std::filesystem::path(document["source_filename"].get<std::string>()).filename();
  script.manifest_.accepted_signers.push_back(signer.public_key());
  for (const json& command : document["commands"])
    script.commands_.push_back({.json = command, .step = {}, .problem = {}});
  Translation translation{.script = script,
                          .directory = path.parent_path(),
                          .options = options,
                          .signer = signer,
                          .compilations = {},
                          .named = {},
                          .current = {}};
  for (Command& command : script.commands_) translation.translate(command);
  translation.compile();
  return script;
}

std::string WastScript::judge(const Command& command, const StepResult& result) const {
  const std::string type = command.json["type"];
  const auto unless = [&](bool good) { return good ? std::string() : describe(result); };
  if (type == "assert_return") {
    const json& expected = command.json["expected"];
    if (result.outcome != StepOutcome::success || result.values.size() != expected.size())
      return describe(result);
    for (size_t i = 0; i < expected.size(); ++i) {
      if (!matches(expected[i], result.values[i])) return describe(result) + ", expected " + expected.dump();
    }
    return {};
  }
  if (type == "assert_trap" || type == "assert_exhaustion") {
    const std::string wanted = command.json["text"];
    if (result.outcome != StepOutcome::trap || !result.trap) return describe(result);
    // The suite says more than we do ("uninitialized element 2") or less ("undefined").
    const std::string& actual = result.trap->message;
    const bool same = actual.starts_with(wanted) || wanted.starts_with(actual);
    return same ? "" : describe(result) + ", expected " + wanted;
  }
  if (type == "assert_invalid" || type == "assert_malformed") {
    return result.outcome == StepOutcome::refused ? "" : "was accepted";
  }
  if (type == "assert_unlinkable") {
    const bool same = result.outcome == StepOutcome::unlinkable &&
                      result.message.contains(command.json["text"].get<std::string>());
    return same ? "" : describe(result) + ", expected " + command.json["text"].get<std::string>();
  }
  if (type == "assert_uninstantiable") return unless(result.outcome == StepOutcome::trap);
  return unless(result.outcome == StepOutcome::success);
}

Report WastScript::judge(const LaunchResult& result) const {
  Report report;
  for (const Command& command : commands_) {
    if (command.is_text) {
      ++report.text_only;
      continue;
    }
    std::string problem = command.problem;
    if (problem.empty() && command.step) {
      problem = *command.step < result.steps.size()
                    ? judge(command, result.steps[*command.step])
                    : "not reached: " + (result.error.empty() ? "the launch ended before" : result.error);
    }
    if (problem.empty()) {
      ++report.passed;
    } else {
      report.failures.push_back(source_ + ":" + std::to_string(command.json["line"].get<int>()) + ": " +
                                command.json["type"].get<std::string>() + ": " + problem);
    }
  }
  return report;
}

}  // namespace twine::conformance
