#pragma once
// For tests: a control with a scripted outcome and one known key, "good".

#include <functional>
#include <mutex>

#include "control/control.hpp"

namespace berth::api_http {

class FakeControl final : public control::Control {
 public:
  using Script = std::function<Result<control::Outcome>(const control::Caller&, const control::Action&)>;

  void expect(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }
  // The next actions wait until release().
  void hold() { held_ = true; }
  void release() { held_ = false; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t performed() const { return performed_; }
  void set_ready(bool ready) { ready_ = ready; }

  boost::asio::awaitable<Result<control::Outcome>> perform(control::Caller caller, control::Action action) override;
  boost::asio::awaitable<Result<control::Caller>> authenticate(std::string key) override {
    if (key != "good") co_return fail(Code::Unauthenticated, "This key is not known.");
    co_return control::Caller{.owner = "alice", .key = "key_1", .address = {}, .request_id = {}};
  }
  [[nodiscard]] bool ready() const override { return ready_; }
  [[nodiscard]] std::string metrics() override { return "berth_up 1\n"; }

 private:
  std::mutex mutex_;
  Script script_ = [](const auto&, const auto&) { return Result<control::Outcome>(control::Done{}); };
  std::atomic<bool> held_ = false, ready_ = true;
  std::atomic<std::size_t> waiting_ = 0, performed_ = 0;
};

}  // namespace berth::api_http
