#include <boost/asio/experimental/awaitable_operators.hpp>

#include "aio/on.hpp"
#include "control/control_testing.hpp"

namespace berth::control::testing {
namespace {

using boost::asio::awaitable;

awaitable<Result<>> type_into(std::shared_ptr<Attachment> attachment, std::string text) {
  const auto work = [](std::shared_ptr<Attachment> to, std::string bytes) -> awaitable<Result<>> { co_return co_await to->input(bytes); };
  const auto executor = attachment->executor();
  co_return co_await aio::on(executor, work(std::move(attachment), std::move(text)));
}

class Running : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    box_ = server_->create();
  }
  TerminalInfo shell(std::vector<std::string> argv) {
    auto info = server_->ask<TerminalInfo>(StartTerminal{.sandbox = box_.name, .argv = std::move(argv)});
    if (!info) throw std::runtime_error(info.error().describe());
    return *std::move(info);
  }
  std::shared_ptr<Attachment> attach(const TerminalId& id, std::optional<ByteOffset> from = ByteOffset{0}) {
    auto attached = server_->ask<std::shared_ptr<Attachment>>(AttachTerminal{.terminal = id, .from = from});
    if (!attached) throw std::runtime_error(attached.error().describe());
    return *std::move(attached);
  }
  store::SandboxRow box_;
};

TEST_F(Running, AProgramRunsAndIsRemembered) {
  const auto result = server_->exec(box_.name, {"sh", "-c", "echo hello; echo oops >&2; exit 7"});
  EXPECT_EQ(result.out, "hello\n");
  EXPECT_EQ(result.error, "oops\n");
  EXPECT_EQ(std::get<Exited>(result.exit).code, 7);
  const auto commands = server_->ask<store::Page<store::CommandRow>>(ListCommands{.sandbox = box_.name});
  ASSERT_TRUE(commands && commands->rows.size() == 1);
  EXPECT_EQ(commands->rows[0].text, "sh -c 'echo hello; echo oops >&2; exit 7'");
  EXPECT_EQ(commands->rows[0].exit_code, 7);
  EXPECT_TRUE(commands->rows[0].done && commands->rows[0].duration_ns > 0);
  const auto past = server_->ask<TerminalInfo>(GetTerminal{result.terminal});
  ASSERT_TRUE(past);
  EXPECT_FALSE(past->row.running);
  EXPECT_EQ(past->end.value, 11u);
  const auto all = server_->ask<std::vector<TerminalInfo>>(ListTerminals{box_.id.str()});
  ASSERT_TRUE(all && all->size() == 1);
  EXPECT_EQ((*all)[0].end.value, 11u);
  const auto part = server_->ask<OutputPart>(ReadOutput{.terminal = result.terminal, .from = ByteOffset{2}, .limit = 3});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->data.size(), 3u);
  EXPECT_FALSE(part->running);
}

TEST_F(Running, WhatCannotBeStartedEndsAsInAShell) {
  const auto absent = server_->exec(box_.name, {"nonesuch"});
  EXPECT_EQ(std::get<Exited>(absent.exit).code, 127);
  EXPECT_EQ(absent.error, "nonesuch: not found\n");
  const auto unfit = server_->exec(box_.name, {"/etc/passwd"});
  EXPECT_EQ(std::get<Exited>(unfit.exit).code, 126);
  const auto commands = server_->ask<store::Page<store::CommandRow>>(ListCommands{.sandbox = box_.id.str()});
  ASSERT_EQ(commands->rows.size(), 2u);
  EXPECT_EQ(commands->rows[1].exit_code, 127);
}

TEST_F(Running, ExecFeedsCutsAndKills) {
  const std::string input(300'000, 'i');
  const auto copied = server_->exec(box_.name, {"cat"}, input);
  EXPECT_TRUE(copied.out == input);
  const auto slow = server_->ask<ExecResult>(
      Exec{.sandbox = box_.name, .argv = {"sh", "-c", "echo begun; sleep 1000"}, .timeout = std::chrono::milliseconds{300}});
  ASSERT_TRUE(slow) << slow.error().describe();
  EXPECT_TRUE(slow->timed_out);
  EXPECT_EQ(std::get<Killed>(slow->exit).signal, 9);
  EXPECT_EQ(slow->out, "begun\n");
  const auto loud = server_->exec(box_.name, {"sh", "-c", "yes | head -c 3000000"});
  EXPECT_TRUE(loud.truncated);
  EXPECT_EQ(loud.out.size(), Settings{}.exec_output_bytes);
  const auto part = server_->ask<OutputPart>(ReadOutput{.terminal = loud.terminal, .from = ByteOffset{2'999'990}});
  EXPECT_EQ(part->data.size(), 10u) << "the journal has all";
}

TEST_F(Running, ATerminalIsTypedIntoAndSeenByMany) {
  const auto terminal = shell({"sh"});
  EXPECT_TRUE(terminal.row.running && terminal.row.nonce.empty());
  const auto one = attach(terminal.row.id), two = attach(terminal.row.id);
  EXPECT_EQ(server_->ask<ServerInfo>(GetServerInfo{})->viewers, 2u);
  ASSERT_TRUE(server_->wait(type_into(one, "echo $((6*7))\n")));
  const auto seen = server_->wait(watch(one, "42"));
  ASSERT_TRUE(seen) << seen.error().describe();
  ASSERT_TRUE(server_->ask<Done>(ResizeTerminal{terminal.row.id, {.cols = 132, .rows = 43}}));
  ASSERT_TRUE(server_->ask<Done>(WriteInput{.terminal = terminal.row.id, .data = "stty size; exit 3\n"}));
  const auto rest = server_->wait(watch(one, "")), all = server_->wait(watch(two, ""));
  ASSERT_TRUE(rest && all);
  EXPECT_TRUE(seen->bytes + rest->bytes == all->bytes);
  EXPECT_NE(all->bytes.find("43 132"), std::string::npos) << all->bytes;
  ASSERT_TRUE(all->ended && all->ended->exit);
  EXPECT_EQ(std::get<Exited>(*all->ended->exit).code, 3);
  EXPECT_EQ(server_->ask<Done>(WriteInput{.terminal = terminal.row.id, .data = "x"}).error().code, Code::FailedPrecondition);
  const auto late = server_->wait(watch(attach(terminal.row.id), ""));
  ASSERT_TRUE(late && late->ended);
  EXPECT_TRUE(late->bytes == all->bytes);
}

TEST_F(Running, SignalsReachTheProgram) {
  const auto terminal = shell({"sleep", "1000"});
  ASSERT_TRUE(server_->ask<Done>(SignalTerminal{terminal.row.id, 15}));
  const auto seen = server_->wait(watch(attach(terminal.row.id), ""));
  ASSERT_TRUE(seen && seen->ended && seen->ended->exit);
  EXPECT_EQ(std::get<Killed>(*seen->ended->exit).signal, 15);
}

TEST_F(Running, FilesGoInAndOut) {
  std::string data(600'000, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 256);
  ASSERT_TRUE(server_->ask<Done>(MakeDirectory{.sandbox = box_.name, .path = "/workspace/a/b"}));
  const auto written = server_->ask<Done>(WriteFile{.sandbox = box_.name, .path = "/workspace/a/b/big", .data = data, .mode = 0750});
  ASSERT_TRUE(written) << written.error().describe();
  const auto read = server_->ask<FileData>(ReadFile{.sandbox = box_.name, .path = "/workspace/a/b/big"});
  ASSERT_TRUE(read && read->end);
  EXPECT_TRUE(read->data == data);
  const auto part = server_->ask<FileData>(ReadFile{.sandbox = box_.name, .path = "/workspace/a/b/big", .offset = 500, .limit = 10});
  EXPECT_TRUE(part->data == data.substr(500, 10) && !part->end);
  ASSERT_TRUE(server_->ask<Done>(WriteFile{.sandbox = box_.name, .path = "/workspace/a/b/big", .data = "", .mode = 0}));
  const auto entry = server_->ask<FileEntry>(StatFile{box_.name, "/workspace/a/b/big"});
  EXPECT_EQ(entry->size, 0u);
  EXPECT_EQ(entry->mode & 0777, 0750u) << "the mode that it had stays";
  ASSERT_TRUE(server_->ask<Done>(MoveFile{box_.name, "/workspace/a/b/big", "/workspace/a/small"}));
  const auto list = server_->ask<FileList>(ListFiles{box_.name, "/workspace/a"});
  ASSERT_EQ(list->entries.size(), 2u);
  EXPECT_EQ(list->entries[1].name, "small");
  EXPECT_EQ(server_->ask<Done>(RemoveFile{.sandbox = box_.name, .path = "/workspace/a"}).error().code, Code::FailedPrecondition);
  ASSERT_TRUE(server_->ask<Done>(RemoveFile{.sandbox = box_.name, .path = "/workspace/a", .recursive = true}));
  EXPECT_EQ(server_->ask<FileEntry>(StatFile{box_.name, "/workspace/a"}).error().code, Code::NotFound);
}

TEST_F(Running, APausedSandboxAnswersLater) {
  EXPECT_EQ(server_->ask<store::SandboxRow>(PauseSandbox{box_.name})->state, store::SandboxState::Paused);
  const auto refused = server_->ask<ExecResult>(Exec{.sandbox = box_.name, .argv = {"true"}});
  EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
  EXPECT_TRUE(server_->ask<SandboxStatsInfo>(SandboxStats{box_.name}));
  EXPECT_EQ(server_->ask<store::SandboxRow>(ResumeSandbox{box_.name})->state, store::SandboxState::Running);
  EXPECT_EQ(std::get<Exited>(server_->exec(box_.name, {"true"}).exit).code, 0);
  const auto stats = server_->ask<SandboxStatsInfo>(SandboxStats{box_.name});
  ASSERT_TRUE(stats);
  EXPECT_GE(stats->processes, 1u);
  EXPECT_EQ(stats->memory_limit, 512ull << 20);
}

TEST_F(Running, OthersSeeNothing) {
  const auto terminal = shell({"sleep", "1000"});
  const auto other = Server::stranger();
  for (const std::string& name : {box_.name, box_.id.str()}) {
    EXPECT_EQ(server_->ask<store::SandboxRow>(GetSandbox{name}, other).error().code, Code::NotFound);
    EXPECT_EQ(server_->ask<ExecResult>(Exec{.sandbox = name, .argv = {"true"}}, other).error().code, Code::NotFound);
    EXPECT_EQ(server_->ask<Done>(RemoveSandbox{name, true}, other).error().code, Code::NotFound);
    EXPECT_EQ(server_->ask<FileEntry>(StatFile{name, "/"}, other).error().code, Code::NotFound);
  }
  EXPECT_EQ(server_->ask<TerminalInfo>(GetTerminal{terminal.row.id}, other).error().code, Code::NotFound);
  EXPECT_EQ(server_->ask<std::shared_ptr<Attachment>>(AttachTerminal{terminal.row.id, {}}, other).error().code, Code::NotFound);
  EXPECT_TRUE(server_->ask<store::Page<store::SandboxRow>>(ListSandboxes{}, other)->rows.empty());
  EXPECT_TRUE(server_->ask<store::Page<store::CommandRow>>(ListCommands{.sandbox = box_.id.str()}, other)->rows.empty());
}

}  // namespace
}  // namespace berth::control::testing
