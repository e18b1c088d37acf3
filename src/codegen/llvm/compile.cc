#include "codegen/llvm/compile.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "codegen/llvm/constant_tables.h"
#include "codegen/llvm/function_translator.h"
#include "codegen/llvm/object_linker.h"
#include "codegen/llvm/optimiser.h"
#include "codegen/llvm/target.h"
#include "codegen/llvm/thunks.h"
#include "codegen/llvm/twm_writer.h"
#include "codegen/llvm/unit.h"
#include "wasm/module.h"
#include "wasm/operator_reader.h"

namespace twine::codegen {
namespace {

// Bytes of function bodies in one group: little enough that LLVM's memory stays within bounds and several
// threads have work.
constexpr uint64_t kGroupBytes = 192 * 1024;

// By function index, whether the function makes tail calls. Most modules have none, and most bodies not even a byte
// that could be such an operator.
std::vector<bool> find_tail_calls(const wasm::Module& wasm, const wasm::Features& features) {
  std::vector<bool> found(wasm.functions.size(), false);
  if (!features.tail_call) return found;
  constexpr auto is_tail_call = [](wasm::Opcode opcode) {
    return opcode == wasm::Opcode::return_call || opcode == wasm::Opcode::return_call_indirect;
  };
  for (uint32_t index = wasm.imported_functions; index < wasm.functions.size(); ++index) {
    const wasm::Function& function = wasm.functions[index];
    const auto may_be = [&](uint8_t byte) { return is_tail_call(static_cast<wasm::Opcode>(byte)); };
    if (std::ranges::none_of(function.body, may_be)) continue;
    const auto params = static_cast<uint32_t>(wasm.function_type(index).params.size());
    const auto body = wasm::read_body(function.body, function.offset, params);
    if (!body) continue;  // translation reports it
    wasm::OperatorReader reader(body->code, body->code_offset, features);
    while (!found[index] && !reader.done()) {
      const auto op = reader.next();
      if (!op) break;
      found[index] = is_tail_call(op->opcode);
    }
  }
  return found;
}

// A group of functions with consecutive indices, or the thunks.
struct Group {
  uint32_t first = 0;
  uint32_t end = 0;
  uint64_t bytes = 0;
  bool thunks = false;
};

std::vector<Group> plan_groups(const wasm::Module& wasm) {
  std::vector<Group> groups;
  const auto count = static_cast<uint32_t>(wasm.functions.size());
  for (uint32_t index = wasm.imported_functions; index < count; ++index) {
    if (groups.empty() || groups.back().bytes >= kGroupBytes) groups.push_back({index, index, 0, false});
    groups.back().end = index + 1;
    groups.back().bytes += wasm.functions[index].body.size();
  }
  groups.push_back({0, 0, 0, true});
  return groups;
}

using Object = std::unique_ptr<llvm::MemoryBuffer>;

class Compilation {
 public:
  Compilation(const wasm::Module& wasm, const CompileOptions& options, const Progress* progress)
      : wasm_(wasm),
        options_(options),
        progress_(progress),
        cpu_(target_cpu(options.cpu)),
        tail_calling_(find_tail_calls(wasm, options.features)),
        tables_(wasm, options.features),
        groups_(plan_groups(wasm)),
        thunks_(plan_thunks(wasm)) {
    for (const Group& group : groups_) total_bytes_ += group.bytes;
  }

  [[nodiscard]] const TargetCpu& cpu() const { return cpu_; }
  [[nodiscard]] const std::vector<uint32_t>& thunks() const { return thunks_; }
  [[nodiscard]] const std::vector<bool>& tail_calling() const { return tail_calling_; }

  // Compiles every group; the objects in the order of the groups. Of several errors, that of the first group.
  Result<std::vector<Object>> run() {
    results_.resize(groups_.size());
    unsigned jobs = options_.jobs == 0 ? std::max(1U, std::thread::hardware_concurrency()) : options_.jobs;
    jobs = static_cast<unsigned>(std::min<size_t>(jobs, groups_.size()));
    {
      std::vector<std::jthread> workers;
      for (unsigned job = 1; job < jobs; ++job) workers.emplace_back([this] { work(); });
      work();
    }
    std::vector<Object> objects;
    for (std::optional<Result<Object>>& result : results_) {
      if (!result) continue;  // not begun, after an error in a group before it
      objects.push_back(TWINE_TRY(std::move(*result)));
    }
    return objects;
  }

 private:
  void work() {
    while (!failed_.load(std::memory_order_relaxed)) {
      const size_t number = next_.fetch_add(1, std::memory_order_relaxed);
      if (number >= groups_.size()) return;
      Result<Object> object = compile_group(groups_[number], number);
      if (!object) failed_.store(true, std::memory_order_relaxed);
      results_[number] = std::move(object);
      report(groups_[number].bytes);
    }
  }

  void report(uint64_t bytes) {
    if (progress_ == nullptr) return;
    const std::scoped_lock lock(progress_mutex_);
    done_bytes_ += bytes;
    (*progress_)(done_bytes_, total_bytes_);
  }

  Result<Object> compile_group(const Group& group, size_t number) {
    const auto machine = TWINE_TRY(make_target_machine(cpu_, options_.optimisation_level));
    Unit unit(wasm_, tail_calling_, tables_, cpu_, *machine, "group" + std::to_string(number));
    if (group.thunks) {
      for (uint32_t type = 0; type < thunks_.size(); ++type) {
        if (thunks_[type] == type) emit_thunks(unit, type);
      }
    }
    FunctionTranslator translator(unit, options_.features, options_.counts_fuel);
    for (uint32_t index = group.first; index < group.end; ++index) {
      TWINE_TRY(translator.translate(index));
      if (tail_calling_[index]) emit_tail_thunk(unit, index);
    }
    unit.finish();
    std::string problem;
    llvm::raw_string_ostream stream(problem);
    if (llvm::verifyModule(unit.module(), &stream)) {
      return fail(ErrorCode::internal, "translation made invalid LLVM IR: " + problem);
    }
    const uint64_t minimum_memory =
        wasm_.memories.empty() ? 0 : uint64_t{wasm_.memories[0].type.limits.min} * wasm::page_size;
    optimise(unit.module(), *machine, options_.optimisation_level, minimum_memory);
    if (!options_.dump_ir.empty()) TWINE_TRY(dump(unit.module(), number));
    return emit(unit.module(), *machine);
  }

  Result<void> dump(const llvm::Module& module, size_t number) const {
    const std::string path = options_.dump_ir + "." + std::to_string(number) + ".ll";
    std::error_code error;
    llvm::raw_fd_ostream file(path, error, llvm::sys::fs::OF_Text);
    if (error) return fail(ErrorCode::io, path + ": " + error.message());
    module.print(file, nullptr);
    return {};
  }

  static Result<Object> emit(llvm::Module& module, llvm::TargetMachine& machine) {
    llvm::SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream stream(bytes);
    llvm::legacy::PassManager passes;
    if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile)) {
      return fail(ErrorCode::internal, "LLVM cannot emit object files for this target");
    }
    passes.run(module);
    return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes),
                                                           /*RequiresNullTerminator=*/false);
  }

  const wasm::Module& wasm_;
  const CompileOptions& options_;
  const Progress* progress_;
  TargetCpu cpu_;
  std::vector<bool> tail_calling_;
  ConstantTables tables_;
  std::vector<Group> groups_;
  std::vector<uint32_t> thunks_;
  uint64_t total_bytes_ = 0;
  std::vector<std::optional<Result<Object>>> results_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex progress_mutex_;
  uint64_t done_bytes_ = 0;
};

Result<CodeRange> find(const LinkedImage& image, const std::string& symbol) {
  const auto range = image.functions.find(symbol);
  if (range == image.functions.end()) return fail(ErrorCode::internal, "LLVM emitted no code for " + symbol);
  return range->second;
}

Result<std::vector<uint32_t>> function_table(const wasm::Module& wasm, const LinkedImage& image) {
  std::vector<uint32_t> table;
  uint32_t end = 0;
  for (uint32_t index = wasm.imported_functions; index < wasm.functions.size(); ++index) {
    const CodeRange range = TWINE_TRY(find(image, function_symbol(index)));
    table.push_back(range.begin);
    end = range.end;
  }
  table.push_back(end);
  return table;
}

Result<std::vector<TwmTail>> tail_table(const std::vector<bool>& tail_calling, const LinkedImage& image) {
  std::vector<TwmTail> table;
  for (uint32_t index = 0; index < tail_calling.size(); ++index) {
    if (tail_calling[index]) table.push_back({index, TWINE_TRY(find(image, tail_symbol(index))).begin});
  }
  return table;
}

Result<std::vector<TwmThunks>> thunk_table(const std::vector<uint32_t>& plan, const LinkedImage& image) {
  std::vector<TwmThunks> table;
  for (const uint32_t type : plan) {
    if (type == kNoThunk) {
      table.push_back({kNoCode, kNoCode});
      continue;
    }
    const CodeRange entry = TWINE_TRY(find(image, entry_thunk_symbol(type)));
    const CodeRange host = TWINE_TRY(find(image, host_thunk_symbol(type)));
    table.push_back({entry.begin, host.begin});
  }
  return table;
}

}  // namespace

Result<std::vector<uint8_t>> compile(std::span<const uint8_t> wasm_bytes, const CompileOptions& options,
                                     const Signer& signer, const Progress* progress) {
  if (options.optimisation_level < 0 || options.optimisation_level > 3) {
    return fail(ErrorCode::invalid_argument, "optimisation level " +
                                                 std::to_string(options.optimisation_level) +
                                                 " does not exist; choose 0 to 3");
  }
  const wasm::Module wasm = TWINE_TRY(wasm::load(wasm_bytes, options.features));
  Compilation compilation(wasm, options, progress);
  const std::vector<Object> objects = TWINE_TRY(compilation.run());
  std::vector<llvm::MemoryBufferRef> buffers;
  buffers.reserve(objects.size());
  for (const Object& object : objects) buffers.push_back(object->getMemBufferRef());
  const LinkedImage image = TWINE_TRY(link_objects(buffers));

  const std::vector<uint32_t> functions = TWINE_TRY(function_table(wasm, image));
  const std::vector<TwmThunks> thunks = TWINE_TRY(thunk_table(compilation.thunks(), image));
  const std::vector<TwmTail> tails = TWINE_TRY(tail_table(compilation.tail_calling(), image));
  const std::string text = describe(options, compilation.cpu().tune);
  return write_twm({.wasm = wasm_bytes,
                    .image = image.bytes,
                    .layout = image.layout,
                    .functions = functions,
                    .thunks = thunks,
                    .locations = image.locations,
                    .unwind = image.unwind,
                    .options = text,
                    .tails = tails,
                    .features = kTwmGuardedMemory | (options.counts_fuel ? kTwmCountsFuel : 0),
                    .cpu_features = compilation.cpu().required_features,
                    .enclave = options.enclave},
                   signer);
}

}  // namespace twine::codegen
