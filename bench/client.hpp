#pragma once
// A blocking HTTP/1.1 and WebSocket client for the benchmarks: one connection, no buffering beyond one read.

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] void die(const char* what);

class Connection {
 public:
  Connection(const char* host, const char* port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes);
  void need(std::size_t bytes);          // reads until so many are buffered
  std::string read_line();               // without CR LF
  std::string_view buffered() const { return std::string_view(buffer_).substr(taken_); }
  void take(std::size_t bytes);
  int fd() const { return fd_; }

  // One request on a kept connection; dies unless the status is `expected`. Gives the body.
  std::string request(const std::string& method, const std::string& path, const std::string& key,
                      const std::string& body, int expected);

 private:
  int fd_ = -1;
  std::string buffer_;
  std::size_t taken_ = 0;
};

struct Frame {
  int opcode = 0;  // 1 text, 2 binary, 8 close
  std::string_view payload;
};

// berth.terminal.v1 on a connection of its own.
class WebSocket {
 public:
  WebSocket(const char* host, const char* port, const std::string& path, const std::string& key);
  Frame read();                          // valid until the next read; answers pings
  void send_binary(std::string_view bytes);

 private:
  void send_frame(int opcode, std::string_view bytes);
  Connection connection_;
  std::size_t held_ = 0;
};

}  // namespace bench
