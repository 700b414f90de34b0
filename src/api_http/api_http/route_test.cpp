#include "api_http/route.hpp"

#include <fmt/format.h>

#include <tuple>

#include <gtest/gtest.h>

#include <set>

#include "api_http/inputs.hpp"
#include "api_http/openapi.hpp"
#include "api_http/outputs.hpp"
#include "api_http/problem.hpp"
#include "api_http/server.hpp"

namespace berth::api_http {
namespace {

const std::string sandbox = "sbx_00000000000000000000000000", terminal = "trm_00000000000000000000000000";

std::string concrete(std::string pattern) {
  for (const auto& [placeholder, value] : {std::pair{"{sandbox}", sandbox}, {"{terminal}", terminal}, {"{name}", std::string("debian")}, {"{number}", std::string("7")}})
    if (const auto at = pattern.find(placeholder); at != std::string::npos) pattern.replace(at, std::string(placeholder).size(), value);
  return pattern;
}

Result<control::Action> plan(std::string_view method, std::string_view target, std::string body = {}) {
  std::string allow;
  TRY_ASSIGN(auto match, match_route(method, target, allow));
  match.call.body = std::move(body);
  return match.route->plan(match.call);
}

template <class T>
T planned(std::string_view method, std::string_view target, std::string body = {}) {
  auto action = plan(method, target, std::move(body));
  EXPECT_TRUE(action) << method << " " << target << ": " << (action ? "" : action.error().message);
  return action ? std::get<T>(*std::move(action)) : T{};
}

std::string refusal(std::string_view method, std::string_view target, std::string body = {}) {
  const auto action = plan(method, target, std::move(body));
  return action ? "accepted" : action.error().message;
}

TEST(Routes, TheDocumentAndTheTableAreTheSameBothWays) {
  const auto document = json::parse(openapi_document("1.2.3")).as_object();
  std::set<std::string> documented, routed, operations;
  for (const auto& [path, item] : document.at("paths").as_object())
    for (const auto& [method, operation] : item.as_object()) {
      documented.insert(std::string(method) + " " + std::string(path));
      EXPECT_TRUE(operations.insert(std::string(operation.at("operationId").as_string())).second) << path;
    }
  for (const Route& route : routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c | 0x20);
    routed.insert(method + " " + std::string(route.pattern));
    std::string allow;
    const auto match = match_route(route.method, concrete(std::string(route.pattern)), allow);
    ASSERT_TRUE(match) << route.pattern;
    EXPECT_EQ(match->route, &route);
  }
  EXPECT_EQ(documented, routed);
  EXPECT_EQ(document.at("info").at("version").as_string(), "1.2.3");
}

TEST(Routes, EveryReferenceOfTheDocumentLeadsSomewhere) {
  const std::string text = openapi_document("1");
  const auto document = json::parse(text);
  for (std::size_t at = 0; (at = text.find("\"$ref\":\"#", at)) != std::string::npos; ++at) {
    std::string pointer = text.substr(at + 9, text.find('"', at + 9) - at - 9);
    for (std::size_t escaped; (escaped = pointer.find("\\/")) != std::string::npos;) pointer.erase(escaped, 1);
    json::error_code error;
    EXPECT_NE(document.find_pointer(pointer, error), nullptr) << pointer;
  }
}

TEST(Routes, AnUnknownAddressIsNotFoundAndAnotherMethodIsNamed) {
  std::string allow;
  for (const char* target : {"/", "/v1", "/v1/", "/v1/sandboxes/", "/v1/sandboxes/a/none", "/v1/sandboxes/a/files/stat/x", "/healthz/"})
    EXPECT_EQ(match_route("GET", target, allow).error().code, Code::NotFound) << target;
  EXPECT_TRUE(allow.empty());
  EXPECT_FALSE(match_route("PATCH", "/v1/sandboxes/a/files?path=x", allow));
  EXPECT_EQ(allow, "GET, HEAD, PUT, DELETE");
  allow.clear();
  EXPECT_TRUE(match_route("PUT", "/v1/sandboxes/a/files?path=x", allow));
  EXPECT_TRUE(allow.empty());
  EXPECT_TRUE(match_route("HEAD", "/v1/info", allow));
}

TEST(Routes, BrokenAddressesAreRefused) {
  std::string allow;
  std::string many = "/v1/commands?a=1";
  for (int i = 0; i < 40; ++i) many += "&a=1";
  for (const std::string& target : {std::string("*"), std::string("v1/info"), std::string("http://x/v1/info"), std::string("/%zz"),
                                    std::string("/v1/info?%00"), std::string("/v1/info?=x"), "/" + std::string(9000, 'a'), many,
                                    std::string("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a")})
    EXPECT_EQ(match_route("GET", target, allow).error().code, Code::InvalidArgument) << target.substr(0, 60);
  EXPECT_FALSE(match_route("GET", "/v1/sandboxes?nothing=1", allow));
  EXPECT_FALSE(match_route("GET", "/v1/sandboxes?limit=1&limit=2", allow));
}

TEST(Routes, NamesAreDecodedAfterTheyWereSplit) {
  EXPECT_EQ(planned<control::GetSandbox>("GET", "/v1/sandboxes/a%2Fb%20c").sandbox, "a/b c");
  EXPECT_EQ(planned<control::StatFile>("GET", "/v1/sandboxes/a/files/stat?path=%2Fx+y%2B").path, "/x y+");
}

TEST(Routes, PlansCarryEverythingThatWasAsked) {
  const auto made = planned<control::CreateSandbox>(
      "POST", "/v1/sandboxes",
      R"({"template":"busybox","name":"n","isolation":"gvisor","limits":{"memory_bytes":1,"cpu_millis":2,"processes":3,"open_files":4},
          "env":{"A":"b"},"remove_on_exit":true})");
  EXPECT_EQ(made.template_name, "busybox");
  EXPECT_EQ(made.limits.open_files, 4u);
  EXPECT_EQ(made.env.at("A"), "b");
  EXPECT_TRUE(made.remove_on_exit);
  const auto listed = planned<control::ListSandboxes>("GET", "/v1/sandboxes?state=paused&limit=7&after=c");
  EXPECT_EQ(listed.state, store::SandboxState::Paused);
  EXPECT_EQ(listed.page.limit, 7u);
  EXPECT_TRUE(planned<control::RemoveSandbox>("DELETE", "/v1/sandboxes/x?force=true").force);
  EXPECT_EQ(planned<control::StopSandbox>("POST", "/v1/sandboxes/x/stop", R"({"grace_ms":5})").grace, std::chrono::milliseconds{5});
  const auto started = planned<control::StartTerminal>("POST", "/v1/sandboxes/x/terminals", R"({"kind":"pipes","cols":1,"rows":2})");
  EXPECT_EQ(started.kind, store::TerminalKind::Pipes);
  EXPECT_EQ(started.size, (TerminalSize{1, 2}));
  EXPECT_TRUE(started.shell_integration);
  EXPECT_EQ(planned<control::WriteInput>("POST", "/v1/terminals/" + terminal + "/input", R"({"base64":"AP8="})").data,
            std::string("\0\xFF", 2));
  const auto sent = planned<control::SendKeys>("POST", "/v1/terminals/" + terminal + "/keys", R"({"keys":["ctrl-c","up"],"enter":true})");
  EXPECT_EQ(sent.keys, (std::vector<std::string>{"ctrl-c", "up"}));
  EXPECT_TRUE(sent.enter);
  const auto waited = planned<control::WaitTerminal>("POST", "/v1/terminals/" + terminal + "/wait",
                                                     R"({"until":{"idle_ms":7},"timeout_ms":9,"from":3})");
  EXPECT_EQ(waited.until.idle, std::chrono::milliseconds{7});
  EXPECT_EQ(waited.timeout, std::chrono::milliseconds{9});
  EXPECT_EQ(waited.from, ByteOffset{3});
  EXPECT_EQ(planned<control::GetTerminal>("GET", "/v1/terminals/box%2Fmain").terminal.text(), "box/main");
  for (const char* signal : {"15", "\"TERM\"", "\"sigterm\"", "\"15\""})
    EXPECT_EQ(planned<control::SignalTerminal>("POST", "/v1/terminals/x%2Fy/signal", fmt::format("{{\"signal\":{}}}", signal)).signal, 15);
  const auto filtered = planned<control::ListCommands>("GET", "/v1/commands?failed=true&slower_ms=5000&cwd=%2Fw&text=a+b&trusted=false");
  EXPECT_TRUE(filtered.filter.failed && !filtered.filter.running && !filtered.filter.full_screen);
  EXPECT_EQ(filtered.filter.trusted, false);
  EXPECT_EQ(filtered.filter.slower_than_ns, 5'000'000'000);
  EXPECT_EQ(filtered.filter.text, "a b");
  const auto command = planned<control::GetCommandOutput>("GET", "/v1/terminals/x%2Fy/commands/last/output?tail=3&format=raw");
  EXPECT_FALSE(command.number || command.head);
  EXPECT_EQ(command.tail, 3u);
  EXPECT_EQ(planned<control::GetCommand>("GET", "/v1/terminals/x%2Fy/commands/7").number, 7u);
  const auto grep = planned<control::Grep>("GET", "/v1/sandboxes/x/grep?pattern=a%2Bb&context_after=2&limit=9&after=c");
  EXPECT_EQ(std::tie(grep.sandbox, grep.pattern, grep.after, grep.limit, grep.cursor),
            std::tuple("x", "a+b", 2u, 9u, "c"));
  EXPECT_EQ(planned<control::ReadOutput>("GET", "/v1/terminals/" + terminal + "/output?from=9&limit=3").from, ByteOffset{9});
  EXPECT_FALSE(planned<control::AttachTerminal>("GET", "/v1/terminals/" + terminal + "/attach").from);
  EXPECT_EQ(planned<control::WriteFile>("PUT", "/v1/sandboxes/x/files?path=/f&mode=0640", "bytes").mode, 0640u);
  EXPECT_EQ(planned<control::Exec>("POST", "/v1/sandboxes/x/exec", R"({"argv":["a","b"],"timeout_ms":9})").argv.size(), 2u);
}

TEST(Routes, WrongValuesAreNamed) {
  const std::string make = "/v1/sandboxes", start = "/v1/sandboxes/x/terminals";
  EXPECT_EQ(refusal("POST", make, R"({"limits":{"memory_bytes":"1G"}})"),
            "\"limits.memory_bytes\" must be a whole number from 0 to 18446744073709551615.");
  EXPECT_EQ(refusal("POST", make, R"({"limits":{"cpu_millis":1.0}})"), "\"limits.cpu_millis\" must be a whole number from 0 to 4294967295.");
  EXPECT_EQ(refusal("POST", make, R"({"limits":{"processes":-1}})"), "\"limits.processes\" must be a whole number from 0 to 4294967295.");
  EXPECT_EQ(refusal("POST", make, R"({"surprise":1})"), "\"surprise\" is not a field of this request.");
  EXPECT_EQ(refusal("POST", make, R"({"env":{"A":1}})"), "\"env.A\" must be text.");
  EXPECT_EQ(refusal("POST", make, R"({"name":"a","name":"b"})"), "A field of the body comes twice.");
  EXPECT_EQ(refusal("POST", make, "[]"), "The body must be an object.");
  EXPECT_EQ(refusal("POST", make, "{"), "The body is not valid JSON.");
  EXPECT_EQ(refusal("POST", make, "{}{}"), "The body is not valid JSON.");
  EXPECT_EQ(refusal("POST", make, "{\"name\":\"\xFF\"}"), "The body is not valid JSON.");
  EXPECT_EQ(refusal("POST", make, std::string(100'000, '[')), "The body is nested deeper than 32 levels.");
  EXPECT_EQ(refusal("POST", start, R"({"cols":65536})"), "\"cols\" must be a whole number from 0 to 65535.");
  EXPECT_EQ(refusal("POST", start, R"({"argv":["a",7]})"), "\"argv[1]\" must be text.");
  EXPECT_EQ(refusal("POST", start, R"({"kind":"tty"})"), "\"kind\" must be \"pty\" or \"pipes\".");
  EXPECT_EQ(refusal("POST", "/v1/sandboxes/x/exec", "{}"), "\"argv\" is missing.");
  EXPECT_EQ(refusal("POST", "/v1/terminals/" + terminal + "/input", R"({"text":"a","base64":"AA=="})"),
            "\"text\" and \"base64\" exclude each other.");
  EXPECT_EQ(refusal("GET", "/v1/sandboxes?limit=0"), "The parameter \"limit\" must be a whole number from 1 to 1000.");
  EXPECT_EQ(refusal("GET", "/v1/sandboxes/x/files"), "The parameter \"path\" is missing.");
  EXPECT_EQ(refusal("PUT", "/v1/sandboxes/x/files?path=/f&mode=9"), "The parameter \"mode\" must be octal permission bits such as 0644.");
  EXPECT_EQ(plan("GET", "/v1/terminals/x/commands/nobody").error().code, Code::InvalidArgument);
}

TEST(Routes, TextWithColonsAndQuotesIsNoSecondField) {
  const auto made = planned<control::CreateSandbox>("POST", "/v1/sandboxes", R"({"env":{"a:b":"\":{\"x\":1}","c\\":":"}})");
  EXPECT_EQ(made.env.size(), 2u);
}

TEST(Problems, EveryCodeHasAStatusAndNoDetailOfTheSystemIsShown) {
  for (int i = 0; i <= static_cast<int>(Code::Internal); ++i) {
    const Error error{.code = static_cast<Code>(i), .message = "open /root/secret", .operation = "open", .subject = "/root/secret", .sys_errno = 2};
    const Response response = problem_response(error, "req_1");
    EXPECT_GE(response.status, 400u);
    EXPECT_EQ(response.body.find("secret"), std::string::npos) << response.body;
    const auto body = json::parse(response.body).as_object();
    EXPECT_EQ(body.at("code").as_string(), to_string(error.code));
    EXPECT_EQ(body.at("request_id").as_string(), "req_1");
    EXPECT_FALSE(body.at("detail").as_string().empty());
    EXPECT_FALSE(body.at("title").as_string().empty());
  }
  EXPECT_EQ(problem_response({.code = Code::RateLimited, .retry_after = std::chrono::milliseconds{1200}}, "r").headers.front(),
            (std::pair<std::string, std::string>{"Retry-After", "2"}));
  EXPECT_EQ(public_message({.code = Code::NotFound, .message = "There is no such sandbox."}), "There is no such sandbox.");
}

TEST(Outputs, NullsAndExactBytesAreTold) {
  control::TerminalInfo info;
  auto written = output_type<control::TerminalInfo>().write(info);
  EXPECT_TRUE(written.at("exit_code").is_null() && written.at("signal").is_null() && written.at("ended").is_null());
  info.row.exit = Killed{9};
  written = output_type<control::TerminalInfo>().write(info);
  EXPECT_TRUE(written.at("exit_code").is_null());
  EXPECT_EQ(written.at("signal").as_int64(), 9);
  control::ExecResult result{.exit = Killed{15}, .out = "fine", .error = "\xFF"};
  const auto exec = output_type<control::ExecResult>().write(result);
  EXPECT_EQ(exec.at("exit_code").as_int64(), 143);
  EXPECT_EQ(exec.at("stderr").as_string(), "\xEF\xBF\xBD");
  EXPECT_EQ(exec.at("stderr_base64").as_string(), "/w==");
  EXPECT_FALSE(exec.contains("stdout_base64"));
}

}  // namespace
}  // namespace berth::api_http
