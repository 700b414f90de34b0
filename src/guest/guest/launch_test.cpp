#include "guest/launch.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "wire/init.pb.h"

namespace berth::guest {
namespace {

const User user{.name = "user", .uid = 1000, .gid = 1000, .home = "/no/such/home", .shell = "/bin/bash"};

TEST(Users, PasswdIsReadLineByLine) {
  constexpr std::string_view passwd =
      "# comment\nroot:x:0:0:root:/root:/bin/bash\nbroken:x:5\nodd:x:1a:1::/:/bin/sh\n"
      "user:x:1000:1001:A. Name,,,:/home/user:/bin/zsh\nbare:x:7:7:::\nlast:x:8:8::/l:/bin/sh";
  const auto found = find_user(passwd, uid_t{1000});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "user");
  EXPECT_EQ(found->gid, 1001u);
  EXPECT_EQ(found->home, "/home/user");
  EXPECT_EQ(found->shell, "/bin/zsh");
  EXPECT_EQ(find_user(passwd, "bare")->home, "/");
  EXPECT_EQ(find_user(passwd, "last")->uid, 8u);
  EXPECT_FALSE(find_user(passwd, "broken"));
  EXPECT_FALSE(find_user(passwd, "odd"));
  EXPECT_FALSE(find_user("", uid_t{0}));
}

TEST(Users, AnotherUserNeedsToBeThere) {
  const User self = current_user();
  EXPECT_EQ(resolve_user(self, "")->uid, self.uid);
  EXPECT_EQ(resolve_user(self, std::to_string(self.uid))->name, self.name);
  EXPECT_FALSE(resolve_user(self, "no-such-user"));
}

TEST(Launch, FillsInWhatIsAbsent) {
  wire::StartProcess request;
  request.set_pty(true);
  auto* first = request.add_env();
  first->set_name("PATH");
  first->set_value("/mine");
  const auto launch = plan_launch(request, user);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->spec.argv, std::vector<std::string>{"/bin/bash"});
  EXPECT_EQ(launch->spec.cwd, "/") << "the home is not there";
  EXPECT_EQ(os::env_value(launch->spec.env, "PATH"), "/mine");
  EXPECT_EQ(os::env_value(launch->spec.env, "HOME"), "/no/such/home");
  EXPECT_EQ(os::env_value(launch->spec.env, "TERM"), "xterm-256color");
  EXPECT_TRUE(launch->script.empty());
}

TEST(Launch, TheLastOfTwoVariablesCounts) {
  wire::StartProcess request;
  for (const char* value : {"1", "2"}) {
    auto* variable = request.add_env();
    variable->set_name("X");
    variable->set_value(value);
  }
  const auto launch = plan_launch(request, user);
  EXPECT_EQ(os::env_value(launch->spec.env, "X"), "2");
  EXPECT_EQ(std::ranges::count(launch->spec.env, "X=1"), 0);
}

TEST(Launch, RefusesWhatExecCouldNotTake) {
  wire::StartProcess request;
  request.add_argv(std::string("a\0b", 3));
  EXPECT_EQ(plan_launch(request, user).error().operation, "argv");
  request.clear_argv();
  request.add_env()->set_name("A=B");
  EXPECT_EQ(plan_launch(request, user).error().operation, "env");
  request.clear_env();
  request.set_pty(true);
  request.mutable_shell()->set_enabled(true);
  request.mutable_shell()->set_nonce("';rm");
  EXPECT_EQ(plan_launch(request, user).error().operation, "nonce");
}

TEST(Launch, IntegratesTheUsersShell) {
  wire::StartProcess request;
  request.set_pty(true);
  request.mutable_shell()->set_enabled(true);
  request.mutable_shell()->set_nonce("abc");
  const auto launch = plan_launch(request, user);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->spec.argv[1], "--init-file");
  EXPECT_NE(launch->script.find("__berth_nonce=abc\n"), std::string::npos);
  request.set_pty(false);
  EXPECT_TRUE(plan_launch(request, user)->script.empty());
}

}  // namespace
}  // namespace berth::guest
