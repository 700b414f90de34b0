#pragma once
// Following the timeline, as actions: one reader for what a client asks for, or a desk that gives a page as many as it
// has topics. Every reader sees its owner's events alone.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "control/target.hpp"
#include "events/timeline.hpp"

namespace berth::control {

struct FollowEvents {                        // everything that is given holds; of the topics, one
  std::vector<std::string> topics;           // as events::Topic; none is all
  std::string sandbox;                       // id or name; "" is any
  std::optional<TerminalTarget> terminal;
  std::optional<SessionId> session;
  std::optional<std::uint64_t> after;        // the last one that was seen; absent: from now on
  events::Until until = events::Until::Stopped;
};
struct OpenEvents {};

// On the executor on which it was asked for.
class EventDesk {
 public:
  virtual ~EventDesk() = default;
  [[nodiscard]] virtual boost::asio::any_io_executor executor() const = 0;
  [[nodiscard]] virtual std::size_t most_topics() const = 0;
  virtual Result<std::shared_ptr<events::Reader>> follow(std::string_view topic, std::optional<std::uint64_t> after) = 0;
  virtual void turn_away(Error why) = 0;                            // from any thread: its client may not follow any more
  virtual boost::asio::awaitable<Result<Error>> turned_away() = 0;  // waits for that; Cancelled
};

}  // namespace berth::control
