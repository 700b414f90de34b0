#include "snapshots/keys.hpp"

#include <charconv>

#include "crypto/aead.hpp"
#include "crypto/crypto.hpp"

namespace berth::snapshots {
namespace {

constexpr const char* seed_name = "snapshots.signer";
constexpr std::size_t signature_digits = 32;

std::string unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    int byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    out += static_cast<char>(byte);
  }
  return out;
}

bool read_number(std::string_view& text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end == text.data() + text.size() || *end != '.') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

}  // namespace

std::string list_name(std::initializer_list<std::string> parts) {
  std::string out;
  for (const auto& part : parts) out += std::to_string(part.size()) + ':' + part;
  return out;
}

Result<std::unique_ptr<const Snapshots::Keys>> Snapshots::Keys::open(store::Unit& unit, const std::filesystem::path& dir) {
  TRY_ASSIGN(const auto known, unit.setting(seed_name));
  TRY_ASSIGN(auto machine, known ? crypto::MachineKeys::open_existing(dir) : crypto::MachineKeys::open(dir));
  crypto::Secret seed;
  if (known) {
    TRY_ASSIGN(seed, machine.unwrap(unhex(*known), seed_name));
  } else {
    seed = crypto::Secret::random(crypto::SigningKey::seed_bytes);
    const std::string wrapped = machine.wrap(seed, seed_name);
    TRY(unit.put_setting(seed_name, crypto::hex(std::as_bytes(std::span(wrapped)))));
  }
  auto derived = crypto::derive_key(seed.reveal(), "berth: snapshot cursors, version 1");
  const std::span<char> bytes{reinterpret_cast<char*>(derived.data()), derived.size()};
  crypto::Secret cursors(std::string_view(bytes.data(), bytes.size()));
  crypto::wipe(bytes);
  return std::unique_ptr<const Keys>(new Keys{.machine = std::move(machine), .signing = crypto::SigningKey(seed), .cursors = std::move(cursors)});
}

std::string Snapshots::Keys::sign(const std::string& list, std::string_view place) const {
  return crypto::hex(crypto::hmac_sha256(cursors.reveal(), list + '\0' + std::string(place))).substr(0, signature_digits);
}

std::string Snapshots::Keys::encode_cursor(const std::string& list, const store::SnapshotPosition& at) const {
  const std::string place = std::to_string(at.time_ns) + "." + std::to_string(at.number) + "." +
                            crypto::hex(std::as_bytes(std::span(at.title_key)));
  return sign(list, place) + "." + place;
}

Result<std::optional<store::SnapshotPosition>> Snapshots::Keys::decode_cursor(const std::string& list, std::string_view cursor) const {
  if (cursor.empty()) return std::nullopt;
  const auto refused = fail(Code::InvalidArgument, "The cursor is not one of this list.", "Pass `next` of the page before, unchanged.");
  if (cursor.size() < signature_digits + 2 || cursor[signature_digits] != '.') return refused;
  std::string_view place = cursor.substr(signature_digits + 1);
  if (!crypto::equal(sign(list, place), cursor.substr(0, signature_digits))) return refused;
  store::SnapshotPosition at;
  if (!read_number(place, at.time_ns) || !read_number(place, at.number)) return refused;
  at.title_key = unhex(place);
  return std::optional(std::move(at));
}

}  // namespace berth::snapshots
