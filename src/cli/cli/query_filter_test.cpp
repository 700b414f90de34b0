#include "cli/query_filter.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

std::string filtered(std::string_view output, std::size_t split) {
  QueryFilter filter;
  std::string out = filter.feed(output.substr(0, split));
  out += filter.feed(output.substr(split));
  return out + filter.flush();
}

TEST(QueryFilter, QuestionsGoWhereverTheBytesAreSplit) {
  for (std::string question :
       {"\x05", "\x1bZ", "\x1b[6n", "\x1b[?6n", "\x1b[c", "\x1b[>0c", "\x1b[?2026$p", "\x1b[1x", "\x1b[>q", "\x1b[?u",
        "\x1b[18t", "\x1b]11;?\a", "\x1b]4;1;?\x1b\\", "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\"}) {
    std::string output = "a" + question + "b";
    for (std::size_t split = 0; split <= output.size(); ++split)
      EXPECT_EQ(filtered(output, split), "ab") << question.substr(1) << " at " << split;
  }
}

TEST(QueryFilter, EverythingElsePasses) {
  for (std::string output :
       {"plain \xc3\xa4\r\n", "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b[?1049h", "\x1b[1;2;3t", "\x1b[!p",
        "\x1b[2 q", "\x1b[u", "\x1b]0;a title?x\a", "\x1b]133;C\x1b\\", "\x1bP1;2|x\x1b\\",
        "\x1b"
        "7",
        "\x1b[", "\x1b]0;cut\x1b[31mx", "\x1b"})
    for (std::size_t split = 0; split <= output.size(); ++split)
      EXPECT_EQ(filtered(output, split), output) << "at " << split;
}

TEST(QueryFilter, ASequenceWithoutEndIsNotHeldForEver) {
  QueryFilter filter;
  std::string endless = "\x1b]0;" + std::string(10'000, 'x');
  std::string out = filter.feed(endless);
  EXPECT_GE(out.size() + QueryFilter::longest, endless.size());
  EXPECT_EQ(out + filter.flush(), endless);
}

TEST(QueryFilter, AQuestionAfterABrokenSequenceIsFound) {
  QueryFilter filter;
  EXPECT_EQ(filter.feed("\x1b[3\x1b[6nx"), "\x1b[3x");
}

}  // namespace
}  // namespace berth::cli
