// Canonical numbers of function types: two types of any modules have the same number exactly if they are
// equal, so that call_indirect and linking compare numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "wasm/types.h"

namespace twine::enclave {

class TypeRegistry {
 public:
  // The number of this type; numbers are given out in order from 0.
  uint32_t intern(const wasm::FunctionType& type);

  // Precondition: a number that intern() returned.
  [[nodiscard]] const wasm::FunctionType& type(uint32_t id) const { return types_[id]; }

 private:
  void rehash(size_t buckets);
  [[nodiscard]] size_t find_bucket(const wasm::FunctionType& type) const;

  std::vector<wasm::FunctionType> types_;
  // Open addressing with linear probing; a power of two, at most half full. An entry is a number, or kEmpty.
  std::vector<uint32_t> buckets_;
};

}  // namespace twine::enclave
