#pragma once
// Following the server's events, blocking: connects, hands each event on, and when the connection is lost goes on behind
// the last id that it saw, with growing pauses. One thread.
//
// Errors: what the server refused (client/problem.hpp), what `take` returned, Unavailable when no server came back for
// BackoffPolicy::patience; with `follow` off also a connection that was lost.
//
// Example (const client::Endpoint& endpoint, const Clock& clock):
//   TRY(client::follow_events(endpoint, {.target = "/v1/events", .after = 17}, clock, [](const client::ServerEvent& event) {
//     return event.data.empty() ? fail(Code::Internal, "no data") : Result<>{};
//   }));

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "client/backoff.hpp"
#include "client/endpoint.hpp"
#include "client/event_lines.hpp"

namespace berth::client {

struct EventRequest {
  std::string target;                 // with its query, without `after` and `follow`
  std::optional<std::uint64_t> after; // absent: from now on
  bool follow = true;                 // false: ends after what is there
  BackoffPolicy backoff;
  std::uint64_t seed = 1;
  std::chrono::milliseconds silence{60'000};  // longer than the server's heartbeat: nothing at all means that it is gone
};

Result<> follow_events(const Endpoint& endpoint, const EventRequest& request, const Clock& clock, const EventLines::Take& take);

}  // namespace berth::client
