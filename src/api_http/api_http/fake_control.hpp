#pragma once
// For tests: a control with a scripted outcome and one known key, "good".

#include <atomic>
#include <functional>
#include <mutex>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "control/control.hpp"

namespace berth::api_http {

// Gives its pieces, then its end or its failure.
class FakeRecording final : public control::RecordingStream {
 public:
  explicit FakeRecording(std::vector<std::string> pieces = {}, bool fails = false) : pieces_(std::move(pieces)), fails_(fails) {}
  [[nodiscard]] control::RecordingFormat format() const override { return control::RecordingFormat::Cast2; }
  boost::asio::awaitable<Result<std::optional<std::string>>> next() override {
    if (next_ < pieces_.size()) co_return pieces_[next_++];
    if (fails_) co_return fail(Code::Internal, "It broke.");
    co_return std::nullopt;
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
  bool fails_;
};

// The same, of a snapshot's part or bundle.
class FakeSnapshot final : public control::SnapshotStream {
 public:
  explicit FakeSnapshot(bool bundle) : bundle_(bundle) {}
  [[nodiscard]] bool bundle() const override { return bundle_; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  boost::asio::awaitable<Result<std::optional<std::string>>> next() override { co_return std::nullopt; }

 private:
  bool bundle_;
  std::string name_ = "logs/usage.jsonl";
};

class FakeControl final : public control::Control {
 public:
  using Script = std::function<Result<control::Outcome>(const control::Caller&, const control::Action&)>;

  void expect(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }
  // Actions wait until release().
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    const std::lock_guard lock(mutex_);
    for (auto* timer : waiting_) boost::asio::post(timer->get_executor(), [timer] { timer->cancel(); });
  }
  [[nodiscard]] std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  [[nodiscard]] std::size_t performed() const { return performed_; }
  void set_ready(bool ready) { ready_ = ready; }

  boost::asio::awaitable<Result<control::Outcome>> perform(control::Caller caller, control::Action action) override {
    ++performed_;
    if (held_) co_await wait();
    Script script;
    {
      const std::lock_guard lock(mutex_);
      script = script_;
    }
    co_return script(caller, action);
  }
  boost::asio::awaitable<Result<control::Caller>> authenticate(std::string key, std::string) override {
    if (key != "good") co_return fail(Code::Unauthenticated, "This key is not known.");
    co_return control::Caller{.owner = "alice", .key = "key_1", .address = {}, .request_id = {}};
  }
  [[nodiscard]] bool ready() const override { return ready_; }
  [[nodiscard]] std::string metrics() override { return "berth_up 1\n"; }

 private:
  boost::asio::awaitable<void> wait() {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, boost::asio::steady_timer::time_point::max());
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(&timer);
    }
    (void)co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    const std::lock_guard lock(mutex_);
    std::erase(waiting_, &timer);
  }

  std::mutex mutex_;
  Script script_ = [](const auto&, const auto&) { return Result<control::Outcome>(control::Done{}); };
  std::vector<boost::asio::steady_timer*> waiting_;
  std::atomic<bool> held_ = false, ready_ = true;
  std::atomic<std::size_t> performed_ = 0;
};

}  // namespace berth::api_http
