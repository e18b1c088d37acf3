// Canonical numbers by a hash table.
#include "enclave/runtime/type_registry.h"

namespace twine::enclave {
namespace {

constexpr uint32_t kEmpty = 0xffff'ffff;
constexpr size_t kFirstBuckets = 64;

// FNV-1a. A guest that provokes collisions slows down its own launch only.
uint64_t hash(const wasm::FunctionType& type) {
  uint64_t value = 0xcbf29ce484222325;
  const auto add = [&](uint8_t byte) { value = (value ^ byte) * 0x100000001b3; };
  for (const wasm::ValueType parameter : type.params) add(static_cast<uint8_t>(parameter));
  add(0);
  for (const wasm::ValueType result : type.results) add(static_cast<uint8_t>(result));
  return value;
}

}  // namespace

size_t TypeRegistry::find_bucket(const wasm::FunctionType& type) const {
  const size_t mask = buckets_.size() - 1;
  size_t bucket = hash(type) & mask;
  while (buckets_[bucket] != kEmpty && types_[buckets_[bucket]] != type) bucket = (bucket + 1) & mask;
  return bucket;
}

void TypeRegistry::rehash(size_t buckets) {
  buckets_.assign(buckets, kEmpty);
  for (uint32_t id = 0; id < types_.size(); ++id) buckets_[find_bucket(types_[id])] = id;
}

uint32_t TypeRegistry::intern(const wasm::FunctionType& type) {
  if (buckets_.empty()) rehash(kFirstBuckets);
  const size_t bucket = find_bucket(type);
  if (buckets_[bucket] != kEmpty) return buckets_[bucket];
  const auto id = static_cast<uint32_t>(types_.size());
  types_.push_back(type);
  buckets_[bucket] = id;
  if (types_.size() * 2 > buckets_.size()) rehash(buckets_.size() * 2);
  return id;
}

}  // namespace twine::enclave
