// berth-shim as it is shipped, with a real runtime and berth-init in a sandbox: it leaves its parent, serves, and leaves
// nothing. Skipped where no sandbox can be made.

#include <poll.h>
#include <signal.h>

#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "shim/shim_testing.hpp"
#include "shim/spec.hpp"

namespace berth::shim::testing {
namespace {

using wire::FromShim;

const std::string id = terminal_id(1);

class WholeShim : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto runtime = os::find_executable(GetParam(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if (!runtime || ::geteuid() != 0 || !std::filesystem::exists("/bin/busybox")) GTEST_SKIP() << "no " << GetParam();
    const auto root = home_.dir() / "template";
    for (const char* name : {"bin", "proc", "dev", "sys", "tmp", "etc", "workspace", "home"})
      std::filesystem::create_directories(root / name);
    std::filesystem::copy_file("/bin/busybox", root / "bin/sh");
    dir_ = home_.dir() / "sandbox";
    std::filesystem::create_directory(dir_);
    spec_ = home_.spec();
    spec_.set_sandbox_dir(dir_);
    spec_.set_sandbox_id(SandboxId::from_bits(crypto_like_bits()).str());
    spec_.set_template_root(root);
    spec_.set_runtime(*runtime);
    spec_.set_runtime_kind(GetParam());
    if (std::string_view(GetParam()) == "runsc")
      for (const char* flag : {"--platform=ptrace", "--network=none"}) spec_.add_runtime_flags(flag);
    spec_.set_init_path(BERTH_INIT);
    spec_.set_hostname("berth");
    spec_.mutable_limits()->set_memory_bytes(256 << 20);
    spec_.mutable_limits()->set_processes(64);
    spec_.mutable_limits()->set_open_files(1024);
    ASSERT_TRUE(os::durable_write(dir_ / "spec.pb", spec_.SerializeAsString()));
  }

  void TearDown() override {
    if (!HasFailure()) return;
    for (const char* log : {"shim.log", "runtime.log", "init.log"})
      std::cerr << log << ":\n" << os::read_file(dir_ / log, 1 << 20).value_or("none\n");
  }

  // Unlike any other test's that runs at the same time.
  static std::array<std::byte, 16> crypto_like_bits() {
    std::array<std::byte, 16> bits{};
    const auto pid = static_cast<std::uint32_t>(::getpid());
    for (std::size_t i = 0; i < 4; ++i) bits[i] = static_cast<std::byte>(pid >> (8 * i));
    return bits;
  }

  // Its parent is gone when this returns.
  Peer launch() {
    auto pair = os::socket_pair();
    auto process = os::Process::spawn({.argv = {BERTH_SHIM, "--dir", dir_, "--link-fd", "3"},
                                       .env = os::own_environment(),
                                       .fds = {{pair->second.get(), 3}, {2, 2}}});
    EXPECT_TRUE(process) << process.error().describe();
    EXPECT_EQ(process->wait(), Exit{Exited{0}});
    return Peer(std::move(pair->first));
  }

  pid_t shim_pid() {
    const auto text = os::read_file(dir_ / "shim.json", 4096).value_or("");
    const auto at = text.find("\"pid\":");
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + 6);
  }

  void expect_nothing_left(const UniqueFd& shim) {
    EXPECT_TRUE(os::wait_ready(shim.get(), POLLIN, patience).value_or(false)) << "the shim lives on";
    EXPECT_FALSE(os::Cgroups::find()->exists(driver_spec(spec_).cgroup));
    EXPECT_TRUE(os::mounts_below(dir_)->empty());
    EXPECT_FALSE(std::filesystem::exists(dir_ / "shim.sock"));
    EXPECT_TRUE(std::filesystem::exists(dir_ / "exit.json"));
  }

  Home home_;
  std::filesystem::path dir_;
  wire::ShimSpec spec_;
};

TEST_P(WholeShim, RunsACommandAndLeavesNothing) {
  Peer link = launch();
  FromShim welcome;
  ASSERT_TRUE(link.next(welcome));
  ASSERT_TRUE(welcome.has_welcome()) << welcome.sandbox_exit().reason();
  const auto shim = os::open_pidfd(shim_pid());
  ASSERT_TRUE(shim);
  wire::ToShim start;
  start.mutable_start()->set_terminal_id(id);
  for (const char* word : {"/bin/sh", "-c", "echo hello; exit 7"}) start.mutable_start()->mutable_process()->add_argv(word);
  start.mutable_start()->mutable_process()->set_pty(true);
  link.send(start);
  EXPECT_EQ(read_output(link, id, 7), "hello\r\n");
  EXPECT_EQ(Shim::await(link, FromShim::kExit).exit().code(), 7);
  wire::ToShim stop;
  stop.mutable_stop()->set_grace_ms(5'000);
  link.send(stop);
  EXPECT_EQ(Shim::await(link, FromShim::kSandboxExit).sandbox_exit().code(), "stopped");
  expect_nothing_left(*shim);
}

TEST_P(WholeShim, ATerminationSignalLeavesNothing) {
  Peer link = launch();
  Shim::await(link, FromShim::kWelcome);
  const auto shim = os::open_pidfd(shim_pid());
  link.close();
  EXPECT_TRUE(os::signal_pidfd(shim->get(), SIGTERM));
  expect_nothing_left(*shim);
}

TEST_P(WholeShim, AKilledSandboxIsTold) {
  Peer link = launch();
  Shim::await(link, FromShim::kWelcome);
  const auto shim = os::open_pidfd(shim_pid());
  const auto processes = os::Cgroups::find()->processes(driver_spec(spec_).cgroup);
  ASSERT_TRUE(processes);
  EXPECT_FALSE(processes->empty());
  for (const pid_t pid : *processes) ::kill(pid, SIGKILL);
  EXPECT_EQ(Shim::await(link, FromShim::kSandboxExit).sandbox_exit().code(), "init_died");
  expect_nothing_left(*shim);
}

TEST_P(WholeShim, APausedSandboxCanBeStopped) {
  Peer link = launch();
  Shim::await(link, FromShim::kWelcome);
  const auto shim = os::open_pidfd(shim_pid());
  wire::ToShim pause;
  pause.mutable_pause()->set_request(1);
  pause.mutable_pause()->set_paused(true);
  link.send(pause);
  EXPECT_EQ(Shim::await(link, FromShim::kPause).pause().sys_errno(), 0);
  EXPECT_TRUE(os::signal_pidfd(shim->get(), SIGTERM));
  EXPECT_EQ(Shim::await(link, FromShim::kSandboxExit).sandbox_exit().code(), "stopped");
  expect_nothing_left(*shim);
}

TEST_P(WholeShim, ARuntimeThatFailsIsTold) {
  spec_.set_template_root((home_.dir() / "absent").string());
  ASSERT_TRUE(os::durable_write(dir_ / "spec.pb", spec_.SerializeAsString()));
  Peer link = launch();
  const auto told = Shim::await(link, FromShim::kSandboxExit).sandbox_exit();
  EXPECT_EQ(told.code(), "start_failed");
  EXPECT_FALSE(told.reason().empty());
  EXPECT_TRUE(link.at_end());
  EXPECT_FALSE(os::Cgroups::find()->exists(driver_spec(spec_).cgroup));
}

TEST(ShimProcess, RefusesWhatItIsNotSure) {
  Home home;
  const auto run = [&](std::vector<std::string> argv) {
    argv.insert(argv.begin(), BERTH_SHIM);
    const auto result = os::run(std::move(argv));
    return result ? shell_code(result->exit) : -1;
  };
  EXPECT_EQ(run({}), 3);
  EXPECT_EQ(run({"--dir", "relative"}), 3);
  EXPECT_EQ(run({"--dir", home.dir(), "--link-fd", "0"}), 3);
  EXPECT_EQ(run({"--dir", home.dir()}), 1);
  ASSERT_TRUE(os::durable_write(home.dir() / "spec.pb", home.spec().SerializeAsString(), 0640));
  EXPECT_EQ(run({"--dir", home.dir()}), 1);
  auto other = home.spec();
  other.set_version(2);
  ASSERT_TRUE(os::durable_write(home.dir() / "spec.pb", other.SerializeAsString(), 0600));
  EXPECT_EQ(run({"--dir", home.dir()}), 1);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, WholeShim, ::testing::Values("runc", "runsc"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace berth::shim::testing
