// The routes about recordings of terminals.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;
using control::RecordingFormat;

struct FormatName {
  std::string_view name;
  RecordingFormat format;
  std::string_view content_type, extension;
};
constexpr FormatName formats[] = {{"asciicast-v2", RecordingFormat::Cast2, "application/x-asciicast", "cast"},
                                  {"asciicast-v3", RecordingFormat::Cast3, "application/x-asciicast", "cast"},
                                  {"text", RecordingFormat::Text, "text/plain; charset=utf-8", "txt"},
                                  {"raw", RecordingFormat::Raw, "application/octet-stream", "raw"},
                                  {"html", RecordingFormat::Html, "text/html; charset=utf-8", "html"}};

Result<Action> plan_export(Call& call) {
  control::ExportTerminal action{.terminal = call.terminal(), .from = call.text("from").value_or(""), .to = call.text("to").value_or("")};
  TRY_ASSIGN(action.input, call.flag("input"));
  const auto word = call.text("format").value_or("asciicast-v2");
  for (const FormatName& each : formats)
    if (each.name == word) {
      action.format = each.format;
      return action;
    }
  return fail(Code::InvalidArgument, "The parameter \"format\" is not one of them.",
              "Formats are asciicast-v2, asciicast-v3, text, raw and html.");
}

// What a program printed is nobody's page: a browser saves it, and may do nothing with it otherwise.
Response respond_export(control::Outcome&& outcome) {
  auto& stream = std::get<std::shared_ptr<control::RecordingStream>>(outcome);
  for (const FormatName& each : formats)
    if (each.format == stream->format())
      return {.status = 200, .content_type = std::string(each.content_type), .body = {},
              .headers = {{"Content-Disposition", "attachment; filename=\"recording." + std::string(each.extension) + "\""},
                          {"Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'"}},
              .stream = std::move(stream)};
  return {.status = 500, .content_type = {}, .body = {}, .headers = {}};
}

Result<Action> plan_import(Call& call) {
  return control::ImportRecording{.name = call.text("name").value_or(""), .cast = std::move(call.body)};
}

Response respond_imported(control::Outcome&& outcome) {
  const std::string id = std::get<control::TerminalInfo>(outcome).row.id.str();
  Response response = respond_one<control::TerminalInfo>(std::move(outcome));
  response.status = 201;
  response.headers.emplace_back("Location", "/v1/terminals/" + id);
  return response;
}

}  // namespace

void add_recording_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}/recording", .operation = "export_terminal",
                   .summary = "What a terminal showed, to keep or to play elsewhere",
                   .query = {{"format", schema::one_of({"asciicast-v2", "asciicast-v3", "text", "raw", "html"}),
                              "asciicast-v2 when absent.", false},
                             {"from", schema::text(), "Where it begins: an offset, cmd:NUMBER, a time since the beginning (90s) or a moment (RFC 3339).", false},
                             {"to", schema::text(), "Where it ends, said in the same way; the present end when absent.", false},
                             {"input", schema::boolean(), "Of a cast: with what was typed, as i events, where that was kept (journal.record_input).", false}},
                   .body = {},
                   .answer = {200, "application/x-asciicast", {}, "The recording, in pieces; of another type with another format.",
                              {"Content-Disposition"}},
                   .plan = plan_export, .respond = respond_export});
  table.push_back({.method = "POST", .pattern = "/v1/recordings", .operation = "import_recording",
                   .summary = "Make a terminal of an asciicast, version 2 or 3",
                   .query = {{"name", schema::text(), "Name of the sandbox that holds it; one is picked when absent.", false}},
                   .body = {BodyKind::Bytes},
                   .answer = {201, "application/json", schema::named("Terminal"), "It can be read as any that has ended.", {"Location"}},
                   .plan = plan_import, .respond = respond_imported});
}

}  // namespace berth::api_http
