#include "client/terminal.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <deque>
#include <utility>

#include "client/scripted_server.hpp"
#include "os/scratch_dir.hpp"

namespace berth::client {
namespace {

constexpr const char* some_command = R"({"terminal":"trm_1","number":12,"sandbox":"sbx_1","text":"make","cwd":"/w","exit_code":2,
    "state":"done","started":"2026-03-01T14:05:00Z","duration_ns":1500,"output_begin":10,"output_end":16,"full_screen":false,"trusted":true})";

// A server that says what it is told to, in order, and what it was asked.
class TerminalTest : public testing::Test {
 protected:
  void answers(std::string body, unsigned status = 200, std::map<std::string, std::string> headers = {}) {
    script_.push_back({.status = status, .headers = std::move(headers), .body = std::move(body)});
  }
  void outputs(std::uint64_t from, std::string bytes, std::uint64_t end) {
    answers(std::move(bytes), 200, {{"x-berth-from", std::to_string(from)}, {"x-berth-end", std::to_string(end)}});
  }
  [[nodiscard]] std::string last() const { return asked.empty() ? "" : asked.back(); }

  std::vector<std::string> asked;  // "METHOD target body"
  std::vector<Request> requests;
  Api api{[this](const Request& request) -> Result<Response> {
    asked.push_back(fmt::format("{} {}{}{}", request.method, request.target, request.body.empty() ? "" : " ", request.body));
    requests.push_back(request);
    if (script_.empty()) return fail(Code::Unavailable, "The script is over.");
    Response next = std::move(script_.front());
    script_.pop_front();
    return next;
  }};
  Terminal terminal{api, "box/main"};

 private:
  std::deque<Response> script_;
};

TEST_F(TerminalTest, ItsStateIsTyped) {
  answers(R"({"id":"trm_1","sandbox":"sbx_1","name":"main","kind":"pty","cwd":"/w","title":"vim","cols":120,"rows":40,
      "running":false,"exit_code":null,"signal":9,"end":77,"later":true})");
  const auto state = terminal.state();
  ASSERT_TRUE(state) << state.error().describe();
  EXPECT_EQ(last(), "GET /v1/terminals/box%2Fmain");
  EXPECT_EQ(std::tie(state->id, state->sandbox, state->name, state->kind, state->cwd, state->title),
            std::make_tuple("trm_1", "sbx_1", "main", "pty", "/w", "vim"));
  EXPECT_EQ(state->size, (TerminalSize{120, 40}));
  EXPECT_FALSE(state->running);
  EXPECT_EQ(state->exit_code, std::nullopt);
  EXPECT_EQ(state->signal, 9);
  EXPECT_EQ(state->end, ByteOffset{77});
  EXPECT_TRUE(state->document.at("later").as_bool()) << "what this client has no name for is still there";
}

TEST_F(TerminalTest, WhatIsOfAnotherKindIsEmpty) {
  answers(R"({"id":5,"cols":-1,"rows":100000,"running":"yes","end":-4,"exit_code":"2"})");
  const auto state = terminal.state();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->id, "");
  EXPECT_EQ(state->size, (TerminalSize{0, 65535}));
  EXPECT_EQ(state->end, ByteOffset{0});
  EXPECT_EQ(state->exit_code, std::nullopt);
}

TEST_F(TerminalTest, TheServersRefusalIsTheError) {
  answers(R"({"code":"invalid_argument","detail":"No key is called \"hyper-x\".","hint":"Did you mean \"alt-x\"?"})", 400);
  const auto sent = terminal.send({.keys = {"hyper-x"}});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Code::InvalidArgument);
  EXPECT_EQ(sent.error().hint, "Did you mean \"alt-x\"?");
  EXPECT_EQ(terminal.signal("INT").error().code, Code::Unavailable);
}

TEST_F(TerminalTest, TypesTextPasteAndKeysInOneCall) {
  answers("", 204);
  ASSERT_TRUE(terminal.send({.text = "ab", .paste = "two\nlines", .keys = {"up", "ctrl-c"}, .enter = true}));
  EXPECT_EQ(last(), R"(POST /v1/terminals/box%2Fmain/keys {"text":"ab","keys":["up","ctrl-c"],"enter":true,"paste":"two\nlines"})");
  answers("", 204);
  ASSERT_TRUE(terminal.send({.text = "x"}));
  EXPECT_EQ(last(), R"(POST /v1/terminals/box%2Fmain/keys {"text":"x","keys":[],"enter":false})");
}

TEST_F(TerminalTest, WaitsForEachThing) {
  const std::vector<std::pair<until::Any, std::string>> all{{until::Pattern{"done|failed"}, R"("pattern":"done|failed")"},
                                                            {until::Idle{std::chrono::milliseconds{250}}, R"("idle_ms":250)"},
                                                            {until::CommandEnd{}, R"("command_end":true)"},
                                                            {until::Exit{}, R"("exit":true)"}};
  for (const auto& [until, text] : all) {
    answers(R"({"event":"timeout","from":1,"end":2})");
    const auto happened = terminal.wait(until, {.timeout = std::chrono::milliseconds{50}});
    ASSERT_TRUE(happened) << happened.error().describe();
    EXPECT_EQ(happened->event, Happened::Event::Timeout);
    EXPECT_EQ(last(), fmt::format(R"(POST /v1/terminals/box%2Fmain/wait {{"until":{{{}}},"timeout_ms":50}})", text));
    EXPECT_GT(requests.back().timeout, std::chrono::seconds{10}) << "the server has time to say that it did not happen";
  }
}

TEST_F(TerminalTest, SaysWhatHappened) {
  answers(R"({"event":"pattern","match":"failed","from":3,"end":90})");
  auto happened = terminal.wait(until::Pattern{"f"}, {.from = ByteOffset{3}});
  ASSERT_TRUE(happened);
  EXPECT_EQ(happened->event, Happened::Event::Pattern);
  EXPECT_EQ(happened->match, "failed");
  EXPECT_EQ(happened->from, ByteOffset{3});
  EXPECT_EQ(happened->end, ByteOffset{90});
  EXPECT_NE(last().find(R"("from":3)"), std::string::npos) << last();

  answers(fmt::format(R"({{"event":"command_end","command":{}}})", some_command));
  happened = terminal.wait(until::CommandEnd{});
  ASSERT_TRUE(happened);
  ASSERT_TRUE(happened->command);
  EXPECT_EQ(happened->command->number, 12u);
  EXPECT_EQ(happened->command->exit_code, 2);
}

TEST_F(TerminalTest, AnEventOfAnotherVersionIsAnError) {
  for (const char* body : {R"({"event":"eclipse"})", "{}", "[]", R"({"event":"command_end","command":null})"}) {
    answers(body);
    const auto happened = terminal.wait(until::CommandEnd{});
    ASSERT_FALSE(happened) << body;
    EXPECT_EQ(happened.error().code, Code::Internal) << body;
  }
}

TEST_F(TerminalTest, CommandsAreFiltered) {
  answers(fmt::format(R"({{"items":[{}],"next":""}})", some_command));
  const auto commands = terminal.commands({.failed = true, .untrusted = true, .slower = std::chrono::seconds{2}, .cwd = "/w", .text = "a b", .most = 7});
  ASSERT_TRUE(commands) << commands.error().describe();
  EXPECT_EQ(last(), "GET /v1/commands?terminal=box%2Fmain&failed=true&trusted=false&slower_ms=2000&cwd=%2Fw&text=a%20b&limit=7");
  ASSERT_EQ(commands->size(), 1u);
  const Command& command = commands->front();
  EXPECT_EQ(std::tie(command.text, command.cwd, command.sandbox, command.started),
            std::make_tuple("make", "/w", "sbx_1", "2026-03-01T14:05:00Z"));
  EXPECT_FALSE(command.open);
  EXPECT_TRUE(command.trusted);
  EXPECT_EQ(command.duration, std::chrono::nanoseconds{1500});
  answers(R"({"items":[]})");
  ASSERT_TRUE(commands_of_sandbox(api, "b/x", {.running = true, .full_screen = true}));
  EXPECT_EQ(last(), "GET /v1/commands?sandbox=b%2Fx&running=true&full_screen=true&limit=100");
  answers(R"({"items":[]})");
  ASSERT_TRUE(commands_of_sandbox(api, "", {}));
  EXPECT_EQ(last(), "GET /v1/commands?limit=100");
}

TEST_F(TerminalTest, TheOutputOfACommandAsTextAndAsBytes) {
  answers(some_command);
  const auto command = terminal.command();
  ASSERT_TRUE(command);
  EXPECT_EQ(last(), "GET /v1/terminals/box%2Fmain/commands/last");
  answers("two\nthree\n", 200, {{"x-berth-complete", "false"}});
  const auto text = terminal.command_text(12, {.tail = 2});
  ASSERT_TRUE(text);
  EXPECT_EQ(last(), "GET /v1/terminals/box%2Fmain/commands/12/output?format=text&tail=2");
  EXPECT_EQ(text->body, "two\nthree\n");
  EXPECT_FALSE(text->complete);

  std::string bytes;
  const auto take = [&bytes](std::string_view part) -> Result<> {
    bytes += part;
    return {};
  };
  outputs(10, "abc", 99);
  outputs(13, "defgh", 99);  // more than was asked for is cut
  ASSERT_TRUE(terminal.command_bytes(*command, take));
  EXPECT_EQ(bytes, "abcdef");
  EXPECT_EQ(last(), "GET /v1/terminals/box%2Fmain/output?from=13&limit=3");
  outputs(10, "abc", 99);
  EXPECT_EQ(terminal.command_bytes(*command, [](std::string_view) -> Result<> { return fail(Code::Cancelled, "enough"); }).error().code,
            Code::Cancelled);
}

TEST_F(TerminalTest, FollowsACommandToItsEnd) {
  const std::string open = R"({"number":4,"state":"open","output_begin":10,"output_end":0})";
  answers(R"({"running":true,"end":12})");
  answers(open);
  outputs(10, "ab", 12);
  answers(R"({"event":"pattern","match":"c"})");
  answers(R"({"running":true,"end":20})");
  answers(R"({"number":4,"state":"done","output_begin":10,"output_end":13,"exit_code":5})");
  outputs(12, "c", 20);
  std::string bytes;
  const auto done = terminal.follow_command({.number = 4, .open = true, .output_begin = ByteOffset{10}}, [&bytes](std::string_view part) -> Result<> {
    bytes += part;
    return {};
  });
  ASSERT_TRUE(done) << done.error().describe() << " after " << last();
  EXPECT_EQ(bytes, "abc");
  EXPECT_EQ(done->exit_code, 5);
  EXPECT_NE(asked.at(3).find(R"("from":12)"), std::string::npos) << asked.at(3);
}

TEST_F(TerminalTest, SearchesPageByPageUntilThereIsEnough) {
  answers(R"({"items":[{"terminal":"trm_1","offset":5,"end":9,"time":"t","text":"warn","match":true,"match_begin":1,"match_end":99,"command":3}],
      "matches":1,"next":"9 x","missing":[]})");
  answers(R"({"items":[{"text":"after","command":null}],"matches":1,"next":"more","missing":[{"terminal":"trm_1","begin":1,"end":2}]})");
  const auto found = terminal.grep({.pattern = "w+", .literal = true, .before = 1, .most = 2});
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_EQ(asked, (std::vector<std::string>{
      "GET /v1/terminals/box%2Fmain/grep?pattern=w%2B&literal=true&context_before=1&context_after=0&limit=2&after=",
      "GET /v1/terminals/box%2Fmain/grep?pattern=w%2B&literal=true&context_before=1&context_after=0&limit=1&after=9%20x"}));
  ASSERT_EQ(found->lines.size(), 2u);
  EXPECT_EQ(found->lines[0].command, 3u);
  EXPECT_EQ(found->lines[0].match_begin, 1u);
  EXPECT_EQ(found->lines[0].match_end, 4u) << "never beyond the text";
  EXPECT_FALSE(found->lines[1].match);
  EXPECT_EQ(found->lines[1].command, std::nullopt);
  EXPECT_EQ(found->matches, 2u);
  EXPECT_TRUE(found->more);
  EXPECT_TRUE(found->missing);
  answers(R"({"items":[],"matches":0,"next":""})");
  const auto none = grep_sandbox(api, "box", {.pattern = "x"});
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->more);
  EXPECT_TRUE(last().starts_with("GET /v1/sandboxes/box/grep?")) << last();
  answers(R"({"items":5})");
  EXPECT_EQ(terminal.grep({.pattern = "x"}).error().code, Code::Internal);
}

TEST_F(TerminalTest, ChangesItsSizeNameAndLife) {
  const std::string path = "POST /v1/terminals/box%2Fmain";
  answers("", 204);
  ASSERT_TRUE(terminal.resize({.cols = 120, .rows = 40}));
  EXPECT_EQ(last(), path + R"(/resize {"cols":120,"rows":40})");
  answers("", 204);
  ASSERT_TRUE(terminal.signal("INT"));
  EXPECT_EQ(last(), path + R"(/signal {"signal":"INT"})");
  answers("", 204);
  ASSERT_TRUE(terminal.signal(13));
  EXPECT_EQ(last(), path + R"(/signal {"signal":13})");
  answers(R"({"name":"tests"})");
  EXPECT_EQ(terminal.rename("tests")->name, "tests");
  EXPECT_EQ(last(), path + R"(/rename {"name":"tests"})");
  answers(R"({"running":false,"signal":1})");
  EXPECT_EQ(terminal.close(std::chrono::milliseconds{5})->signal, 1);
  EXPECT_EQ(last(), path + R"(/close {"grace_ms":5})");
  answers("{}");
  ASSERT_TRUE(terminal.close());
  EXPECT_EQ(last(), path + "/close {}");
}

// Over a socket, as it is used.
TEST(TerminalOverASocket, SendsAndWaits) {
  const os::ScratchDir dir;
  std::vector<std::string> seen;
  ScriptedServer server(dir / "berth.sock", [&seen](const ScriptedServer::Request& request) -> ScriptedServer::Answer {
    seen.push_back(request.method + " " + request.target);
    if (request.target.ends_with("/wait")) return {.status = 200, .body = R"({"event":"idle","end":4})"};
    return {.status = 204};
  });
  const Terminal terminal(Api(unix_endpoint(dir / "berth.sock")), "trm_1");
  ASSERT_TRUE(terminal.send({.text = "ls", .enter = true}));
  const auto happened = terminal.wait(until::Idle{std::chrono::milliseconds{1}});
  ASSERT_TRUE(happened) << happened.error().describe();
  EXPECT_EQ(happened->event, Happened::Event::Idle);
  EXPECT_EQ(seen, (std::vector<std::string>{"POST /v1/terminals/trm_1/keys", "POST /v1/terminals/trm_1/wait"}));
}

}  // namespace
}  // namespace berth::client
