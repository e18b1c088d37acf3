/* Each errno that arch/x86/kernel/cpu/sgx/ioctl.c of Linux 6.1 answers with, as a row: what is asked in which state of the
 * enclave, and what must come back. Where two checks apply, the one that the kernel makes first. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tiny.h"

enum state { FRESH, CREATED, INITIALISED };

static struct tiny_secs secs;
static uint8_t content[2 * TINY_PAGE] __attribute__((aligned(4096)));
static struct tiny_secinfo secinfo;
static uint8_t sigstruct[1808];
static struct tiny* current;

#define BAD_ADDRESS 0x1000u /* nobody maps there */

/* Makes the call of a row on `current`. Returns 0 or the errno. */
#define IOCTL(request, argument) (ioctl(current->fd, request, argument) == 0 ? 0 : errno)

static int create(uint64_t src) {
  struct sgx_enclave_create argument = {.src = src};
  return IOCTL(SGX_IOC_ENCLAVE_CREATE, &argument);
}
static int create_of(uint64_t base, uint64_t size, uint64_t attributes) {
  memset(&secs, 0, sizeof secs);
  secs.baseaddr = base;
  secs.size = size;
  secs.ssaframesize = 1;
  secs.attributes = attributes;
  secs.xfrm = 3;
  return create((uint64_t)&secs);
}
static int add(uint64_t src, uint64_t offset, uint64_t length, uint64_t flags) {
  memset(&secinfo, 0, sizeof secinfo);
  secinfo.flags = flags;
  struct sgx_enclave_add_pages argument = {
      .src = src, .offset = offset, .length = length, .secinfo = (uint64_t)&secinfo};
  return IOCTL(SGX_IOC_ENCLAVE_ADD_PAGES, &argument);
}
#define REG_RW (SECINFO_REG | SECINFO_R | SECINFO_W)
static uint64_t page(void) {
  return (uint64_t)content;
}
static int init_with(void (*spoil)(void)) {
  tiny_sign(current);
  memcpy(sigstruct, current->sigstruct, sizeof sigstruct);
  if (spoil != NULL) spoil();
  struct sgx_enclave_init argument = {.sigstruct = (uint64_t)sigstruct};
  return IOCTL(SGX_IOC_ENCLAVE_INIT, &argument);
}
static int provision_by(int fd) {
  struct sgx_enclave_provision argument = {.fd = (uint64_t)fd};
  const int result = IOCTL(SGX_IOC_ENCLAVE_PROVISION, &argument);
  if (fd >= 0) close(fd);
  return result;
}
static int restrict_to(uint64_t offset, uint64_t length, uint64_t permissions, uint64_t result,
                       uint64_t count) {
  struct sgx_enclave_restrict_permissions argument = {
      .offset = offset, .length = length, .permissions = permissions, .result = result, .count = count};
  return IOCTL(SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &argument);
}
static int modify(uint64_t offset, uint64_t length, uint64_t type, uint64_t result, uint64_t count) {
  struct sgx_enclave_modify_types argument = {
      .offset = offset, .length = length, .page_type = type, .result = result, .count = count};
  return IOCTL(SGX_IOC_ENCLAVE_MODIFY_TYPES, &argument);
}
static int remove_at(uint64_t offset, uint64_t length, uint64_t count) {
  struct sgx_enclave_remove_pages argument = {.offset = offset, .length = length, .count = count};
  return IOCTL(SGX_IOC_ENCLAVE_REMOVE_PAGES, &argument);
}
enum { TYPE_SECS = 0, TYPE_TCS = 1, TYPE_REG = 2, TYPE_TRIM = 4 };

static void spoil_vendor(void) {
  sigstruct[16] = 1;
}
static void spoil_signature(void) {
  sigstruct[516] ^= 1;
}
static void spoil_measurement(void) {
  sigstruct[960] ^= 1;
}
static void demand_reserved_attribute(void) {
  sigstruct[928 + 7] |= 0x80; /* bit 63 of ATTRIBUTES.FLAGS; the mask has it */
}
static void demand_reserved_misc(void) {
  sigstruct[900 + 3] |= 0x80, sigstruct[904 + 3] |= 0x80;
}
static void demand_reserved_xfrm(void) {
  sigstruct[936 + 7] |= 0x40;
}

struct row {
  const char* what;
  enum state state;
  int expected;
  int (*call)(void);
};

#define CALL(name, expression) \
  static int name(void) {      \
    return expression;         \
  }
CALL(unknown, IOCTL(_IO(0xa4, 0x7f), 0))
CALL(vepc, IOCTL(_IO(0xa4, 0x04), 0))
CALL(create_arg, IOCTL(SGX_IOC_ENCLAVE_CREATE, (void*)BAD_ADDRESS))
CALL(create_src, create(BAD_ADDRESS))
CALL(create_size, create_of((uint64_t)current->base, 3 * TINY_PAGE, ATTRIBUTE_MODE64BIT))
CALL(create_zero, create_of((uint64_t)current->base, 0, ATTRIBUTE_MODE64BIT))
CALL(create_base, create_of((uint64_t)current->base + TINY_PAGE, TINY_SIZE, ATTRIBUTE_MODE64BIT))
CALL(create_attributes, create_of((uint64_t)current->base, TINY_SIZE, (uint64_t)1 << 63))
CALL(create_again, IOCTL(SGX_IOC_ENCLAVE_CREATE, (void*)BAD_ADDRESS))
CALL(add_early, IOCTL(SGX_IOC_ENCLAVE_ADD_PAGES, (void*)BAD_ADDRESS))
CALL(add_arg, IOCTL(SGX_IOC_ENCLAVE_ADD_PAGES, (void*)BAD_ADDRESS))
CALL(add_offset, add(page(), 0x6001, TINY_PAGE, REG_RW))
CALL(add_src_unaligned, add(page() + 1, 0x6000, TINY_PAGE, REG_RW))
CALL(add_no_length, add(page(), 0x6000, 0, REG_RW))
CALL(add_length, add(page(), 0x6000, 0x800, REG_RW))
CALL(add_beyond, add(page(), TINY_SIZE, TINY_PAGE, REG_RW))
CALL(add_over_end, add(page(), TINY_SIZE - TINY_PAGE, 2 * TINY_PAGE, REG_RW))
CALL(add_wraps, add(page(), 0x6000, ~(uint64_t)0xfff, REG_RW))
static int add_secinfo(void) {
  struct sgx_enclave_add_pages argument = {
      .src = page(), .offset = 0x6000, .length = TINY_PAGE, .secinfo = BAD_ADDRESS};
  return IOCTL(SGX_IOC_ENCLAVE_ADD_PAGES, &argument);
}
CALL(add_type, add(page(), 0x6000, TINY_PAGE, SECINFO_R))
CALL(add_write_only, add(page(), 0x6000, TINY_PAGE, SECINFO_REG | SECINFO_W))
CALL(add_tcs_permissions, add(page(), 0x6000, TINY_PAGE, SECINFO_TCS | SECINFO_R))
CALL(add_reserved_flag, add(page(), 0x6000, TINY_PAGE, REG_RW | 1u << 16))
CALL(add_pending, add(page(), 0x6000, TINY_PAGE, REG_RW | 1u << 3))
CALL(add_src, add(BAD_ADDRESS, 0x6000, TINY_PAGE, REG_RW))
static int add_twice(void) {
  return add(page(), 0x6000, TINY_PAGE, REG_RW) != 0 ? -1 : add(BAD_ADDRESS, 0x6000, TINY_PAGE, REG_RW);
}
static int add_bad_tcs(void) {
  static uint8_t tcs[TINY_PAGE] __attribute__((aligned(4096)));
  tcs[100] = 1; /* reserved: EADD faults */
  return add((uint64_t)tcs, 0x6000, TINY_PAGE, SECINFO_TCS);
}
CALL(init_early, IOCTL(SGX_IOC_ENCLAVE_INIT, (void*)BAD_ADDRESS))
CALL(init_arg, IOCTL(SGX_IOC_ENCLAVE_INIT, (void*)BAD_ADDRESS))
static int init_sigstruct(void) {
  struct sgx_enclave_init argument = {.sigstruct = BAD_ADDRESS};
  return IOCTL(SGX_IOC_ENCLAVE_INIT, &argument);
}
CALL(init_vendor, init_with(spoil_vendor))
CALL(init_attribute, init_with(demand_reserved_attribute))
CALL(init_misc, init_with(demand_reserved_misc))
CALL(init_xfrm, init_with(demand_reserved_xfrm))
CALL(init_signature, init_with(spoil_signature))
CALL(init_measurement, init_with(spoil_measurement))
CALL(provision_arg, IOCTL(SGX_IOC_ENCLAVE_PROVISION, (void*)BAD_ADDRESS))
CALL(provision_closed, provision_by(-1))
CALL(provision_other, provision_by(open("/dev/null", O_RDONLY)))
CALL(provision_enclave, provision_by(open("/dev/sgx_enclave", O_RDONLY)))
CALL(provision_right, provision_by(open("/dev/sgx_provision", O_RDONLY)))
CALL(restrict_early, IOCTL(SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, (void*)BAD_ADDRESS))
CALL(restrict_arg, IOCTL(SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, (void*)BAD_ADDRESS))
CALL(restrict_offset, restrict_to(1, TINY_PAGE, SECINFO_R, 0, 0))
CALL(restrict_length, restrict_to(TINY_DATA, 0, SECINFO_R, 0, 0))
CALL(restrict_range, restrict_to(TINY_DATA, TINY_SIZE, SECINFO_R, 0, 0))
CALL(restrict_permissions, restrict_to(TINY_DATA, TINY_PAGE, 8, 0, 0))
CALL(restrict_write_only, restrict_to(TINY_DATA, TINY_PAGE, SECINFO_W, 0, 0))
CALL(restrict_result, restrict_to(TINY_DATA, TINY_PAGE, SECINFO_R, 1, 0))
CALL(restrict_count, restrict_to(TINY_DATA, TINY_PAGE, SECINFO_R, 0, 1))
CALL(restrict_nothing, restrict_to(TINY_DYNAMIC, TINY_PAGE, SECINFO_R, 0, 0))
CALL(restrict_tcs, restrict_to(TINY_TCS, TINY_PAGE, SECINFO_R, 0, 0))
CALL(restrict_right, restrict_to(TINY_DATA, TINY_PAGE, SECINFO_R, 0, 0))
CALL(modify_early, IOCTL(SGX_IOC_ENCLAVE_MODIFY_TYPES, (void*)BAD_ADDRESS))
CALL(modify_arg, IOCTL(SGX_IOC_ENCLAVE_MODIFY_TYPES, (void*)BAD_ADDRESS))
CALL(modify_range, modify(TINY_SIZE, TINY_PAGE, TYPE_TRIM, 0, 0))
CALL(modify_type_high, modify(TINY_DATA, TINY_PAGE, 0x104, 0, 0))
CALL(modify_type, modify(TINY_DATA, TINY_PAGE, TYPE_REG, 0, 0))
CALL(modify_result, modify(TINY_DATA, TINY_PAGE, TYPE_TRIM, 1, 0))
CALL(modify_count, modify(TINY_DATA, TINY_PAGE, TYPE_TRIM, 0, 1))
CALL(modify_nothing, modify(TINY_DYNAMIC, TINY_PAGE, TYPE_TRIM, 0, 0))
CALL(modify_tcs_to_tcs, modify(TINY_TCS, TINY_PAGE, TYPE_TCS, 0, 0))
CALL(modify_read_only_to_tcs, modify(TINY_READ_ONLY, TINY_PAGE, TYPE_TCS, 0, 0))
CALL(modify_right, modify(TINY_DATA, TINY_PAGE, TYPE_TRIM, 0, 0))
static int modify_twice(void) {
  return modify(TINY_DATA, TINY_PAGE, TYPE_TRIM, 0, 0) != 0 ? -1
                                                            : modify(TINY_DATA, TINY_PAGE, TYPE_TRIM, 0, 0);
}
CALL(remove_early, IOCTL(SGX_IOC_ENCLAVE_REMOVE_PAGES, (void*)BAD_ADDRESS))
CALL(remove_arg, IOCTL(SGX_IOC_ENCLAVE_REMOVE_PAGES, (void*)BAD_ADDRESS))
CALL(remove_range, remove_at(TINY_DATA + 1, TINY_PAGE, 0))
CALL(remove_count, remove_at(TINY_DATA, TINY_PAGE, 1))
CALL(remove_nothing, remove_at(TINY_DYNAMIC, TINY_PAGE, 0))
CALL(remove_regular, remove_at(TINY_DATA, TINY_PAGE, 0))
static int remove_unaccepted(void) {
  return modify(TINY_DATA, TINY_PAGE, TYPE_TRIM, 0, 0) != 0 ? -1 : remove_at(TINY_DATA, TINY_PAGE, 0);
}
/* The answer is written back. */
static int modify_read_only_argument(void) {
  const struct sgx_enclave_modify_types argument = {
      .offset = TINY_DATA, .length = TINY_PAGE, .page_type = TYPE_TRIM};
  struct sgx_enclave_modify_types* const place =
      mmap(NULL, TINY_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *place = argument;
  mprotect(place, TINY_PAGE, PROT_READ);
  const int result = IOCTL(SGX_IOC_ENCLAVE_MODIFY_TYPES, place);
  munmap(place, TINY_PAGE);
  return result;
}
static int provisionkey_unprovisioned(void) {
  return init_with(NULL);
}

#define ROW(call, state, expected) {#call, state, expected, call}
static const struct row rows[] = {
    ROW(unknown, FRESH, ENOTTY),
    ROW(vepc, FRESH, ENOTTY),
    ROW(create_arg, FRESH, EFAULT),
    ROW(create_src, FRESH, EFAULT),
    ROW(create_size, FRESH, EINVAL),
    ROW(create_zero, FRESH, EINVAL),
    ROW(create_base, FRESH, EIO),
    ROW(create_attributes, FRESH, EIO),
    ROW(create_again, CREATED, EINVAL),
    ROW(add_early, FRESH, EINVAL),
    ROW(add_early, INITIALISED, EINVAL),
    ROW(add_arg, CREATED, EFAULT),
    ROW(add_offset, CREATED, EINVAL),
    ROW(add_src_unaligned, CREATED, EINVAL),
    ROW(add_no_length, CREATED, EINVAL),
    ROW(add_length, CREATED, EINVAL),
    ROW(add_beyond, CREATED, EINVAL),
    ROW(add_over_end, CREATED, EINVAL),
    ROW(add_wraps, CREATED, EINVAL),
    ROW(add_secinfo, CREATED, EFAULT),
    ROW(add_type, CREATED, EINVAL),
    ROW(add_write_only, CREATED, EINVAL),
    ROW(add_tcs_permissions, CREATED, EINVAL),
    ROW(add_reserved_flag, CREATED, EINVAL),
    ROW(add_pending, CREATED, EINVAL),
    ROW(add_src, CREATED, EFAULT),
    ROW(add_twice, CREATED, EBUSY),
    ROW(add_bad_tcs, CREATED, EIO),
    ROW(init_early, FRESH, EINVAL),
    ROW(init_early, INITIALISED, EINVAL),
    ROW(init_arg, CREATED, EFAULT),
    ROW(init_sigstruct, CREATED, EFAULT),
    ROW(init_vendor, CREATED, EINVAL),
    ROW(init_attribute, CREATED, EINVAL),
    ROW(init_misc, CREATED, EINVAL),
    ROW(init_xfrm, CREATED, EINVAL),
    ROW(init_signature, CREATED, EPERM),
    ROW(init_measurement, CREATED, EPERM),
    ROW(provision_arg, CREATED, EFAULT),
    ROW(provision_closed, CREATED, EINVAL),
    ROW(provision_other, CREATED, EINVAL),
    ROW(provision_enclave, CREATED, EINVAL),
    ROW(provision_right, CREATED, 0),
    ROW(provision_right, INITIALISED, 0),
    ROW(restrict_early, FRESH, EINVAL),
    ROW(restrict_early, CREATED, EINVAL),
    ROW(restrict_arg, INITIALISED, EFAULT),
    ROW(restrict_offset, INITIALISED, EINVAL),
    ROW(restrict_length, INITIALISED, EINVAL),
    ROW(restrict_range, INITIALISED, EINVAL),
    ROW(restrict_permissions, INITIALISED, EINVAL),
    ROW(restrict_write_only, INITIALISED, EINVAL),
    ROW(restrict_result, INITIALISED, EINVAL),
    ROW(restrict_count, INITIALISED, EINVAL),
    ROW(restrict_nothing, INITIALISED, EFAULT),
    ROW(restrict_tcs, INITIALISED, EINVAL),
    ROW(restrict_right, INITIALISED, 0),
    ROW(modify_early, CREATED, EINVAL),
    ROW(modify_arg, INITIALISED, EFAULT),
    ROW(modify_range, INITIALISED, EINVAL),
    ROW(modify_type_high, INITIALISED, EINVAL),
    ROW(modify_type, INITIALISED, EINVAL),
    ROW(modify_result, INITIALISED, EINVAL),
    ROW(modify_count, INITIALISED, EINVAL),
    ROW(modify_nothing, INITIALISED, EFAULT),
    ROW(modify_tcs_to_tcs, INITIALISED, EINVAL),
    ROW(modify_read_only_to_tcs, INITIALISED, EPERM),
    ROW(modify_right, INITIALISED, 0),
    ROW(modify_twice, INITIALISED, EINVAL),
    ROW(modify_read_only_argument, INITIALISED, EFAULT),
    ROW(remove_early, CREATED, EINVAL),
    ROW(remove_arg, INITIALISED, EFAULT),
    ROW(remove_range, INITIALISED, EINVAL),
    ROW(remove_count, INITIALISED, EINVAL),
    ROW(remove_nothing, INITIALISED, EFAULT),
    ROW(remove_regular, INITIALISED, EPERM),
    ROW(remove_unaccepted, INITIALISED, EPERM),
};

static int make(struct tiny* enclave, enum state state) {
  int result = tiny_open(enclave);
  if (result == 0 && state != FRESH) result = tiny_create(enclave);
  if (result == 0 && state != FRESH) result = tiny_add_all(enclave);
  if (result == 0 && state == INITIALISED) {
    tiny_sign(enclave);
    result = tiny_init(enclave);
  }
  return result;
}

static void expect(const char* what, int expected, int result, char* text, size_t size) {
  if (result != expected && text[0] == '\0')
    snprintf(text, size, "%s: %s, not %s", what, strerror(result), strerror(expected));
}

/* An enclave with PROVISIONKEY: allowed after create, and only then. */
static int provisioned(int when) {
  struct tiny enclave;
  int result = tiny_open(&enclave);
  current = &enclave;
  enclave.attributes |= ATTRIBUTE_PROVISIONKEY;
  if (result == 0 && when == 1) result = provision_right();
  if (result == 0) result = tiny_create(&enclave);
  if (result == 0 && when == 2) result = provision_right();
  if (result == 0) result = tiny_add_all(&enclave);
  if (result == 0) result = provisionkey_unprovisioned();
  tiny_close(&enclave);
  return result;
}

/* Writes the first row that fails into `text`. */
void ioctl_errors(char* text, size_t size) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    struct tiny enclave;
    const int made = make(&enclave, rows[i].state);
    current = &enclave;
    expect(rows[i].what, 0, made, text, size);
    if (made == 0) expect(rows[i].what, rows[i].expected, rows[i].call(), text, size);
    tiny_close(&enclave);
  }
  expect("PROVISIONKEY never allowed", EACCES, provisioned(0), text, size);
  expect("PROVISIONKEY allowed before create", EACCES, provisioned(1), text, size);
  expect("PROVISIONKEY allowed after create", 0, provisioned(2), text, size);
}
