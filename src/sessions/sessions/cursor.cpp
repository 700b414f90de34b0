#include "sessions/cursor.hpp"

#include <charconv>

#include "crypto/crypto.hpp"

namespace berth::sessions {
namespace {

constexpr std::size_t signature_digits = 32;

std::string list_of(const store::SessionFilter& filter) {
  const auto time = [](const std::optional<WallTime>& t) { return t ? std::to_string(t->time_since_epoch().count()) : "-"; };
  std::string out = "sessions";
  for (const std::string& part :
       {filter.owner, filter.title, filter.tag, filter.state ? std::to_string(static_cast<int>(*filter.state)) : "-",
        time(filter.from), time(filter.until), std::to_string(static_cast<int>(filter.order)),
        std::to_string(static_cast<int>(filter.direction))})
    out += '\0' + part;
  return out;
}

bool read_number(std::string_view& text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end == text.data() + text.size() || *end != '.') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

}  // namespace

std::string encode_cursor(const Vault& vault, const store::SessionFilter& filter, const store::SessionPosition& at) {
  const std::string place = std::to_string(at.time_ns) + "." + std::to_string(at.number) + "." +
                            crypto::hex(std::as_bytes(std::span(at.title_key)));
  return vault.sign(list_of(filter) + '\0' + place) + "." + place;
}

Result<std::optional<store::SessionPosition>> decode_cursor(const Vault& vault, const store::SessionFilter& filter,
                                                            std::string_view cursor) {
  if (cursor.empty()) return std::nullopt;
  const auto refused = fail(Code::InvalidArgument, "The cursor is not one of this list.", "Pass `next` of the page before, unchanged.");
  if (cursor.size() < signature_digits + 2 || cursor[signature_digits] != '.') return refused;
  std::string_view place = cursor.substr(signature_digits + 1);
  if (!crypto::equal(vault.sign(list_of(filter) + '\0' + std::string(place)), cursor.substr(0, signature_digits))) return refused;
  store::SessionPosition at;
  if (!read_number(place, at.time_ns) || !read_number(place, at.number)) return refused;
  for (std::size_t i = 0; i + 1 < place.size(); i += 2) {
    int byte = 0;
    std::from_chars(place.data() + i, place.data() + i + 2, byte, 16);
    at.title_key += static_cast<char>(byte);
  }
  return std::optional(std::move(at));
}

}  // namespace berth::sessions
