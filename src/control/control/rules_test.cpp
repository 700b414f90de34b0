// The rules that no transport knows: limits, names, keys, rates.

#include "control/control_testing.hpp"
#include "control/metrics.hpp"
#include "control/program.hpp"
#include "control/rate_limit.hpp"
#include "control/validate.hpp"

namespace berth::control::testing {
namespace {

TEST(Rules, ArgumentsAndVariables) {
  EXPECT_TRUE(check_argv({"sh", "-c", ""}));
  EXPECT_EQ(check_argv({""}).error().code, Code::InvalidArgument);
  EXPECT_EQ(check_argv({std::string("a\0b", 3)}).error().code, Code::InvalidArgument);
  EXPECT_EQ(check_argv(std::vector<std::string>(max_arguments + 1, "x")).error().code, Code::TooLarge);
  EXPECT_EQ(check_argv({std::string(max_argument_bytes, 'x')}).error().code, Code::TooLarge);
  EXPECT_TRUE(check_environment({{"_A1", "any = thing"}}));
  for (const char* name : {"", "1A", "A-B", "A=B", "A B"}) EXPECT_FALSE(check_environment({{name, "v"}})) << name;
  EXPECT_FALSE(check_environment({{"A", std::string("v\0", 2)}}));
}

TEST(Rules, PathsSizesAndSignals) {
  EXPECT_TRUE(check_path("relative/../is the sandbox's own matter"));
  EXPECT_FALSE(check_path(""));
  EXPECT_FALSE(check_path(std::string("a\0b", 3)));
  EXPECT_EQ(check_path(std::string(max_path_bytes + 1, 'a')).error().code, Code::TooLarge);
  EXPECT_TRUE(check_directory("") && check_directory("/tmp"));
  EXPECT_FALSE(check_directory("tmp"));
  EXPECT_TRUE(check_size({.cols = 1, .rows = 1000}));
  EXPECT_FALSE(check_size({.cols = 0, .rows = 24}));
  EXPECT_FALSE(check_size({.cols = 80, .rows = 1001}));
  EXPECT_TRUE(check_signal(1) && check_signal(64));
  EXPECT_FALSE(check_signal(0) || check_signal(65) || check_signal(-9));
  EXPECT_FALSE(check_page({.after = {}, .limit = 0}, 100) || check_page({.after = {}, .limit = 101}, 100));
}

TEST(Rules, LimitsComeFromTheDefaultsAndTheMachine) {
  const sandboxes::Limits defaults{.memory_bytes = 512 << 20, .cpu_millis = 0, .processes = 256, .open_files = 4096};
  const HostLimits host{.memory_bytes = 1ull << 30, .cpu_millis = 2000, .open_files = 1024};
  const auto plain = resolve_limits({}, defaults, host);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->memory_bytes, defaults.memory_bytes);
  EXPECT_EQ(plain->open_files, 1024u) << "a default is cut to what the machine has";
  EXPECT_EQ(resolve_limits({.memory_bytes = 64 << 20, .cpu_millis = 500}, defaults, host)->cpu_millis, 500u);
  EXPECT_EQ(resolve_limits({.memory_bytes = 0}, defaults, host)->memory_bytes, defaults.memory_bytes);
  EXPECT_FALSE(resolve_limits({.memory_bytes = 1 << 20}, defaults, host));
  EXPECT_FALSE(resolve_limits({.memory_bytes = 2ull << 30}, defaults, host));
  EXPECT_FALSE(resolve_limits({.cpu_millis = 2001}, defaults, host));
  EXPECT_FALSE(resolve_limits({.processes = 3}, defaults, host));
  EXPECT_FALSE(resolve_limits({.open_files = 1025}, defaults, host));
}

TEST(Rules, ABucketRefillsAndTheTableIsBounded) {
  FakeClock clock;
  RateLimit rate({.per_second = 10, .burst = 3, .keys = 2}, clock);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rate.take("a"));
  const auto refused = rate.take("a");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::RateLimited);
  EXPECT_EQ(refused.error().retry_after, std::chrono::milliseconds{100});
  EXPECT_TRUE(rate.take("b")) << "callers do not share";
  clock.advance(std::chrono::milliseconds{100});
  EXPECT_TRUE(rate.take("a"));
  EXPECT_FALSE(rate.take("a"));
  for (const char* key : {"c", "d", "e"}) EXPECT_TRUE(rate.take(key));
  EXPECT_EQ(rate.size(), 2u);
  clock.advance(std::chrono::hours{1});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rate.take("e"));
  EXPECT_FALSE(rate.take("e")) << "no more than a burst is saved up";
}

TEST(Rules, OnlyShellsForPeopleAreIntegrated) {
  const auto integrated = [](std::vector<std::string> argv, store::TerminalKind kind = store::TerminalKind::Pty) {
    return is_integrated_shell({.sandbox = {}, .argv = std::move(argv), .env = {}, .cwd = {}, .kind = kind});
  };
  EXPECT_TRUE(integrated({}) && integrated({"bash"}) && integrated({"sh"}) && integrated({"zsh"}) && integrated({"fish"}) && integrated({"/bin/bash", "-l", "-i"}));
  EXPECT_FALSE(integrated({"bash", "-c", "ls"}) || integrated({"sh", "-c", "ls"}) || integrated({"python3"}) || integrated({"/opt/notbash"}));
  EXPECT_FALSE(integrated({"bash"}, store::TerminalKind::Pipes));
}

TEST(Rules, TheTerminalsVariablesComeLast) {
  const auto process = make_process({.kind = store::TerminalKind::Pty, .argv = {"env"}, .cwd = "/workspace", .nonce = "n"},
                                    {{"A", "sandbox"}, {"B", "b"}}, {{"A", "terminal"}});
  ASSERT_EQ(process.env_size(), 3);
  EXPECT_EQ(process.env(2).value(), "terminal");
  EXPECT_TRUE(process.pty() && process.shell().enabled());
}

TEST(Rules, MetricsAreBoundedByTheCode) {
  Metrics metrics;
  const Error error{.code = Code::NotFound};
  metrics.count(0, nullptr, std::chrono::milliseconds{5});
  metrics.count(0, &error, std::chrono::milliseconds{5});
  const auto text = metrics.text({.sandboxes = 3}, {});
  EXPECT_NE(text.find("berth_requests_total{action=\"create_sandbox\",code=\"not_found\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("berth_sandboxes 3\n"), std::string::npos);
  EXPECT_EQ(action_name(Action{GetServerInfo{}}.index()), "get_server_info");
  EXPECT_EQ(action_name(Action{Exec{}}.index()), "exec");
  EXPECT_EQ(action_name(Action{RemoveFile{}}.index()), "remove_file");
}

class Doorstep : public ServiceTest {};

TEST_F(Doorstep, BadRequestsAreToldApart) {
  const auto code = [&](Action action) {
    const auto outcome = server_->wait(server_->service->perform(Server::me(), std::move(action)));
    return outcome ? "fine" : to_string(outcome.error().code);
  };
  EXPECT_EQ(code(CreateSandbox{.template_name = "nonesuch"}), "not_found");
  EXPECT_EQ(code(CreateSandbox{.template_name = "../etc"}), "not_found");
  EXPECT_EQ(code(CreateSandbox{.name = "Not A Name"}), "invalid_argument");
  EXPECT_EQ(code(CreateSandbox{.isolation = "none"}), "invalid_argument");
  EXPECT_EQ(code(CreateSandbox{.limits = {.processes = 1}}), "invalid_argument");
  EXPECT_EQ(code(CreateSandbox{.env = {{"no good", "x"}}}), "invalid_argument");
  EXPECT_EQ(code(GetSandbox{"nonesuch"}), "not_found");
  EXPECT_EQ(code(Exec{.sandbox = "nonesuch", .argv = {"true"}}), "not_found");
  EXPECT_EQ(code(Exec{.sandbox = "nonesuch"}), "invalid_argument");
  for (const int ms : {-1, 0, 604'800'001})
    EXPECT_EQ(code(Exec{.sandbox = "nonesuch", .argv = {"true"}, .timeout = std::chrono::milliseconds{ms}}), "invalid_argument");
  EXPECT_EQ(code(GetTerminal{TerminalId::from_bits(std::array<std::byte, 16>{})}), "not_found");
  EXPECT_EQ(code(StopSandbox{.sandbox = "x", .grace = std::chrono::hours{2}}), "invalid_argument");
  EXPECT_EQ(code(ListSandboxes{.state = {}, .page = {.after = {}, .limit = 5000}}), "invalid_argument");
  EXPECT_EQ(code(BuildTemplate{.name = "nonesuch"}), "not_found");
  EXPECT_TRUE(server_->ask<store::Page<store::SandboxRow>>(ListSandboxes{})->rows.empty()) << "nothing was made";
  const auto templates = server_->ask<std::vector<TemplateInfo>>(ListTemplates{});
  EXPECT_EQ(std::ranges::find(*templates, "busybox", &TemplateInfo::name)->state, "ready");
}

TEST_F(Doorstep, TheFirstKeyIsMadeOnce) {
  std::string kept;
  const KeepKey full = [](const crypto::Secret&) { return Result<>(fail(Code::NoSpace, "The disk is full.")); };
  EXPECT_FALSE(server_->wait(server_->service->ensure_first_key(full)));
  const KeepKey keep = [&](const crypto::Secret& text) { return kept = text.reveal(), Result<>{}; };
  auto key = server_->wait(server_->service->ensure_first_key(keep));
  ASSERT_TRUE(key && *key);
  const std::string text((*key)->reveal());
  EXPECT_EQ(kept, text);
  const auto again = server_->wait(server_->service->ensure_first_key(full));
  EXPECT_TRUE(again && !*again);
  server_ = std::make_unique<Server>(home());
  const auto caller = server_->wait(server_->service->authenticate(text, "here"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->owner, "local");
  std::string wrong = text;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const std::string& bad : {wrong, std::string("x"), std::string{}})
    EXPECT_EQ(server_->wait(server_->service->authenticate(bad, "here")).error().code, Code::Unauthenticated) << bad;
}

TEST_F(Doorstep, TooManyRequestsAndSandboxesAreRefused) {
  server_ = std::make_unique<Server>(home(), Settings{.sandbox_max = 1, .rate_requests_per_second = 1, .rate_burst = 4});
  (void)server_->create();
  const auto second = server_->ask<store::SandboxRow>(CreateSandbox{});
  EXPECT_EQ(second.error().code, Code::ResourceExhausted);
  Result<ServerInfo> last;
  for (int i = 0; i < 8; ++i) last = server_->ask<ServerInfo>(GetServerInfo{});
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, Code::RateLimited);
  EXPECT_TRUE(last.error().retry_after);
  EXPECT_TRUE(server_->ask<ServerInfo>(GetServerInfo{}, Server::stranger()));
  server_.reset();
}

TEST(Rules, WhatWasGivenBackMayBeTakenAgainAndNoMore) {
  FakeClock clock;
  RateLimit rate({.per_second = 1, .burst = 2, .keys = 2}, clock);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(rate.take("a"));
    rate.give_back("a");
  }
  rate.give_back("a");
  rate.give_back("unknown");
  EXPECT_EQ(rate.size(), 1u);
  EXPECT_TRUE(rate.take("a") && rate.take("a"));
  EXPECT_EQ(rate.take("a").error().code, Code::RateLimited);
}

}  // namespace
}  // namespace berth::control::testing
