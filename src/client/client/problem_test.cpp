#include "client/problem.hpp"

#include <gtest/gtest.h>

namespace berth::client {
namespace {

TEST(Problem, KeepsCodeSentenceHintAndRequestId) {
  Error e = error_from_answer(409, R"({"type":"about:blank","title":"Conflict","status":409,"code":"already_exists",
    "detail":"The name is in use.","hint":"Choose another.","request_id":"req_1"})");
  EXPECT_EQ(e.code, Code::AlreadyExists);
  EXPECT_EQ(e.message, "The name is in use.");
  EXPECT_EQ(e.hint, "Choose another.");
  EXPECT_EQ(e.subject, "req_1");
}

TEST(Problem, AnythingElseBecomesTheStatus) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"detail":5})", "{"}) {
    Error e = error_from_answer(503, body);
    EXPECT_EQ(e.code, Code::Unavailable) << body;
    EXPECT_NE(e.message.find("503"), std::string::npos) << body;
  }
  EXPECT_EQ(error_from_answer(418, "").code, Code::InvalidArgument);
  EXPECT_EQ(error_from_answer(599, "").code, Code::Internal);
}

TEST(Problem, EveryCodeComesBack) {
  for (int i = 0; i <= static_cast<int>(Code::Internal); ++i)
    EXPECT_EQ(code_from_text(to_string(static_cast<Code>(i))), static_cast<Code>(i));
  EXPECT_EQ(code_from_text("martian"), Code::Internal);
}

}  // namespace
}  // namespace berth::client
