#pragma once
// One client's connection: a viewer of a terminal, or a page that follows the timeline. Private to api_ws; everything on the
// executor of what it was granted.

#include <memory>

#include "api_ws/sessions.hpp"

namespace berth::api_ws {

class Session {
 public:
  virtual ~Session() = default;
  virtual boost::asio::awaitable<void> run() = 0;  // until its end; never throws
  virtual void restart() = 0;                      // the server goes: close 1012
  virtual void abort() = 0;                        // the connection is closed now
  [[nodiscard]] virtual boost::asio::any_io_executor executor() const = 0;

  static std::shared_ptr<Session> open(Granted granted, const Settings& settings, const Words& words, log::Logger log);
  static std::shared_ptr<Session> open_events(Granted granted, const Settings& settings, const Words& words, log::Logger log);
};

}  // namespace berth::api_ws
