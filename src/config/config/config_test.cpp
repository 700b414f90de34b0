#include "config/config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "os/file.hpp"

namespace berth::config {
namespace {
namespace fs = std::filesystem;
using namespace std::chrono_literals;

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "berth-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { fs::remove_all(dir_); }
  [[nodiscard]] fs::path file() const { return dir_ / "config.yaml"; }
  Sources with(const std::string& text) const {
    std::ofstream(file(), std::ios::trunc) << text;
    return {.file = file()};
  }
  // All problems, one a line.
  std::string problems(const std::string& text) const {
    std::string out;
    for (const Problem& problem : check(with(text))) out += problem.text() + "\n";
    return out;
  }
  fs::path dir_;
};

TEST_F(File, LaterSourcesWin) {
  Sources sources = with("http:\n  port: 1\n  address: ::1\nsandbox:\n  memory_bytes: 1GiB\n  stop_grace_ms: 10s\n");
  sources.environment = {"PATH=/bin", "BERTH_HTTP_PORT=2", "BERTH_SANDBOX_MEMORY_BYTES=2G",
                         "BERTH_SANDBOX_ISOLATION=container"};
  sources.flags = {{"http.port", "3"}};
  const auto config = load(sources);
  ASSERT_TRUE(config) << config.error().describe();
  EXPECT_EQ(config->settings.http.port, 3);
  EXPECT_EQ(config->settings.http.address, "::1");
  EXPECT_EQ(config->settings.sandbox.memory_bytes, 2 * GiB);
  EXPECT_EQ(config->settings.sandbox.isolation, "container");
  EXPECT_EQ(config->settings.sandbox.stop_grace_ms, 10s);
  EXPECT_EQ(config->settings.sandbox.template_, "debian");
  EXPECT_TRUE(config->is_set("http.port") && config->is_set("http.address"));
  EXPECT_FALSE(config->is_set("sandbox.template"));
  std::set<std::string> shown;
  for (const Shown& s : config->show()) shown.insert(s.name + " " + s.value + " " + s.source);
  EXPECT_TRUE(shown.contains("http.port 3 flag"));
  EXPECT_TRUE(shown.contains("http.address ::1 config.yaml:3"));
  EXPECT_TRUE(shown.contains("sandbox.memory_bytes 2GiB BERTH_SANDBOX_MEMORY_BYTES"));
  EXPECT_TRUE(shown.contains("sandbox.template debian default"));
}

TEST_F(File, AbsentEmptyAndCommentedOutIsTheDefault) {
  EXPECT_TRUE(load({.file = dir_ / "absent.yaml"}));
  for (const char* text : {"", "# nothing\n", "---\n", "http:\n# port: 1\n", "http: {}\n", "{}\n"})
    EXPECT_EQ(problems(text), "") << text;
}

TEST_F(File, ListsAreYamlOrCommas) {
  const std::vector<std::string> expected = {"https://a", "https://b:1"};
  EXPECT_EQ(load(with("http:\n  allowed_origins: [https://a, 'https://b:1']\n"))->settings.http.allowed_origins,
            expected);
  EXPECT_EQ(load(with("http:\n  allowed_origins:\n  - https://a\n  - https://b:1\n"))->settings.http.allowed_origins,
            expected);
  EXPECT_EQ(load({.environment = {"BERTH_HTTP_ALLOWED_ORIGINS=https://a,https://b:1"}})->settings.http.allowed_origins,
            expected);
  EXPECT_TRUE(load({.environment = {"BERTH_HTTP_ALLOWED_ORIGINS="}})->settings.http.allowed_origins.empty());
  EXPECT_FALSE(load({.environment = {"BERTH_HTTP_ALLOWED_ORIGINS=https://a,,b"}}));
}

TEST_F(File, ProblemsNameFileLineKeyAndRange) {
  EXPECT_EQ(problems("http:\n  port: x\n"), "config.yaml:2: http.port: expected a number from 0 to 65535, not \"x\"\n");
  EXPECT_EQ(problems("http:\n\n  port: 65536\n"),
            "config.yaml:3: http.port: expected a number from 0 to 65535, not \"65536\"\n");
  EXPECT_EQ(problems("http:\n  prot: 1\n"), "config.yaml:2: http.prot: expected a known setting; http.port perhaps\n");
  EXPECT_EQ(problems("whatever: 1\n"), "config.yaml:1: whatever: expected a known setting\n");
  EXPECT_EQ(problems("http: 1\n"), "config.yaml:1: http: expected settings below it, not a value\n");
  EXPECT_EQ(problems("http:\n  port: [1]\n"),
            "config.yaml:2: http.port: expected a number from 0 to 65535, not this list\n");
  EXPECT_EQ(problems("http:\n  port:\n"), "config.yaml:2: http.port: expected a number from 0 to 65535, not nothing\n");
  EXPECT_EQ(problems("http:\n  port: {a: 1}\n"),
            "config.yaml:2: http.port.a: expected a known setting; http.port perhaps\n");
  EXPECT_EQ(problems("http:\n  port: 1\n  port: 2\n"), "config.yaml:3: http.port: expected every key once\n");
  EXPECT_EQ(problems("sandbox:\n  isolation: none\n"),
            "config.yaml:2: sandbox.isolation: expected one of auto, gvisor, container, not \"none\"\n");
  EXPECT_EQ(problems("sandbox:\n  memory_bytes: 1KiB\n"),
            "config.yaml:2: sandbox.memory_bytes: expected a size from 16MiB to 16TiB, not \"1KiB\"\n");
  EXPECT_EQ(problems("http:\n  idle_timeout_ms: 5 s\n"),
            "config.yaml:2: http.idle_timeout_ms: expected a duration from 100ms to 1d, not \"5 s\"\n");
  EXPECT_EQ(problems("http:\n  allow_remote: maybe\n"),
            "config.yaml:2: http.allow_remote: expected true or false, not \"maybe\"\n");
  EXPECT_EQ(problems("http:\n  address: \"a\\nb\"\n"),
            "config.yaml:2: http.address: expected text from 1 to 255 characters, not \"a?b\"\n");
}

TEST_F(File, AllProblemsAtOnceAndTheFirstAsTheError) {
  const std::string text = "http:\n  port: x\nlog:\n  level: loud\n";
  EXPECT_EQ(check(with(text)).size(), 2u);
  const auto refused = load(with(text));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::InvalidArgument);
  EXPECT_EQ(refused.error().message.rfind("config.yaml:2: http.port", 0), 0u) << refused.error().message;
  EXPECT_NE(refused.error().hint.find("1 more"), std::string::npos);
  const auto flag = load({.flags = {{"http.prot", "1"}}});
  ASSERT_FALSE(flag);
  EXPECT_EQ(flag.error().message, "flag: http.prot: expected a known setting; http.port perhaps");
}

TEST_F(File, SettingsThatMustFitTogether) {
  EXPECT_NE(problems("http:\n  tls_key: /k\n"), "");
  EXPECT_EQ(problems("http:\n  tls_key: /k\n  tls_certificate: /c\n"), "");
  EXPECT_NE(problems("http:\n  websocket_idle_ms: 1s\n"), "");
  EXPECT_NE(problems("log:\n  total_bytes: 1MiB\n"), "");
}

TEST_F(File, SizeIsLimitedBeforeItIsRead) {
  EXPECT_EQ(problems(std::string(max_file_bytes, '#')), "");
  const auto large = load(with(std::string(max_file_bytes + 1, '#')));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::TooLarge);
  EXPECT_EQ(large.error().message, "config.yaml: expected a file of at most 1MiB");
  fs::remove(file());
  fs::create_symlink("/dev/zero", file());
  EXPECT_FALSE(load({.file = file()}));
  EXPECT_FALSE(load({.file = dir_}));
}

std::string nested(std::size_t levels) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += std::string(i, ' ') + "a:\n";
  return text + std::string(levels, ' ') + "b\n";
}

TEST_F(File, DepthIsLimited) {
  EXPECT_EQ(problems(nested(max_depth)).find("levels"), std::string::npos) << problems(nested(max_depth));
  const auto deep = load(with(nested(max_depth + 1)));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, Code::TooLarge);
  EXPECT_NE(problems(nested(max_depth + 1)).find("at most 10 levels"), std::string::npos);
  for (const char* bracket : {"[", "{", "- ", "? "}) {
    std::string bomb;
    while (bomb.size() < max_file_bytes - 2) bomb += bracket;
    EXPECT_NE(problems(bomb), "") << bracket;
  }
}

TEST_F(File, KeysOfALevelAreLimited) {
  std::string text = "http:\n  allowed_origins:\n";
  for (std::size_t i = 0; i < max_keys; ++i) text += "  - a\n";
  EXPECT_NE(problems(text).find("from 0 to 100 items"), std::string::npos);
  EXPECT_NE(problems(text + "  - a\n").find("at most 1000 keys or items"), std::string::npos);
  std::string keys;
  for (std::size_t i = 0; i <= max_keys; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  EXPECT_NE(problems(keys).find("at most 1000 keys or items"), std::string::npos);
}

TEST_F(File, AliasesAnchorsTagsAndSecondDocumentsAreRefused) {
  std::string bomb = "a: &a [x]\n";
  for (char c = 'b'; c < 'z'; ++c)
    bomb += std::string{c} + ": &" + c + " [*" + static_cast<char>(c - 1) + ", *" + static_cast<char>(c - 1) + "]\n";
  EXPECT_NE(problems(bomb).find("no anchors"), std::string::npos) << problems(bomb);
  EXPECT_NE(problems("http: *a\n"), "");
  EXPECT_NE(problems("http:\n  port: !!int 1\n").find("no tags"), std::string::npos);
  EXPECT_NE(problems("http: {}\n---\nhttp: {}\n").find("one document"), std::string::npos);
  EXPECT_NE(problems("- a\n").find("not a list"), std::string::npos);
  EXPECT_NE(problems("just text\n").find("keys and values"), std::string::npos);
  EXPECT_NE(problems("a: b: c\n").find("YAML"), std::string::npos) << problems("a: b: c\n");
  EXPECT_NE(problems("[1]: 2\n"), "");
}

TEST(Environment, AVariableThatIsNearlyASettingIsAWarning) {
  const auto config = load({.environment = {"BERTH_HTTP_PROT=1", "BERTH_HOME=/x", "BERTH_URL=y", "HTTP_PORT=z"}});
  ASSERT_TRUE(config) << config.error().describe();
  ASSERT_EQ(config->warnings.size(), 1u);
  EXPECT_EQ(config->warnings.front().text(), "BERTH_HTTP_PROT: expected a known setting; BERTH_HTTP_PORT perhaps");
  EXPECT_FALSE(load({.environment = {"BERTH_HTTP_PORT="}}));
}

TEST(Values, UnitsAndOverflow) {
  EXPECT_EQ(parse_bytes("512MiB"), 512 * MiB);
  EXPECT_EQ(parse_bytes("1K"), 1024u);
  EXPECT_EQ(parse_bytes("1KB"), 1000u);
  EXPECT_EQ(parse_milliseconds("5s"), 5000ms);
  EXPECT_EQ(parse_milliseconds("7"), 7ms);
  for (const char* bad :
       {"", "MiB", "-1", "+1", " 1", "1 ", "1.5G", "1mib", "0x10", "18446744073709551616", "9223372036854775807K"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
    EXPECT_FALSE(parse_milliseconds(bad)) << bad;
  }
  EXPECT_EQ(bytes_text(1536 * KiB), "1536KiB");
  EXPECT_EQ(milliseconds_text(90s), "90s");
}

// Every default is in its own range, in the text that `show` gives.
TEST(Schema, DefaultsAreAccepted) {
  Sources sources;
  for (const Description& row : schema()) sources.flags.emplace_back(row.name, row.initial);
  EXPECT_TRUE(load(sources)) << load(sources).error().describe();
  std::set<std::string> environment;
  for (const Description& row : schema()) {
    EXPECT_TRUE(environment.insert(row.environment).second) << row.environment;
    EXPECT_TRUE(row.help.ends_with(".")) << row.name;
  }
}

// The page of the repository is what the schema says. With BERTH_UPDATE=1 the test writes it.
TEST(Reference, TheCheckedInPageIsCurrent) {
  const fs::path page = fs::path(BERTH_SOURCE_DIR) / "docs/configuration.md";
  if (std::getenv("BERTH_UPDATE")) ASSERT_TRUE(os::durable_write(page, reference_markdown(), 0644));
  const auto text = os::read_file(page, 1 << 20);
  ASSERT_TRUE(text) << text.error().describe();
  EXPECT_EQ(*text, reference_markdown()) << "BERTH_UPDATE=1 config_test --gtest_filter='Reference.*' writes it";
}

TEST(Home, FlagThenVariableThenTheUsersDataDirectory) {
  const std::vector<std::string> environment = {"HOME=/home/ada", "XDG_DATA_HOME=/data", "BERTH_HOME=/srv/berth/"};
  EXPECT_EQ(*home_directory("/flag/../other", environment), "/other");
  EXPECT_EQ(*home_directory("", environment), "/srv/berth");
  EXPECT_EQ(*home_directory("", {"HOME=/home/ada", "XDG_DATA_HOME=/data"}), "/data/berth");
  EXPECT_EQ(*home_directory("", {"HOME=/home/ada"}), "/home/ada/.local/share/berth");
  EXPECT_FALSE(home_directory("", {}));
}

}  // namespace
}  // namespace berth::config
