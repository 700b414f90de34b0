#include "bundle/known_signers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "crypto/crypto.hpp"

namespace berth::bundle {
namespace {

constexpr std::size_t key_digits = 64, most_name = 100;

bool is_key(std::string_view text) {
  return text.size() == key_digits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// It goes to a terminal: no control characters.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= most_name && is_utf8(text) &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Result<KnownSigners> KnownSigners::parse(std::string_view text) {
  KnownSigners out;
  for (int line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (row.empty() || row.starts_with('#')) continue;
    const bool whole = row.size() > key_digits + 1 && is_key(row.substr(0, key_digits)) && row[key_digits] == ' ' &&
                       is_name(row.substr(key_digits + 1));
    if (!whole || !out.names_.emplace(row.substr(0, key_digits), row.substr(key_digits + 1)).second)
      return fail(Code::InvalidArgument, fmt::format("Line {} of the known installations is none, or has a key that was there before.", line),
                  "A line is 64 hexadecimal digits, a space and a name.");
  }
  return out;
}

std::optional<std::string> KnownSigners::name_of(std::string_view key) const {
  const auto found = names_.find(key);
  if (found == names_.end()) return std::nullopt;
  return found->second;
}

std::string KnownSigners::describe(const Signer& signer) const {
  if (const auto name = name_of(signer.key)) return fmt::format("signed by {} ({}), whom you know", *name, fingerprint(signer.key));
  if (!is_name(signer.name)) return fmt::format("signed by an installation that you do not know ({})", fingerprint(signer.key));
  return fmt::format("signed by an installation that you do not know ({}) and that calls itself \"{}\"", fingerprint(signer.key), signer.name);
}

std::string fingerprint(std::string_view key) {
  const std::string digits = crypto::sha256_hex(key);
  return fmt::format("{} {} {} {}", digits.substr(0, 4), digits.substr(4, 4), digits.substr(8, 4), digits.substr(12, 4));
}

}  // namespace berth::bundle
