#pragma once
// Who did what, as records of the audit chain (audit/chain.hpp): with a change in its own unit of work, or by itself for what changes
// no row, and for what was refused. Refusals are bounded: each caller and address has so many a minute; the rest is counted only.
//
// Any thread. `store`, `clock` and what `spawn` uses outlive it.
//
// Example (control::AuditTrail& trail, const control::Caller& caller, store::Unit& unit):
//   const store::Also also = trail.of(caller, "key.revoked");
//   TRY(store::write_also(also, unit, "key_…"));                      // in the unit that revokes it
//   trail.refused(caller, "get_session", "ses_…", Code::NotFound);

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "control/actions.hpp"
#include "control/rate_limit.hpp"
#include "log/log.hpp"
#include "store/also.hpp"
#include "store/store.hpp"

namespace berth::control {

class AuditTrail {
 public:
  using Spawn = std::function<void(boost::asio::awaitable<void>)>;  // for records that nobody waits for
  AuditTrail(store::Store& store, const Clock& clock, log::Logger log, Spawn spawn, RateLimit::Options refusals)
      : store_(store), clock_(clock), log_(std::move(log)), spawn_(std::move(spawn)), rate_(refusals, clock) {}

  [[nodiscard]] store::Also of(const Caller& caller, std::string action) const;
  [[nodiscard]] static Caller server();  // by itself
  boost::asio::awaitable<Result<>> add(Caller caller, std::string action, std::string subject);
  void add_soon(const Caller& caller, std::string action, std::string subject);
  void refused(const Caller& caller, std::string_view action, std::string subject, Code why);
  [[nodiscard]] std::uint64_t unrecorded() const { return unrecorded_; }  // refusals beyond the rate

 private:
  struct Record { Caller caller; std::string action, subject, outcome; };
  boost::asio::awaitable<Result<>> write(Record record);
  boost::asio::awaitable<void> write_soon(Record record);

  store::Store& store_;
  const Clock& clock_;
  log::Logger log_;
  Spawn spawn_;
  RateLimit rate_;
  std::atomic<std::uint64_t> unrecorded_ = 0;
  std::atomic<std::uint32_t> waiting_ = 0;  // records on their way
};

// What an action is about, in its own words, and cut: for a record of its refusal.
[[nodiscard]] std::string subject_of(const Action& action);

}  // namespace berth::control
