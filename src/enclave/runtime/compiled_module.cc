// The checks of a compiled module, and the look-ups in its tables.
#include "enclave/runtime/compiled_module.h"

#include <algorithm>
#include <utility>

#include "common/decimal.h"
#include "enclave/crypto/crypto.h"
#include "wasm/validator.h"

namespace twine::enclave {
namespace {

std::string short_hex(std::span<const uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr size_t shown = 8;
  std::string text;
  for (const uint8_t byte : bytes.first(std::min(shown, bytes.size()))) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text + "…";
}

Result<void> check_digest(std::span<const uint8_t> bytes, const ManifestModule& expected) {
  if (bytes.size() != expected.size) {
    return fail(ErrorCode::signature, "the file has " + decimal(bytes.size()) +
                                          " bytes, the launch manifest says " + decimal(expected.size) +
                                          "; it was changed after the launch began");
  }
  const Sha256Digest digest = sha256(bytes);
  if (digest != expected.sha256) {
    return fail(ErrorCode::signature, "the file's SHA-256 is " + short_hex(digest) +
                                          ", the launch manifest says " + short_hex(expected.sha256) +
                                          "; it was changed after the launch began");
  }
  return {};
}

Result<void> check_signature(std::span<const uint8_t> bytes, const TwmHeader& header,
                             const ModulePolicy& policy) {
  Ed25519PublicKey signer;
  std::ranges::copy(header.public_key, signer.begin());
  if (std::ranges::find(policy.accepted_signers, signer) == policy.accepted_signers.end()) {
    return fail(ErrorCode::signature,
                "signed by key " + short_hex(signer) +
                    ", which the launch manifest does not accept; add it, or compile with a key it lists");
  }
  Ed25519Signature signature;
  std::ranges::copy(bytes.last<kTwmSignatureSize>(), signature.begin());
  if (!ed25519_verify(bytes.first(bytes.size() - kTwmSignatureSize), signature, signer)) {
    return fail(ErrorCode::signature, "the signature is not that of key " + short_hex(signer) +
                                          " over this file; it was damaged or forged, compile it again");
  }
  return {};
}

Result<void> check_place(const TwmFile& file, const ModulePolicy& policy) {
  const std::span<const uint8_t> bound(file.header.enclave);
  const bool is_bound = std::ranges::any_of(bound, [](uint8_t byte) { return byte != 0; });
  if (is_bound && !std::ranges::equal(bound, policy.mrenclave)) {
    return fail(ErrorCode::signature, "compiled for the enclave " + short_hex(bound) +
                                          " alone, this one is " + short_hex(policy.mrenclave) +
                                          "; compile it for this enclave");
  }
  if ((file.header.cpu_features & ~policy.cpu_features) != 0) {
    return fail(ErrorCode::unsupported,
                "uses instructions that this processor or enclave lacks; compile it with a lower --cpu");
  }
  if (policy.fuel_is_limited && (file.header.features & kTwmCountsFuel) == 0) {
    return fail(ErrorCode::unsupported,
                "does not count the fuel that it uses, and --fuel limits that; compile it with `twine "
                "compile --fuel`");
  }
  if (file.layout.max_frame >= policy.guest_stack_guard) {
    return fail(ErrorCode::unsupported, "has a stack frame of " + decimal(file.layout.max_frame) +
                                            " bytes, which could step over the guard of the guest stack (" +
                                            decimal(policy.guest_stack_guard) + " bytes)");
  }
  return {};
}

Result<void> check_wasm_digest(const TwmFile& file, const ManifestModule& expected) {
  const Sha256Digest digest = sha256(file.wasm);
  if (!std::ranges::equal(digest, file.header.wasm_sha256)) {
    return fail(ErrorCode::signature,
                "the Wasm module in it is not the one that its header names; compile it again");
  }
  if (digest != expected.wasm_sha256) {
    return fail(ErrorCode::signature, "made from the Wasm module " + short_hex(digest) +
                                          ", the launch manifest says " + short_hex(expected.wasm_sha256) +
                                          "; compile the right one");
  }
  return {};
}

Result<void> check_tables(const CompiledModule& module) {
  const wasm::Module& wasm = module.wasm;
  const auto disagree = [](std::string message) {
    return fail(ErrorCode::malformed,
                "compiled module: " + std::move(message) + "; compile it again with `twine compile`");
  };
  const size_t defined = wasm.functions.size() - wasm.imported_functions;
  if (module.file.functions.size() != defined + 1) {
    return disagree("it has code for " + decimal(module.file.functions.size() - 1) +
                    " functions, the Wasm module defines " + decimal(defined));
  }
  if (const size_t tails = module.file.tails.size(); tails != 0) {
    const uint32_t first = module.file.tails[0].function;
    const uint32_t last = module.file.tails[tails - 1].function;
    if (first < wasm.imported_functions || last >= wasm.functions.size()) {
      return disagree("a tail-calling entry is of a function that the Wasm module does not define");
    }
  }
  if (module.file.thunks.size() != wasm.types.size()) {
    return disagree("it has thunks for " + decimal(module.file.thunks.size()) +
                    " types, the Wasm module has " + decimal(wasm.types.size()));
  }
  for (uint32_t i = 0; i < wasm.functions.size(); ++i) {
    const wasm::Function& function = wasm.functions[i];
    const bool meets_the_runtime = wasm.is_imported_function(i) || function.is_referenced || wasm.start == i;
    if (meets_the_runtime && !module.has_thunks(function.type_index)) {
      return disagree("it lacks the thunks of type " + decimal(function.type_index));
    }
  }
  if (!wasm.memories.empty() && (module.file.header.features & kTwmGuardedMemory) == 0) {
    return disagree("its memory accesses are neither guarded nor of a kind that this enclave checks");
  }
  return {};
}

// The row that holds for `offset`: the last one that does not begin after it.
template <typename T>
std::optional<T> row_at(const PackedArray<T>& rows, uint32_t offset) {
  size_t low = 0;
  size_t high = rows.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (rows[middle].code_offset <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  return rows[low - 1];
}

}  // namespace

const void* CompiledModule::tail_code(uint32_t function) const {
  size_t low = 0;
  size_t high = file.tails.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const TwmTail tail = file.tails[middle];
    if (tail.function == function) return code + tail.code;
    if (tail.function < function) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return nullptr;
}

bool CompiledModule::has_thunks(uint32_t type) const {
  const TwmThunks thunks = file.thunks[type];
  return thunks.entry != kNoCode && thunks.host != kNoCode;
}

std::optional<uint32_t> CompiledModule::function_at(uint32_t code_offset) const {
  const auto after = std::ranges::upper_bound(ranges_, code_offset, {}, &CodeRange::begin);
  if (after == ranges_.begin() || std::prev(after)->function == kNoCode) return std::nullopt;
  return std::prev(after)->function;
}

uint32_t CompiledModule::wasm_offset_at(uint32_t code_offset) const {
  const std::optional<TwmLocation> row = row_at(file.locations, code_offset);
  return row ? row->wasm_offset : 0;
}

std::optional<uint32_t> CompiledModule::cfa_at(uint32_t code_offset) const {
  const std::optional<TwmUnwind> row = row_at(file.unwind, code_offset);
  if (!row || row->cfa == kNoUnwind) return std::nullopt;
  return row->cfa;
}

std::string CompiledModule::function_name(uint32_t function) const {
  const std::string_view given = wasm.function_name(function);
  if (!given.empty()) return std::string(given);
  const auto is_export = [&](const wasm::Export& entry) {
    return entry.kind == wasm::ExternalKind::function && entry.index == function && !entry.field.empty();
  };
  if (const auto found = std::ranges::find_if(wasm.exports, is_export); found != wasm.exports.end()) {
    return std::string(found->field);
  }
  return "func[" + decimal(function) + "]";
}

void CompiledModule::index_code() {
  const size_t defined = file.functions.size() - 1;
  ranges_.reserve(defined + file.tails.size() + 2 * file.thunks.size());
  size_t tail = 0;
  for (size_t i = 0; i < defined; ++i) {
    const uint32_t function = wasm.imported_functions + static_cast<uint32_t>(i);
    const bool has_tail = tail < file.tails.size() && file.tails[tail].function == function;
    ranges_.push_back({file.functions[i], has_tail ? kNoCode : function});
    if (has_tail) ranges_.push_back({file.tails[tail++].code, function});
  }
  for (size_t i = 0; i < file.thunks.size(); ++i) {
    const TwmThunks thunks = file.thunks[i];
    for (const uint32_t begin : {thunks.entry, thunks.host}) {
      if (begin != kNoCode) ranges_.push_back({begin, kNoCode});
    }
  }
  std::ranges::sort(ranges_, {}, &CodeRange::begin);
}

Result<std::unique_ptr<CompiledModule>> accept_module(std::vector<uint8_t> bytes,
                                                      const ManifestModule& expected,
                                                      const ModulePolicy& policy) {
  auto module = std::make_unique<CompiledModule>();
  const auto accept = [&]() -> Result<void> {
    TWINE_TRY(check_digest(module->bytes, expected));
    const TwmHeader header = TWINE_TRY(parse_twm_header(module->bytes));
    TWINE_TRY(check_signature(module->bytes, header, policy));
    module->file = TWINE_TRY(parse_twm(module->bytes));
    TWINE_TRY(check_place(module->file, policy));
    TWINE_TRY(check_wasm_digest(module->file, expected));
    module->wasm = TWINE_TRY(wasm::load(module->file.wasm, policy.wasm_features));
    return check_tables(*module);
  };
  module->name = expected.name;
  module->bytes = std::move(bytes);
  if (Result<void> accepted = accept(); !accepted) return within(expected.name, std::move(accepted).error());
  module->index_code();
  return module;
}

}  // namespace twine::enclave
