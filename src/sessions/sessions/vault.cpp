#include "sessions/vault.hpp"

#include <array>
#include <cstring>

#include "base/check.hpp"
#include "crypto/aead.hpp"
#include "crypto/crypto.hpp"
#include "crypto/machine_keys.hpp"
#include "sessions/needs_keys.hpp"

namespace berth::sessions {
namespace {

using crypto::Aead;

constexpr std::uint8_t format = 1;
constexpr std::size_t salt_bytes = 16, head_bytes = Vault::Box::begin;
static_assert(head_bytes == 6 + salt_bytes);
constexpr std::string_view setting = "sessions.key.";

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string unhex(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return out;
}

std::string name_of(std::uint32_t number) { return std::string(setting) + std::to_string(number); }

// The key of one record; wiped when it goes.
Result<Aead> record_key(const crypto::Secret& key, Aead::Algorithm algorithm, std::string_view salt) {
  auto derived = crypto::derive_key(key.reveal(), "berth: session record, version 1" + std::string(salt));
  auto aead = Aead::open(algorithm, text_of(derived));
  crypto::wipe({reinterpret_cast<char*>(derived.data()), derived.size()});
  return aead;
}

std::unexpected<Error> damaged() {
  return fail(Code::RecordDamaged, "A record of this session fails its check; it is kept as it is.",
              "Restore a backup, or go on from an older version.");
}

}  // namespace

Result<bool> needs_keys(store::Reader& reader) {
  TRY_ASSIGN(const auto wrapped, reader.setting(name_of(1)));
  return wrapped.has_value();
}

Result<std::unique_ptr<const Vault>> Vault::open(store::Unit& unit, const std::filesystem::path& keys) {
  auto vault = std::make_unique<Vault>();
  for (std::uint32_t number = 1;; ++number) {
    TRY_ASSIGN(const auto wrapped, unit.setting(name_of(number)));
    if (!wrapped && number > 1) return vault;
    TRY_ASSIGN(const auto machine, wrapped ? crypto::MachineKeys::open_existing(keys) : crypto::MachineKeys::open(keys));
    if (!wrapped) {
      auto made = crypto::Secret::random(Aead::key_bytes);
      const std::string box = machine.wrap(made, name_of(number));
      TRY(unit.put_setting(name_of(number), crypto::hex(std::as_bytes(std::span(box)))));
      vault->keys_.emplace(number, std::move(made));
      continue;
    }
    TRY_ASSIGN(auto key, machine.unwrap(unhex(*wrapped), name_of(number)));
    vault->keys_.emplace(number, std::move(key));
  }
}

Vault::Box Vault::box(std::size_t bytes) const {
  const auto& [number, key] = *keys_.rbegin();
  const auto algorithm = Aead::preferred();
  const auto salt = crypto::random_array<salt_bytes>();
  std::string head;
  head.reserve(head_bytes + bytes + Aead::tag_bytes);
  head += static_cast<char>(format);
  head += static_cast<char>(algorithm);
  for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>(number >> shift & 0xFF);
  head += text_of(salt);
  auto aead = record_key(key, algorithm, text_of(salt));
  BERTH_CHECK(aead.has_value());
  return {*std::move(aead), std::move(head)};
}

std::string Vault::Box::seal(std::string_view associated) && {
  const std::string all = text_.substr(0, head_bytes) + std::string(associated);
  const std::size_t size = text_.size() - head_bytes;
  text_.resize(text_.size() + Aead::tag_bytes);
  key_.seal(0, all, {text_.data() + head_bytes, size}, text_.data() + head_bytes);
  return std::move(text_);
}

std::string Vault::seal(std::string_view associated, std::string_view plain) const {
  Box made = box(plain.size());
  made.text() += plain;
  return std::move(made).seal(associated);
}

Result<std::string> Vault::open(std::string_view associated, std::string_view sealed) const {
  if (sealed.size() < head_bytes + Aead::tag_bytes || sealed[0] != format) return damaged();
  std::uint32_t number = 0;
  for (int i = 3; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(sealed[static_cast<std::size_t>(2 + i)]);
  const auto key = keys_.find(number);
  if (key == keys_.end()) return damaged();
  const auto algorithm = static_cast<Aead::Algorithm>(sealed[1]);
  if (algorithm != Aead::Algorithm::Aes256Gcm && algorithm != Aead::Algorithm::XChaCha20Poly1305) return damaged();
  TRY_ASSIGN(const auto aead, record_key(key->second, algorithm, sealed.substr(6, salt_bytes)));
  const std::string all = std::string(sealed.substr(0, head_bytes)) + std::string(associated);
  std::string plain(sealed.size() - head_bytes - Aead::tag_bytes, '\0');
  if (!aead.open(0, all, sealed.substr(head_bytes), plain.data())) return damaged();
  return plain;
}

std::string Vault::device_key(std::string_view owner, std::string_view device) const {
  std::string purpose = "berth: device key, version 1";
  for (const std::string_view part : {owner, device}) (purpose += '\0') += part;
  auto key = crypto::derive_key(keys_.begin()->second.reveal(), purpose);
  std::string out(text_of(key));
  crypto::wipe({reinterpret_cast<char*>(key.data()), key.size()});
  return out;
}

std::string Vault::sign(std::string_view text) const {
  const auto key = crypto::derive_key(keys_.begin()->second.reveal(), "berth: session cursors, version 1");
  return crypto::hex(crypto::hmac_sha256(text_of(key), text)).substr(0, 32);
}

}  // namespace berth::sessions
