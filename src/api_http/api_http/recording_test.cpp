// Recordings on their way out: in pieces, whole or visibly broken off.
#include "api_http/server.hpp"

#include "api_http/test_server.hpp"

namespace berth::api_http {
namespace {

constexpr std::string_view target = "/v1/terminals/trm_00000000000000000000000000/recording";

class RecordingRoute : public ServerTest {
 protected:
  void give(std::vector<std::string> pieces, bool fails = false) {
    control.expect([=](const control::Caller&, const control::Action&) -> Result<control::Outcome> {
      return std::shared_ptr<control::RecordingStream>(std::make_shared<FakeRecording>(pieces, fails));
    });
    start();
  }
};

TEST_F(RecordingRoute, ComesInPiecesAndTheConnectionGoesOn) {
  const std::string large(300'000, 'x');
  give({"one ", large, " two"});
  Client client(server->port());
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(client.send(request("GET", target)));
    const Received answer = client.read();
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.header("Content-Type"), "application/x-asciicast");
    EXPECT_EQ(answer.header("Content-Disposition"), "attachment; filename=\"recording.cast\"");
    EXPECT_EQ(answer.body, "one " + large + " two");
  }
}

TEST_F(RecordingRoute, OneThatBreaksOffHasNoLastChunk) {
  give({"one "}, true);
  const Received answer = ask(request("GET", target));
  EXPECT_EQ(answer.status, 0u);
  EXPECT_EQ(answer.body, "one ");
}

TEST_F(RecordingRoute, AnOldClientGetsItUntilTheConnectionEnds) {
  give({"one ", "two"});
  Client client(server->port());
  client.send("GET " + std::string(target) + " HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer good\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_TRUE(all.starts_with("HTTP/1.0 200 ")) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\none two")) << all;
}

TEST_F(RecordingRoute, HeadIsItsHeadAlone) {
  give({"one "});
  Client client(server->port());
  client.send(request("HEAD", target));
  EXPECT_EQ(client.read(true).status, 200u);
  client.send(request("HEAD", target));
  EXPECT_EQ(client.read(true).status, 200u) << "nothing of the first answer followed";
}

TEST_F(RecordingRoute, AnUnknownFormatIsRefused) {
  give({});
  EXPECT_EQ(ask(request("GET", std::string(target) + "?format=mp4")).status, 400u);
}

}  // namespace
}  // namespace berth::api_http
