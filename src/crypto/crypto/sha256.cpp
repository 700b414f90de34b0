// A source of its own: what needs no SHA-256 (berth-shim) is not linked with OpenSSL for it.

#include <openssl/evp.h>

#include "base/check.hpp"
#include "crypto/crypto.hpp"

namespace berth::crypto {
namespace {

const EVP_MD* algorithm() {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // for good: looking it up takes longer than a small hash
  return found;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  BERTH_CHECK(context_ && EVP_DigestInit_ex(context_.get(), algorithm(), nullptr) == 1);
}

Sha256& Sha256::update(std::string_view bytes) {
  BERTH_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  return *this;
}

Digest Sha256::finish() {
  Digest out;
  unsigned size = 0;
  BERTH_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1 && size == out.size());
  return out;
}

Digest sha256(std::string_view bytes) { return Sha256{}.update(bytes).finish(); }
std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

}  // namespace berth::crypto
