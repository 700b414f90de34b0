#include "api_http/access.hpp"

#include <gtest/gtest.h>

namespace berth::api_http {
namespace {

Result<Origin> check(const Access& access, Scheme scheme, Headers headers) { return check_access(access, scheme, headers); }

TEST(Access, ALoopbackServerAnswersToItsOwnNamesAlone) {
  const Access access{.origins = {}, .hosts = {"berth.test"}};
  for (const char* host : {"localhost", "localhost:7070", "127.0.0.1:1", "[::1]", "[::1]:7070", "LocalHost", "berth.test:80"})
    EXPECT_TRUE(check(access, Scheme::Http, {{"Host", host}})) << host;
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil", "127.0.0.2", "localhost:", "localhost:x",
                           "localhost:99999", "[::1", "berth.test.", "[::1]:7070:1"})
    EXPECT_FALSE(check(access, Scheme::Http, {{"Host", host}})) << host;
  EXPECT_FALSE(check(access, Scheme::Http, {}));
  EXPECT_FALSE(check(access, Scheme::Http, {{"Host", "localhost"}, {"host", "localhost"}}));
  EXPECT_TRUE(check({.any_host = true}, Scheme::Http, {{"Host", "evil.example"}}));
}

TEST(Access, AnOriginIsComparedByteForByte) {
  const Access access{.origins = {"https://bench.example"}, .hosts = {}};
  const auto from = [&](const char* origin) { return check(access, Scheme::Http, {{"Host", "localhost:7070"}, {"Origin", origin}}); };
  EXPECT_EQ(check(access, Scheme::Http, {{"Host", "localhost"}}).value(), Origin::None);
  EXPECT_EQ(from("http://localhost:7070").value(), Origin::Own);
  EXPECT_EQ(from("https://bench.example").value(), Origin::Configured);
  for (const char* origin : {"https://localhost:7070", "http://localhost", "http://127.0.0.1:7070", "HTTP://localhost:7070", "null", "",
                             "https://bench.example/", "https://bench.example.evil", "http://bench.example", "*"}) {
    ASSERT_FALSE(from(origin)) << origin;
    EXPECT_EQ(from(origin).error().code, Code::PermissionDenied);
  }
  EXPECT_FALSE(check(access, Scheme::Http, {{"Host", "localhost"}, {"Origin", "http://localhost"}, {"Origin", "http://localhost"}}));
  EXPECT_EQ(check(access, Scheme::Https, {{"Host", "localhost"}, {"Origin", "https://localhost"}}).value(), Origin::Own);
}

}  // namespace
}  // namespace berth::api_http
