#include "wire/shells.hpp"

#include <gtest/gtest.h>

namespace berth::wire {
namespace {

TEST(Shells, ThoseForAPersonAreKnown) {
  EXPECT_EQ(shell_call({"/usr/bin/bash", "-i"})->shell, Shell::Bash);
  EXPECT_EQ(shell_call({"zsh"})->shell, Shell::Zsh);
  EXPECT_EQ(shell_call({"/opt/fish"})->shell, Shell::Fish);
  for (const char* name : {"sh", "/bin/dash", "ash"}) EXPECT_EQ(shell_call({name})->shell, Shell::Posix) << name;
  EXPECT_EQ(shell_call({"/bin/busybox", "sh", "-l"})->shell, Shell::Posix);
  EXPECT_TRUE(shell_call({"zsh", "-li"})->login);
  EXPECT_FALSE(shell_call({"zsh", "-i"})->login);
}

TEST(Shells, OthersAreLeftAlone) {
  for (const std::vector<std::string>& argv : std::vector<std::vector<std::string>>{
           {}, {"bash", "-c", "true"}, {"zsh", "-f"}, {"sh", "script"}, {"busybox"}, {"busybox", "ls"}, {"tcsh"}, {"rbash"}})
    EXPECT_FALSE(shell_call(argv)) << (argv.empty() ? "" : argv[0]);
}

}  // namespace
}  // namespace berth::wire
