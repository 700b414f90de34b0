// The routes about the files of a sandbox. Paths are inside it.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

Parameter path_parameter() { return {"path", schema::text(), "Path in the sandbox.", true}; }

template <class T>
Result<Action> plan_path(Call& call) {
  TRY_ASSIGN(auto path, call.required_text("path"));
  return T{call.part("sandbox"), std::move(path)};
}

Result<Action> plan_read(Call& call) {
  TRY_ASSIGN(auto path, call.required_text("path"));
  TRY_ASSIGN(const auto offset, call.number("offset"));
  TRY_ASSIGN(const auto limit, call.number("limit"));
  return control::ReadFile{call.part("sandbox"), std::move(path), offset.value_or(0), limit.value_or(0)};
}

Response respond_bytes(control::Outcome&& outcome) {
  auto& file = std::get<control::FileData>(outcome);
  return {.status = 200, .content_type = "application/octet-stream", .body = std::move(file.data),
          .headers = {{"X-Berth-Complete", file.end ? "true" : "false"}}};
}

Result<Action> plan_write(Call& call) {
  TRY_ASSIGN(auto path, call.required_text("path"));
  TRY_ASSIGN(const auto mode, call.mode("mode"));
  return control::WriteFile{call.part("sandbox"), std::move(path), std::move(call.body), mode};
}

Result<Action> plan_remove(Call& call) {
  TRY_ASSIGN(auto path, call.required_text("path"));
  TRY_ASSIGN(const bool recursive, call.flag("recursive"));
  return control::RemoveFile{call.part("sandbox"), std::move(path), recursive};
}

template <class T>
Result<Action> plan_body(Call& call) {
  TRY_ASSIGN(auto action, read_body<T>(call.body));
  action.sandbox = call.part("sandbox");
  return action;
}

Response respond_list(control::Outcome&& outcome) {
  const auto& list = std::get<control::FileList>(outcome);
  return json_response(json::object{{"items", write_all(list.entries)}, {"complete", list.complete}});
}

Answer list_answer() {
  Answer answer = items<control::FileEntry>("The directory.");
  answer.schema["properties"].as_object()["complete"] =
      json::object{{"type", "boolean"}, {"description", "False when there are more than the answer holds."}};
  answer.schema["required"].as_array().emplace_back("complete");
  return answer;
}

void add_bytes(std::vector<Route>& table) {
  constexpr std::string_view pattern = "/v1/sandboxes/{sandbox}/files";
  table.push_back({.method = "GET", .pattern = pattern, .operation = "read_file", .summary = "The bytes of a file",
                   .query = {path_parameter(),
                             {"offset", schema::whole(), "First byte; 0 when absent.", false},
                             {"limit", schema::whole(), "Most bytes; 0 or absent: as many as an answer may have.", false}},
                   .body = {},
                   .answer = {200, "application/octet-stream", {}, "The bytes; X-Berth-Complete tells whether the file ends with them.",
                              {"X-Berth-Complete"}},
                   .plan = plan_read, .respond = respond_bytes});
  table.push_back({.method = "PUT", .pattern = pattern, .operation = "write_file",
                   .summary = "Write a file, whole: a reader sees the old or the new bytes",
                   .query = {path_parameter(),
                             {"mode", json::object{{"type", "string"}, {"pattern", "^[0-7]{1,5}$"}},
                              "Permission bits in octal; 0644 when absent.", false}},
                   .body = {BodyKind::Bytes}, .answer = nothing("It is written."),
                   .plan = plan_write, .respond = respond_nothing});
  table.push_back({.method = "DELETE", .pattern = pattern, .operation = "remove_file", .summary = "Remove a file or directory",
                   .query = {path_parameter(), {"recursive", schema::boolean(), "With everything in it.", false}},
                   .body = {}, .answer = nothing("It is gone."), .plan = plan_remove, .respond = respond_nothing});
}

}  // namespace

void add_file_routes(std::vector<Route>& table) {
  add_bytes(table);
  table.push_back({.method = "GET", .pattern = "/v1/sandboxes/{sandbox}/files/stat", .operation = "stat_file",
                   .summary = "What a path names", .query = {path_parameter()}, .body = {},
                   .answer = one<control::FileEntry>("Its entry."),
                   .plan = plan_path<control::StatFile>, .respond = respond_one<control::FileEntry>});
  table.push_back({.method = "GET", .pattern = "/v1/sandboxes/{sandbox}/files/list", .operation = "list_files",
                   .summary = "The entries of a directory", .query = {path_parameter()}, .body = {},
                   .answer = list_answer(), .plan = plan_path<control::ListFiles>, .respond = respond_list});
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes/{sandbox}/files/mkdir", .operation = "make_directory",
                   .summary = "Make a directory", .query = {}, .body = json_body<control::MakeDirectory>(),
                   .answer = nothing("It is there."), .plan = plan_body<control::MakeDirectory>, .respond = respond_nothing});
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes/{sandbox}/files/move", .operation = "move_file",
                   .summary = "Move or rename", .query = {}, .body = json_body<control::MoveFile>(),
                   .answer = nothing("It is moved."), .plan = plan_body<control::MoveFile>, .respond = respond_nothing});
}

}  // namespace berth::api_http
