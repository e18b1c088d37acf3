// The architectural structures and numbers of Intel SGX, for both sides of the trust boundary.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual (SDM), volume 3D, chapters "Enclave
// Access Control and Data Structures" and "SGX Instruction References". Tables are cited by their title,
// which is stable, not by their number, which is not. Field names are the SDM's. All integers are
// little-endian; every structure is plain bytes, so it can be copied to and from memory. Where the SDM asks
// for an alignment, the structure has it.
//
// CPUID inside an enclave, on every backend: it raises #UD (EXITINFO.VECTOR = 6) with RIP at the instruction,
// and the bytes at RIP read 0F A2 as long as the exception handler (CSSA > 0) has not resumed. The emulator
// keeps this promise too, see docs/emulation.md, so enclave code decodes the bytes at RIP and never asks
// which backend it runs on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twine::sgx {

inline constexpr uint64_t kEpcPageSize = 4096;
inline constexpr uint64_t kEextendChunk = 256;  // bytes that one EEXTEND measures

// --- Leaf functions
// ------------------------------------------------------------------------------------------------

// SDM table "Enclave Instruction Leaf Functions": EAX at ENCLS (0F 01 CF), supervisor mode.
enum class Encls : uint32_t {
  ecreate = 0x00,
  eadd = 0x01,
  einit = 0x02,
  eremove = 0x03,
  edbgrd = 0x04,
  edbgwr = 0x05,
  eextend = 0x06,
  eldb = 0x07,
  eldu = 0x08,
  eblock = 0x09,
  epa = 0x0a,
  ewb = 0x0b,
  etrack = 0x0c,
  eaug = 0x0d,
  emodpr = 0x0e,
  emodt = 0x0f,
};

// The same, for ENCLU (0F 01 D7), user mode.
enum class Enclu : uint32_t {
  ereport = 0x00,
  egetkey = 0x01,
  eenter = 0x02,
  eresume = 0x03,
  eexit = 0x04,
  eaccept = 0x05,
  emodpe = 0x06,
  eacceptcopy = 0x07,
  edeccssa = 0x09,
};

// SDM table "Error or Information Codes for Intel SGX Instructions": RAX after a leaf that sets ZF.
enum class ErrorCode : uint32_t {
  success = 0,
  invalid_sig_struct = 1,
  invalid_attribute = 2,
  blkstate = 3,
  invalid_measurement = 4,
  notblockable = 5,
  pg_invld = 6,
  epc_page_conflict = 7,
  invalid_signature = 8,
  mac_compare_fail = 9,
  page_not_blocked = 10,
  not_tracked = 11,
  va_slot_occupied = 12,
  child_present = 13,
  enclave_act = 14,
  entryepoch_locked = 15,
  invalid_einittoken = 16,
  prev_trk_incmpl = 17,
  pg_is_secs = 18,
  page_attributes_mismatch = 19,
  page_not_modifiable = 20,
  page_not_debuggable = 21,
  invalid_counter = 25,
  pg_nonepc = 26,
  track_not_required = 27,
  invalid_cpusvn = 32,
  invalid_isvsvn = 64,
  unmasked_event = 128,
  invalid_keyname = 256,
};

// --- ATTRIBUTES, MISCSELECT
// ----------------------------------------------------------------------------------------

// SDM table "Layout of ATTRIBUTES Structure".
struct Attributes {
  uint64_t flags;  // kAttribute* below
  uint64_t xfrm;   // extended features the enclave may use, as in XCR0

  friend bool operator==(const Attributes&, const Attributes&) = default;
};
static_assert(sizeof(Attributes) == 16);

inline constexpr uint64_t kAttributeInit = uint64_t{1} << 0;
inline constexpr uint64_t kAttributeDebug = uint64_t{1} << 1;
inline constexpr uint64_t kAttributeMode64Bit = uint64_t{1} << 2;
inline constexpr uint64_t kAttributeProvisionKey = uint64_t{1} << 4;
inline constexpr uint64_t kAttributeEinittokenKey = uint64_t{1} << 5;
inline constexpr uint64_t kAttributeCet = uint64_t{1} << 6;
inline constexpr uint64_t kAttributeKss = uint64_t{1} << 7;  // key separation and sharing
inline constexpr uint64_t kAttributeAexNotify = uint64_t{1} << 10;

// XFRM / XCR0 bits (SDM vol. 1, "XSAVE-Supported Features and State-Component Bitmaps").
inline constexpr uint64_t kXfrmX87 = uint64_t{1} << 0;
inline constexpr uint64_t kXfrmSse = uint64_t{1} << 1;
inline constexpr uint64_t kXfrmLegacy = kXfrmX87 | kXfrmSse;  // must always be set
inline constexpr uint64_t kXfrmAvx = uint64_t{1} << 2;
inline constexpr uint64_t kXfrmBndregs = uint64_t{1} << 3;
inline constexpr uint64_t kXfrmBndcsr = uint64_t{1} << 4;
inline constexpr uint64_t kXfrmAvx512 = uint64_t{7} << 5;  // opmask, ZMM_Hi256, Hi16_ZMM: all or none
inline constexpr uint64_t kXfrmPkru = uint64_t{1} << 9;
inline constexpr uint64_t kXfrmAmx = uint64_t{3} << 17;  // TILECFG, TILEDATA: both or none

// SDM table "Bit Vector Layout of MISCSELECT Field of Extended Information".
inline constexpr uint32_t kMiscExinfo = uint32_t{1} << 0;  // #PF and #GP are reported in the SSA, with EXINFO

// --- SECS
// ----------------------------------------------------------------------------------------------------------

// SDM table "Layout of SGX Enclave Control Structure (SECS)". For ECREATE software fills in size, baseaddr,
// ssaframesize, miscselect, the CET fields, attributes, configid and configsvn; all else must be zero.
struct alignas(4096) Secs {
  uint64_t size;          // of ELRANGE, bytes; a power of two
  uint64_t baseaddr;      // naturally aligned to size
  uint32_t ssaframesize;  // of one SSA frame, pages
  uint32_t miscselect;
  uint64_t cet_leg_bitmap_offset;
  uint8_t cet_attributes;
  uint8_t reserved1[15];
  Attributes attributes;
  uint8_t mrenclave[32];
  uint8_t reserved2[32];
  uint8_t mrsigner[32];
  uint8_t reserved3[32];
  uint8_t configid[64];
  uint16_t isvprodid;
  uint16_t isvsvn;
  uint16_t configsvn;
  uint8_t reserved4[3834];
};
static_assert(sizeof(Secs) == 4096 && offsetof(Secs, miscselect) == 20 && offsetof(Secs, attributes) == 48 &&
              offsetof(Secs, mrenclave) == 64 && offsetof(Secs, mrsigner) == 128 &&
              offsetof(Secs, configid) == 192 && offsetof(Secs, isvprodid) == 256 &&
              offsetof(Secs, configsvn) == 260);

// --- TCS
// -----------------------------------------------------------------------------------------------------------

// SDM table "Layout of Thread Control Structure (TCS)". For EADD software fills in flags, ossa, nssa, oentry,
// ofsbasgx, ogsbasgx, fslimit and gslimit; state, cssa and aep must be zero. Offsets are from SECS.BASEADDR.
struct alignas(4096) Tcs {
  uint64_t state;  // STAGE in older editions: inactive or active; the processor's own
  uint64_t flags;  // kTcs* below
  uint64_t ossa;   // offset of the SSA stack; page aligned
  uint32_t cssa;   // index of the next SSA frame to fill; the processor's own
  uint32_t nssa;   // number of SSA frames
  uint64_t oentry;
  uint64_t aep;  // where an asynchronous exit continues outside; set by EENTER
  uint64_t ofsbasgx;
  uint64_t ogsbasgx;
  uint32_t fslimit;  // 32-bit enclaves only; the low 12 bits must be set there, in 64-bit mode ignored
  uint32_t gslimit;
  uint64_t ocetssa;
  uint64_t prevssp;
  uint8_t reserved[4008];
};
static_assert(sizeof(Tcs) == 4096 && offsetof(Tcs, ossa) == 16 && offsetof(Tcs, nssa) == 28 &&
              offsetof(Tcs, oentry) == 32 && offsetof(Tcs, aep) == 40 && offsetof(Tcs, ofsbasgx) == 48 &&
              offsetof(Tcs, ogsbasgx) == 56 && offsetof(Tcs, ocetssa) == 72 && offsetof(Tcs, reserved) == 88);

inline constexpr uint64_t kTcsDbgoptin = uint64_t{1} << 0;
inline constexpr uint64_t kTcsAexnotify = uint64_t{1} << 1;

// --- SSA
// -----------------------------------------------------------------------------------------------------------

// A state save area (SSA) frame is SECS.SSAFRAMESIZE pages. SDM table "Top-to-Bottom Layout of an SSA Frame":
//   0                                    XSAVE area, standard format, as XFRM asks
//   end - sizeof(SsaGpr) - sizeof(ExInfo) EXINFO, when MISCSELECT.EXINFO is set
//   end - sizeof(SsaGpr)                  GPRSGX

// SDM table "Layout of GPRSGX Portion of the State Save Area".
struct SsaGpr {
  uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rflags;
  uint64_t rip;
  uint64_t ursp;  // RSP and RBP outside, at EENTER
  uint64_t urbp;
  uint32_t exitinfo;  // kExitinfo* below
  uint8_t reserved[3];
  uint8_t aexnotify;
  uint64_t fsbase;
  uint64_t gsbase;
};
static_assert(sizeof(SsaGpr) == 184 && offsetof(SsaGpr, rflags) == 128 && offsetof(SsaGpr, ursp) == 144 &&
              offsetof(SsaGpr, exitinfo) == 160 && offsetof(SsaGpr, aexnotify) == 167 &&
              offsetof(SsaGpr, fsbase) == 168);

// SDM table "Layout of EXITINFO Field": why the enclave was left asynchronously. Zero (not valid) after an
// interrupt.
inline constexpr uint32_t kExitinfoVectorMask = 0xff;
inline constexpr uint32_t kExitinfoTypeShift = 8;
inline constexpr uint32_t kExitinfoTypeMask = uint32_t{7} << kExitinfoTypeShift;
inline constexpr uint32_t kExitinfoTypeHardware = uint32_t{3} << kExitinfoTypeShift;
inline constexpr uint32_t kExitinfoTypeSoftware = uint32_t{6} << kExitinfoTypeShift;  // INT3 only
inline constexpr uint32_t kExitinfoValid = uint32_t{1} << 31;

// SDM table "Exception Vectors": those that EXITINFO can report; #GP and #PF only with MISCSELECT.EXINFO.
enum class Vector : uint8_t {
  de = 0,
  db = 1,
  bp = 3,
  br = 5,
  ud = 6,
  gp = 13,
  pf = 14,
  mf = 16,
  ac = 17,
  xm = 19,
  cp = 21,
};

// SDM table "Layout of EXINFO Structure".
struct ExInfo {
  uint64_t maddr;  // #PF: the address that faulted, exact; #GP: 0
  uint32_t errcd;  // #PF: kPagefault* below; #GP: the error code
  uint32_t reserved;
};
static_assert(sizeof(ExInfo) == 16);

// Page-fault error code (SDM vol. 3A, "Page-Fault Error Code").
inline constexpr uint32_t kPagefaultPresent = uint32_t{1} << 0;
inline constexpr uint32_t kPagefaultWrite = uint32_t{1} << 1;
inline constexpr uint32_t kPagefaultUser = uint32_t{1} << 2;
inline constexpr uint32_t kPagefaultFetch = uint32_t{1} << 4;
inline constexpr uint32_t kPagefaultSgx = uint32_t{1} << 15;  // the EPCM refused, not the page tables

// Offset of GPRSGX and of EXINFO from the start of a frame of `ssaframesize` pages.
constexpr uint64_t ssa_gpr_offset(uint32_t ssaframesize) {
  return uint64_t{ssaframesize} * kEpcPageSize - sizeof(SsaGpr);
}
constexpr uint64_t ssa_exinfo_offset(uint32_t ssaframesize) {
  return ssa_gpr_offset(ssaframesize) - sizeof(ExInfo);
}

// --- SECINFO, PAGEINFO
// ---------------------------------------------------------------------------------------------

// SDM table "Layout of SECINFO Data Structure".
struct alignas(64) Secinfo {
  uint64_t flags;  // kSecinfo* below, page type in bits 15:8
  uint8_t reserved[56];
};
static_assert(sizeof(Secinfo) == 64);

inline constexpr uint64_t kSecinfoR = uint64_t{1} << 0;
inline constexpr uint64_t kSecinfoW = uint64_t{1} << 1;
inline constexpr uint64_t kSecinfoX = uint64_t{1} << 2;
inline constexpr uint64_t kSecinfoPending = uint64_t{1} << 3;
inline constexpr uint64_t kSecinfoModified = uint64_t{1} << 4;
inline constexpr uint64_t kSecinfoPr = uint64_t{1} << 5;  // permission restriction in progress
inline constexpr uint64_t kSecinfoRwx = kSecinfoR | kSecinfoW | kSecinfoX;
inline constexpr uint64_t kSecinfoPageTypeShift = 8;
inline constexpr uint64_t kSecinfoPageTypeMask = uint64_t{0xff} << kSecinfoPageTypeShift;

// SDM table "Supported PAGE_TYPE".
enum class PageType : uint8_t { secs = 0, tcs = 1, reg = 2, va = 3, trim = 4, ss_first = 5, ss_rest = 6 };

constexpr uint64_t secinfo_page_type(PageType type) {
  return uint64_t{static_cast<uint8_t>(type)} << kSecinfoPageTypeShift;
}

// SDM table "Layout of PAGEINFO Data Structure".
struct alignas(32) PageInfo {
  uint64_t linaddr;
  uint64_t srcpge;
  uint64_t secinfo;
  uint64_t secs;
};
static_assert(sizeof(PageInfo) == 32);

// --- SIGSTRUCT
// -----------------------------------------------------------------------------------------------------

inline constexpr size_t kRsaKeySize = 384;  // RSA-3072

// SDM table "Layout of Enclave Signature Structure (SIGSTRUCT)". The signature (PKCS #1 v1.5, SHA-256, e = 3)
// is over bytes [0, 128) followed by [900, 1028). Numbers of 384 bytes are little-endian.
//   q1 = floor(signature^2 / modulus)
//   q2 = floor((signature^3 - q1 * signature * modulus) / modulus)
// EINIT wants it page aligned; the Linux driver copies it there.
struct Sigstruct {
  uint8_t header[16];   // kSigstructHeader
  uint32_t vendor;      // 0, or 0x8086 for Intel
  uint32_t date;        // BCD yyyymmdd
  uint8_t header2[16];  // kSigstructHeader2
  uint32_t swdefined;
  uint8_t reserved1[84];
  uint8_t modulus[kRsaKeySize];
  uint32_t exponent;  // 3
  uint8_t signature[kRsaKeySize];
  uint32_t miscselect;
  uint32_t miscmask;
  uint8_t cet_attributes;
  uint8_t cet_attributes_mask;
  uint8_t reserved2[2];
  uint8_t isvfamilyid[16];
  Attributes attributes;
  Attributes attributemask;
  uint8_t enclavehash[32];  // MRENCLAVE that EINIT demands
  uint8_t reserved3[16];
  uint8_t isvextprodid[16];
  uint16_t isvprodid;
  uint16_t isvsvn;
  uint8_t reserved4[12];
  uint8_t q1[kRsaKeySize];
  uint8_t q2[kRsaKeySize];
};
inline constexpr size_t kSigstructSize = 1808;
static_assert(sizeof(Sigstruct) == kSigstructSize);
static_assert(offsetof(Sigstruct, header2) == 24 && offsetof(Sigstruct, modulus) == 128 &&
              offsetof(Sigstruct, exponent) == 512 && offsetof(Sigstruct, signature) == 516 &&
              offsetof(Sigstruct, miscselect) == 900 && offsetof(Sigstruct, isvfamilyid) == 912 &&
              offsetof(Sigstruct, attributes) == 928 && offsetof(Sigstruct, enclavehash) == 960 &&
              offsetof(Sigstruct, isvextprodid) == 1008 && offsetof(Sigstruct, isvprodid) == 1024 &&
              offsetof(Sigstruct, q1) == 1040 && offsetof(Sigstruct, q2) == 1424 &&
              offsetof(Sigstruct, q2) + kRsaKeySize == kSigstructSize);

inline constexpr uint8_t kSigstructHeader[16] = {0x06, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 0x01, 0, 0, 0, 0, 0};
inline constexpr uint8_t kSigstructHeader2[16] = {0x01, 0x01, 0, 0, 0x60, 0, 0, 0,
                                                  0x60, 0,    0, 0, 0x01, 0, 0, 0};
inline constexpr uint32_t kSigstructVendorIntel = 0x8086;
inline constexpr size_t kSigstructSignedPart1Size = 128;                                // [0, 128)
inline constexpr size_t kSigstructSignedPart2Offset = offsetof(Sigstruct, miscselect);  // [900, 1028)
inline constexpr size_t kSigstructSignedPart2Size =
    offsetof(Sigstruct, reserved4) - kSigstructSignedPart2Offset;
static_assert(kSigstructSignedPart2Size == 128);

// SDM table "Layout of EINIT Token (EINITTOKEN)". Only machines without flexible launch control need a valid
// one.
struct Einittoken {
  uint32_t valid;  // bit 0
  uint8_t reserved1[44];
  Attributes attributes;
  uint8_t mrenclave[32];
  uint8_t reserved2[32];
  uint8_t mrsigner[32];
  uint8_t reserved3[32];
  uint8_t cpusvnle[16];
  uint16_t isvprodidle;
  uint16_t isvsvnle;
  uint8_t reserved4[24];
  uint32_t maskedmiscselectle;
  Attributes maskedattributesle;
  uint8_t keyid[32];
  uint8_t mac[16];
};
static_assert(sizeof(Einittoken) == 304 && offsetof(Einittoken, maskedmiscselectle) == 236 &&
              offsetof(Einittoken, mac) == 288);

// --- REPORT, TARGETINFO
// --------------------------------------------------------------------------------------------

// SDM table "Layout of REPORT". EREPORT writes it 512-byte aligned; the structure itself is 432 bytes.
struct Report {
  uint8_t cpusvn[16];
  uint32_t miscselect;
  uint8_t cet_attributes;
  uint8_t reserved1[11];
  uint8_t isvextprodid[16];
  Attributes attributes;
  uint8_t mrenclave[32];
  uint8_t reserved2[32];
  uint8_t mrsigner[32];
  uint8_t reserved3[32];
  uint8_t configid[64];
  uint16_t isvprodid;
  uint16_t isvsvn;
  uint16_t configsvn;
  uint8_t reserved4[42];
  uint8_t isvfamilyid[16];
  uint8_t reportdata[64];
  uint8_t keyid[32];
  uint8_t mac[16];  // AES-128-CMAC, under the target's report key, of all that stands before keyid
};
static_assert(sizeof(Report) == 432 && offsetof(Report, attributes) == 48 &&
              offsetof(Report, mrenclave) == 64 && offsetof(Report, configid) == 192 &&
              offsetof(Report, isvfamilyid) == 304 && offsetof(Report, reportdata) == 320 &&
              offsetof(Report, keyid) == 384 && offsetof(Report, mac) == 416);
inline constexpr size_t kReportMacedSize = offsetof(Report, keyid);

// SDM table "Layout of TARGETINFO Data Structure": who shall be able to verify a REPORT.
struct alignas(512) TargetInfo {
  uint8_t measurement[32];
  Attributes attributes;
  uint8_t cet_attributes;
  uint8_t reserved1;
  uint16_t configsvn;
  uint32_t miscselect;
  uint8_t reserved2[8];
  uint8_t configid[64];
  uint8_t reserved3[384];
};
static_assert(sizeof(TargetInfo) == 512 && offsetof(TargetInfo, miscselect) == 52 &&
              offsetof(TargetInfo, configid) == 64);

// --- KEYREQUEST
// ----------------------------------------------------------------------------------------------------

// SDM table "Supported KEYName Values".
enum class KeyName : uint16_t { einittoken = 0, provision = 1, provision_seal = 2, report = 3, seal = 4 };

// SDM table "Layout of KEYPOLICY Field".
inline constexpr uint16_t kKeypolicyMrenclave = 1 << 0;
inline constexpr uint16_t kKeypolicyMrsigner = 1 << 1;
inline constexpr uint16_t kKeypolicyNoisvprodid = 1 << 2;  // this and the following need ATTRIBUTES.KSS
inline constexpr uint16_t kKeypolicyConfigid = 1 << 3;
inline constexpr uint16_t kKeypolicyIsvfamilyid = 1 << 4;
inline constexpr uint16_t kKeypolicyIsvextprodid = 1 << 5;

// SDM table "Layout of KEYREQUEST Data Structure".
struct alignas(512) KeyRequest {
  uint16_t keyname;
  uint16_t keypolicy;
  uint16_t isvsvn;
  uint8_t cet_attributes_mask;
  uint8_t reserved1;
  uint8_t cpusvn[16];
  Attributes attributemask;
  uint8_t keyid[32];
  uint32_t miscmask;
  uint16_t configsvn;
  uint8_t reserved2[434];
};
static_assert(sizeof(KeyRequest) == 512 && offsetof(KeyRequest, cpusvn) == 8 &&
              offsetof(KeyRequest, attributemask) == 24 && offsetof(KeyRequest, keyid) == 40 &&
              offsetof(KeyRequest, miscmask) == 72 && offsetof(KeyRequest, reserved2) == 78);

using Key = uint8_t[16];

}  // namespace twine::sgx
