#include "tiny.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

extern const uint8_t tiny_code[TINY_PAGE];
vdso_sgx_enter_enclave_t enter_enclave;

static uint8_t tcs[TINY_PAGE] __attribute__((aligned(4096)));
static uint8_t zeroes[TINY_PAGE] __attribute__((aligned(4096)));
static uint8_t data[TINY_PAGE] __attribute__((aligned(4096)));

struct page {
  uint64_t offset;
  const uint8_t* content;
  uint64_t flags;
  int protection;
};

/* Also fills in what is not constant. */
static const struct page* pages(size_t* count) {
  static const struct page all[] = {
      {0x0000, tiny_code, SECINFO_REG | SECINFO_R | SECINFO_X, PROT_READ | PROT_EXEC},
      {TINY_TCS, tcs, SECINFO_TCS, PROT_READ | PROT_WRITE},
      {0x2000, zeroes, SECINFO_REG | SECINFO_R | SECINFO_W, PROT_READ | PROT_WRITE},
      {0x3000, zeroes, SECINFO_REG | SECINFO_R | SECINFO_W, PROT_READ | PROT_WRITE},
      {TINY_DATA, data, SECINFO_REG | SECINFO_R | SECINFO_W, PROT_READ | PROT_WRITE},
      {TINY_READ_ONLY, data, SECINFO_REG | SECINFO_R, PROT_READ},
  };
  const uint64_t ossa = 0x2000;
  const uint32_t nssa = 2;
  const uint32_t limit = 0xffffffff;
  const uint64_t value = TINY_VALUE;
  memcpy(tcs + 16, &ossa, sizeof ossa);
  memcpy(tcs + 28, &nssa, sizeof nssa);
  memcpy(tcs + 64, &limit, sizeof limit);
  memcpy(tcs + 68, &limit, sizeof limit);
  memcpy(data, &value, sizeof value);
  *count = sizeof all / sizeof *all;
  return all;
}

int tiny_open(struct tiny* enclave) {
  memset(enclave, 0, sizeof *enclave);
  enclave->attributes = ATTRIBUTE_MODE64BIT;
  enclave->fd = open("/dev/sgx_enclave", O_RDWR | O_CLOEXEC);
  if (enclave->fd < 0) return errno;
  uint8_t* const area = mmap(NULL, 2 * TINY_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) return errno;
  enclave->base = (uint8_t*)(((uintptr_t)area + TINY_SIZE - 1) & ~(uintptr_t)(TINY_SIZE - 1));
  if (enclave->base != area) munmap(area, (size_t)(enclave->base - area));
  if (enclave->base != area + TINY_SIZE)
    munmap(enclave->base + TINY_SIZE, (size_t)(area + TINY_SIZE - enclave->base));
  return 0;
}

int tiny_create(struct tiny* enclave) {
  enclave->secs.size = TINY_SIZE;
  enclave->secs.baseaddr = (uint64_t)enclave->base;
  enclave->secs.ssaframesize = 1;
  enclave->secs.attributes = enclave->attributes;
  enclave->secs.xfrm = 3;
  struct sgx_enclave_create create = {.src = (uint64_t)&enclave->secs};
  return ioctl(enclave->fd, SGX_IOC_ENCLAVE_CREATE, &create) == 0 ? 0 : errno;
}

int tiny_add(struct tiny* enclave, uint64_t offset, const void* source, uint64_t secinfo_flags) {
  const struct tiny_secinfo secinfo = {.flags = secinfo_flags, .reserved = {0}};
  struct sgx_enclave_add_pages add = {.src = (uint64_t)source,
                                      .offset = offset,
                                      .length = TINY_PAGE,
                                      .secinfo = (uint64_t)&secinfo,
                                      .flags = SGX_PAGE_MEASURE};
  return ioctl(enclave->fd, SGX_IOC_ENCLAVE_ADD_PAGES, &add) == 0 ? 0 : errno;
}

int tiny_add_all(struct tiny* enclave) {
  size_t count;
  const struct page* const all = pages(&count);
  for (size_t i = 0; i < count; ++i) {
    const int result = tiny_add(enclave, all[i].offset, all[i].content, all[i].flags);
    if (result != 0) return result;
  }
  return 0;
}

int tiny_init(struct tiny* enclave) {
  struct sgx_enclave_init init = {.sigstruct = (uint64_t)enclave->sigstruct};
  return ioctl(enclave->fd, SGX_IOC_ENCLAVE_INIT, &init) == 0 ? 0 : errno;
}

int tiny_map_all(struct tiny* enclave) {
  size_t count;
  const struct page* const all = pages(&count);
  for (size_t i = 0; i < count; ++i) {
    if (mmap(enclave->base + all[i].offset, TINY_PAGE, all[i].protection, MAP_SHARED | MAP_FIXED, enclave->fd,
             0) == MAP_FAILED)
      return errno;
  }
  return 0;
}

int tiny_build(struct tiny* enclave) {
  int result = tiny_open(enclave);
  if (result == 0) result = tiny_create(enclave);
  if (result == 0) result = tiny_add_all(enclave);
  tiny_sign(enclave);
  if (result == 0) result = tiny_init(enclave);
  if (result == 0) result = tiny_map_all(enclave);
  return result;
}

void tiny_close(struct tiny* enclave) {
  munmap(enclave->base, TINY_SIZE);
  close(enclave->fd);
}

int tiny_enter(struct tiny* enclave, enum tiny_function function, const void* address, uint64_t value,
               struct sgx_enclave_run* run) {
  run->tcs = (uint64_t)(enclave->base + TINY_TCS);
  return enter_enclave(function, (unsigned long)address, value, EENTER, 0, 0, run);
}

/* --- Measurement and SIGSTRUCT (SDM vol. 3D, ECREATE, EADD, EEXTEND; "Enclave Signature Structure") */

static void hash_block(EVP_MD_CTX* hash, const char* tag, uint64_t first, size_t first_size,
                       uint64_t second) {
  uint8_t block[64] = {0};
  memcpy(block, tag, strlen(tag));
  memcpy(block + 8, &first, first_size);
  memcpy(block + 8 + first_size, &second, sizeof second);
  EVP_DigestUpdate(hash, block, sizeof block);
}

static void measure(uint8_t mrenclave[32]) {
  EVP_MD_CTX* const hash = EVP_MD_CTX_new();
  EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
  hash_block(hash, "ECREATE", 1, 4, TINY_SIZE);
  size_t count;
  const struct page* const all = pages(&count);
  for (size_t i = 0; i < count; ++i) {
    hash_block(hash, "EADD", all[i].offset, 8, all[i].flags);
    for (uint64_t chunk = 0; chunk < TINY_PAGE; chunk += 256) {
      hash_block(hash, "EEXTEND", all[i].offset + chunk, 8, 0);
      EVP_DigestUpdate(hash, all[i].content + chunk, 256);
    }
  }
  EVP_DigestFinal_ex(hash, mrenclave, NULL);
  EVP_MD_CTX_free(hash);
}

static EVP_PKEY* signing_key(void) {
  static EVP_PKEY* key;
  if (key != NULL) return key;
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  BIGNUM* const exponent = BN_new();
  BN_set_word(exponent, 3);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_rsa_keygen_bits(context, 3072);
  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, exponent);
  if (EVP_PKEY_generate(context, &key) != 1) abort();
  EVP_PKEY_CTX_free(context);
  BN_free(exponent);
  return key;
}

enum { MODULUS = 128, EXPONENT = 512, SIGNATURE = 516, BODY = 900, BODY_END = 1028, Q1 = 1040, Q2 = 1424 };

void tiny_sign(struct tiny* enclave) {
  static const uint8_t header1[16] = {6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1};
  static const uint8_t header2[16] = {1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1};
  uint8_t* const s = enclave->sigstruct;
  memset(s, 0, sizeof enclave->sigstruct);
  memcpy(s, header1, sizeof header1);
  memcpy(s + 24, header2, sizeof header2);
  const uint32_t date = 0x20260101;
  memcpy(s + 20, &date, sizeof date);
  const uint64_t attributes[2] = {enclave->attributes, 3};
  const uint64_t mask[2] = {~(uint64_t)0, ~(uint64_t)3};
  memcpy(s + 928, attributes, sizeof attributes);
  memcpy(s + 944, mask, sizeof mask);
  measure(s + 960);

  uint8_t message[128 + (BODY_END - BODY)];
  memcpy(message, s, 128);
  memcpy(message + 128, s + BODY, BODY_END - BODY);
  uint8_t signature[384];
  size_t size = sizeof signature;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signing_key());
  if (EVP_DigestSign(context, signature, &size, message, sizeof message) != 1) abort();
  EVP_MD_CTX_free(context);

  /* Q1 = S²/M, Q2 = (S³ - Q1·S·M)/M, all numbers little-endian. */
  BN_CTX* const bn = BN_CTX_new();
  BIGNUM *m = NULL, *sig = BN_bin2bn(signature, sizeof signature, NULL);
  BIGNUM *square = BN_new(), *q1 = BN_new(), *q2 = BN_new(), *rest = BN_new();
  EVP_PKEY_get_bn_param(signing_key(), "n", &m);
  BN_sqr(square, sig, bn);
  BN_div(q1, rest, square, m, bn);
  BN_mul(rest, rest, sig, bn);
  BN_div(q2, NULL, rest, m, bn);
  BN_bn2lebinpad(m, s + MODULUS, 384);
  BN_bn2lebinpad(sig, s + SIGNATURE, 384);
  BN_bn2lebinpad(q1, s + Q1, 384);
  BN_bn2lebinpad(q2, s + Q2, 384);
  s[EXPONENT] = 3;
  BN_free(m), BN_free(sig), BN_free(square), BN_free(q1), BN_free(q2), BN_free(rest);
  BN_CTX_free(bn);
}

/* --- The vDSO */

const uint8_t* vdso_address(char** environment) {
  while (*environment != NULL) ++environment;
  for (const Elf64_auxv_t* entry = (const Elf64_auxv_t*)(environment + 1); entry->a_type != AT_NULL;
       ++entry) {
    if (entry->a_type == AT_SYSINFO_EHDR) return (const uint8_t*)entry->a_un.a_val;
  }
  return NULL;
}

static uint32_t elf_hash(const char* name) {
  uint32_t hash = 0;
  for (; *name != '\0'; ++name) {
    hash = (hash << 4) + (uint8_t)*name;
    hash ^= (hash & 0xf0000000) >> 24;
    hash &= 0x0fffffff;
  }
  return hash;
}

const void* vdso_symbol(const uint8_t* vdso, const char* name, uint64_t* size) {
  const Elf64_Ehdr* const header = (const Elf64_Ehdr*)vdso;
  const Elf64_Phdr* const segments = (const Elf64_Phdr*)(vdso + header->e_phoff);
  const Elf64_Dyn* dynamic = NULL;
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type == PT_LOAD && segments[i].p_offset != segments[i].p_vaddr) return NULL;
    if (segments[i].p_type == PT_DYNAMIC) dynamic = (const Elf64_Dyn*)(vdso + segments[i].p_offset);
  }
  const Elf64_Sym* symbols = NULL;
  const char* strings = NULL;
  const uint32_t* hash = NULL;
  for (; dynamic != NULL && dynamic->d_tag != DT_NULL; ++dynamic) {
    const uint8_t* const where = vdso + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) symbols = (const Elf64_Sym*)where;
    if (dynamic->d_tag == DT_STRTAB) strings = (const char*)where;
    if (dynamic->d_tag == DT_HASH) hash = (const uint32_t*)where;
  }
  if (symbols == NULL || strings == NULL || hash == NULL) return NULL;
  for (uint32_t i = hash[2 + elf_hash(name) % hash[0]]; i != STN_UNDEF; i = hash[2 + hash[0] + i]) {
    if (strcmp(name, strings + symbols[i].st_name) != 0) continue;
    if (size != NULL) *size = symbols[i].st_size;
    return vdso + symbols[i].st_value;
  }
  return NULL;
}
