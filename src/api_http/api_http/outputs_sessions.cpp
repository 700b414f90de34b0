// How sessions, their versions and logs, and devices are written.

#include "api_http/encoding.hpp"
#include "api_http/outputs.hpp"
#include "base/utf8.hpp"

namespace berth::api_http {

namespace {

json::value text(std::string_view value) { return json::string(to_utf8(value)); }
json::value time(WallTime value) { return text(rfc3339(value)); }
json::value texts(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& value : values) out.emplace_back(text(value));
  return out;
}

}  // namespace

template <>
const OutputType<store::SessionRow>& output_type() {
  using T = store::SessionRow;
  static const OutputType<T> type{"Session", {
      {"id", schema::text(), "", [](const T& row) -> Written { return text(row.id.str()); }},
      {"title", schema::text(), "", [](const T& row) -> Written { return text(row.title); }},
      {"description", schema::text(), "", [](const T& row) -> Written { return text(row.description); }},
      {"tags", schema::list_of(schema::text()), "", [](const T& row) -> Written { return texts(row.tags); }},
      {"state", schema::one_of({"active", "closed"}), "",
       [](const T& row) -> Written { return text(row.state == store::SessionState::Active ? "active" : "closed"); }},
      {"damaged", schema::boolean(), "A record of it failed its check; it is kept.", [](const T& row) -> Written { return row.damaged; }},
      {"version", schema::whole(), "Grows by one with each change.", [](const T& row) -> Written { return row.version; }},
      {"document_bytes", schema::whole(), "", [](const T& row) -> Written { return row.document_bytes; }},
      {"hash", schema::text(), "SHA-256 of the document of hash_version.", [](const T& row) -> Written { return text(row.hash); }},
      {"hash_version", schema::whole(), "", [](const T& row) -> Written { return row.hash_version; }},
      {"sandbox", schema::or_null(schema::text()), "",
       [](const T& row) -> Written { return row.sandbox.empty() ? json::value(nullptr) : text(row.sandbox); }},
      {"changed_by", schema::text(), "Key of the newest change.", [](const T& row) -> Written { return text(row.changed_by); }},
      {"client", schema::text(), "Client of the newest change.", [](const T& row) -> Written { return text(row.client); }},
      {"created", schema::time(), "", [](const T& row) -> Written { return time(row.created); }},
      {"updated", schema::time(), "", [](const T& row) -> Written { return time(row.updated); }},
  }};
  return type;
}

template <>
const OutputType<store::RevisionRow>& output_type() {
  using T = store::RevisionRow;
  static const OutputType<T> type{"Version", {
      {"version", schema::whole(), "", [](const T& row) -> Written { return row.version; }},
      {"what", schema::text(), "\"created\", \"replaced\", \"patched\", \"restored 5\", …", [](const T& row) -> Written { return text(row.what); }},
      {"changed_by", schema::text(), "", [](const T& row) -> Written { return text(row.changed_by); }},
      {"client", schema::text(), "", [](const T& row) -> Written { return text(row.client); }},
      {"saved", schema::time(), "", [](const T& row) -> Written { return time(row.saved); }},
      {"bytes", schema::whole(), "As stored.", [](const T& row) -> Written { return row.bytes; }},
  }};
  return type;
}

template <>
const OutputType<sessions::Appended>& output_type() {
  using T = sessions::Appended;
  static const OutputType<T> type{"Appended", {
      {"offset", schema::whole(), "Its place: 0, 1, 2, …", [](const T& row) -> Written { return row.offset; }},
      {"again", schema::boolean(), "It was appended before.", [](const T& row) -> Written { return row.again; }},
  }};
  return type;
}

template <>
const OutputType<sessions::Entry>& output_type() {
  using T = sessions::Entry;
  static const OutputType<T> type{"Entry", {
      {"offset", schema::whole(), "", [](const T& row) -> Written { return row.offset; }},
      {"id", schema::text(), "As its writer named it.", [](const T& row) -> Written { return text(row.client_id); }},
      {"appended", schema::time(), "", [](const T& row) -> Written { return time(row.appended); }},
      {"entry", {{"type", "object"}}, "",
       [](const T& row) -> Written {
         json::error_code error;
         json::value entry = json::parse(row.bytes, error);
         return error ? json::value(json::object{}) : entry;
       }},
  }};
  return type;
}

template <>
const OutputType<sessions::Device>& output_type() {
  using T = sessions::Device;
  static const OutputType<T> type{"Device", {
      {"id", schema::text(), "", [](const T& device) -> Written { return text(device.id); }},
      {"name", schema::text(), "", [](const T& device) -> Written { return text(device.name); }},
      {"added", schema::time(), "", [](const T& device) -> Written { return time(device.added); }},
      {"expires", schema::time(), "Its key is handed out until then.", [](const T& device) -> Written { return time(device.expires); }},
  }};
  return type;
}

template <>
const OutputType<sessions::DeviceKey>& output_type() {
  using T = sessions::DeviceKey;
  static const OutputType<T> type{"DeviceKey", {
      {"device", schema::named("Device"), "", [](const T& it) -> Written { return output_type<sessions::Device>().write(it.device); }},
      {"key", schema::text(), "32 bytes, base64.", [](const T& it) -> Written { return text(base64_encode(it.key)); }},
  }};
  return type;
}

}  // namespace berth::api_http
