#include "codegen/llvm/unit.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/Attributes.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/MDBuilder.h>

#include <array>
#include <cassert>
#include <vector>

#include "codegen/llvm/linear_address.h"

namespace twine::codegen {
namespace {

// A frame beyond this is probed page by page; the guard below the guest stack is 1 MiB.
constexpr const char* kStackProbeSize = "1044480";

abi::ContextLayout context_layout(const wasm::Module& wasm) {
  return abi::ContextLayout::of({.imported_functions = wasm.imported_functions,
                                 .memories = wasm.memories.size(),
                                 .tables = wasm.tables.size(),
                                 .globals = wasm.globals.size(),
                                 .types = wasm.types.size(),
                                 .functions = wasm.functions.size()});
}

}  // namespace

std::string function_symbol(uint32_t function) {
  return "f" + std::to_string(function);
}
std::string tail_symbol(uint32_t function) {
  return "t" + std::to_string(function);
}
std::string entry_thunk_symbol(uint32_t type) {
  return "entry" + std::to_string(type);
}
std::string host_thunk_symbol(uint32_t type) {
  return "host" + std::to_string(type);
}

Unit::Unit(const wasm::Module& wasm, const std::vector<bool>& tail_calling, const ConstantTables& tables,
           const TargetCpu& cpu, const llvm::TargetMachine& machine, std::string_view name)
    : wasm_(wasm),
      tail_calling_(tail_calling),
      tables_(tables),
      cpu_(cpu),
      layout_(context_layout(wasm)),
      context_(std::make_unique<llvm::LLVMContext>()),
      module_(std::make_unique<llvm::Module>(name, *context_)),
      locations_(*module_) {
  context_->setDiscardValueNames(true);
  module_->setTargetTriple(machine.getTargetTriple().str());
  module_->setDataLayout(machine.createDataLayout());
  module_->setPICLevel(llvm::PICLevel::SmallPIC);
  module_->addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  module_->addModuleFlag(llvm::Module::Max, "Dwarf Version", 4);

  compile_unit_ =
      locations_.createCompileUnit(llvm::dwarf::DW_LANG_C, locations_.createFile("module.wasm", ""), "twine",
                                   /*isOptimized=*/true, "", 0, "", llvm::DICompileUnit::LineTablesOnly);

  llvm::MDBuilder metadata(*context_);
  llvm::MDNode* root = metadata.createTBAARoot("twine");
  constexpr std::array<const char*, kMemoryKinds> names = {"linear",     "global", "values",
                                                           "descriptor", "table",  "fuel"};
  for (size_t kind = 0; kind < kMemoryKinds; ++kind) {
    llvm::MDNode* node = metadata.createTBAAScalarTypeNode(names[kind], root);
    alias_tags_[kind] = metadata.createTBAAStructTagNode(node, node, 0);
  }
  assert(alias_tag(MemoryKind::linear) == linear_tag(*context_) && "the passes know accesses by this tag");
}

llvm::Type* Unit::type(wasm::ValueType type) {
  switch (type) {
    case wasm::ValueType::i32:
      return llvm::Type::getInt32Ty(*context_);
    case wasm::ValueType::f32:
      return llvm::Type::getFloatTy(*context_);
    case wasm::ValueType::f64:
      return llvm::Type::getDoubleTy(*context_);
    case wasm::ValueType::v128:
      return llvm::FixedVectorType::get(llvm::Type::getInt8Ty(*context_), 16);
    case wasm::ValueType::i64:
    case wasm::ValueType::funcref:
    case wasm::ValueType::externref:
    case wasm::ValueType::bottom:  // only in unreachable code, which is not translated
      break;
  }
  return llvm::Type::getInt64Ty(*context_);
}

llvm::FunctionType* Unit::function_type(const wasm::FunctionType& type) {
  std::vector<llvm::Type*> params = {llvm::PointerType::getUnqual(*context_)};
  for (const wasm::ValueType param : type.params) params.push_back(this->type(param));
  llvm::Type* result = type.results.empty() ? llvm::Type::getVoidTy(*context_) : this->type(type.results[0]);
  return llvm::FunctionType::get(result, params, /*isVarArg=*/false);
}

llvm::Function* Unit::function(uint32_t index) {
  const std::string symbol = function_symbol(index);
  if (llvm::Function* existing = module_->getFunction(symbol)) return existing;
  return create_function(function_type(wasm_.function_type(index)), symbol);
}

llvm::Function* Unit::tail_function(uint32_t index) {
  const std::string symbol = tail_symbol(index);
  if (llvm::Function* existing = module_->getFunction(symbol)) return existing;
  llvm::Function* function = create_function(function_type(wasm_.function_type(index)), symbol);
  function->setCallingConv(kTailConvention);
  return function;
}

const std::optional<ConstantElements>& Unit::constant_elements(uint32_t table, uint32_t type) {
  const auto [entry, is_new] = elements_.try_emplace({table, type});
  if (is_new) entry->second = tables_.elements_of(table, wasm_.types[type]);
  return entry->second;
}

llvm::Function* Unit::create_function(llvm::FunctionType* type, const std::string& symbol) {
  auto* function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, *module_);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  function->setDSOLocal(true);
  set_attributes(*function);
  return function;
}

void Unit::set_attributes(llvm::Function& function) {
  // One section whatever LLVM thinks of a function's temperature, so that offsets in it are offsets of code.
  function.setSection(".text");
  function.setDoesNotThrow();
  function.setUWTableKind(llvm::UWTableKind::Async);
  function.addFnAttr("target-cpu", cpu_.level);
  // Guest functions leave the upper halves of vector registers to each other as they are; Emitter clears them for the runtime.
  function.addFnAttr("target-features", "-vzeroupper");
  if (!cpu_.tune.empty()) function.addFnAttr("tune-cpu", cpu_.tune);
  function.addFnAttr("frame-pointer", "none");
  function.addFnAttr("no-builtins");  // there is no memcpy to call
  function.addFnAttr("no-realign-stack");
  function.addFnAttr("probe-stack", "inline-asm");
  function.addFnAttr("stack-probe-size", kStackProbeSize);
  // The guest's compiler has inlined what pays; inlining again would take frames out of backtraces
  // (docs/decisions/0004).
  function.addFnAttr(llvm::Attribute::NoInline);
  // A recursion without end must exhaust the stack, not become a loop.
  function.addFnAttr("disable-tail-calls", "true");
  function.addParamAttr(0, llvm::Attribute::SwiftSelf);
  function.addParamAttr(0, llvm::Attribute::NoUndef);
  function.addParamAttr(0, llvm::Attribute::NonNull);
}

llvm::DISubprogram* Unit::begin_locations(llvm::Function& function, uint32_t wasm_offset) {
  llvm::DIFile* file = compile_unit_->getFile();
  llvm::DISubprogram* subprogram = locations_.createFunction(
      file, function.getName(), function.getName(), file, wasm_offset,
      locations_.createSubroutineType(locations_.getOrCreateTypeArray({})), wasm_offset,
      llvm::DINode::FlagZero,
      llvm::DISubprogram::toSPFlags(/*IsLocalToUnit=*/false, /*IsDefinition=*/true, /*IsOptimized=*/true));
  function.setSubprogram(subprogram);
  return subprogram;
}

void Unit::finish() {
  locations_.finalize();
}

}  // namespace twine::codegen
