#include "sandbox_oci/survivors.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "os/process.hpp"

namespace berth::sandbox_oci {
namespace {

using std::chrono::seconds;

// A program that ends well when its standard input does, whatever its arguments say.
struct Waiter {
  os::Process process;
  UniqueFd input;

  static Waiter start(std::vector<std::string> words, int lock = -1) {
    auto pipe = os::make_pipe();
    EXPECT_TRUE(pipe);
    os::SpawnSpec spec{.argv = {"/bin/sh", "-c", "read line; exit 0", "sh"}, .env = os::own_environment(),
                       .fds = {{pipe->read.get(), 0}}};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    if (lock >= 0) spec.fds.push_back({lock, 9});
    auto process = os::Process::spawn(spec);
    EXPECT_TRUE(process) << process.error().describe();
    return {*std::move(process), std::move(pipe->write)};
  }
  Exit end() {
    input.reset();
    return *process.wait();
  }
};

class Survivors : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/berth-survivors-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    layout_ = Layout(std::filesystem::path(path) / "sbx_1");
    ASSERT_TRUE(os::make_private_directory(layout_.state));
    ASSERT_TRUE(os::lock_file(layout_.lock));  // there, and free
  }
  [[nodiscard]] Result<> end() const {
    return end_survivors(layout_, *os::Cgroups::find(), "/berth-test-survivors", seconds{20});
  }
  void TearDown() override { EXPECT_TRUE(os::remove_tree(layout_.state.parent_path().parent_path())); }

  Layout layout_{"/nowhere"};
};

TEST_F(Survivors, WhoOnlyNamesTheDirectoryLives) {
  const auto state = layout_.state.string();
  Waiter editor = Waiter::start({layout_.pid_file.string()});
  Waiter flag = Waiter::start({"--root", state});
  Waiter joined = Waiter::start({"--root=" + state});
  ASSERT_TRUE(end());
  for (Waiter* waiter : {&editor, &flag, &joined}) EXPECT_EQ(waiter->end(), Exit{Exited{0}});
}

TEST_F(Survivors, WhoHoldsTheLockAsTheRuntimeEnds) {
  const auto state = layout_.state.string();
  for (const auto& words : std::vector<std::vector<std::string>>{{"--root", state}, {"--root=" + state}}) {
    auto lock = os::lock_file(layout_.lock);
    ASSERT_TRUE(lock);
    Waiter runtime = Waiter::start(words, lock->get());
    lock->reset();
    ASSERT_TRUE(end());
    EXPECT_EQ(runtime.end(), Exit{Killed{SIGKILL}});
  }
}

// Its lock is waited for, but it is not the runtime: a directory's name that only begins alike is another sandbox's.
TEST_F(Survivors, AHolderOfTheLockWithOtherWordsLives) {
  auto lock = os::lock_file(layout_.lock);
  ASSERT_TRUE(lock);
  Waiter other = Waiter::start({"--root", layout_.state.string() + "2"}, lock->get());
  lock->reset();
  const auto ended = end_survivors(layout_, *os::Cgroups::find(), "/berth-test-survivors", seconds{0});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::Timeout);
  EXPECT_EQ(other.end(), Exit{Exited{0}});
}

}  // namespace
}  // namespace berth::sandbox_oci
