#include "snapshots/secret_scan.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

namespace berth::snapshots {
namespace {

SecretRules rules() {
  auto parsed = SecretRules::parse(built_in_rules());
  EXPECT_TRUE(parsed) << parsed.error().describe();
  return *std::move(parsed);
}

std::vector<Finding> scan(std::string_view text, std::size_t piece = SIZE_MAX) {
  SecretScan scanner(rules(), "output");
  for (std::size_t at = 0; at < text.size();) {
    scanner.add(text.substr(at, piece));
    at += std::min(piece, text.size() - at);
  }
  return scanner.finish();
}

std::string told(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& f : findings) out += f.rule + "@" + std::to_string(f.offset) + "+" + std::to_string(f.bytes) + ":" + std::to_string(f.line) + " ";
  return out;
}

// Not one that anybody ever had; put together here so that no scanner of this tree finds it.
const std::string github = std::string("gh") + "p_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX";
const std::string amazon = std::string("AK") + "IAQ7W3EXAMPLE4T5Z8";

TEST(SecretScan, FindsTheFormsThatItKnows) {
  EXPECT_EQ(told(scan("one\nexport T=" + github + "\n")), "github-token@13+40:2 ");
  EXPECT_EQ(told(scan("id " + amazon + " end")), "aws-access-key@3+20:1 ");
  EXPECT_EQ(told(scan("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END")).substr(0, 16), "private-key@0+45");
  EXPECT_EQ(told(scan("clone https://ada:correcthorse@host/x")), "url-password@18+12:1 ") << "the password, not the address";
  EXPECT_EQ(told(scan("DB_PASSWORD = 'x7Kq9-Lm2Pz4.Vw8'")), "assigned-secret@15+16:1 ");
  EXPECT_EQ(told(scan("berth_" + std::string(26, 'a') + "_" + std::string(52, 'b'))), "berth-key@0+85:1 ");
}

TEST(SecretScan, LeavesAloneWhatOnlyLooksLikeOne) {
  EXPECT_EQ(told(scan("password: aaaaaaaaaaaaaaaa")), "") << "nothing random in it";
  EXPECT_EQ(told(scan("the token is in the vault; see ghp_ and AKIA for forms")), "");
  EXPECT_EQ(told(scan("https://host/a@b:c")), "");
  EXPECT_EQ(told(scan("")), "");
}

TEST(SecretScan, TellsThePlaceAndNotTheSecret) {
  const auto found = scan("T=" + github);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].part, "output");
  EXPECT_EQ(found[0].shown, github.substr(0, 4) + "…");
}

TEST(SecretScan, FindsTheSameInAnyPieces) {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 10; ++round) {
    std::string text;
    std::string expected;
    std::uint64_t line = 1;
    for (int i = 0; i < 6; ++i) {
      std::string noise(random() % (SecretScan::window_bytes + 100), ' ');
      for (char& c : noise) c = "\n .,;"[random() % 5];
      text += noise;
      line += static_cast<std::uint64_t>(std::count(noise.begin(), noise.end(), '\n'));
      expected += "github-token@" + std::to_string(text.size() + 1) + "+40:" + std::to_string(line) + " ";
      text += " " + github + " ";
    }
    ASSERT_EQ(told(scan(text)), expected) << "round " << round;
    ASSERT_EQ(told(scan(text, 1 + random() % 100'000)), expected) << "round " << round;
    std::string masked = text;
    mask(masked, 0, scan(text));
    ASSERT_EQ(masked.size(), text.size());
    ASSERT_TRUE(scan(masked).empty()) << "what was masked is found no more";
    std::string end = text.substr(text.size() - 20);
    mask(end, text.size() - 20, scan(text));
    ASSERT_EQ(end, std::string(19, '*') + " ") << "a piece of it";
  }
}

TEST(SecretScan, FindingsAreLimited) {
  std::string text;
  for (std::size_t i = 0; i < SecretScan::most_findings + 1; ++i) text += github + "\n";
  SecretScan scanner(rules(), "output");
  scanner.add(text);
  EXPECT_EQ(scanner.finish().size(), SecretScan::most_findings);
  EXPECT_TRUE(scanner.more());
}

TEST(SecretRules, SayWhichIsWrong) {
  EXPECT_GE(rules().size(), 10u);
  const auto refusal = [](std::string_view json) {
    const auto parsed = SecretRules::parse(json);
    return parsed ? "parsed" : parsed.error().message;
  };
  EXPECT_EQ(refusal(R"([{"id":"a","pattern":"a+","keywords":["a"]}])"), "parsed");
  EXPECT_EQ(refusal("{}"), "The rules for secrets are no list of up to 1000.");
  EXPECT_EQ(refusal(R"([{"pattern":"a","keywords":["a"]}])"), "Rule 1 for secrets is wrong: it has no id.");
  EXPECT_EQ(refusal(R"([{"id":"a","pattern":"(","keywords":["a"]}])").substr(0, 49), "Rule 1 for secrets is wrong: its pattern is none:");
  EXPECT_EQ(refusal(R"([{"id":"a","pattern":"a*","keywords":["a"]}])"), "Rule 1 for secrets is wrong: its pattern matches nothing at all.");
  EXPECT_EQ(refusal(R"([{"id":"a","pattern":"a"}])"), "Rule 1 for secrets is wrong: it needs 1 to 100 keywords.");
  EXPECT_EQ(refusal(R"([{"id":"a","pattern":"a","keywords":["A"]}])"), "Rule 1 for secrets is wrong: a keyword is text of 1 to 100 small letters and signs.");
  EXPECT_EQ(refusal(R"([{"id":"a","pattern":"a","keywords":["a"],"entropie":1}])"), "Rule 1 for secrets is wrong: \"entropie\" is unknown.");
}

}  // namespace
}  // namespace berth::snapshots
