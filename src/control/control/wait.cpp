#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aio/deadline.hpp"
#include "control/terminal_calls.hpp"
#include "journal/stream_match.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;
using Event = WaitResult::Event;
using terminals::Viewer;

// What goes on while somebody waits. `told` is filled as far as it is known, so that a deadline can say it too.
struct Waiting {
  Domain* domain;
  FoundTerminal found;
  ByteOffset from;
  WaitResult told;
  std::optional<WaitResult> done;
};
using Shared = std::shared_ptr<Waiting>;

void finish(Waiting& waiting, Event event) {
  waiting.told.event = event;
  waiting.done = waiting.told;
}

void finish_with(Waiting& waiting, const Viewer::Ended& ended) {
  waiting.told.end = ended.end;
  waiting.told.exit = ended.exit;
  finish(waiting, Event::Exit);
}

awaitable<Result<>> until_pattern(Shared waiting, std::string pattern) {
  CO_TRY_ASSIGN(auto matcher, journal::StreamMatch::open(pattern));
  Look look(*waiting->domain, waiting->found.host, waiting->found.terminal, waiting->from);
  for (;;) {
    CO_TRY_ASSIGN(const auto item, co_await look->read());
    if (const auto* ended = std::get_if<Viewer::Ended>(&item)) co_return finish_with(*waiting, *ended), Result<>{};
    const auto& chunk = std::get<Viewer::Chunk>(item);
    waiting->told.end = chunk.from + chunk.data.size();
    if (auto match = matcher.feed(chunk.from, chunk.data)) {
      waiting->told.from = match->begin;
      waiting->told.end = match->end;
      waiting->told.match = std::move(match->text);
      co_return finish(*waiting, Event::Pattern), Result<>{};
    }
  }
}

// Without a time it waits for the end of the terminal.
awaitable<Result<>> until_silent(Shared waiting, std::optional<std::chrono::milliseconds> idle) {
  Look look(*waiting->domain, waiting->found.host, waiting->found.terminal, waiting->from);
  for (;;) {
    auto item = idle ? co_await aio::with_deadline(look->read(), *idle, "Nothing came.") : co_await look->read();
    if (!item && idle && item.error().code == Code::Timeout) co_return finish(*waiting, Event::Idle), Result<>{};
    if (!item) co_return std::unexpected(std::move(item).error());
    if (const auto* ended = std::get_if<Viewer::Ended>(&*item)) co_return finish_with(*waiting, *ended), Result<>{};
    const auto& chunk = std::get<Viewer::Chunk>(*item);
    waiting->told.end = chunk.from + chunk.data.size();
  }
}

awaitable<Result<>> until_command_end(Shared waiting) {
  const auto& terminal = waiting->found.terminal;
  for (;;) {
    waiting->told.end = std::max(waiting->told.end, terminal->end());
    if (const auto& last = terminal->last_command(); last && last->output_end > waiting->from) {
      waiting->told.command = last;
      co_return finish(*waiting, Event::CommandEnd), Result<>{};
    }
    if (terminal->state() == terminals::Terminal::State::Ended)
      co_return finish_with(*waiting, {terminal->row().exit, terminal->end(), {}}), Result<>{};
    CO_TRY(co_await terminal->changed());
  }
}

}  // namespace

awaitable<Result<WaitResult>> wait_for(Domain* domain, FoundTerminal found, WaitTerminal wanted) {
  const ByteOffset end = found.terminal->end(), from = wanted.from.value_or(end);
  if (from > end)
    co_return fail(Code::InvalidArgument, fmt::format("The offset {} is behind the end; there are {} bytes.", from.value, end.value));
  const auto waiting = std::make_shared<Waiting>(Waiting{domain, std::move(found), from, {.from = from, .end = from}, {}});
  auto work = wanted.until.pattern       ? until_pattern(waiting, *wanted.until.pattern)
              : wanted.until.command_end ? until_command_end(waiting)
                                         : until_silent(waiting, wanted.until.idle);
  auto ended = co_await aio::with_deadline(std::move(work), wanted.timeout, "It did not happen in time.");
  if (waiting->done) co_return *std::move(waiting->done);
  if (!ended && ended.error().code != Code::Timeout) co_return std::unexpected(std::move(ended).error());
  waiting->told.event = Event::Timeout;
  co_return waiting->told;
}

}  // namespace berth::control
