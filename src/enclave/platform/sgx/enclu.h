// The ENCLU leaf functions that enclave code uses (SDM vol. 3D, "Intel SGX Instruction References"). EEXIT
// stands in entry.S.
#pragma once

#include <cstdint>

#include "common/sgx/arch.h"

namespace twine::enclave {

// RAX and ZF are the error code and whether there is one, for the leaves that have them; others fault
// instead.
inline void ereport(const sgx::TargetInfo& target, const void* report_data, void* report) {
  asm volatile("enclu"
               :
               : "a"(static_cast<uint64_t>(sgx::Enclu::ereport)), "b"(&target), "c"(report_data), "d"(report)
               : "memory", "cc");
}

[[nodiscard]] inline sgx::ErrorCode egetkey(const sgx::KeyRequest& request, void* key) {
  uint64_t rax = static_cast<uint64_t>(sgx::Enclu::egetkey);
  asm volatile("enclu" : "+a"(rax) : "b"(&request), "c"(key) : "memory", "cc");
  return static_cast<sgx::ErrorCode>(rax);
}

[[nodiscard]] inline sgx::ErrorCode eaccept(const sgx::Secinfo& secinfo, uint64_t page) {
  uint64_t rax = static_cast<uint64_t>(sgx::Enclu::eaccept);
  asm volatile("enclu" : "+a"(rax) : "b"(&secinfo), "c"(page) : "memory", "cc");
  return static_cast<sgx::ErrorCode>(rax);
}

[[nodiscard]] inline sgx::ErrorCode eacceptcopy(const sgx::Secinfo& secinfo, uint64_t page,
                                                const void* source) {
  uint64_t rax = static_cast<uint64_t>(sgx::Enclu::eacceptcopy);
  asm volatile("enclu" : "+a"(rax) : "b"(&secinfo), "c"(page), "d"(source) : "memory", "cc");
  return static_cast<sgx::ErrorCode>(rax);
}

}  // namespace twine::enclave
