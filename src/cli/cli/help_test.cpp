#include "cli/help.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

TEST(Help, UsageSaysWhatMayBeLeftOut) {
  VerbNode verb{.name = "x",
                .command = "-- COMMAND…",
                .options = {{.names = {"--a"}}},
                .positionals = {{.names = {"ONE"}, .required = true}, {.names = {"MORE"}, .repeated = true}}};
  EXPECT_EQ(usage_line(verb, "berth x"), "berth x [OPTIONS] ONE [MORE…] -- COMMAND…");
}

TEST(Help, PagesNameEveryVerbAndOption) {
  VerbNode root = grammar_tree();
  std::string markdown = reference_markdown(root), man = reference_man(root);
  EXPECT_NE(markdown.find("## berth template build"), std::string::npos);
  EXPECT_NE(markdown.find("`--isolation auto\\|gvisor\\|container`"), std::string::npos) << "a bar would end the cell";
  EXPECT_EQ(markdown.find("## berth reference"), std::string::npos) << "for packagers only";
  EXPECT_NE(man.find("\\-\\-isolation"), std::string::npos);
  EXPECT_NE(settings_man().find("sandbox.memory_bytes"), std::string::npos);
}

// A line of text that begins like a request would be one.
TEST(Help, ManPagesAreSafeFromTheirOwnText) {
  VerbNode root{
      .name = "berth", .help = ".so /etc/passwd", .verbs = {{.name = "v", .help = "h", .examples = "'quoted \\ line"}}};
  std::string man = reference_man(root);
  EXPECT_EQ(man.find("\n.so"), std::string::npos);
  EXPECT_NE(man.find("\\&'quoted \\e line"), std::string::npos) << man;
}

}  // namespace
}  // namespace berth::cli
