#include <gtest/gtest.h>

#include "cli/actions.hpp"
#include "cli/fixture.hpp"

namespace berth::cli {
namespace {

const std::string stream = "\x1b]0;a \xff title\x07\x1b]7;file://host/w%20d\x07\x1b]133;A\x07$ \x1b]133;B\x07"
                           "\x1b]133;C;cmdline_url=ls\x07" "out\x1b]133;D;2\x07\x1b]633;E;sl\x07\x1b]133;C\x07..";
const std::string open_line =
    R"({"type":"command","text":"sl","exit_code":null,"state":"open","trusted":true,"cwd":"/w d","start":109,"end":111,"full_screen":false,"depth":0})";

TEST(TerminalParse, PrintsMarkersAndCommandsAsJsonLines) {
  Stage stage(false, stream);
  ASSERT_EQ(parse_terminal(stage.context, {}).value(), 0);
  EXPECT_EQ(stage.printed(),
            R"({"type":"title","start":0,"end":14,"text":"a )" "\xEF\xBF\xBD" R"( title"}
{"type":"directory","start":14,"end":36,"trusted":true,"cwd":"/w d","host":"host"}
{"type":"prompt_start","start":36,"end":44,"trusted":true}
{"type":"input_start","start":46,"end":54,"trusted":true}
{"type":"command_line","start":54,"end":77,"trusted":true,"text":"ls"}
{"type":"output_start","start":54,"end":77,"trusted":true}
{"type":"command_end","start":80,"end":90,"trusted":true,"exit_code":2}
{"type":"command","text":"ls","exit_code":2,"state":"done","trusted":true,"cwd":"/w d","start":77,"end":80,"full_screen":false,"depth":0}
{"type":"command_line","start":90,"end":101,"trusted":true,"text":"sl"}
{"type":"output_start","start":101,"end":109,"trusted":true}
)" + open_line + "\n");
}

TEST(TerminalParse, PiecesOfAnySizeGiveTheSame) {
  Stage whole(false, stream);
  ASSERT_TRUE(parse_terminal(whole.context, {}));
  for (std::uint64_t chunk : {1, 2, 3, 7, 64, 1000}) {
    Stage stage(false, stream);
    ASSERT_TRUE(parse_terminal(stage.context, {.chunk = chunk}));
    EXPECT_EQ(stage.printed(), whole.printed()) << chunk;
  }
}

TEST(TerminalParse, MarkersWithoutTheNonceAreUntrusted) {
  Stage stage;
  ASSERT_TRUE(os::durable_write(stage.dir / "f", stream));
  ASSERT_TRUE(parse_terminal(stage.context, {.file = stage.dir / "f", .nonce = "n"}));
  EXPECT_EQ(stage.printed().find("\"trusted\":true"), std::string::npos) << stage.printed();
  EXPECT_NE(stage.printed().find(R"("text":"ls","exit_code":2,"state":"done","trusted":false)"), std::string::npos);
}

TEST(TerminalParse, AFileThatIsNotThereIsAnError) {
  Stage stage;
  EXPECT_EQ(parse_terminal(stage.context, {.file = stage.dir / "absent"}).error().code, Code::NotFound);
}

}  // namespace
}  // namespace berth::cli
