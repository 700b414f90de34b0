#include "control/terminal_calls.hpp"

#include <algorithm>

#include <csignal>

#include "aio/deadline.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;
using terminals::Viewer;

constexpr std::chrono::seconds input_limit{30};    // of one call whose process does not read
constexpr std::chrono::seconds kill_limit{10};
constexpr std::chrono::seconds journal_limit{5};   // for bytes that were announced

std::unexpected<Error> not_now(const char* message) { return fail(Code::FailedPrecondition, message); }

Result<std::shared_ptr<TerminalHost>> host(const std::shared_ptr<sandboxes::Sandbox>& sandbox) {
  auto found = host_of(*sandbox);
  if (!found) return not_now("The sandbox is still starting.");
  return found;
}

}  // namespace

awaitable<Result<TerminalInfo>> start_terminal(std::shared_ptr<sandboxes::Sandbox> sandbox, StartTerminal wanted, store::Also also) {
  CO_TRY_ASSIGN(const auto keeper, host(sandbox));
  CO_TRY_ASSIGN(const auto terminal, co_await keeper->start(std::move(wanted), std::move(also)));
  if (auto promised = co_await terminal->committed(); !promised) {  // its id is promised from here on
    if (promised.error().code == Code::AlreadyExists)  // its name was taken in the same moment: nobody would find it
      (void)co_await terminal->signal(SIGKILL, false);
    co_return std::unexpected(std::move(promised).error());
  }
  co_return info_of(*terminal);
}

awaitable<Result<TerminalInfo>> get_terminal(FoundTerminal found) { co_return info_of(*found.terminal); }

awaitable<Result<std::vector<TerminalInfo>>> live_terminals(std::shared_ptr<sandboxes::Sandbox> sandbox) {
  std::vector<TerminalInfo> out;
  if (const auto keeper = host_of(*sandbox))
    for (const auto& terminal : keeper->all()) out.push_back(info_of(*terminal));
  co_return out;
}

awaitable<Result<>> write_input(FoundTerminal found, std::string data, bool close) {
  if (!found.host) co_return not_now("The terminal has ended.");
  if (!data.empty())
    CO_TRY(co_await aio::with_deadline(found.terminal->input(std::move(data)), input_limit,
                                       "The program did not read all of the input in time."));
  if (close) CO_TRY(co_await found.terminal->close_input());
  co_return Result<>{};
}

awaitable<Result<>> resize_terminal(FoundTerminal found, TerminalSize size) {
  if (!found.host) co_return not_now("The terminal has ended.");
  co_return co_await found.terminal->resize(size);
}

awaitable<Result<>> signal_terminal(FoundTerminal found, int signal) {
  if (!found.host) co_return not_now("The terminal has ended.");
  co_return co_await found.terminal->signal(signal, true);
}

namespace {

awaitable<Result<>> until_ended(std::shared_ptr<terminals::Terminal> terminal) {
  while (terminal->state() != terminals::Terminal::State::Ended) CO_TRY(co_await terminal->changed());
  co_return co_await terminal->committed();
}

// To what is in the foreground, and to the program that leads the terminal: a shell passes a hangup on to its jobs.
awaitable<Result<>> signal_both(std::shared_ptr<terminals::Terminal> terminal, int number) {
  CO_TRY(co_await terminal->signal(number, true));
  co_return co_await terminal->signal(number, false);
}

}  // namespace

awaitable<Result<TerminalInfo>> close_terminal(FoundTerminal found, std::chrono::milliseconds grace, store::Also also) {
  using State = terminals::Terminal::State;
  const auto terminal = found.terminal;
  if (terminal->state() == State::Ended) co_return info_of(*terminal);
  terminal->with_end(std::move(also));
  (void)co_await signal_both(terminal, SIGHUP);  // it may end between the two
  (void)co_await signal_both(terminal, SIGCONT);
  const auto polite = co_await aio::with_deadline(until_ended(terminal), grace, "It did not end in time.");
  if (!polite && polite.error().code == Code::Cancelled) co_return std::unexpected(polite.error());
  if (terminal->state() != State::Ended) {
    (void)co_await signal_both(terminal, SIGKILL);
    CO_TRY(co_await aio::with_deadline(until_ended(terminal), kill_limit, "The terminal was killed and has not ended yet."));
  }
  co_return info_of(*terminal);
}

// What is there now, from one place on: never waits for output that is still to come.
awaitable<Result<OutputPart>> read_output(Domain* domain, FoundTerminal found, ByteOffset from, std::uint64_t limit) {
  Look look(*domain, found.host, found.terminal, std::min(from, found.terminal->end()));
  OutputPart part{.from = look->position(), .data = {}, .end = found.terminal->end(),
                  .running = found.terminal->state() != terminals::Terminal::State::Ended};
  while (part.data.size() < limit && look->position() < part.end) {
    auto item = co_await aio::with_deadline(look->read(), journal_limit, "The journal could not be read in time.");
    if (!item) {
      if (part.data.empty()) co_return std::unexpected(std::move(item).error());
      break;
    }
    const auto* chunk = std::get_if<Viewer::Chunk>(&*item);
    if (chunk == nullptr) break;
    if (part.data.empty()) part.from = chunk->from;
    if (part.from + part.data.size() != chunk->from) break;  // lost bytes between: the next call begins behind them
    part.data += chunk->data.substr(0, limit - part.data.size());
  }
  co_return part;
}

awaitable<Result<std::shared_ptr<Attachment>>> attach_terminal(Domain* domain, FoundTerminal found, AttachTerminal wanted,
                                                               std::optional<Attachment::Drawn> drawn, TakenOver taken) {
  co_return attach(*domain, std::move(found.host), std::move(found.terminal), wanted.from, wanted.wish, std::move(drawn), std::move(taken));
}

}  // namespace berth::control
