#include "cli/grammar.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace berth::cli {
namespace {

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

template <class V>
V parsed(const std::string& line) {
  auto parsed = parse(words(line));
  if (!parsed) {
    ADD_FAILURE() << line << ": " << parsed.error().message;
    return {};
  }
  auto* invocation = std::get_if<Invocation>(&*parsed);
  if (invocation == nullptr || !std::holds_alternative<V>(invocation->verb)) {
    ADD_FAILURE() << line << ": another verb";
    return {};
  }
  return std::get<V>(invocation->verb);
}

Error refusal(const std::string& line) {
  auto parsed = parse(words(line));
  EXPECT_FALSE(parsed) << line;
  return parsed ? Error{} : parsed.error();
}

TEST(Grammar, RunTakesEverything) {
  auto run = parsed<verb::Run>(
      "run --template busybox --name n --isolation gvisor --memory 512MiB --cpus 1.5 --processes 9 --env A=1 -e B=x=y "
      "--rm -d -- sh -c --rm");
  EXPECT_EQ(run.template_name, "busybox");
  EXPECT_EQ(run.name, "n");
  EXPECT_EQ(run.isolation, "gvisor");
  EXPECT_EQ(run.memory_bytes, 512ull << 20);
  EXPECT_EQ(run.cpu_millis, 1500u);
  EXPECT_EQ(run.processes, 9u);
  EXPECT_EQ(run.env, (std::map<std::string, std::string>{{"A", "1"}, {"B", "x=y"}}));
  EXPECT_TRUE(run.remove);
  EXPECT_TRUE(run.detach);
  EXPECT_EQ(run.command, (std::vector<std::string>{"sh", "-c", "--rm"})) << "untouched after --";
}

TEST(Grammar, RunAloneIsAShell) {
  auto run = parsed<verb::Run>("run");
  EXPECT_TRUE(run.command.empty());
  EXPECT_FALSE(run.memory_bytes);
  EXPECT_EQ(run.tty, Tty::Auto);
}

TEST(Grammar, ASecondDoubleDashBelongsToTheCommand) {
  EXPECT_EQ(parsed<verb::Exec>("exec box -t -- git log -- file").command,
            (std::vector<std::string>{"git", "log", "--", "file"}));
}

TEST(Grammar, GlobalOptionsStandAnywhere) {
  for (const char* line : {"--json --home /h ls", "ls --json --home /h", "ls --home=/h --json"}) {
    auto parsed = parse(words(line));
    ASSERT_TRUE(parsed) << line;
    auto& invocation = std::get<Invocation>(*parsed);
    EXPECT_TRUE(invocation.global.json) << line;
    EXPECT_EQ(invocation.global.home, "/h") << line;
  }
  EXPECT_TRUE(std::get<Invocation>(*parse(words("server status --json"))).global.json);
}

TEST(Grammar, NamesOfVerbsAreFineAsNamesOfSandboxes) {
  EXPECT_EQ(parsed<verb::Attach>("attach run").target, "run");
  EXPECT_EQ(parsed<verb::Attach>("attach run --from cmd:3").from, "cmd:3");
  EXPECT_EQ(parsed<verb::ShowScreen>("screen run --at 90s").at, "90s");
  EXPECT_EQ(parsed<verb::Stop>("stop ls rm --grace 2s").sandboxes, (std::vector<std::string>{"ls", "rm"}));
  EXPECT_EQ(parsed<verb::Stop>("stop x --grace 2s").grace, std::chrono::milliseconds{2000});
}

TEST(Grammar, ServeCollectsSettings) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(parsed<verb::Serve>("serve --address ::1 --port 0 --set a.b=c --set d.e=f=g").settings,
            (Pairs{{"http.address", "::1"}, {"http.port", "0"}, {"a.b", "c"}, {"d.e", "f=g"}}));
  EXPECT_EQ(parsed<verb::ServerStop>("server stop --timeout 2m").timeout, std::chrono::seconds{120});
}

TEST(Grammar, OtherVerbs) {
  EXPECT_TRUE(parsed<verb::List>("ls -a").all);
  EXPECT_EQ(parsed<verb::Share>("share box/main --expires 1h").expires, "1h");
  EXPECT_EQ(parsed<verb::History>("history").limit, 20u);
  EXPECT_EQ(parsed<verb::Replay>("replay box --speed 2.5 --idle-limit 1s --from cmd:12").speed, 2.5);
  EXPECT_EQ(parsed<verb::Replay>("replay box --idle-limit 1s --from cmd:12").idle_limit, std::chrono::seconds{1});
  EXPECT_EQ(parsed<verb::TerminalExport>("terminal export box --format html -o x.html --to 90s").output, "x.html");
  EXPECT_EQ(parsed<verb::TerminalImport>("terminal import x.cast --name demo").name, "demo");
  EXPECT_EQ(parsed<verb::History>("history box -n 5").target, "box");
  const auto slow = parsed<verb::History>("history --failed --slower 5s --cwd /w box/main");
  EXPECT_TRUE(slow.failed && slow.slower == std::chrono::seconds{5} && slow.cwd == "/w" && slow.target == "box/main");
  const auto found = parsed<verb::Grep>("grep -C 2 -i pattern box");
  EXPECT_TRUE(found.context == 2 && found.ignore_case && found.pattern == "pattern" && found.target == "box");
  const auto resize = parsed<verb::TerminalResize>("terminal resize box/main 120x40");
  EXPECT_TRUE(resize.size.cols == 120 && resize.size.rows == 40 && resize.target == "box/main");
  EXPECT_EQ(parsed<verb::TerminalClose>("terminal close box --grace 2s").grace, std::chrono::seconds{2});
  EXPECT_EQ(parsed<verb::CommandOutput>("output box 12 --tail 3").tail, 3u);
  EXPECT_TRUE(parsed<verb::Logs>("logs -f box").follow);
  EXPECT_TRUE(parsed<verb::Remove>("rm -f a b").force);
  EXPECT_TRUE(parsed<verb::Stats>("stats --watch").watch);
  EXPECT_TRUE(parsed<verb::TemplateBuild>("template build debian --rebuild").rebuild);
  EXPECT_EQ(parsed<verb::Completion>("completion zsh").shell, "zsh");
  EXPECT_TRUE(parsed<verb::Serve>("serve --take-over").take_over);
  EXPECT_EQ(parsed<verb::ServerUpgrade>("server upgrade --port 0").settings.at(0).first, "http.port");
  parsed<verb::Version>("--version");
  parsed<verb::Doctor>("doctor");
  auto parse = parsed<verb::TerminalParse>("terminal parse --chunk 7 --nonce n f");
  EXPECT_EQ(std::tie(parse.file, parse.nonce), std::make_tuple("f", "n"));
  EXPECT_EQ(parse.chunk, 7u);
  auto render = parsed<verb::TerminalRender>("terminal render - --cols 120 --rows 40 --svg");
  EXPECT_EQ(std::tie(render.cols, render.rows, render.svg), std::make_tuple(120, 40, true));
  parsed<verb::ConfigCheck>("config check");
  EXPECT_EQ(parsed<verb::JournalCheck>("journal check").target, "");
  EXPECT_EQ(parsed<verb::JournalCheck>("journal check trm_1").target, "trm_1");
}

TEST(Grammar, MistakesAreInvalidAndSayMore) {
  for (const char* line : {"fly",
                           "run --memory much",
                           "run --memory -1",
                           "run --cpus 0",
                           "run --cpus 1.5x",
                           "run --isolation vm",
                           "run --processes many",
                           "run --env A",
                           "run --env =x",
                           "exec",
                           "exec box",
                           "attach",
                           "server",
                           "terminal",
                           "terminal parse --chunk 0",
                           "terminal render --cols 10000",
                           "terminal render --rows 0",
                           "terminal render --svg --vt",
                           "template",
                           "stop",
                           "history --limit 0",
                           "history --limit x",
                           "ls extra",
                           "completion tcsh",
                           "replay x --speed 0",
                           "exec box -t -T -- x",
                           "ls -- x",
                           "--json",
                           "server stop --timeout 1ms"}) {
    Error error = refusal(line);
    EXPECT_EQ(error.code, Code::InvalidArgument) << line;
    EXPECT_TRUE(error.message.ends_with('.')) << line << ": " << error.message;
  }
}

TEST(Grammar, HintsNameWhatWasMeant) {
  EXPECT_NE(refusal("atach box").hint.find("attach"), std::string::npos) << refusal("atach box").hint;
  EXPECT_NE(refusal("run --tempate x").hint.find("--template"), std::string::npos) << refusal("run --tempate x").hint;
  EXPECT_NE(refusal("run make").hint.find("berth run -- make"), std::string::npos) << refusal("run make").hint;
}

TEST(Grammar, HelpIsForTheVerbThatWasNamed) {
  auto help = [](const std::string& line) {
    auto parsed = parse(words(line));
    return parsed && std::holds_alternative<HelpText>(*parsed) ? std::get<HelpText>(*parsed).text : std::string();
  };
  EXPECT_NE(help("--help").find("Usage: berth"), std::string::npos);
  EXPECT_EQ(refusal("").code, Code::InvalidArgument) << "nothing is not a request for help";
  EXPECT_NE(help("run --help").find("Usage: berth run [OPTIONS] [-- COMMAND…]"), std::string::npos)
      << help("run --help");
  EXPECT_NE(help("server start -h").find("Usage: berth server start"), std::string::npos) << help("server start -h");
}

TEST(Grammar, EveryVerbHasHelpAndAnExample) {
  auto check = [](auto& self, const VerbNode& verb, const std::string& path) -> void {
    EXPECT_FALSE(verb.help.empty()) << path;
    if (verb.verbs.empty()) EXPECT_NE(verb.examples.find("berth"), std::string::npos) << path;
    for (const auto& option : verb.options) EXPECT_FALSE(option.help.empty()) << path << " " << option.names.front();
    for (const auto& child : verb.verbs) self(self, child, path + " " + child.name);
  };
  check(check, grammar_tree(), "berth");
}

}  // namespace
}  // namespace berth::cli
