#include "cli/actions.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <map>

#include "cli/fixture.hpp"
#include "cli/targets.hpp"

namespace berth::cli {
namespace {
namespace json = boost::json;

// Answers by "METHOD /path" (without the query); anything else is a 404 problem.
client::ScriptedServer::Handler routes(std::map<std::string, std::string> table,
                                       std::vector<std::string>* seen = nullptr) {
  return [table, seen](const Stage::Request& request) -> Stage::Answer {
    if (seen != nullptr) seen->push_back(request.method + " " + request.target + " " + request.body);
    auto found = table.find(request.method + " " + request.target.substr(0, request.target.find('?')));
    if (found != table.end()) return {.status = 200, .body = found->second};
    return {.status = 404,
            .body = R"({"code":"not_found","detail":"There is no such thing.","hint":"Look with berth ls."})"};
  };
}

constexpr const char* two_sandboxes = R"({"items":[
  {"id":"sbx_2","name":"beta","state":"stopped","template":"debian","isolation":"container","limits":{"memory_bytes":1048576}},
  {"id":"sbx_1","name":"alpha","state":"running","template":"busybox","isolation":"gvisor","limits":{"memory_bytes":536870912}}],"next":""})";

TEST(Verbs, LsShowsWhatRunsOrAll) {
  Stage stage;
  client::ScriptedServer server(stage.socket(), routes({{"GET /v1/sandboxes", two_sandboxes}}));
  ASSERT_EQ(list(stage.context, {}), Success);
  EXPECT_NE(stage.printed().find("alpha  running  busybox   gvisor     512 MiB"), std::string::npos) << stage.printed();
  EXPECT_EQ(stage.printed().find("beta"), std::string::npos) << stage.printed();
  ASSERT_EQ(list(stage.context, {.all = true}), Success);
  EXPECT_NE(stage.printed().find("beta"), std::string::npos) << stage.printed();
}

TEST(Verbs, LsAsJsonIsAnArrayOfTheApisObjects) {
  Stage stage(true);
  client::ScriptedServer server(stage.socket(), routes({{"GET /v1/sandboxes", two_sandboxes}}));
  ASSERT_EQ(list(stage.context, {.all = true}), Success);
  json::value printed = json::parse(stage.printed());
  ASSERT_EQ(printed.as_array().size(), 2u);
  EXPECT_EQ(printed.as_array()[1].at("limits").at("memory_bytes").as_int64(), 536870912);
}

TEST(Verbs, StopGoesOnAfterAnErrorAndGivesItsCode) {
  Stage stage;
  std::vector<std::string> seen;
  client::ScriptedServer server(stage.socket(), routes({{"POST /v1/sandboxes/b/stop", "{}"}}, &seen));
  EXPECT_EQ(stop(stage.context, {.sandboxes = {"a", "b"}, .grace = std::chrono::milliseconds{5}}), InvalidOrMissing);
  EXPECT_EQ(stage.printed(), "b\n");
  EXPECT_EQ(stage.said(), "berth: There is no such thing.\nhint: Look with berth ls.\n");
  EXPECT_EQ(seen.back(), R"(POST /v1/sandboxes/b/stop {"grace_ms":5})");
}

TEST(Verbs, HistoryIsOldestFirstForPeople) {
  Stage stage;
  client::ScriptedServer server(stage.socket(),
                                routes({{"GET /v1/sandboxes", two_sandboxes}, {"GET /v1/commands", R"({"items":[
    {"sandbox":"sbx_1","text":"make\ntest","cwd":"/w","exit_code":2,"state":"done","started":"2026-01-01T00:00:02Z","duration_ns":1500000000},
    {"sandbox":"sbx_9","text":"ls","cwd":"/","exit_code":null,"state":"open","started":"2026-01-01T00:00:01Z","duration_ns":null}],"next":""})"}}));
  ASSERT_EQ(history(stage.context, {}), Success);
  std::string shown = stage.printed();
  EXPECT_LT(shown.find("sbx_9"), shown.find("alpha")) << shown;
  EXPECT_NE(shown.find("alpha    2     1.5 s     /w         make test"), std::string::npos) << shown;
  EXPECT_NE(shown.find("runs"), std::string::npos) << shown;
}

TEST(Verbs, ExecStreamsBothOutputsAndGivesTheExitCode) {
  Stage stage(false, "typed");
  std::vector<std::string> seen, received;
  client::ScriptedServer server(
      stage.socket(), routes({{"POST /v1/sandboxes/box/terminals", R"({"id":"trm_x","kind":"pipes"})"}}, &seen),
      [&](auto& peer) {
        peer.hello(0);
        for (client::ScriptedServer::Peer::Message message; received.size() < 2 && peer.read(message);)
          received.push_back(message.data);
        peer.output(1, 0, "out\n");
        peer.output(2, 4, "err\n");
        peer.text(R"({"type":"exit","exit_code":9,"signal":null,"end":8,"reason":""})");
      });
  EXPECT_EQ(exec(stage.context, {.sandbox = "box", .cwd = "/w", .env = {{"A", "1"}}, .command = {"sh", "-c", "x"}}), 9);
  EXPECT_EQ(stage.printed(), "out\n");
  EXPECT_EQ(stage.said(), "err\n");
  EXPECT_EQ(seen.at(0),
            R"(POST /v1/sandboxes/box/terminals {"kind":"pipes","argv":["sh","-c","x"],"cwd":"/w","env":{"A":"1"}})");
  EXPECT_EQ(received, (std::vector<std::string>{"typed", R"({"type":"close_input"})"}));
}

TEST(Verbs, AKilledCommandIs128AndItsSignal) {
  Stage stage;
  client::ScriptedServer server(stage.socket(), routes({{"POST /v1/sandboxes/box/terminals", R"({"id":"trm_x"})"}}),
                                [](auto& peer) {
                                  peer.hello(0);
                                  peer.text(R"({"type":"exit","exit_code":null,"signal":9,"end":0,"reason":""})");
                                });
  EXPECT_EQ(exec(stage.context, {.sandbox = "box", .command = {"x"}}), 137);
}

TEST(Verbs, ATerminalThatEndedWithItsSandboxIsAnError) {
  Stage stage;
  client::ScriptedServer server(
      stage.socket(), routes({{"POST /v1/sandboxes/box/terminals", R"({"id":"trm_x"})"}}), [](auto& peer) {
        peer.hello(0);
        peer.text(R"({"type":"exit","exit_code":null,"signal":null,"end":0,"reason":"The sandbox was stopped."})");
      });
  auto code = exec(stage.context, {.sandbox = "box", .command = {"x"}});
  ASSERT_FALSE(code);
  EXPECT_NE(code.error().message.find("The sandbox was stopped."), std::string::npos);
}

TEST(Verbs, ExecAsJsonIsTheApisResult) {
  Stage stage(true);
  std::vector<std::string> seen;
  client::ScriptedServer server(stage.socket(),
                                routes({{"POST /v1/sandboxes/box/exec", R"({"exit_code":4,"stdout":"x"})"}}, &seen));
  EXPECT_EQ(exec(stage.context, {.sandbox = "box", .command = {"true"}}), 4);
  EXPECT_EQ(stage.printed(), R"({"exit_code":4,"stdout":"x"})"
                             "\n");
  EXPECT_EQ(seen.at(0), R"(POST /v1/sandboxes/box/exec {"argv":["true"]})");
}

TEST(Verbs, LogsFollowPages) {
  Stage stage;
  int pages = 0;
  client::ScriptedServer server(stage.socket(), [&pages](const Stage::Request& request) -> Stage::Answer {
    if (request.target.ends_with("/terminals")) return {.body = R"({"items":[{"id":"trm_x"}]})"};
    ++pages;
    bool first = request.target.find("from=0&") != std::string::npos;
    return {.body = first ? "hello " : "world",
            .headers = {{"X-Berth-From", first ? "0" : "6"}, {"X-Berth-End", "11"}, {"X-Berth-Running", "true"}}};
  });
  ASSERT_EQ(logs(stage.context, {.target = "box"}), Success);
  EXPECT_EQ(stage.printed(), "hello world");
  EXPECT_EQ(pages, 2);
}

TEST(Verbs, TheTerminalThatIsMeant) {
  json::array terminals = json::parse(R"([{"id":"1","kind":"pty","running":true},{"id":"2","kind":"pty","running":true},
    {"id":"3","kind":"pipes","running":true},{"id":"4","kind":"pty","running":false}])")
                              .as_array();
  EXPECT_EQ(choose_terminal(terminals, Want::Running)->at("id").as_string(), "2");
  EXPECT_EQ(choose_terminal(terminals, Want::Any)->at("id").as_string(), "4");
  EXPECT_EQ(
      choose_terminal(json::parse(R"([{"id":"1","kind":"pipes"},{"id":"2","kind":"pipes"}])").as_array(), Want::Any)
          ->at("id")
          .as_string(),
      "1");
  EXPECT_EQ(choose_terminal({}, Want::Any), nullptr);
  EXPECT_EQ(choose_terminal(json::parse(R"([{"id":"9","kind":"pipes","running":true}])").as_array(), Want::Running)
                ->at("id")
                .as_string(),
            "9");
  EXPECT_EQ(choose_terminal(json::parse(R"([5,{"running":false}])").as_array(), Want::Running), nullptr);
}

TEST(Verbs, WithoutAServerTheHintSaysHowToStartOne) {
  Stage stage;
  auto code = list(stage.context, {});
  ASSERT_FALSE(code);
  EXPECT_EQ(stage.context.output.fail(code.error()), Failure);
  EXPECT_NE(stage.said().find("hint: Start one with `berth server start`."), std::string::npos) << stage.said();
}

TEST(Verbs, SettingsComeFromTheHome) {
  Stage stage;
  ASSERT_TRUE(os::durable_write(stage.dir / "config.yaml", "sandbox:\n  memory_bytes: 1GiB\n"));
  ASSERT_EQ(show_settings(stage.context), Success);
  EXPECT_NE(stage.printed().find("1GiB"), std::string::npos) << stage.printed();
  ASSERT_EQ(check_settings(stage.context), Success);
  ASSERT_TRUE(os::durable_write(stage.dir / "config.yaml", "nothing: 1\n"));
  EXPECT_EQ(check_settings(stage.context), InvalidOrMissing);
}

}  // namespace
}  // namespace berth::cli
