// How sandboxes come, end and are found again: real processes, killed where it hurts.

#include <signal.h>

#include <fstream>
#include <iterator>

#include "control/control_testing.hpp"
#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "sandboxes/shim_files.hpp"

namespace berth::control::testing {
namespace {

using store::SandboxState;

class Lifecycle : public ServiceTest {
 protected:
  sandboxes::ShimRecord shim_of(const store::SandboxRow& row) {
    const auto record = sandboxes::read_shim_record(home() / "sandboxes" / row.id.str());
    if (!record) throw std::runtime_error("no shim.json");
    return *record;
  }
  void kill_shim(const store::SandboxRow& row) {
    const auto pidfd = shim_of(row).process.open();
    ASSERT_TRUE(pidfd) << pidfd.error().describe();
    ASSERT_TRUE(os::signal_pidfd(pidfd->get(), SIGKILL));
  }
  store::SandboxRow wait_for(const SandboxId& id, SandboxState state) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      auto row = server_->ask<store::SandboxRow>(GetSandbox{id.str()});
      if (row && row->state == state) return *row;
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the sandbox did not come to that state");
    }
  }
  bool nothing_runs(const std::string& cgroup) {
    const auto groups = os::Cgroups::find();
    return groups && !groups->exists(cgroup);
  }
};

TEST_F(Lifecycle, TwoCreatesAtOnceGiveOneSandbox) {
  auto one = server_->begin(perform_as<store::SandboxRow>(*server_->service, Server::me(), CreateSandbox{.name = "twin"}));
  auto two = server_->begin(perform_as<store::SandboxRow>(*server_->service, Server::me(), CreateSandbox{.name = "twin"}));
  const auto a = one.get(), b = two.get();
  ASSERT_NE(a.has_value(), b.has_value());
  EXPECT_EQ((a ? b : a).error().code, Code::AlreadyExists);
  EXPECT_EQ(server_->ask<store::Page<store::SandboxRow>>(ListSandboxes{})->rows.size(), 1u);
}

TEST_F(Lifecycle, StopThenRemove) {
  const auto row = server_->create({.name = "short-lived"});
  const auto shim = shim_of(row);
  EXPECT_EQ(server_->ask<Done>(RemoveSandbox{.sandbox = row.name}).error().code, Code::FailedPrecondition);
  const auto stopped = server_->ask<store::SandboxRow>(StopSandbox{.sandbox = row.name, .grace = std::chrono::milliseconds{100}});
  ASSERT_TRUE(stopped) << stopped.error().describe();
  EXPECT_EQ(stopped->state, SandboxState::Stopped);
  EXPECT_TRUE(stopped->ended);
  EXPECT_FALSE(shim.process.verify());
  EXPECT_TRUE(nothing_runs(shim.cgroup));
  EXPECT_EQ(server_->ask<ExecResult>(Exec{.sandbox = row.name, .argv = {"true"}}).error().code, Code::FailedPrecondition);
  EXPECT_EQ(server_->ask<store::SandboxRow>(StopSandbox{.sandbox = row.name})->state, SandboxState::Stopped) << "again is fine";
  ASSERT_TRUE(server_->ask<Done>(RemoveSandbox{.sandbox = row.name}));
  EXPECT_EQ(server_->ask<store::SandboxRow>(GetSandbox{row.id.str()}).error().code, Code::NotFound);
  EXPECT_FALSE(std::filesystem::exists(home() / "sandboxes" / row.id.str()));
}

TEST_F(Lifecycle, AKilledShimTakesItsSandboxAlong) {
  for (const bool paused : {false, true}) {
    const auto row = server_->create();
    const auto shim = shim_of(row);
    const auto terminal = server_->ask<TerminalInfo>(StartTerminal{.sandbox = row.name, .argv = {"sh", "-c", "echo kept; sleep 1000"}});
    ASSERT_TRUE(terminal);
    auto watching = server_->begin(watch(*server_->ask<std::shared_ptr<Attachment>>(
                                             AttachTerminal{.terminal = terminal->row.id, .from = ByteOffset{0}}), paused ? "kept" : ""));
    if (paused) {
      ASSERT_TRUE(watching.get());
      ASSERT_TRUE(server_->ask<store::SandboxRow>(PauseSandbox{row.name}));
    }
    kill_shim(row);
    const auto failed = wait_for(row.id, SandboxState::Failed);
    EXPECT_EQ(failed.reason_code, "shim_died");
    EXPECT_TRUE(nothing_runs(shim.cgroup));
    EXPECT_FALSE(server_->ask<TerminalInfo>(GetTerminal{terminal->row.id})->row.running);
    if (paused) continue;
    const auto seen = watching.get();
    ASSERT_TRUE(seen && seen->ended);
    EXPECT_FALSE(seen->ended->exit);
    EXPECT_NE(seen->ended->reason.find("shim"), std::string::npos) << seen->ended->reason;
  }
}

TEST_F(Lifecycle, ANewServerFindsEverythingAgain) {
  const auto row = server_->create({.name = "durable"});
  const auto paused = server_->create({.name = "frozen"});
  ASSERT_TRUE(server_->ask<store::SandboxRow>(PauseSandbox{"frozen"}));
  const auto terminal = server_->ask<TerminalInfo>(
      StartTerminal{.sandbox = "durable", .argv = {"sh", "-c", "i=0; while read line; do i=$((i+1)); echo line $i $line; done; exit 5"}});
  ASSERT_TRUE(terminal);
  const auto type = [&](const std::string& text) {
    ASSERT_TRUE(server_->ask<Done>(WriteInput{.terminal = terminal->row.id, .data = text}));
  };
  const auto attach = [&](ByteOffset from) {
    return *server_->ask<std::shared_ptr<Attachment>>(AttachTerminal{.terminal = terminal->row.id, .from = from});
  };
  type("before\n");
  const auto before = server_->wait(watch(attach(ByteOffset{0}), "line 1 before\r\n"));
  ASSERT_TRUE(before);

  server_.reset();  // as a kill
  server_ = std::make_unique<Server>(home());
  EXPECT_EQ(server_->ask<store::SandboxRow>(GetSandbox{"frozen"})->state, SandboxState::Paused);
  EXPECT_EQ(server_->ask<store::SandboxRow>(ResumeSandbox{"frozen"})->state, SandboxState::Running);
  type("after\n\x04");
  const auto rest = server_->wait(watch(attach(ByteOffset{before->bytes.size()}), ""));
  ASSERT_TRUE(rest && rest->ended && rest->ended->exit);
  EXPECT_EQ(std::get<Exited>(*rest->ended->exit).code, 5);
  const auto all = server_->wait(watch(attach(ByteOffset{0}), ""));
  EXPECT_TRUE(all->bytes == before->bytes + rest->bytes) << all->bytes;
  const auto commands = server_->ask<store::Page<store::CommandRow>>(ListCommands{.sandbox = "durable"});
  ASSERT_EQ(commands->rows.size(), 1u);
  EXPECT_EQ(commands->rows[0].exit_code, 5);
  EXPECT_EQ(server_->exec("durable", {"echo", "alive"}).out, "alive\n");
}

TEST_F(Lifecycle, WhatEndedWhileTheServerWasAwayIsTidiedUp) {
  const auto row = server_->create();
  const auto shim = shim_of(row);
  const auto orphan = home() / "sandboxes" / SandboxId::from_bits(std::array<std::byte, 16>{}).str();
  server_.reset();
  kill_shim(row);
  ASSERT_TRUE(os::make_private_directory(orphan));
  server_ = std::make_unique<Server>(home());
  EXPECT_EQ(server_->ask<store::SandboxRow>(GetSandbox{row.id.str()})->state, SandboxState::Failed);
  EXPECT_TRUE(nothing_runs(shim.cgroup));
  EXPECT_FALSE(std::filesystem::exists(orphan));
}

TEST_F(Lifecycle, AStartThatFailsLeavesNothing) {
  auto leaves = Server::real_leaves();
  leaves.choose_runtime = [](const std::string&) -> Result<sandboxes::Runtime> {
    return sandboxes::Runtime{.isolation = "container", .kind = "runc", .path = "/bin/false", .flags = {}};
  };
  server_ = std::make_unique<Server>(home(), Server::without_rate(), leaves);
  const auto failed = server_->ask<store::SandboxRow>(CreateSandbox{.name = "never"});
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().message.starts_with("The sandbox could not be started")) << failed.error().message;
  const auto row = server_->ask<store::SandboxRow>(GetSandbox{"never"});
  ASSERT_TRUE(row);
  EXPECT_EQ(row->state, SandboxState::Failed);
  EXPECT_FALSE(std::filesystem::exists(home() / "sandboxes" / row->id.str()));
}

TEST_F(Lifecycle, RemovedWhenItsLastTerminalEnds) {
  const auto row = server_->create({.name = "once", .remove_on_exit = true});
  EXPECT_EQ(server_->exec("once", {"echo", "x"}).out, "x\n");
  const auto until = std::chrono::steady_clock::now() + patience;
  while (server_->ask<store::SandboxRow>(GetSandbox{row.id.str()})) ASSERT_LT(std::chrono::steady_clock::now(), until);
  EXPECT_FALSE(std::filesystem::exists(home() / "sandboxes" / row.id.str()));
  EXPECT_EQ(server_->ask<store::Page<store::CommandRow>>(ListCommands{.sandbox = row.id.str()})->rows.size(), 1u) << "history stays";
}

}  // namespace
}  // namespace berth::control::testing
