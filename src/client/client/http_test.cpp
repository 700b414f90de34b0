#include "client/http.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "client/api.hpp"
#include "client/scripted_server.hpp"
#include "os/scratch_dir.hpp"

namespace berth::client {
namespace {

class HttpTest : public testing::Test {
 protected:
  os::ScratchDir dir;
  std::string path = dir / "berth.sock";
  Endpoint endpoint = unix_endpoint(path);
};

TEST_F(HttpTest, SendsAndReceivesWhole) {
  ScriptedServer::Request seen;
  ScriptedServer server(path, [&seen](const auto& request) {
    seen = request;
    return ScriptedServer::Answer{.status = 201, .body = "made", .headers = {{"X-Request-Id", "req_1"}}};
  });
  endpoint.key = "secret";
  endpoint.prefix = "/below";
  auto answer = send(endpoint, {.method = "POST", .target = "/v1/x", .body = "{}", .content_type = "application/json"});
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->status, 201u);
  EXPECT_EQ(answer->body, "made");
  EXPECT_EQ(answer->headers.at("x-request-id"), "req_1");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/below/v1/x");
  EXPECT_EQ(seen.body, "{}");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer secret");
}

TEST_F(HttpTest, NoServerIsUnavailableAndSaysWhatToDo) {
  auto answer = send(endpoint, {.target = "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Unavailable);
  EXPECT_NE(answer.error().hint.find("berth server start"), std::string::npos);
  { ScriptedServer gone(path, {}); }
  EXPECT_EQ(send(endpoint, {.target = "/"}).error().code, Code::Unavailable) << "a socket that nobody listens on";
}

TEST_F(HttpTest, ASilentServerIsATimeout) {
  std::promise<void> release;
  ScriptedServer server(path, [wait = release.get_future().share()](const auto&) {
    wait.wait();
    return ScriptedServer::Answer{};
  });
  auto answer = send(endpoint, {.target = "/", .timeout = std::chrono::milliseconds{20}});
  release.set_value();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Timeout);
}

TEST_F(HttpTest, AnAnswerOverTheLimitIsRefused) {
  ScriptedServer server(path, [](const auto&) { return ScriptedServer::Answer{.body = std::string(1000, 'x')}; });
  auto answer = send(endpoint, {.target = "/", .answer_limit = 999});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::TooLarge);
}

TEST_F(HttpTest, UnknownHostAndUnreachablePort) {
  Endpoint nowhere{.transport = Endpoint::Transport::Tcp, .host = "127.0.0.1", .port = 1};
  EXPECT_EQ(send(nowhere, {.target = "/"}).error().code, Code::Unavailable);
  Endpoint tls{.transport = Endpoint::Transport::Tls, .host = "127.0.0.1", .port = 1, .ca_file = path};
  EXPECT_EQ(send(tls, {.target = "/"}).error().code, Code::Unavailable);
}

TEST_F(HttpTest, ApiTurnsProblemsIntoErrors) {
  ScriptedServer server(path, [](const auto&) {
    return ScriptedServer::Answer{.status = 404,
                                  .body = R"({"code":"not_found","detail":"No such sandbox.","hint":"See berth ls."})"};
  });
  auto answer = Api(endpoint).get("/v1/sandboxes/x");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::NotFound);
  EXPECT_EQ(answer.error().message, "No such sandbox.");
  EXPECT_EQ(answer.error().hint, "See berth ls.");
}

TEST(Api, ListsFollowTheCursor) {
  std::vector<std::string> targets;
  Api api([&targets](const Request& request) -> Result<Response> {
    targets.push_back(request.target);
    if (targets.size() == 1) return Response{.status = 200, .body = R"({"items":[1,2],"next":"a b"})"};
    return Response{.status = 200, .body = R"({"items":[3],"next":""})"};
  });
  auto items = api.list("/v1/commands?sandbox=x");
  ASSERT_TRUE(items);
  EXPECT_EQ(items->size(), 3u);
  EXPECT_EQ(targets, (std::vector<std::string>{"/v1/commands?sandbox=x&limit=100",
                                               "/v1/commands?sandbox=x&limit=100&after=a%20b"}));
}

TEST(Api, ListsStopAtTheMostThatIsWanted) {
  int calls = 0;
  Api api([&calls](const Request& request) -> Result<Response> {
    ++calls;
    EXPECT_NE(request.target.find("limit=2"), std::string::npos) << request.target;
    return Response{.status = 200, .body = R"({"items":[1,2],"next":"more"})"};
  });
  EXPECT_EQ(api.list("/v1/x", 2)->size(), 2u);
  EXPECT_EQ(calls, 1);
}

TEST(Api, StrangeAnswersAreErrorsNotCrashes) {
  for (const char* body : {"{", "[]", "{}", R"({"items":5})"}) {
    Api api([body](const Request&) -> Result<Response> { return Response{.status = 200, .body = body}; });
    EXPECT_FALSE(api.list("/v1/x")) << body;
  }
  Api api(
      [](const Request&) -> Result<Response> { return Response{.status = 200, .headers = {{"x-berth-from", "x"}}}; });
  EXPECT_FALSE(api.output("t", 0, 1));
}

TEST(Api, ARecordingHasWhatWasTypedWhenItIsAskedFor) {
  std::vector<std::string> targets;
  Api api([&targets](const Request& request) -> Result<Response> {
    targets.push_back(request.target);
    return Response{.status = 200};
  });
  const auto sink = [](std::string_view) -> Result<> { return {}; };
  ASSERT_TRUE(api.recording({.terminal = "trm_1", .format = "asciicast-v2", .from = "cmd:12", .to = {}}, sink));
  ASSERT_TRUE(api.recording({.terminal = "trm_1", .format = "asciicast-v3", .from = {}, .to = {}, .input = true}, sink));
  EXPECT_EQ(targets, (std::vector<std::string>{"/v1/terminals/trm_1/recording?format=asciicast-v2&from=cmd%3A12",
                                               "/v1/terminals/trm_1/recording?format=asciicast-v3&input=true"}));
}

TEST(Api, OutputSaysWhereItIs) {
  Api api([](const Request& request) -> Result<Response> {
    EXPECT_EQ(request.target, "/v1/terminals/trm_1/output?from=3&limit=5");
    return Response{.status = 200,
                    .headers = {{"x-berth-from", "3"}, {"x-berth-end", "9"}, {"x-berth-running", "true"}},
                    .body = "abcde"};
  });
  auto part = api.output("trm_1", 3, 5);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->bytes, "abcde");
  EXPECT_EQ(part->from, 3u);
  EXPECT_EQ(part->end, 9u);
  EXPECT_TRUE(part->running);
}

}  // namespace
}  // namespace berth::client
