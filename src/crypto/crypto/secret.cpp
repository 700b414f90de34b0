#include "crypto/secret.hpp"

#include <sodium.h>

#include <cstring>

#include "base/check.hpp"
#include "crypto/ready.hpp"

namespace berth::crypto {

Secret Secret::uninitialised(std::size_t size) {
  ready();
  Secret secret;
  if (size == 0) return secret;
  secret.data_ = static_cast<char*>(sodium_malloc(size));
  BERTH_CHECK(secret.data_ != nullptr);
  secret.size_ = size;
  return secret;
}

Secret::Secret(std::string_view bytes) : Secret(uninitialised(bytes.size())) {
  if (bytes.empty()) return;
  std::memcpy(data_, bytes.data(), bytes.size());
  sodium_mprotect_readonly(data_);
}

Secret Secret::random(std::size_t size) {
  Secret secret = uninitialised(size);
  if (size == 0) return secret;
  randombytes_buf(secret.data_, size);
  sodium_mprotect_readonly(secret.data_);
  return secret;
}

Secret::~Secret() { sodium_free(data_); }

void wipe(std::span<char> bytes) { sodium_memzero(bytes.data(), bytes.size()); }

}  // namespace berth::crypto
