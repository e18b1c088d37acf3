/* A tiny enclave, built and entered by ioctls and the vDSO alone: what foreign software does, in plain C and with nothing
 * of Twine's. Everything is taken from the kernel's UAPI header and the SDM.
 *
 *   offset   page                              SECINFO
 *   0x0000   tiny_code.S                       R|X
 *   0x1000   TCS: OSSA 0x2000, NSSA 2          TCS
 *   0x2000   two SSA frames                    R|W
 *   0x4000   data: 0x1122334455667788          R|W
 *   0x5000   data: the same                    R
 *   0x8000   no page; EAUG on first touch
 *   0x10000  end of ELRANGE
 */
#ifndef TINY_H
#define TINY_H

#include <asm/sgx.h>
#include <stddef.h>
#include <stdint.h>

#define TINY_SIZE 0x10000u
#define TINY_PAGE 0x1000u
#define TINY_TCS 0x1000u
#define TINY_DATA 0x4000u
#define TINY_READ_ONLY 0x5000u
#define TINY_DYNAMIC 0x8000u
#define TINY_VALUE 0x1122334455667788u

enum tiny_function { TINY_LOAD, TINY_STORE, TINY_SPIN }; /* RDI of tiny_code.S */
enum { EENTER = 2, ERESUME = 3, EEXIT = 4 };

#define ATTRIBUTE_MODE64BIT 0x4u
#define ATTRIBUTE_PROVISIONKEY 0x10u

struct tiny_secs { /* SDM vol. 3D, "SGX Enclave Control Structure" */
  uint64_t size, baseaddr;
  uint32_t ssaframesize, miscselect;
  uint8_t reserved1[24];
  uint64_t attributes, xfrm;
  uint8_t rest[4096 - 64];
} __attribute__((aligned(4096)));

struct tiny_secinfo {
  uint64_t flags;
  uint64_t reserved[7];
} __attribute__((aligned(64)));

#define SECINFO_R 0x1u
#define SECINFO_W 0x2u
#define SECINFO_X 0x4u
#define SECINFO_TCS 0x100u
#define SECINFO_REG 0x200u

struct tiny {
  int fd;
  uint8_t* base;
  uint64_t attributes;
  struct tiny_secs secs;
  uint8_t sigstruct[1808];
};

/* Reserves ELRANGE and opens the device. The steps below may then be made one by one. All return 0 or an errno. */
int tiny_open(struct tiny* enclave);
int tiny_create(struct tiny* enclave);
int tiny_add_all(struct tiny* enclave);
int tiny_init(struct tiny* enclave);
int tiny_map_all(struct tiny* enclave);
/* All of them. */
int tiny_build(struct tiny* enclave);
void tiny_close(struct tiny* enclave);

int tiny_add(struct tiny* enclave, uint64_t offset, const void* source, uint64_t secinfo_flags);
/* A SIGSTRUCT for the enclave as tiny_add_all makes it, by a key that this process has drawn. */
void tiny_sign(struct tiny* enclave);

/* The vDSO that the auxiliary vector behind `environ` names, as the kernel's selftest walks it. */
const uint8_t* vdso_address(char** environment);
const void* vdso_symbol(const uint8_t* vdso, const char* name, uint64_t* size);

/* One entry. */
int tiny_enter(struct tiny* enclave, enum tiny_function function, const void* address, uint64_t value,
               struct sgx_enclave_run* run);
extern vdso_sgx_enter_enclave_t enter_enclave;

#endif
