#pragma once
// One viewer's connection. Private to api_ws; everything on the attachment's executor.

#include <memory>

#include "api_ws/sessions.hpp"

namespace berth::api_ws {

class Session {
 public:
  virtual ~Session() = default;
  virtual boost::asio::awaitable<void> run() = 0;  // until the terminal or the connection ends; never throws
  virtual void restart() = 0;                      // the server goes: close 1012
  virtual void abort() = 0;                        // the connection is closed now
  [[nodiscard]] virtual boost::asio::any_io_executor executor() const = 0;

  static std::shared_ptr<Session> open(Granted granted, const Settings& settings, const Words& words, log::Logger log);
};

}  // namespace berth::api_ws
