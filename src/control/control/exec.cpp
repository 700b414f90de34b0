// One program from its start to its end: a terminal with pipes whose output is collected. What the answer promises (the
// command is in the history) costs one commit after the end, since the insert of its row overlaps with its run.

#include <signal.h>

#include "aio/deadline.hpp"
#include "control/terminal_calls.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;
using terminals::Terminal;
using terminals::Viewer;

constexpr std::chrono::seconds kill_limit{10};  // from the kill to the end of its output

struct Collected {
  ExecResult result;
  std::size_t most = 0;
  std::optional<Viewer::Ended> ended;

  void add(const Viewer::Chunk& chunk) {
    std::string& into = chunk.error ? result.error : result.out;
    const std::size_t room = most - into.size();
    if (chunk.data.size() > room) result.truncated = true;
    into += chunk.data.substr(0, room);
  }
};

awaitable<Result<>> collect(std::shared_ptr<Look> look, std::shared_ptr<Collected> into) {
  while (!into->ended) {
    CO_TRY_ASSIGN(auto item, co_await (*look)->read());
    if (const auto* chunk = std::get_if<Viewer::Chunk>(&item)) into->add(*chunk);
    else into->ended = std::get<Viewer::Ended>(std::move(item));
  }
  co_return Result<>{};
}

// Ends early when the program does; what it did not read is its own affair.
awaitable<void> feed(std::shared_ptr<Terminal> terminal, std::string input) {
  if (!input.empty() && !co_await terminal->input(std::move(input))) co_return;
  (void)co_await terminal->close_input();
}

}  // namespace

awaitable<Result<ExecResult>> exec(Domain* domain, std::shared_ptr<sandboxes::Sandbox> sandbox, Exec wanted, store::Also also) {
  const auto host = host_of(*sandbox);
  if (!host) co_return fail(Code::FailedPrecondition, "The sandbox is still starting.", "Try again in a while.");
  const auto began = domain->parts.clock->steady();
  CO_TRY_ASSIGN(const auto terminal, co_await host->start({.sandbox = {}, .argv = std::move(wanted.argv), .env = std::move(wanted.env),
                                                          .cwd = std::move(wanted.cwd), .kind = store::TerminalKind::Pipes,
                                                          .shell_integration = false}, std::move(also)));
  const auto look = std::make_shared<Look>(*domain, host, terminal, ByteOffset{0});
  const auto collected = std::make_shared<Collected>();
  collected->most = domain->parts.settings.exec_output_bytes;
  collected->result.terminal = terminal->row().id;
  terminal->spawn(feed(terminal, std::move(wanted.input)));
  const auto limit = wanted.timeout.value_or(domain->parts.settings.exec_timeout);
  auto done = co_await aio::with_deadline(collect(look, collected), limit, "The command did not end in time.");
  if (!done && done.error().code == Code::Timeout) {
    collected->result.timed_out = true;
    (void)co_await terminal->signal(SIGKILL, true);
    done = co_await aio::with_deadline(collect(look, collected), kill_limit, "The command could not be ended in time.");
  }
  if (!done) co_return std::unexpected(std::move(done).error());
  if (!collected->ended->exit) co_return fail(Code::Unavailable, collected->ended->reason);
  CO_TRY(co_await terminal->committed());
  ExecResult result = std::move(collected->result);
  result.exit = *collected->ended->exit;
  result.duration = domain->parts.clock->steady() - began;
  if (const auto& reason = collected->ended->reason; !reason.empty()) result.error += reason + "\n";  // it did not start
  co_return result;
}

}  // namespace berth::control
