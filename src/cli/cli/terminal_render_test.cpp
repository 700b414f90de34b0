#include <gtest/gtest.h>

#include "cli/actions.hpp"
#include "cli/fixture.hpp"

namespace berth::cli {
namespace {

const std::string stream = "\x1b[31mred\x1b[m\r\n\x1b[5Cx";

std::string rendered(const verb::TerminalRender& verb, bool json = false) {
  Stage stage(json, stream);
  EXPECT_EQ(render_terminal(stage.context, verb).value(), 0);
  return stage.printed();
}

TEST(TerminalRender, PrintsTheScreenInEachForm) {
  EXPECT_EQ(rendered({}), "red\n     x\n");
  EXPECT_EQ(rendered({.text = true}, true), "red\n     x\n");
  EXPECT_EQ(rendered({.vt = true}), "\x1b[0;31mred\r\n\x1b[5C\x1b[mx\x1b[2;7H\x1b[2;6Hx");
  EXPECT_TRUE(rendered({.svg = true}).starts_with("<svg "));
  EXPECT_NE(rendered({.cols = 7, .rows = 2}, true).find(R"("runs":[{"text":"red","columns":3,"fg":1}]})"),
            std::string::npos);
}

TEST(TerminalRender, AFileThatIsNotThereIsAFailure) {
  Stage stage;
  const auto done = render_terminal(stage.context, {.file = stage.dir / "none"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::NotFound);
}

}  // namespace
}  // namespace berth::cli
