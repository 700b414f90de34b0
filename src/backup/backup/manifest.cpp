#include "backup/manifest.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "base/time.hpp"
#include "document/json.hpp"

namespace berth::backup {
namespace {

namespace json = boost::json;

constexpr std::string_view form = "berth backup";
constexpr std::int64_t version = 1;

std::unexpected<Error> wrong(std::string_view why) {
  return fail(Code::InvalidArgument, fmt::format("The manifest of the backup is none: {}.", why), "Take another backup.");
}

std::string text_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t number_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() && value->get_int64() > 0 ? static_cast<std::uint64_t>(value->get_int64()) : 0;
}

}  // namespace

std::string encode(const Manifest& manifest) {
  json::array parts;
  for (const auto& part : manifest.parts)
    parts.push_back(json::object{{"bytes", static_cast<std::int64_t>(part.bytes)}, {"files", static_cast<std::int64_t>(part.files)},
                                 {"name", part.name}, {"sha256", part.sha256}});
  return document::canonical(json::object{{"form", form},
                                          {"made", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(manifest.made))},
                                          {"parts", std::move(parts)},
                                          {"signer", manifest.signer},
                                          {"version", version},
                                          {"writer", manifest.writer}});
}

// What is missing or of another type becomes something that encodes otherwise.
Result<Manifest> parse_manifest(std::string_view bytes) {
  TRY_ASSIGN(const auto value, document::parse(bytes, {.bytes = most_manifest_bytes}, "manifest"));
  const auto* object = value.if_object();
  if (object == nullptr || text_at(*object, "form") != form) return wrong("it is of another form");
  if (number_at(*object, "version") > version)
    return fail(Code::Unsupported, "The backup was made by a newer Berth.", "Restore it with that one: " + text_at(*object, "writer"));
  const auto made = parse_time(text_at(*object, "made"));
  const auto* parts = object->if_contains("parts");
  if (!made || parts == nullptr || !parts->is_array() || parts->get_array().size() > most_parts) return wrong("something is missing");
  Manifest out{.made = *made, .writer = text_at(*object, "writer"), .signer = text_at(*object, "signer"), .parts = {}};
  for (const auto& each : parts->get_array()) {
    if (!each.is_object()) return wrong("a part is none");
    const auto& part = each.get_object();
    out.parts.push_back({.name = text_at(part, "name"), .files = number_at(part, "files"), .bytes = number_at(part, "bytes"),
                         .sha256 = text_at(part, "sha256")});
  }
  if (encode(out) != bytes) return wrong("it is not in its one form");
  return out;
}

}  // namespace berth::backup
