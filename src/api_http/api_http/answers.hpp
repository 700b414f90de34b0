#pragma once
// Outcome → answer, for the route tables: each says in the document what it does. Private to api_http.

#include "api_http/inputs.hpp"
#include "api_http/outputs.hpp"
#include "api_http/route.hpp"

namespace berth::api_http {

template <class T>
RequestBody json_body() {
  return {BodyKind::Json, input_type<T>().name, [] { return object_schema(input_type<T>()); }};
}

inline Response json_response(const json::value& value, unsigned status = 200) {
  return {.status = status, .content_type = "application/json", .body = json::serialize(value)};
}

// ---- how the document tells an answer ----
template <class T>
Answer one(std::string_view about, unsigned status = 200) {
  return {status, "application/json", schema::named(output_type<T>().name), about, {}};
}
template <class T>
Answer items(std::string_view about) {
  return {200, "application/json",
          {{"type", "object"},
           {"properties", json::object{{"items", schema::list_of(schema::named(output_type<T>().name))}}},
           {"required", json::array{"items"}},
           {"additionalProperties", false}},
          about, {}};
}
template <class T>
Answer page_of(std::string_view about) {
  Answer answer = items<T>(about);
  answer.schema["properties"].as_object()["next"] =
      json::object{{"type", "string"}, {"description", "Cursor of the next page for `after`; empty at the end."}};
  answer.schema["required"].as_array().emplace_back("next");
  return answer;
}
inline Answer nothing(std::string_view about) { return {204, "", {}, about, {}}; }
inline std::vector<Parameter> page_parameters(std::vector<Parameter> more = {}) {
  more.push_back({"limit", schema::integer(1000, 1), "Rows of one page.", false});
  more.push_back({"after", schema::text(), "`next` of the page before.", false});
  return more;
}

// ---- and how it is written ----
template <class T>
Response respond_one(control::Outcome&& outcome) {
  return json_response(output_type<T>().write(std::get<T>(outcome)));
}
template <class T>
json::array write_all(const std::vector<T>& values) {
  json::array out;
  out.reserve(values.size());
  for (const T& value : values) out.emplace_back(output_type<T>().write(value));
  return out;
}
template <class T>
Response respond_items(control::Outcome&& outcome) {
  return json_response(json::object{{"items", write_all(std::get<std::vector<T>>(outcome))}});
}
template <class T>
Response respond_page(control::Outcome&& outcome) {
  const auto& page = std::get<store::Page<T>>(outcome);
  return json_response(json::object{{"items", write_all(page.rows)}, {"next", page.next}});
}
inline Response respond_nothing(control::Outcome&&) { return {.status = 204, .content_type = {}, .body = {}, .headers = {}}; }

}  // namespace berth::api_http
