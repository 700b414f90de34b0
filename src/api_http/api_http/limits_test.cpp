#include "api_http/test_server.hpp"

namespace berth::api_http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

Result<control::Outcome> done(const control::Caller&, const control::Action&) { return control::Done{}; }

TEST_F(ServerTest, ABodyOverItsLimitIsRefusedBeforeItIsSent) {
  start({.limits = {.body_bytes = 100, .file_bytes = 1000}});
  control.expect(done);
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\nContent-Length: ";
  const Received announced = ask("POST /v1/sandboxes" + head + "1099511627776\r\n\r\n");
  EXPECT_EQ(announced.status, 413u);
  EXPECT_NE(announced.body.find("1099511627776 bytes; the limit is 100"), std::string::npos) << announced.body;
  EXPECT_EQ(ask(request("POST", "/v1/sandboxes", std::string(101, ' '))).status, 413u);
  EXPECT_EQ(ask(request("PUT", "/v1/sandboxes/x/files?path=/f", std::string(1000, ' '))).status, 204u);
  EXPECT_EQ(ask(request("PUT", "/v1/sandboxes/x/files?path=/f", std::string(1001, ' '))).status, 413u);
  std::string chunked = request("PUT", "/v1/sandboxes/x/files?path=/f", {}, "Transfer-Encoding: chunked\r\n");
  for (int i = 0; i < 3; ++i) chunked += "190\r\n" + std::string(400, 'x') + "\r\n";
  EXPECT_EQ(ask(chunked + "0\r\n\r\n").status, 413u);
  EXPECT_EQ(ask(request("GET", "/v1/info", "{}")).status, 400u);
  EXPECT_EQ(control.performed(), 1u);
}

TEST_F(ServerTest, ALargeRefusedBodyDoesNotLoseTheAnswer) {
  start({.limits = {.body_bytes = 100}});
  Client client(server->port());
  client.send(request("POST", "/v1/sandboxes", std::string(4 << 20, ' ')));
  EXPECT_EQ(client.read().status, 413u);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, AHeaderOverItsLimitIsRefused) {
  start({.limits = {.header_bytes = 2048}});
  for (const std::string& text : {request("GET", "/v1/info", {}, "X-Long: " + std::string(3000, 'x') + "\r\n"),
                                  request("GET", "/v1/info", {}, "X-Long: " + std::string(300'000, 'x') + "\r\n"),
                                  "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n"}) {
    const Received answer = ask(text);
    EXPECT_TRUE(answer.status == 431 || answer.status == 400) << answer.status;
  }
}

TEST_F(ServerTest, BytesThatAreNoRequestGetOneAnswerAndTheEnd) {
  start();
  for (const std::string& raw : {"\0\0\0\0\r\n\r\n"s, std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET\r\n\r\n"),
                                 "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS hello\r\n\r\n"s,
                                 std::string("GET / HTTP/1.1\r\nNo colon\r\n\r\n"),
                                 std::string("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\n"),
                                 std::string("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")}) {
    Client client(server->port());
    client.send(raw);
    EXPECT_EQ(client.read().status, 400u) << raw;
    EXPECT_TRUE(client.closed());
  }
  const Received chunk = ask(request("POST", "/v1/sandboxes", {}, "Transfer-Encoding: chunked\r\n") + "zz\r\n");
  EXPECT_EQ(chunk.status, 400u);
}

TEST_F(ServerTest, WhoIsSilentOrDripsIsGoneInTime) {
  start({.limits = {.idle = 60ms, .request = 60ms}});
  Client silent(server->port()), half(server->port()), body(server->port());
  half.send("GET /v1/info HT");
  body.send("PUT /v1/sandboxes/x/files?path=/f HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(half.closed());
  EXPECT_TRUE(body.closed());
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
  EXPECT_EQ(control.performed(), 0u);
}

TEST_F(ServerTest, OneConnectionTooManyIsClosedAtOnce) {
  start({.limits = {.connections = 2}});
  Client first(server->port()), second(server->port());
  for (Client* client : {&first, &second}) {
    client->send(request("GET", "/healthz"));
    EXPECT_EQ(client->read().status, 200u);
  }
  EXPECT_TRUE(Client(server->port()).closed());
  first.reset();
  ASSERT_TRUE(eventually([&] { return server->connections() == 1; }));
  EXPECT_EQ(ask(request("GET", "/healthz")).status, 200u);
}

TEST_F(ServerTest, AClientThatDoesNotReadHoldsUpNobodyAndIsDroppedInTime) {
  const std::string large(16 << 20, 'x');
  control.expect([&](const auto&, const auto&) -> Result<control::Outcome> { return control::FileData{large, true}; });
  start({.limits = {.request = 200ms}});
  std::vector<std::unique_ptr<Client>> deaf;
  for (int i = 0; i < 4; ++i) {
    deaf.push_back(std::make_unique<Client>(server->port()));
    deaf.back()->send(request("GET", "/v1/sandboxes/x/files?path=/f"));
  }
  EXPECT_EQ(ask(request("GET", "/v1/sandboxes/x/files?path=/f")).body.size(), large.size());
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST_F(ServerTest, AThousandAbruptEndsLeaveNoDescriptor) {
  control.expect(done);
  start();
  EXPECT_EQ(ask(request("GET", "/healthz")).status, 200u);
  ASSERT_TRUE(eventually([&] { return server->connections() == 0; }));
  const std::size_t before = open_descriptors();
  const std::string whole = request("PUT", "/v1/sandboxes/x/files?path=/f", std::string(2000, 'x'));
  for (std::size_t i = 0; i < 1000; ++i) {
    Client client(server->port());
    client.send(std::string_view(whole).substr(0, i * 7 % (whole.size() + 1)));
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << before << " before, now " << open_descriptors();
}

TEST_F(ServerTest, ATakenPortMeansTheNextOneOnlyWhenThatIsAllowed) {
  start();
  const std::uint16_t taken = server->port();
  aio::Runtime other(1);
  const auto refused = Server::open(other, control, {}, {.port = taken}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::AlreadyExists);
  EXPECT_NE(refused.error().message.find(std::to_string(taken)), std::string::npos);
  const auto next = Server::open(other, control, {}, {.port = taken, .port_search = 100}, {});
  ASSERT_TRUE(next);
  EXPECT_GT((*next)->port(), taken);
}

TEST_F(ServerTest, AnAddressThatOthersReachNeedsTlsOrAWord) {
  aio::Runtime other(1);
  const auto refused = Server::open(other, control, {}, {.address = "0.0.0.0"}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::PermissionDenied);
  EXPECT_TRUE(Server::open(other, control, {}, {.address = "0.0.0.0", .allow_remote = true}, {}));
  EXPECT_EQ(Server::open(other, control, {}, {.address = "nowhere"}, {}).error().code, Code::InvalidArgument);
  EXPECT_EQ(Server::open(other, control, {}, {.certificate = "/nowhere", .key = "/nowhere"}, {}).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace berth::api_http
