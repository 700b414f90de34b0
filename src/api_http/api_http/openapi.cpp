#include "api_http/openapi.hpp"

#include "api_http/outputs.hpp"
#include "api_http/route.hpp"

namespace berth::api_http {

namespace {

json::object parameter(std::string_view in, const Parameter& about) {
  return {{"name", about.name}, {"in", in}, {"required", about.required}, {"description", about.about}, {"schema", about.schema}};
}

json::array parameters(const Route& route) {
  json::array out;
  for (auto rest = route.pattern; rest.find('{') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('{') + 1);
    const auto name = rest.substr(0, rest.find('}'));
    const std::string_view about = name == "sandbox" ? "Id or name of a sandbox." : name == "terminal" ? "Id of a terminal." : name == "session" ? "Id of a session." : name == "snapshot" ? "Id of a snapshot." : "Its name.";
    out.emplace_back(parameter("path", {name, schema::text(), about, true}));
  }
  for (const Parameter& query : route.query) out.emplace_back(parameter("query", query));
  return out;
}

json::object request_body(const RequestBody& body) {
  if (body.kind == BodyKind::Bytes || body.kind == BodyKind::Stream)
    return {{"required", true}, {"content", json::object{{"application/octet-stream", json::object{}}}}};
  if (body.kind == BodyKind::Document) return {{"required", true}, {"content", json::object{{"application/json", json::object{}}}}};
  if (body.kind == BodyKind::Patch) {
    json::object content{{"application/json-patch+json", json::object{}}, {"application/merge-patch+json", json::object{}}};
    return {{"required", true}, {"content", std::move(content)}};
  }
  const bool required = body.make_schema().contains("required");
  return {{"required", required},
          {"content", json::object{{"application/json", json::object{{"schema", schema::named(body.schema)}}}}}};
}

json::object answer(const Answer& about) {
  json::object out{{"description", about.about}};
  if (!about.content_type.empty()) {
    json::object media;
    if (!about.schema.empty()) media["schema"] = about.schema;
    out["content"] = json::object{{about.content_type.substr(0, about.content_type.find(';')), std::move(media)}};
  }
  if (!about.headers.empty()) {
    json::object headers;
    for (const auto name : about.headers) headers[name] = json::object{{"schema", schema::text()}};
    out["headers"] = std::move(headers);
  }
  return out;
}

json::object operation(const Route& route) {
  json::object out{{"operationId", route.operation}, {"summary", route.summary}};
  if (auto all = parameters(route); !all.empty()) out["parameters"] = std::move(all);
  if (route.body.kind != BodyKind::None) out["requestBody"] = request_body(route.body);
  out["responses"] = json::object{
      {std::to_string(route.answer.status), answer(route.answer)},
      {"default", json::object{{"$ref", "#/components/responses/Problem"}}}};
  if (!route.needs_key()) out["security"] = json::array{};
  return out;
}

json::object problem_schema() {
  json::array codes;
  for (int code = 0; code <= static_cast<int>(Code::Internal); ++code) codes.emplace_back(to_string(static_cast<Code>(code)));
  return {{"type", "object"},
          {"properties", json::object{{"type", schema::text()}, {"title", schema::text()}, {"status", schema::whole()},
                                      {"code", json::object{{"type", "string"}, {"enum", std::move(codes)}}},
                                      {"detail", schema::text()}, {"hint", schema::text()}, {"request_id", schema::text()},
                                      {"facts", schema::map_of(schema::text())}}},
          {"required", json::array{"type", "title", "status", "code", "detail", "hint", "request_id"}},
          {"additionalProperties", false}};
}

json::object components() {
  json::object schemas = output_schemas();
  schemas["Problem"] = problem_schema();
  for (const Route& route : routes())
    if (route.body.kind == BodyKind::Json) schemas[route.body.schema] = route.body.make_schema();
  return {{"schemas", std::move(schemas)},
          {"responses",
           json::object{{"Problem", json::object{{"description", "What went wrong (RFC 9457)."},
                                                 {"content", json::object{{"application/problem+json",
                                                                           json::object{{"schema", schema::named("Problem")}}}}}}}}},
          {"securitySchemes", json::object{{"key", json::object{{"type", "http"}, {"scheme", "bearer"}}}}}};
}

std::string lower_case(std::string_view method) {
  std::string out(method);
  for (char& c : out) c = static_cast<char>(c | 0x20);
  return out;
}

}  // namespace

std::string openapi_document(std::string_view version) {
  json::object paths;
  for (const Route& route : routes()) {
    json::value& path = paths[route.pattern];
    if (path.is_null()) path = json::object{};
    path.as_object()[lower_case(route.method)] = operation(route);
  }
  const json::object document{
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", "Berth"}, {"version", version},
                            {"description", "Sandboxes for coding agents, with terminals that survive. Over the home's unix "
                                            "socket no key is needed."},
                            {"license", json::object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"security", json::array{json::object{{"key", json::array{}}}}},
      {"paths", std::move(paths)},
      {"components", components()}};
  return json::serialize(document);
}

}  // namespace berth::api_http
