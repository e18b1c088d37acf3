// EINIT.
#include <gtest/gtest.h>

#include "emulator_leaf_table.h"

namespace twine::test {

using sgx::ErrorCode;

namespace {

// Launch control in a locked state: the signer is not the launch enclave's, so a token must vouch for it.
void arrange_token(World& w) {
  w.token.valid = 1;
  w.token.attributes = w.enclave.secs.attributes;
  const auto mrenclave = w.enclave.measurement.digest();
  std::copy(mrenclave.begin(), mrenclave.end(), w.token.mrenclave);
  std::copy(w.lepubkeyhash.begin(), w.lepubkeyhash.end(),
            w.token.mrsigner);  // sign() has put our signer there
  w.lepubkeyhash[0] ^= 1;
  w.token.maskedattributesle.flags = sgx::kAttributeInit | sgx::kAttributeMode64Bit;
  w.seal_token();
}

void change_token(World& w, void (*change)(sgx::Einittoken&)) {
  arrange_token(w);
  change(w.token);
  w.seal_token();
}

void change_signed(World& w, void (*change)(sgx::Sigstruct&)) {
  change(w.sigstruct);
  w.sign();
}

#define TWINE_SIGNED(...) [](World& w) { change_signed(w, [](sgx::Sigstruct& s) { __VA_ARGS__; }); }
#define TWINE_TOKEN(...) [](World& w) { change_token(w, [](sgx::Einittoken& t) { __VA_ARGS__; }); }

std::vector<Row> sigstruct_rows() {
  return {
      {"SIGSTRUCT.HEADER is wrong", TWINE_DO(w.sigstruct.header[4] ^= 1),
       code(ErrorCode::invalid_sig_struct)},
      {"SIGSTRUCT.VENDOR is neither 0 nor 8086H", TWINE_DO(w.sigstruct.vendor = 0x8087),
       code(ErrorCode::invalid_sig_struct)},
      {"SIGSTRUCT.HEADER2 is wrong", TWINE_DO(w.sigstruct.header2[0] ^= 2),
       code(ErrorCode::invalid_sig_struct)},
      {"SIGSTRUCT.EXPONENT is not 3", TWINE_DO(w.sigstruct.exponent = 65537),
       code(ErrorCode::invalid_sig_struct)},
      {"a reserved byte behind SWDEFINED is set", TWINE_DO(w.sigstruct.reserved1[83] = 1),
       code(ErrorCode::invalid_sig_struct)},
      {"a reserved byte before ISVFAMILYID is set", TWINE_DO(w.sigstruct.reserved2[0] = 1),
       code(ErrorCode::invalid_sig_struct)},
      {"a reserved byte behind ENCLAVEHASH is set", TWINE_DO(w.sigstruct.reserved3[15] = 1),
       code(ErrorCode::invalid_sig_struct)},
      {"a reserved byte before Q1 is set", TWINE_DO(w.sigstruct.reserved4[0] = 1),
       code(ErrorCode::invalid_sig_struct)},
      {"SIGSTRUCT.VENDOR is 8086H", TWINE_SIGNED(s.vendor = sgx::kSigstructVendorIntel), succeeds()},
      {"SIGNATURE is wrong", TWINE_DO(w.sigstruct.signature[9] ^= 1), code(ErrorCode::invalid_signature)},
      {"Q1 is wrong", TWINE_DO(w.sigstruct.q1[0] ^= 1), code(ErrorCode::invalid_signature)},
      {"Q2 is wrong", TWINE_DO(w.sigstruct.q2[0] ^= 1), code(ErrorCode::invalid_signature)},
      {"MODULUS is zero", TWINE_DO(std::memset(w.sigstruct.modulus, 0, sizeof w.sigstruct.modulus)),
       code(ErrorCode::invalid_signature)},
      {"a signed field of the first part was changed", TWINE_DO(w.sigstruct.swdefined ^= 1),
       code(ErrorCode::invalid_signature)},
      {"a signed field of the second part was changed", TWINE_DO(w.sigstruct.isvsvn ^= 1),
       code(ErrorCode::invalid_signature)},
      {"the SECS is not valid", TWINE_DO(w.enclave.created = false), secs_pf()},
      {"ISVFAMILYID is set without ATTRIBUTES.KSS", TWINE_SIGNED(s.isvfamilyid[0] = 1),
       code(ErrorCode::invalid_sig_struct)},
      {"the enclave is initialised", TWINE_DO(w.flags() |= sgx::kAttributeInit), gp()},
      {"ENCLAVEHASH is not the measurement", TWINE_SIGNED(s.enclavehash[31] ^= 1),
       code(ErrorCode::invalid_measurement)},
      {"EINITTOKEN_KEY is set and the signer is not that of IA32_SGXLEPUBKEYHASH",
       TWINE_DO(w.flags() |= sgx::kAttributeEinittokenKey; change_signed(
                    w, [](sgx::Sigstruct& s) { s.attributes.flags |= sgx::kAttributeEinittokenKey; });
                w.lepubkeyhash[0] ^= 1),
       code(ErrorCode::invalid_attribute)},
      {"ATTRIBUTES.FLAGS differ within ATTRIBUTEMASK",
       TWINE_SIGNED(s.attributes.flags |= sgx::kAttributeDebug), code(ErrorCode::invalid_attribute)},
      {"XFRM differs within ATTRIBUTEMASK", TWINE_SIGNED(s.attributes.xfrm |= sgx::kXfrmAvx),
       code(ErrorCode::invalid_attribute)},
      {"MISCSELECT differs within MISCMASK", TWINE_SIGNED(s.miscselect = 0),
       code(ErrorCode::invalid_attribute)},
      {"CET_ATTRIBUTES differ within their mask",
       TWINE_SIGNED(s.cet_attributes = 1; s.cet_attributes_mask = 1), code(ErrorCode::invalid_attribute)},
      {"ATTRIBUTES differ outside ATTRIBUTEMASK",
       TWINE_SIGNED(s.attributes.flags |= sgx::kAttributeDebug;
                    s.attributemask.flags &= ~sgx::kAttributeDebug),
       succeeds()},
      {"MISCSELECT differs outside MISCMASK", TWINE_SIGNED(s.miscselect = 0; s.miscmask = 0), succeeds()},
      {"ISVEXTPRODID is set without ATTRIBUTES.KSS (only ISVFAMILYID is looked at)",
       TWINE_SIGNED(s.isvextprodid[0] = 1), succeeds()},
  };
}

std::vector<Row> token_rows() {
  return {
      {"EINITTOKEN.VALID is 0 and the signer is not that of IA32_SGXLEPUBKEYHASH",
       TWINE_DO(w.lepubkeyhash[0] ^= 1), code(ErrorCode::invalid_einittoken)},
      {"EINITTOKEN.VALID is 1 and vouches for another signer", TWINE_DO(arrange_token(w)), succeeds()},
      {"a debug launch enclave made the token for a production enclave",
       TWINE_TOKEN(t.maskedattributesle.flags |= sgx::kAttributeDebug), code(ErrorCode::invalid_einittoken)},
      {"the upper bits of EINITTOKEN.VALID are set", TWINE_TOKEN(t.valid = 3),
       code(ErrorCode::invalid_einittoken)},
      {"a reserved byte behind VALID is set", TWINE_TOKEN(t.reserved1[0] = 1),
       code(ErrorCode::invalid_einittoken)},
      {"a reserved byte behind MRENCLAVE is set", TWINE_TOKEN(t.reserved2[0] = 1),
       code(ErrorCode::invalid_einittoken)},
      {"a reserved byte behind MRSIGNER is set", TWINE_TOKEN(t.reserved3[31] = 1),
       code(ErrorCode::invalid_einittoken)},
      {"a reserved byte behind ISVSVNLE is set", TWINE_TOKEN(t.reserved4[0] = 1),
       code(ErrorCode::invalid_einittoken)},
      {"CPUSVNLE is beyond CR_CPUSVN", TWINE_TOKEN(t.cpusvnle[0] = 0xff), code(ErrorCode::invalid_cpusvn)},
      {"the MAC is wrong", TWINE_DO(arrange_token(w); w.token.mac[0] ^= 1),
       code(ErrorCode::invalid_einittoken)},
      {"the token was made by another launch enclave", TWINE_DO(arrange_token(w); w.lepubkeyhash[1] ^= 1),
       code(ErrorCode::invalid_einittoken)},
      {"EINITTOKEN.MRENCLAVE is another's", TWINE_TOKEN(t.mrenclave[0] ^= 1),
       code(ErrorCode::invalid_measurement)},
      {"EINITTOKEN.MRSIGNER is another's", TWINE_TOKEN(t.mrsigner[0] ^= 1),
       code(ErrorCode::invalid_measurement)},
      {"EINITTOKEN.ATTRIBUTES are not the enclave's", TWINE_TOKEN(t.attributes.flags ^= sgx::kAttributeKss),
       code(ErrorCode::invalid_attribute)},
      {"EINITTOKEN.ATTRIBUTES have another XFRM", TWINE_TOKEN(t.attributes.xfrm ^= sgx::kXfrmAvx),
       code(ErrorCode::invalid_attribute)},
  };
}

std::vector<Row> order_rows() {
  return {
      {"HEADER is wrong, and SIGNATURE is wrong",
       TWINE_DO(w.sigstruct.header[0] ^= 1; w.sigstruct.signature[0] ^= 1),
       code(ErrorCode::invalid_sig_struct)},
      {"SIGNATURE is wrong, and the SECS is not valid",
       TWINE_DO(w.sigstruct.signature[0] ^= 1; w.enclave.created = false),
       code(ErrorCode::invalid_signature)},
      {"the SECS is not valid, and ISVFAMILYID is set without KSS",
       TWINE_DO(w.enclave.created = false; change_signed(w, [](sgx::Sigstruct& s) { s.isvfamilyid[0] = 1; })),
       secs_pf()},
      {"ISVFAMILYID is set without KSS, and the enclave is initialised",
       TWINE_DO(w.flags() |= sgx::kAttributeInit;
                change_signed(w, [](sgx::Sigstruct& s) { s.isvfamilyid[0] = 1; })),
       code(ErrorCode::invalid_sig_struct)},
      {"the enclave is initialised, and ENCLAVEHASH is not the measurement",
       TWINE_DO(w.flags() |= sgx::kAttributeInit;
                change_signed(w, [](sgx::Sigstruct& s) { s.enclavehash[0] ^= 1; })),
       gp()},
      {"ENCLAVEHASH is not the measurement, and ATTRIBUTES differ",
       TWINE_SIGNED(s.enclavehash[0] ^= 1; s.attributes.flags |= sgx::kAttributeDebug),
       code(ErrorCode::invalid_measurement)},
      {"ATTRIBUTES differ, and no token vouches for the signer",
       TWINE_DO(change_signed(w, [](sgx::Sigstruct& s) { s.attributes.flags |= sgx::kAttributeDebug; });
                w.lepubkeyhash[0] ^= 1),
       code(ErrorCode::invalid_attribute)},
      {"a reserved byte of the token is set, and CPUSVNLE is beyond CR_CPUSVN",
       TWINE_TOKEN(t.reserved1[0] = 1; t.cpusvnle[0] = 0xff), code(ErrorCode::invalid_einittoken)},
      {"CPUSVNLE is beyond CR_CPUSVN, and the MAC is wrong",
       TWINE_DO(change_token(w, [](sgx::Einittoken& t) { t.cpusvnle[0] = 0xff; }); w.token.mac[0] ^= 1),
       code(ErrorCode::invalid_cpusvn)},
      {"the MAC is wrong, and EINITTOKEN.MRENCLAVE is another's",
       TWINE_DO(arrange_token(w); w.token.mrenclave[0] ^= 1), code(ErrorCode::invalid_einittoken)},
      {"EINITTOKEN.MRENCLAVE is another's, and its ATTRIBUTES are not the enclave's",
       TWINE_TOKEN(t.mrenclave[0] ^= 1; t.attributes.flags ^= sgx::kAttributeKss),
       code(ErrorCode::invalid_measurement)},
  };
}

}  // namespace

std::vector<Leaf> einit_leaves() {
  Leaf leaf{.name = "EINIT",
            .stage = World::Stage::built,
            .arrange = TWINE_DO(w.sign()),
            .act = [](World& w) { return emulator::einit(w.enclave, w.sigstruct, w.token, w.lepubkeyhash); },
            .rows = {}};
  for (auto part : {sigstruct_rows(), token_rows(), order_rows()})
    leaf.rows.insert(leaf.rows.end(), part.begin(), part.end());
  leaf.rows.push_back({
    "all is well: the SECS says who the enclave is", TWINE_SIGNED(s.isvprodid = 7; s.isvsvn = 8), succeeds(),
        TWINE_DO(EXPECT_TRUE(w.enclave.initialised()); EXPECT_EQ(w.enclave.secs.isvprodid, 7);
                 EXPECT_EQ(w.enclave.secs.isvsvn, 8);
                 EXPECT_EQ(std::memcmp(w.enclave.secs.mrsigner, w.lepubkeyhash.data(), 32), 0);
                 EXPECT_EQ(std::memcmp(w.enclave.secs.mrenclave, w.sigstruct.enclavehash, 32), 0))
  });
  return {leaf};
}

}  // namespace twine::test
