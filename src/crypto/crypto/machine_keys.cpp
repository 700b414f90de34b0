#include "crypto/machine_keys.hpp"

#include <sodium.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "base/check.hpp"
#include "crypto/aead.hpp"
#include "crypto/ready.hpp"
#include "os/file.hpp"

namespace berth::crypto {
namespace {

constexpr std::string_view magic = "BERTHKEY";
constexpr std::uint32_t version = 1;
constexpr std::size_t head_bytes = 16;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t wrapped_bytes = head_bytes + nonce_bytes + secret_bytes + Aead::tag_bytes;
constexpr std::string_view suffix = ".key";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string file_name(std::uint32_t number) {
  std::string digits = std::to_string(number);
  return std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits + std::string(suffix);
}

std::uint32_t number_of(const std::string& name) {  // 0: not a key's
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc{} && file_name(number) == name ? number : 0;
}

std::string head_of(std::uint32_t number) {
  std::string head(magic);
  head.resize(head_bytes);
  std::memcpy(head.data() + 8, &version, 4);
  std::memcpy(head.data() + 12, &number, 4);
  return head;
}

Result<Secret> wrapping_key(const std::filesystem::path& path) {
  TRY_ASSIGN(const auto file, os::open_read(path));
  TRY_ASSIGN(const auto state, os::stat_fd(file.get()));
  if (state.st_uid != ::geteuid() || (state.st_mode & 077) != 0)
    return fail(Code::PermissionDenied, "A key of this machine is not private to this user.", "chmod 600 " + path.string());
  TRY_ASSIGN(auto bytes, os::read_all(file.get(), 2 * secret_bytes, path));
  const bool whole = bytes.size() == secret_bytes;
  Digest derived = derive_key(whole ? bytes : std::string(secret_bytes, '\0'), "berth: key that wraps, version 1");
  wipe(bytes);
  if (!whole) return fail(Code::Damaged, "A key of this machine has a wrong size.");
  Secret key(std::string_view(reinterpret_cast<const char*>(derived.data()), derived.size()));
  sodium_memzero(derived.data(), derived.size());
  return key;
}

}  // namespace

Result<MachineKeys> MachineKeys::open(const std::filesystem::path& dir) {
  TRY(os::make_private_directory(dir));
  MachineKeys keys(dir);
  TRY(keys.load());
  if (keys.keys_.empty()) TRY(keys.add(1));
  return keys;
}

Result<MachineKeys> MachineKeys::open_existing(const std::filesystem::path& dir) {
  MachineKeys keys(dir);
  TRY(keys.load());
  if (keys.keys_.empty()) return fail(Code::NotFound, "There is no key of this machine.");
  return keys;
}

Result<> MachineKeys::load() {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(dir_, error), end; !error && entry != end; entry.increment(error)) {
    const std::uint32_t number = number_of(entry->path().filename().native());
    if (number == 0) continue;
    TRY_ASSIGN(auto key, wrapping_key(entry->path()));
    keys_.emplace(number, std::move(key));
  }
  if (error) return fail_errno(error.value(), "list", dir_);
  return {};
}

Result<> MachineKeys::add(std::uint32_t number) {
  const auto path = dir_ / file_name(number);
  const Secret secret = Secret::random(secret_bytes);
  TRY(os::durable_write(path, secret.reveal(), 0600));
  TRY_ASSIGN(auto key, wrapping_key(path));
  keys_.emplace(number, std::move(key));
  return {};
}

Result<> MachineKeys::rotate() { return add(current() + 1); }

std::string MachineKeys::wrap(const Secret& key, std::string_view identity) const {
  BERTH_CHECK(key.size() == secret_bytes);
  std::string out = head_of(current());
  const std::string associated = out + std::string(identity);
  out.resize(wrapped_bytes);
  auto* nonce = reinterpret_cast<unsigned char*>(out.data() + head_bytes);
  randombytes_buf(nonce, nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + nonce_bytes, nullptr, bytes_of(key.reveal()), key.size(),
                                             bytes_of(associated), associated.size(), nullptr, nonce,
                                             bytes_of(keys_.rbegin()->second.reveal()));
  return out;
}

Result<Secret> MachineKeys::unwrap(std::string_view wrapped, std::string_view identity) const {
  if (wrapped.size() != wrapped_bytes || !wrapped.starts_with(magic))
    return fail(Code::Damaged, "A wrapped key is none.");
  std::uint32_t written_version = 0, number = 0;
  std::memcpy(&written_version, wrapped.data() + 8, 4);
  std::memcpy(&number, wrapped.data() + 12, 4);
  if (written_version != version) return fail(Code::Unsupported, "A wrapped key is of another version.");
  const auto found = keys_.find(number);
  if (found == keys_.end())
    return fail(Code::NotFound, "The key of this machine that wrapped another is not here.", "Bring back keys/" + file_name(number));
  const std::string associated = head_of(number) + std::string(identity);
  std::string plain(secret_bytes, '\0');
  const auto* nonce = bytes_of(wrapped) + head_bytes;
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, nonce + nonce_bytes, secret_bytes + Aead::tag_bytes,
      bytes_of(associated), associated.size(), nonce, bytes_of(found->second.reveal()));
  Secret key(plain);
  wipe(plain);
  if (opened != 0) return fail(Code::Damaged, "A wrapped key fails its check.", "It was changed, or belongs to another terminal.");
  return key;
}

}  // namespace berth::crypto
