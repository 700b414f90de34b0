// The routes about terminals.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

Result<Action> plan_start(Call& call) {
  TRY_ASSIGN(auto body, read_body<StartTerminalBody>(call.body));
  return control::StartTerminal{.sandbox = call.part("sandbox"), .argv = std::move(body.argv), .env = std::move(body.env),
                                .cwd = std::move(body.cwd), .kind = body.kind, .size = {body.cols, body.rows},
                                .shell_integration = body.shell_integration, .name = std::move(body.name)};
}

Response respond_started(control::Outcome&& outcome) {
  Response response = respond_one<control::TerminalInfo>(std::move(outcome));
  response.status = 201;
  response.headers.emplace_back("Location", "/v1/terminals/" + std::get<control::TerminalInfo>(outcome).row.id.str());
  return response;
}

Result<Action> plan_get(Call& call) {
  auto terminal = call.terminal();
  return control::GetTerminal{std::move(terminal)};
}

Result<Action> plan_input(Call& call) {
  auto terminal = call.terminal();
  TRY_ASSIGN(const auto body, read_body<WriteInputBody>(call.body));
  TRY_ASSIGN(auto data, input_bytes(body));
  return control::WriteInput{std::move(terminal), std::move(data), body.close};
}

Result<Action> plan_keys(Call& call) {
  auto terminal = call.terminal();
  TRY_ASSIGN(auto body, read_body<KeysBody>(call.body));
  return control::SendKeys{.terminal = std::move(terminal), .text = std::move(body.text), .paste = std::move(body.paste),
                           .keys = std::move(body.keys), .enter = body.enter};
}

Result<Action> plan_wait(Call& call) {
  auto terminal = call.terminal();
  TRY_ASSIGN(auto body, read_body<WaitBody>(call.body));
  control::WaitTerminal action{.terminal = std::move(terminal), .until = std::move(body.until), .timeout = body.timeout, .from = {}};
  if (body.from) action.from = ByteOffset{*body.from};
  return action;
}

Result<Action> plan_resize(Call& call) {
  auto terminal = call.terminal();
  TRY_ASSIGN(const auto body, read_body<ResizeBody>(call.body));
  return control::ResizeTerminal{std::move(terminal), {body.cols, body.rows}};
}

Result<Action> plan_signal(Call& call) {
  auto terminal = call.terminal();
  TRY_ASSIGN(const auto body, read_body<SignalBody>(call.body));
  return control::SignalTerminal{std::move(terminal), body.signal.number};
}

Result<Action> plan_output(Call& call) {
  auto terminal = call.terminal();
  TRY_ASSIGN(const auto from, call.number("from"));
  TRY_ASSIGN(const auto limit, call.number("limit"));
  control::ReadOutput action{.terminal = std::move(terminal), .from = {from.value_or(0)}};
  if (limit) action.limit = *limit;
  return action;
}

Response respond_output(control::Outcome&& outcome) {
  auto& part = std::get<control::OutputPart>(outcome);
  return {.status = 200, .content_type = "application/octet-stream", .body = std::move(part.data),
          .headers = {{"X-Berth-From", std::to_string(part.from.value)},
                      {"X-Berth-End", std::to_string(part.end.value)},
                      {"X-Berth-Running", part.running ? "true" : "false"}}};
}

Result<Action> plan_screen(Call& call) {
  auto terminal = call.terminal();
  control::GetScreen action{.terminal = std::move(terminal), .at = call.text("at").value_or("")};
  const auto word = call.text("format").value_or("text");
  if (word == "vt") action.format = control::ScreenFormat::Stream;
  else if (word == "json") action.format = control::ScreenFormat::Json;
  else if (word == "svg") action.format = control::ScreenFormat::Image;
  else if (word != "text")
    return fail(Code::InvalidArgument, "The parameter \"format\" is not one of them.", "Formats are text, vt, json and svg.");
  return action;
}

std::string_view content_type(control::ScreenFormat format) {
  switch (format) {
    case control::ScreenFormat::Text: return "text/plain; charset=utf-8";
    case control::ScreenFormat::Stream: return "application/octet-stream";
    case control::ScreenFormat::Json: return "application/json";
    case control::ScreenFormat::Image: return "image/svg+xml";
  }
  return "application/octet-stream";
}

// What a program in a sandbox drew is nobody's page: an image of it may not do anything in a browser.
Response respond_screen(control::Outcome&& outcome) {
  auto& view = std::get<control::ScreenView>(outcome);
  return {.status = 200, .content_type = std::string(content_type(view.format)), .body = std::move(view.data),
          .headers = {{"X-Berth-Offset", std::to_string(view.offset.value)},
                      {"X-Berth-Size", std::to_string(view.size.cols) + "x" + std::to_string(view.size.rows)},
                      {"Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'"}}};
}

void add_output(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}/screen", .operation = "get_screen",
                   .summary = "What a person would see: now, or at a place of the output",
                   .query = {{"format", schema::text(), "text, vt (a stream that draws it again), json or svg.", false},
                             {"at", schema::text(), "A place: an offset, cmd:NUMBER, a time since the beginning (90s) or a moment (RFC 3339); now when absent.", false}},
                   .body = {},
                   .answer = {200, "text/plain; charset=utf-8", {}, "The screen; of another type with another format.",
                              {"X-Berth-Offset", "X-Berth-Size"}},
                   .plan = plan_screen, .respond = respond_screen});
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}/output", .operation = "read_output",
                   .summary = "Output from an offset on, as it is",
                   .query = {{"from", schema::whole(), "Offset of the first byte; 0 when absent.", false},
                             {"limit", schema::whole(), "Most bytes of the answer.", false}},
                   .body = {},
                   .answer = {200, "application/octet-stream", {}, "The bytes.",
                              {"X-Berth-From", "X-Berth-End", "X-Berth-Running"}},
                   .plan = plan_output, .respond = respond_output});
}

void add_use(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/v1/terminals/{terminal}/input", .operation = "write_input",
                   .summary = "Type into a terminal",
                   .query = {}, .body = json_body<WriteInputBody>(), .answer = nothing("The program can read it."),
                   .plan = plan_input, .respond = respond_nothing});
  table.push_back({.method = "POST", .pattern = "/v1/terminals/{terminal}/keys", .operation = "send_keys",
                   .summary = "Type text, paste, and press keys by name",
                   .query = {}, .body = json_body<KeysBody>(), .answer = nothing("The program can read it."),
                   .plan = plan_keys, .respond = respond_nothing});
  table.push_back({.method = "POST", .pattern = "/v1/terminals/{terminal}/wait", .operation = "wait_terminal",
                   .summary = "Wait for a pattern, for silence, for the end of a command or of the terminal",
                   .query = {}, .body = json_body<WaitBody>(), .answer = one<control::WaitResult>("What happened."),
                   .plan = plan_wait, .respond = respond_one<control::WaitResult>, .ends_with_client = true});
  table.push_back({.method = "POST", .pattern = "/v1/terminals/{terminal}/resize", .operation = "resize_terminal",
                   .summary = "Tell a terminal its size",
                   .query = {}, .body = json_body<ResizeBody>(), .answer = nothing("It has this size."),
                   .plan = plan_resize, .respond = respond_nothing});
  table.push_back({.method = "POST", .pattern = "/v1/terminals/{terminal}/signal", .operation = "signal_terminal",
                   .summary = "Send a signal to what runs in the foreground",
                   .query = {}, .body = json_body<SignalBody>(), .answer = nothing("It was sent."),
                   .plan = plan_signal, .respond = respond_nothing});
}

}  // namespace

void add_terminal_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/sandboxes/{sandbox}/terminals", .operation = "list_terminals",
                   .summary = "The terminals of a sandbox, oldest first",
                   .query = {}, .body = {}, .answer = items<control::TerminalInfo>("All of them."),
                   .plan = [](Call& call) -> Result<Action> { return control::ListTerminals{call.part("sandbox")}; },
                   .respond = respond_items<control::TerminalInfo>});
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes/{sandbox}/terminals", .operation = "start_terminal",
                   .summary = "Start a program in a terminal",
                   .query = {}, .body = json_body<StartTerminalBody>(),
                   .answer = {201, "application/json", schema::named("Terminal"), "It runs.", {"Location"}},
                   .plan = plan_start, .respond = respond_started});
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}", .operation = "get_terminal", .summary = "One terminal",
                   .query = {}, .body = {}, .answer = one<control::TerminalInfo>("The terminal."),
                   .plan = plan_get, .respond = respond_one<control::TerminalInfo>});
  add_use(table);
  add_output(table);
  add_attach_route(table);
}

}  // namespace berth::api_http
