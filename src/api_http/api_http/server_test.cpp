#include "api_http/server.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json.hpp>

#include "api_http/route.hpp"
#include "api_http/test_server.hpp"

namespace berth::api_http {
namespace {

namespace json = boost::json;

template <class... F>
struct Overloaded : F... { using F::operator()...; };

// An outcome of the kind that each action has.
Result<control::Outcome> empty_outcome(const control::Caller&, const control::Action& action) {
  using namespace control;
  return std::visit(
      Overloaded{
          [](const CreateSandbox&) -> Outcome { return store::SandboxRow{}; }, [](const GetSandbox&) -> Outcome { return store::SandboxRow{}; },
          [](const StopSandbox&) -> Outcome { return store::SandboxRow{}; }, [](const PauseSandbox&) -> Outcome { return store::SandboxRow{}; },
          [](const ResumeSandbox&) -> Outcome { return store::SandboxRow{}; },
          [](const ListSandboxes&) -> Outcome { return store::Page<store::SandboxRow>{{store::SandboxRow{}}, "next"}; },
          [](const SandboxStats&) -> Outcome { return SandboxStatsInfo{}; }, [](const StartTerminal&) -> Outcome { return TerminalInfo{}; },
          [](const GetTerminal&) -> Outcome { return TerminalInfo{}; },
          [](const ListTerminals&) -> Outcome { return std::vector<TerminalInfo>{TerminalInfo{}}; },
          [](const ReadOutput&) -> Outcome { return OutputPart{{3}, "bytes", {8}, true}; }, [](const Exec&) -> Outcome { return ExecResult{}; },
          [](const RenameTerminal&) -> Outcome { return TerminalInfo{}; }, [](const CloseTerminal&) -> Outcome { return TerminalInfo{}; },
          [](const GetCommand&) -> Outcome { return store::CommandRow{}; }, [](const GetCommandOutput&) -> Outcome { return CommandOutput{}; },
          [](const Grep&) -> Outcome { return GrepPage{.lines = {GrepLine{}}, .next = "next", .missing = {GrepMissing{}}}; },
          [](const WaitTerminal&) -> Outcome { return WaitResult{}; },
          [](const ListCommands&) -> Outcome { return store::Page<store::CommandRow>{{store::CommandRow{}}, ""}; },
          [](const StatFile&) -> Outcome { return FileEntry{}; }, [](const ListFiles&) -> Outcome { return FileList{{FileEntry{}}, true}; },
          [](const ReadFile&) -> Outcome { return FileData{"bytes", true}; },
          [](const ListTemplates&) -> Outcome { return std::vector<TemplateInfo>{TemplateInfo{}}; },
          [](const BuildTemplate&) -> Outcome { return TemplateInfo{}; }, [](const GetServerInfo&) -> Outcome { return ServerInfo{}; },
          [](const GetScreen&) -> Outcome { return ScreenView{}; }, [](const ListJobs&) -> Outcome { return store::Page<store::JobRow>{}; }, [](const RetryJob&) -> Outcome { return store::JobRow{}; },
          [](const CancelJob&) -> Outcome { return store::JobRow{}; },
          [](const CreateSession&) -> Outcome { return sessions::Made{}; }, [](const CopySession&) -> Outcome { return sessions::Made{}; },
          [](const GetSession&) -> Outcome { return sessions::Content{{}, 1, "{}"}; },
          [](const ListSessions&) -> Outcome { return sessions::Listed{}; },
          [](const ListVersions&) -> Outcome { return std::vector<store::RevisionRow>{}; },
          [](const CompareVersions&) -> Outcome { return Difference{"[]"}; },
          [](const AppendEntry&) -> Outcome { return sessions::Appended{}; }, [](const ListEntries&) -> Outcome { return sessions::Entries{}; },
          [](const RemoveSession&) -> Outcome { return Done{}; },
          [](const CreateSnapshot&) -> Outcome { return snapshots::Made{}; }, [](const DeriveSnapshot&) -> Outcome { return snapshots::Made{}; },
          [](const ImportSnapshot&) -> Outcome { return snapshots::Received{}; }, [](const ListSnapshots&) -> Outcome { return snapshots::Listed{}; },
          [](const GetSnapshot&) -> Outcome { return snapshots::View{}; },
          [](const ReadPart&) -> Outcome { return std::shared_ptr<SnapshotStream>(std::make_shared<FakeSnapshot>(false)); },
          [](const ExportSnapshot&) -> Outcome { return std::shared_ptr<SnapshotStream>(std::make_shared<FakeSnapshot>(true)); },
          [](const CopySnapshot&) -> Outcome { return sessions::Made{}; }, [](const ScanSnapshot&) -> Outcome { return snapshots::Scanned{}; },
          [](const VerifySnapshot&) -> Outcome { return store::SnapshotRow{}; }, [](const ShareSnapshot&) -> Outcome { return snapshots::Shared{}; },
          [](const UnshareSnapshot&) -> Outcome { return store::SnapshotRow{}; }, [](const VisitSnapshot&) -> Outcome { return snapshots::Visit{}; },
          [](const ListVisits&) -> Outcome { return snapshots::Visits{}; },
          [](const DescribeSession&) -> Outcome { return store::SessionRow{}; }, [](const ReplaceSession&) -> Outcome { return store::SessionRow{}; },
          [](const PatchSession&) -> Outcome { return store::SessionRow{}; }, [](const RenameSession&) -> Outcome { return store::SessionRow{}; },
          [](const RestoreSession&) -> Outcome { return store::SessionRow{}; }, [](const CloseSession&) -> Outcome { return store::SessionRow{}; },
          [](const ResumeSession&) -> Outcome { return store::SessionRow{}; },
          [](const CleanSessions&) -> Outcome { return std::vector<store::SessionRow>{}; },
          [](const AddDevice&) -> Outcome { return sessions::DeviceKey{}; }, [](const GetDevice&) -> Outcome { return sessions::DeviceKey{}; },
          [](const ListDevices&) -> Outcome { return std::vector<sessions::Device>{sessions::Device{}}; },
          [](const ExportTerminal&) -> Outcome { return std::shared_ptr<RecordingStream>(std::make_shared<FakeRecording>()); },
          [](const ImportRecording&) -> Outcome { return TerminalInfo{}; },
          [](const AddUser&) -> Outcome { return store::UserRow{}; }, [](const ChangeUser&) -> Outcome { return store::UserRow{}; },
          [](const ListUsers&) -> Outcome { return std::vector<store::UserRow>{}; },
          [](const CreateKey&) -> Outcome { return NewKey{}; }, [](const ListKeys&) -> Outcome { return std::vector<store::KeyRow>{}; },
          [](const auto&) -> Outcome { return Done{}; }},
      action);
}

std::string concrete(std::string pattern) {
  const std::string terminal = "trm_00000000000000000000000000";
  for (const auto& [placeholder, value] : {std::pair<std::string, std::string>{"{sandbox}", "x"}, {"{terminal}", terminal},
        {"{job}", "job_00000000000000000000000000"}, {"{name}", "y"}, {"{number}", "7"}, {"{key}", "key_00000000000000000000000000"}, {"{user}", "ada"},
        {"{session}", "ses_00000000000000000000000000"}, {"{version}", "1"}, {"{log}", "usage"}, {"{device}", "x"},
        {"{snapshot}", "snp_00000000000000000000000000"}})
    if (const auto at = pattern.find(placeholder); at != std::string::npos) pattern.replace(at, placeholder.size(), value);
  return pattern;
}

std::string body_for(const Route& route) {
  if (route.body.kind == BodyKind::Document || route.body.kind == BodyKind::Patch) return route.operation == "append_entry" ? R"({"id":"x"})" : R"({"title":"x"})";
  if (route.body.kind == BodyKind::Bytes || route.body.kind == BodyKind::Stream) return "bytes";
  if (route.body.kind == BodyKind::None) return "";
  if (route.operation == "create_snapshot") return R"({"session":"ses_00000000000000000000000000"})";
  if (route.operation == "share_snapshot") return R"({"visibility":"link"})";
  json::object body;
  const json::object schema = route.body.make_schema();
  if (const auto* required = schema.if_contains("required"))
    for (const auto& name : required->as_array()) {
      const auto& types = schema.at("properties").at(name.as_string()).at("type");
      const auto type = types.is_array() ? types.at(1).as_string() : types.as_string();
      body[name.as_string()] = type == "string" ? json::value("/x") : type == "array" ? json::value(json::array{"x"}) : json::value(9);
    }
  return json::serialize(body);
}

TEST_F(ServerTest, EveryRouteOfTheTableAnswersAsItIsDocumented) {
  control.expect(empty_outcome);
  start();
  for (const Route& route : routes()) {
    if (route.upgrades() || route.streams) continue;  // tests/e2e/events_test.py reads streams
    Client client(server->port());  // one whose body nobody reads to its end is closed
    std::string target = concrete(std::string(route.pattern));
    for (const Parameter& parameter : route.query)
      if (parameter.required)
        target += (target.contains('?') ? "&" : "?") + std::string(parameter.name) + (parameter.schema.at("type") == "integer" ? "=1" : "=/x");
    const bool patch = route.body.kind == BodyKind::Patch;
    ASSERT_TRUE(client.send(request(route.method, target, body_for(route), patch ? "Content-Type: application/merge-patch+json\r\n" : "")));
    const Received answer = client.read();
    EXPECT_EQ(answer.status, route.answer.status) << route.method << " " << target << " " << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), route.answer.content_type) << target;
    EXPECT_EQ(answer.header("X-Request-Id").size(), 30u) << target;
    for (const auto name : route.answer.headers) EXPECT_EQ(count_header(answer.headers, name), 1u) << target << " " << name;
    if (route.answer.status == 204) EXPECT_EQ(count_header(answer.headers, "Content-Length"), 0u) << target;
  }
}

TEST_F(ServerTest, ErrorsAreProblemDocumentsWithTheRequestId) {
  control.expect([](const control::Caller& caller, const auto&) -> Result<control::Outcome> {
    EXPECT_EQ(caller.owner, "alice");
    EXPECT_EQ(caller.address, "127.0.0.1");
    EXPECT_TRUE(caller.request_id.starts_with("req_"));
    return std::unexpected(Error{.code = Code::RateLimited, .message = "Too many.", .hint = "Wait.", .subject = "/root/x",
                                 .retry_after = std::chrono::milliseconds{2'500}});
  });
  start();
  const Received answer = ask(request("GET", "/v1/info"));
  EXPECT_EQ(answer.status, 429u);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.header("Retry-After"), "3");
  const auto body = json::parse(answer.body).as_object();
  EXPECT_EQ(body.at("code").as_string(), "rate_limited");
  EXPECT_EQ(body.at("request_id").as_string(), answer.header("X-Request-Id"));
  EXPECT_EQ(answer.body.find("/root"), std::string::npos);
}

TEST_F(ServerTest, ADefectBelowIsAnAnswerToo) {
  control.expect([](const auto&, const auto&) -> Result<control::Outcome> { throw std::runtime_error("secret"); });
  start();
  const Received answer = ask(request("GET", "/v1/info"));
  EXPECT_EQ(answer.status, 500u);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
}

TEST_F(ServerTest, WithoutAKnownKeyThereAreOnlyPages) {
  start();
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\n";
  for (const char* page : {"/healthz", "/readyz", "/metrics", "/openapi.json"})
    EXPECT_EQ(ask("GET " + std::string(page) + head + "\r\n").status, 200u) << page;
  for (const char* key : {"", "Authorization: Bearer bad\r\n", "Authorization: Basic good\r\n", "Authorization: Bearer \r\n",
                          "Authorization: Bearer good\r\nAuthorization: Bearer good\r\n"}) {
    const Received answer = ask("GET /v1/info" + head + key + "\r\n");
    EXPECT_EQ(answer.status, 401u) << key;
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer");
  }
  EXPECT_EQ(control.performed(), 0u);
  control.set_ready(false);
  EXPECT_EQ(ask("GET /readyz" + head + "\r\n").status, 503u);
}

TEST_F(ServerTest, AForeignOriginOrHostIsRefusedBeforeAnyWork) {
  start({.origins = {"https://bench.example"}});
  EXPECT_EQ(ask(request("GET", "/v1/info", {}, "Origin: http://evil.example\r\n")).status, 403u);
  EXPECT_EQ(ask("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 403u);
  EXPECT_EQ(ask("GET /healthz HTTP/1.1\r\n\r\n").status, 400u);
  EXPECT_EQ(control.performed(), 0u);
  control.expect(empty_outcome);
  EXPECT_EQ(ask(request("GET", "/v1/info", {}, "Origin: http://localhost\r\n")).status, 200u);
  const Received allowed = ask(request("GET", "/v1/info", {}, "Origin: https://bench.example\r\n"));
  EXPECT_EQ(allowed.status, 200u);
  EXPECT_EQ(allowed.header("Access-Control-Allow-Origin"), "https://bench.example");
  EXPECT_EQ(ask(request("OPTIONS", "/v1/info", {}, "Origin: https://bench.example\r\n")).status, 204u);
  EXPECT_EQ(ask(request("OPTIONS", "/v1/info")).status, 405u);
}

TEST_F(ServerTest, TheUnixSocketIsTheLocalUserWithoutAKey) {
  const auto directory = std::filesystem::temp_directory_path() / ("berth-http-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  control.expect([](const control::Caller& caller, const control::Action& action) {
    EXPECT_EQ(caller.owner, "local");
    return empty_outcome(caller, action);
  });
  start({.socket = directory / "s"});
  {
    boost::asio::io_context io;
    boost::asio::local::stream_protocol::socket socket(io);
    socket.connect({(directory / "s").string()});
    boost::asio::write(socket, boost::asio::buffer(std::string("GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    std::string answer;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(answer), "\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  }
  stopping(std::chrono::milliseconds{1'000}).get();
  EXPECT_FALSE(std::filesystem::exists(directory / "s"));
  std::filesystem::remove_all(directory);
}

TEST_F(ServerTest, RequestsOfOneConnectionAreAnsweredInOrder) {
  control.expect(empty_outcome);
  start();
  Client client(server->port());
  client.send(request("GET", "/v1/info") + request("HEAD", "/v1/info") + request("GET", "/v1/nothing") +
              request("PUT", "/v1/sandboxes/x/files?path=/f", "bytes") + request("GET", "/healthz"));
  EXPECT_NE(client.read().body.find("\"version\""), std::string::npos);
  const Received head = client.read(true);
  EXPECT_EQ(head.status, 200u);
  EXPECT_NE(head.header("Content-Length"), "0");
  EXPECT_EQ(client.read().status, 404u);
  EXPECT_EQ(client.read().status, 204u);
  EXPECT_EQ(client.read().body, "ok\n");
}

TEST_F(ServerTest, OldClientsGetTheirAnswerAndTheConnectionEnds) {
  start();
  Client client(server->port());
  client.send("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read().status, 200u);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, ABodyIsAskedForOnlyWhenItIsWanted) {
  control.expect(empty_outcome);
  start();
  Client client(server->port());
  client.send("PUT /v1/sandboxes/x/files?path=/f HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\n"
              "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read(true).status, 100u);
  client.send("bytes");
  EXPECT_EQ(client.read().status, 204u);
  client.send("PUT /v1/sandboxes/x/files?path=/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 401u);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, AWebSocketIsHandedOverUnanswered) {
  control.expect([](const auto&, const auto&) -> Result<control::Outcome> { return std::shared_ptr<control::Attachment>{}; });
  start();
  const std::string target = "/v1/terminals/trm_00000000000000000000000000/attach?from=0";
  const std::string upgrade = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  const Received plain = ask(request("GET", target));
  EXPECT_EQ(plain.status, 426u);
  EXPECT_EQ(plain.header("Upgrade"), "websocket");
  EXPECT_EQ(ask(request("GET", target, {}, upgrade) + "early").status, 400u);
  const std::string by_protocol = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + upgrade;
  EXPECT_EQ(ask(by_protocol + "Sec-WebSocket-Protocol: berth.terminal.v1, berth.key.bad\r\n\r\n").status, 401u);
  EXPECT_EQ(ask(by_protocol + "Sec-WebSocket-Protocol: berth.terminal.v1\r\n\r\n").status, 401u);
  EXPECT_EQ(upgraded(), 0u);
  ASSERT_TRUE(eventually([&] { return server->connections() == 0; }));  // those before have gone
  Client client(server->port());
  client.send(by_protocol + "Sec-WebSocket-Protocol: berth.terminal.v1, berth.key.good\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return upgraded() == 1; }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(upgrades[0].handshake_key, "AAAAAAAAAAAAAAAAAAAAAA==");
  EXPECT_TRUE(upgrades[0].names_protocol);
  EXPECT_TRUE(upgrades[0].connection);
  EXPECT_EQ(server->connections(), 1u);  // it goes on to count
}

TEST_F(ServerTest, StoppingFinishesWhatRunsAndTakesNothingNew) {
  control.expect(empty_outcome);
  start();
  Client idle(server->port()), busy(server->port());
  idle.send(request("GET", "/v1/info"));
  EXPECT_EQ(idle.read().status, 200u);
  control.hold();
  busy.send(request("GET", "/v1/info"));
  ASSERT_TRUE(eventually([&] { return control.waiting() == 1; }));
  auto stopped = stopping(std::chrono::milliseconds{20'000});
  EXPECT_TRUE(idle.closed());
  control.release();
  const Received answer = busy.read();
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.header("Connection"), "close");
  stopped.get();
  EXPECT_EQ(server->connections(), 0u);
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket refused(io);
  boost::system::error_code error;
  refused.connect({boost::asio::ip::address_v4::loopback(), server->port()}, error);
  EXPECT_TRUE(error);
}

// A server over given sockets ends; its client between two requests, and one that connects to nobody, go on with the next.
TEST_F(ServerTest, AnotherServerGoesOnWithSocketsAndIdleClients) {
  control.expect(empty_outcome);
  const auto sockets = listen({});
  ASSERT_TRUE(sockets);
  const auto open = [&] {
    auto opened = *Server::open(runtime, control, {}, {}, [](Upgraded) {}, &*sockets);
    opened->accept();
    return opened;
  };
  server = open();
  runtime.start();
  Client idle(server->port()), silent(server->port());
  idle.send(request("GET", "/v1/info"));
  EXPECT_EQ(idle.read().status, 200u);
  ASSERT_TRUE(eventually([&] { return server->connections() == 2; }));
  auto left = boost::asio::co_spawn(runtime.at(0), server->hand_over(std::chrono::seconds{20}), boost::asio::use_future).get();
  EXPECT_EQ(left.size(), 2u);
  EXPECT_EQ(server->connections(), 0u);
  Client waiting(server->port());
  waiting.send(request("GET", "/v1/info"));
  server = open();
  for (auto& client : left) server->adopt(std::move(client));
  EXPECT_EQ(waiting.read().status, 200u);
  for (Client* client : {&idle, &silent}) {
    client->send(request("GET", "/v1/info"));
    EXPECT_EQ(client->read().status, 200u);
  }
}

TEST_F(ServerTest, StoppingDoesNotWaitForEverForARequest) {
  start();
  control.hold();
  Client busy(server->port());
  busy.send(request("GET", "/v1/info"));
  ASSERT_TRUE(eventually([&] { return control.waiting() == 1; }));
  stopping(std::chrono::milliseconds{50}).get();
  EXPECT_EQ(server->connections(), 0u);
}

}  // namespace
}  // namespace berth::api_http
