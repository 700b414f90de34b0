#include "bundle/manifest.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "document/json.hpp"

namespace berth::bundle {
namespace {

namespace json = boost::json;

constexpr std::string_view form = "berth bundle";
constexpr std::size_t most_name = 90, most_kind = 30, most_signer = 100;
constexpr std::uint64_t most_bytes = (1ull << 53) - 1;  // what JSON holds exactly

std::unexpected<Error> wrong(std::string_view what) {
  return fail(Code::InvalidArgument, fmt::format("The bundle's manifest is wrong: {}.", what));
}

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; }

bool is_digits(std::string_view text, std::size_t size) {
  return text.size() == size && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// An object with exactly these members.
Result<const json::object*> object_of(const json::value* value, std::initializer_list<const char*> members, std::string_view what) {
  if (value == nullptr || !value->is_object()) return wrong(fmt::format("{} is no object", what));
  const auto& object = value->get_object();
  for (const char* member : members)
    if (!object.contains(member)) return wrong(fmt::format("{} has no \"{}\"", what, member));
  if (object.size() != members.size()) return wrong(fmt::format("{} has a member that is unknown", what));
  return &object;
}

Result<std::string> text_of(const json::object& object, const char* member) {
  const auto* text = object.at(member).if_string();
  if (text == nullptr) return wrong(fmt::format("\"{}\" is no text", member));
  return std::string(*text);
}

Result<Part> read_part(const json::value& value) {
  TRY_ASSIGN(const auto* object, object_of(&value, {"bytes", "kind", "name", "sha256"}, "a part"));
  const auto* bytes = object->at("bytes").if_int64();
  if (bytes == nullptr || *bytes < 0 || static_cast<std::uint64_t>(*bytes) > most_bytes) return wrong("\"bytes\" is no size");
  Part part{.name = {}, .kind = {}, .bytes = static_cast<std::uint64_t>(*bytes), .sha256 = {}};
  TRY_ASSIGN(part.kind, text_of(*object, "kind"));
  TRY_ASSIGN(part.name, text_of(*object, "name"));
  TRY_ASSIGN(part.sha256, text_of(*object, "sha256"));
  return part;
}

// Before anything else is looked at: a newer form may have anything else.
Result<> check_version(const json::value& value) {
  const auto* object = value.if_object();
  const auto* named = object == nullptr ? nullptr : object->if_contains("form");
  if (named == nullptr || !named->is_string() || named->get_string() != form) return wrong("it is of another form");
  const auto* version = object->if_contains("version");
  if (version == nullptr || !version->is_int64() || version->get_int64() < 1) return wrong("it has no version");
  if (version->get_int64() > format_version)
    return fail(Code::Unsupported, fmt::format("The bundle is of version {}; this Berth knows {}.", version->get_int64(), format_version),
                "Use the newer Berth.");
  return {};
}

}  // namespace

bool is_part_name(std::string_view name) {
  if (name.empty() || name.size() > most_name || name.ends_with('/')) return false;
  char before = '/';
  for (const char c : name) {
    if (c == '/' ? before == '/' : !is_name_character(c)) return false;
    if (c == '.' && before == '/') return false;
    before = c;
  }
  return true;
}

Result<> check_manifest(const Manifest& manifest, const Limits& limits) {
  if (manifest.parts.size() > limits.parts)
    return fail(Code::TooLarge, fmt::format("The bundle has {} parts; the limit is {}.", manifest.parts.size(), limits.parts));
  if (!is_digits(manifest.signer.key, 64)) return wrong("the signer's key is none");
  if (manifest.signer.name.size() > most_signer || !is_utf8(manifest.signer.name)) return wrong("the signer's name is too long or no text");
  std::set<std::string_view> names;
  std::uint64_t bytes = 0;
  for (const auto& part : manifest.parts) {
    if (!is_part_name(part.name)) return wrong("a part's name is not allowed");
    if (!names.insert(part.name).second) return wrong(fmt::format("the part \"{}\" is in it twice", part.name));
    if (part.kind.empty() || part.kind.size() > most_kind || !std::ranges::all_of(part.kind, is_name_character))
      return wrong("a part's kind is not allowed");
    if (!is_digits(part.sha256, 64)) return wrong("a part's hash is none");
    if (part.bytes > most_bytes || part.bytes > limits.bytes - bytes)
      return fail(Code::TooLarge, fmt::format("The bundle's parts are larger than {} bytes together.", limits.bytes));
    bytes += part.bytes;
  }
  return {};
}

std::string encode(const Manifest& manifest) {
  json::array parts;
  for (const auto& part : manifest.parts)
    parts.push_back(json::object{{"bytes", static_cast<std::int64_t>(part.bytes)}, {"kind", part.kind}, {"name", part.name},
                                 {"sha256", part.sha256}});
  return document::canonical(json::object{
      {"about", manifest.about},
      {"form", form},
      {"made", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(manifest.made))},
      {"parts", std::move(parts)},
      {"signer", {{"key", manifest.signer.key}, {"name", manifest.signer.name}}},
      {"version", format_version}});
}

Result<Manifest> parse_manifest(std::string_view bytes, const Limits& limits) {
  TRY_ASSIGN(const auto value, document::parse(bytes, {.bytes = limits.manifest_bytes}, "manifest"));
  TRY(check_version(value));
  TRY_ASSIGN(const auto* object, object_of(&value, {"about", "form", "made", "parts", "signer", "version"}, "it"));
  Manifest out;
  TRY_ASSIGN(const auto made, text_of(*object, "made"));
  const auto time = parse_time(made);
  if (!time) return wrong("\"made\" is no time");
  out.made = *time;
  TRY_ASSIGN(const auto* signer, object_of(object->if_contains("signer"), {"key", "name"}, "the signer"));
  TRY_ASSIGN(out.signer.key, text_of(*signer, "key"));
  TRY_ASSIGN(out.signer.name, text_of(*signer, "name"));
  const auto* about = object->at("about").if_object();
  if (about == nullptr) return wrong("\"about\" is no object");
  out.about = *about;
  const auto* parts = object->at("parts").if_array();
  if (parts == nullptr) return wrong("\"parts\" is no list");
  for (const auto& part : *parts) {
    TRY_ASSIGN(auto read, read_part(part));
    out.parts.push_back(std::move(read));
  }
  TRY(check_manifest(out, limits));
  if (encode(out) != bytes) return wrong("it is not in its one form");
  return out;
}

}  // namespace berth::bundle
