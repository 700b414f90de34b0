#include "control/audit_trail.hpp"

#include <concepts>
#include <optional>
#include <utility>

#include "audit/chain.hpp"
#include "base/utf8.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

constexpr std::size_t most_subject_bytes = 100;
constexpr std::uint32_t most_waiting = 1'000;

std::string text(const std::string& value) { return value; }
std::string text(const TerminalTarget& value) { return value.text(); }
template <class T>
  requires requires(const T& id) { { id.str() } -> std::convertible_to<std::string>; }
std::string text(const T& id) { return id.str(); }
template <class T>
std::string text(const std::optional<T>& value) { return value ? text(*value) : std::string(); }

// The first of its fields that names a thing; a terminal before its sandbox.
template <class A>
std::string named(const A& action) {
  std::string out;
  const auto take = [&](const auto& field) { if (out.empty()) out = text(field); };
  if constexpr (requires { action.change.session; }) take(action.change.session);
  if constexpr (requires { action.target.snapshot; }) take(action.target.snapshot);
  if constexpr (requires { action.snapshot; }) take(action.snapshot);
  if constexpr (requires { action.session; }) take(action.session);
  if constexpr (requires { action.target.snapshot; }) take(action.target.snapshot);
  if constexpr (requires { action.snapshot; }) take(action.snapshot);
  if constexpr (requires { action.terminal; }) take(action.terminal);
  if constexpr (requires { action.sandbox; }) take(action.sandbox);
  if constexpr (requires { action.key; }) take(action.key);
  if constexpr (requires { action.job; }) take(action.job);
  if constexpr (requires { action.user; }) take(action.user);
  if constexpr (requires { text(action.id); }) take(action.id);
  if constexpr (requires { action.name; }) take(action.name);
  return out;
}

std::string cut(std::string subject) {
  if (subject.size() > most_subject_bytes) subject.resize(most_subject_bytes);
  return to_utf8(subject);
}

}  // namespace

std::string subject_of(const Action& action) {
  return cut(std::visit([](const auto& which) { return named(which); }, action));
}

Caller AuditTrail::server() { return {.owner = "server", .key = {}, .address = {}, .request_id = {}}; }

store::Also AuditTrail::of(const Caller& caller, std::string action) const {
  return [actor = caller.owner, key = caller.key, request = caller.request_id, action = std::move(action), now = clock_.now()](
             store::Unit& unit, const std::string& subject) {
    return audit::append(unit, {.time = now, .actor = actor, .key = key, .action = action, .subject = subject, .request = request});
  };
}

awaitable<Result<>> AuditTrail::write(Record record) {
  co_return co_await store_.write([record = std::move(record), now = clock_.now()](store::Unit& unit) {
    return audit::append(unit, {.time = now, .actor = record.caller.owner, .key = record.caller.key, .action = record.action,
                                .subject = record.subject, .outcome = record.outcome, .request = record.caller.request_id});
  });
}

awaitable<Result<>> AuditTrail::add(Caller caller, std::string action, std::string subject) {
  co_return co_await write({std::move(caller), std::move(action), std::move(subject), "ok"});
}

awaitable<void> AuditTrail::write_soon(Record record) {
  if (auto written = co_await write(std::move(record)); !written) log_.error("a record of what was done is missing", {{"error", written.error()}});
  --waiting_;
}

void AuditTrail::add_soon(const Caller& caller, std::string action, std::string subject) {
  ++waiting_;
  spawn_(write_soon({caller, std::move(action), std::move(subject), "ok"}));
}

void AuditTrail::refused(const Caller& caller, std::string_view action, std::string subject, Code why) {
  if (waiting_ >= most_waiting || !rate_.take(caller.key + '\n' + caller.address)) {
    ++unrecorded_;
    return;
  }
  ++waiting_;
  spawn_(write_soon({caller, std::string(action), cut(std::move(subject)), std::string(to_string(why))}));
}

}  // namespace berth::control
