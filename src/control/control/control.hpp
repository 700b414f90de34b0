#pragma once
// The one door for every transport: who may do what, how often, and with which limits is decided here and nowhere else.
//
// Example (control::Control& control, std::string key, std::string peer_address):
//   CO_TRY_ASSIGN(const auto caller, co_await control.authenticate(key, peer_address));
//   CO_TRY_ASSIGN(const auto row, co_await control::perform_as<store::SandboxRow>(control, caller, control::GetSandbox{"dev"}));

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "control/actions.hpp"

namespace berth::control {

class Control {
 public:
  virtual ~Control() = default;
  virtual boost::asio::awaitable<Result<Outcome>> perform(Caller caller, Action action) = 0;
  // "Bearer" key of a request → caller; Unauthenticated when unknown or revoked, RateLimited after too many of them from
  // one address. Constant time in the secret.
  virtual boost::asio::awaitable<Result<Caller>> authenticate(std::string presented_key, std::string address) = 0;
  [[nodiscard]] virtual bool ready() const = 0;          // recovery is done
  [[nodiscard]] virtual std::string metrics() = 0;       // Prometheus text
};

// Runs the action and takes the one outcome type that it has.
template <class T>
boost::asio::awaitable<Result<T>> perform_as(Control& control, Caller caller, Action action) {
  auto outcome = co_await control.perform(std::move(caller), std::move(action));
  if (!outcome) co_return std::unexpected(std::move(outcome).error());
  co_return std::get<T>(*std::move(outcome));
}

}  // namespace berth::control
