#include "client/endpoint.hpp"

#include <gtest/gtest.h>

namespace berth::client {
namespace {

TEST(Endpoint, UnixSocket) {
  auto e = parse_endpoint("unix:/run/berth.sock", "");
  ASSERT_TRUE(e) << e.error().message;
  EXPECT_EQ(e->transport, Endpoint::Transport::Unix);
  EXPECT_EQ(e->path, "/run/berth.sock");
  EXPECT_EQ(e->describe(), "unix:/run/berth.sock");
}

TEST(Endpoint, HttpWithPortAndPrefix) {
  auto e = parse_endpoint("http://127.0.0.1:7070/berth/", "secret");
  ASSERT_TRUE(e) << e.error().message;
  EXPECT_EQ(e->transport, Endpoint::Transport::Tcp);
  EXPECT_EQ(e->host, "127.0.0.1");
  EXPECT_EQ(e->port, 7070);
  EXPECT_EQ(e->prefix, "/berth");
  EXPECT_EQ(e->describe(), "http://127.0.0.1:7070/berth") << "no key in what is shown";
}

TEST(Endpoint, StandardPortsAreLeftOutOfTheAuthority) {
  EXPECT_EQ(parse_endpoint("https://berth.example", "")->authority(), "berth.example");
  EXPECT_EQ(parse_endpoint("http://berth.example:443", "")->authority(), "berth.example:443");
  EXPECT_EQ(parse_endpoint("https://[::1]:7070", "")->authority(), "[::1]:7070");
  EXPECT_EQ(parse_endpoint("https://[::1]", "")->host, "::1");
}

TEST(Endpoint, RefusesWhatIsNotAServer) {
  for (const char* url : {"", "berth.sock", "ftp://host", "unix:relative", "http://", "http://:80", "http://h:0",
                          "http://h:65536", "http://h:80x", "http://[::1", "http://[::1]x", "http://user:key@host",
                          "http://h/?q", "http://h/#f", "http://h /", "http://h\r\nX: y"}) {
    auto e = parse_endpoint(url, "");
    EXPECT_FALSE(e) << url;
    if (!e) {
      EXPECT_EQ(e.error().code, Code::InvalidArgument) << url;
      EXPECT_FALSE(e.error().hint.empty()) << url;
    }
  }
}

TEST(PercentEncode, KeepsUnreservedOnly) { EXPECT_EQ(percent_encode("a-Z_0.~/ ?ü"), "a-Z_0.~%2F%20%3F%C3%BC"); }

}  // namespace
}  // namespace berth::client
