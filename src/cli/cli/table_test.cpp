#include "cli/table.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

TEST(Table, AlignsByWhatIsShown) {
  Table table({"NAME", "AGE"});
  table.add({"über", "1 day"});
  table.add({"a-longer-one", ""});
  EXPECT_EQ(table.text(), "NAME          AGE\nüber          1 day\na-longer-one\n");
}

TEST(Table, CellsCannotControlTheTerminal) {
  Table table({"A"});
  table.add(
      {"x\x1b[2J\ny\x7f\xc2\x9b"
       "1m"});
  EXPECT_EQ(table.text(), "A\nx [2J y  1m\n");
}

TEST(OneLine, CutsAtCodePoints) {
  EXPECT_EQ(one_line("short\n", 10), "short");
  EXPECT_EQ(one_line("äöüß", 3), "äö…");
  EXPECT_EQ(one_line("abcdef", 6), "abcdef");
  EXPECT_EQ(one_line("abcdefg", 6), "abcde…");
}

}  // namespace
}  // namespace berth::cli
