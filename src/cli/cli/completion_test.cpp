#include "cli/completion.hpp"

#include <gtest/gtest.h>

#include "os/process.hpp"

namespace berth::cli {
namespace {

// What bash offers for a line, asked from a real bash.
std::string offers(const std::string& line) {
  std::string script = completion_script("bash", grammar_tree()) +
                       "berth() { case \"$1\" in ls) echo "
                       "'[{\"id\":\"sbx_1\",\"name\":\"alpha\"},{\"id\":\"sbx_2\",\"name\":\"beta\"}]' ;; "
                       "template) echo '[{\"name\":\"debian\"}]' ;; esac; }\n"
                       "COMP_WORDS=(" +
                       line + ")\n[[ '" + line +
                       "' == *' ' ]] && COMP_WORDS+=('')\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                       "_berth_complete\necho \"${COMPREPLY[*]}\"\n";
  auto result = os::run({.argv = {"bash", "-c", script}, .env = {"PATH=/usr/bin:/bin"}});
  if (!result || !result->err.empty()) return result ? result->err : result.error().describe();
  std::string out = result->out;
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

TEST(Completion, BashOffersVerbsOptionsAndNames) {
  EXPECT_EQ(offers("berth att"), "attach");
  EXPECT_EQ(offers("berth server sta"), "start status");
  EXPECT_EQ(offers("berth run --iso"), "--isolation");
  EXPECT_EQ(offers("berth run --isolation "), "auto gvisor container");
  EXPECT_EQ(offers("berth run --template "), "debian");
  EXPECT_EQ(offers("berth attach "), "alpha beta");
  EXPECT_EQ(offers("berth rm -f a"), "alpha");
  EXPECT_EQ(offers("berth completion z"), "zsh");
  EXPECT_EQ(offers("berth --json ls --al"), "--all");
  EXPECT_EQ(offers("berth template rm "), "debian");
}

TEST(Completion, EveryVerbIsInEveryScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    std::string script = completion_script(shell, grammar_tree());
    for (const auto& verb : grammar_tree().verbs)
      EXPECT_NE(script.find(verb.name), std::string::npos) << shell << " " << verb.name;
  }
}

}  // namespace
}  // namespace berth::cli
