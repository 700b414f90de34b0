#include "cli/server.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <array>

#include "cli/fixture.hpp"

namespace berth::cli {
namespace {

std::string record_of(const os::ProcessIdentity& process) {
  return fmt::format(R"({{"pid":{},"start_time":{},"boot_id":"{}","version":"1","url":"http://127.0.0.1:1"}})",
                     process.pid, process.start_time, process.boot_id);
}

TEST(Server, ItsRecordNamesAProcess) {
  auto self = os::ProcessIdentity::self().value();
  auto record = parse_server_record(record_of(self));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->process, self);
  EXPECT_EQ(record->url, "http://127.0.0.1:1");
  for (const char* text :
       {"", "[]", "{", "{}", R"({"pid":"x","boot_id":"b"})", R"({"pid":-1,"boot_id":"b"})", R"({"pid":1})"})
    EXPECT_FALSE(parse_server_record(text)) << text;
}

TEST(Server, APidThatIsAnotherProcessByNowIsNotIt) {
  os::ScratchDir dir;
  auto other = os::ProcessIdentity::self().value();
  EXPECT_FALSE(find_server(dir.path())) << "no record";
  ASSERT_TRUE(os::durable_write(dir / "server.json", record_of(other)));
  EXPECT_TRUE(find_server(dir.path()));
  ++other.start_time;
  ASSERT_TRUE(os::durable_write(dir / "server.json", record_of(other)));
  EXPECT_FALSE(find_server(dir.path()));
}

TEST(Server, StopEndsExactlyTheRecordedProcess) {
  Stage stage;
  auto process = os::Process::spawn({.argv = {"sleep", "1000"}, .env = stage.context.environment}).value();
  ASSERT_TRUE(os::durable_write(stage.dir / "server.json", record_of(os::ProcessIdentity::of(process.pid()).value())));
  ASSERT_EQ(server_stop(stage.context, {}), Success);
  EXPECT_EQ(stage.printed(), "The server stopped; sandboxes and terminals go on.\n");
  EXPECT_EQ(process.wait().value(), Exit{Killed{15}});
  ASSERT_EQ(server_stop(stage.context, {}), Success);
  EXPECT_NE(stage.printed().find("No server runs."), std::string::npos);
}

TEST(Server, OneThatDoesNotStopIsATimeout) {
  Stage stage;
  auto pipe = os::make_pipe().value();
  auto process = os::Process::spawn({.argv = {"sh", "-c", "trap '' TERM; echo ready; exec sleep 1000"},
                                     .env = stage.context.environment,
                                     .fds = {{.ours = pipe.write.get(), .child = 1}}})
                     .value();
  std::array<char, 8> ready;
  ASSERT_TRUE(os::read_some(pipe.read.get(), ready));
  ASSERT_TRUE(os::durable_write(stage.dir / "server.json", record_of(os::ProcessIdentity::of(process.pid()).value())));
  auto code = server_stop(stage.context, {.timeout = std::chrono::seconds{0}});
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, Code::Timeout);
}

TEST(Server, StatusWithoutAServerIsMissing) {
  Stage stage;
  EXPECT_EQ(server_status(stage.context), InvalidOrMissing);
  EXPECT_NE(stage.printed().find("No server runs"), std::string::npos);
}

TEST(Server, StartSaysThatOneRunsAlready) {
  Stage stage;
  client::ScriptedServer server(stage.socket(), [](const auto&) { return Stage::Answer{.body = "{}"}; });
  ASSERT_EQ(server_start(stage.context, {}), Success);
  EXPECT_EQ(stage.printed(), "The server runs already\n");
}

TEST(Server, AnotherMachinesServerIsNotStarted) {
  Stage stage;
  stage.context.local = false;
  EXPECT_EQ(server_start(stage.context, {}).error().code, Code::InvalidArgument);
  EXPECT_EQ(server_stop(stage.context, {}).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace berth::cli
