#include "api_ws/sessions.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <mutex>

#include "aio/event.hpp"
#include "api_ws/session.hpp"
#include "base/check.hpp"

namespace berth::api_ws {

namespace asio = boost::asio;

struct Sessions::State {
  State(Settings s, Words w, log::Logger l) : settings(s), words(std::move(w)), log(std::move(l)) {}
  const Settings settings;
  const Words words;
  const log::Logger log;
  std::mutex mutex;  // guards what follows; held for a few instructions
  std::list<std::shared_ptr<Session>> running;
  bool closed = false;
  std::function<void()> on_empty;

  void tell_all(void (Session::*what)()) {
    const std::lock_guard lock(mutex);
    for (const auto& session : running) asio::post(session->executor(), [session, what] { (*session.*what)(); });
  }
};

Sessions::Sessions(Settings settings, Words words, log::Logger log)
    : state_(std::make_shared<State>(settings, std::move(words), std::move(log))) {}

Sessions::~Sessions() { BERTH_CHECK(size() == 0); }

std::size_t Sessions::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running.size();
}

void Sessions::start(Granted granted) {
  const auto executor = granted.desk ? granted.desk->executor() : granted.attachment->executor();
  const auto open = granted.desk ? Session::open_events : Session::open;
  auto session = open(std::move(granted), state_->settings, state_->words, state_->log);
  std::list<std::shared_ptr<Session>>::iterator entry;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->closed) {
      asio::post(executor, [session = std::move(session)] {});  // detaches where the terminal lives
      return;
    }
    entry = state_->running.insert(state_->running.end(), session);
  }
  asio::co_spawn(executor, session->run(), [state = state_, entry](const std::exception_ptr& defect) {
    if (defect) std::rethrow_exception(defect);
    std::shared_ptr<Session> ended;  // destroyed outside of the lock
    const std::lock_guard lock(state->mutex);
    ended = std::move(*entry);
    state->running.erase(entry);
    if (state->running.empty() && state->on_empty) state->on_empty();
  });
}

asio::awaitable<void> Sessions::stop(std::chrono::milliseconds deadline) {
  const auto state = state_;
  const auto executor = co_await asio::this_coro::executor;
  const auto changed = std::make_shared<aio::Event>(executor);
  asio::steady_timer limit(executor, deadline);
  const auto late = std::make_shared<bool>(false);
  {
    const std::lock_guard lock(state->mutex);
    state->closed = true;
    state->on_empty = [executor, changed] { asio::post(executor, [changed] { changed->notify(); }); };
  }
  limit.async_wait([late, changed](boost::system::error_code error) {
    if (error) return;
    *late = true;
    changed->notify();
  });
  state->tell_all(&Session::restart);
  while (size() > 0 && !*late) (void)co_await changed->wait();
  state->tell_all(&Session::abort);
  while (size() > 0) (void)co_await changed->wait();
  const std::lock_guard lock(state->mutex);
  state->on_empty = nullptr;  // it holds a timer of this executor's context, which may end before the sessions
}

}  // namespace berth::api_ws
