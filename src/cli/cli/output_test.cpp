#include "cli/output.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include "cli/fixture.hpp"

namespace berth::cli {
namespace {

TEST(Output, ErrorsHaveOneExitCode) {
  EXPECT_EQ(exit_code({.code = Code::Timeout}), 2);
  EXPECT_EQ(exit_code({.code = Code::InvalidArgument}), 3);
  EXPECT_EQ(exit_code({.code = Code::NotFound}), 3);
  EXPECT_EQ(exit_code({.code = Code::PermissionDenied}), 4);
  EXPECT_EQ(exit_code({.code = Code::Unauthenticated}), 4);
  EXPECT_EQ(exit_code({.code = Code::Unavailable}), 1);
  EXPECT_EQ(exit_code({.code = Code::AlreadyExists}), 1);
}

TEST(Output, ErrorsAreASentenceAndAHintOrJson) {
  Error error{.code = Code::NotFound, .message = "No such sandbox.", .hint = "See berth ls."};
  EXPECT_EQ(error_text(error), "berth: No such sandbox.\nhint: See berth ls.\n");
  EXPECT_EQ(boost::json::serialize(error_json(error)),
            R"({"error":{"code":"not_found","message":"No such sandbox.","hint":"See berth ls."}})");
}

TEST(Output, NotesAreForPeople) {
  Stage text, json(true);
  text.context.output.note("note");
  json.context.output.note("note");
  EXPECT_EQ(text.said(), "note\n");
  EXPECT_EQ(json.said(), "");
}

TEST(Progress, NothingIsSaidAboutWhatIsQuick) {
  Stage stage;
  {
    Progress progress(stage.context.output, "Working");
    progress.tell("detail");
  }
  EXPECT_EQ(stage.said(), "");
}

TEST(Progress, OneLineWhateverTheDetailIs) {
  EXPECT_EQ(progress_line("Building", ""), "Building");
  EXPECT_EQ(progress_line("Building", "step\x1b[2J 1"), "Building: step [2J 1");
  EXPECT_LE(progress_line("Building", std::string(1'000, 'x')).size(), 80u);
}

}  // namespace
}  // namespace berth::cli
