#include "client.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {

void die(const char* what) {
  std::fprintf(stderr, "bench probe: %s\n", what);
  std::exit(1);
}

Connection::Connection(const char* host, const char* port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host, port, &hints, &found) != 0) die("cannot resolve the server");
  fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0 || ::connect(fd_, found->ai_addr, found->ai_addrlen) != 0) die("cannot connect");
  freeaddrinfo(found);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() { ::close(fd_); }

void Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) die("the server closed the connection");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Connection::need(std::size_t bytes) {
  while (buffer_.size() - taken_ < bytes) {
    if (taken_ > 0) {
      buffer_.erase(0, taken_);
      taken_ = 0;
    }
    const std::size_t have = buffer_.size();
    buffer_.resize(have + (256 << 10));
    const ssize_t got = ::recv(fd_, buffer_.data() + have, buffer_.size() - have, 0);
    if (got <= 0) die("the server closed the connection");
    buffer_.resize(have + static_cast<std::size_t>(got));
  }
}

void Connection::take(std::size_t bytes) { taken_ += bytes; }

std::string Connection::read_line() {
  for (std::size_t want = 1;; want = buffered().size() + 1) {
    need(want);
    if (const std::size_t at = buffered().find("\r\n"); at != std::string_view::npos) {
      std::string line(buffered().substr(0, at));
      take(at + 2);
      return line;
    }
  }
}

std::string Connection::request(const std::string& method, const std::string& path, const std::string& key,
                                const std::string& body, int expected) {
  send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key +
       "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  const std::string status = read_line();
  std::size_t length = 0;
  for (std::string line = read_line(); !line.empty(); line = read_line())
    if (strncasecmp(line.c_str(), "content-length:", 15) == 0) length = std::strtoull(line.c_str() + 15, nullptr, 10);
  need(length);
  std::string answer(buffered().substr(0, length));
  take(length);
  if (status.size() < 12 || std::atoi(status.c_str() + 9) != expected) die((status + " " + answer).c_str());
  return answer;
}

WebSocket::WebSocket(const char* host, const char* port, const std::string& path, const std::string& key)
    : connection_(host, port) {
  connection_.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key +
                   "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: berth.terminal.v1\r\n\r\n");
  const std::string status = connection_.read_line();
  if (!status.starts_with("HTTP/1.1 101")) die(status.c_str());
  while (!connection_.read_line().empty()) {}
}

Frame WebSocket::read() {
  connection_.take(held_);
  held_ = 0;
  for (;;) {
    connection_.need(2);
    const auto* head = reinterpret_cast<const unsigned char*>(connection_.buffered().data());
    const int opcode = head[0] & 15;
    std::size_t length = head[1] & 127u, header = 2;
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (extra > 0) {
      connection_.need(2 + extra);
      head = reinterpret_cast<const unsigned char*>(connection_.buffered().data());
      length = 0;
      for (std::size_t i = 0; i < extra; ++i) length = length << 8 | head[2 + i];
      header += extra;
    }
    connection_.need(header + length);
    const std::string_view payload = connection_.buffered().substr(header, length);
    if (opcode == 9) {
      send_frame(10, payload);
      connection_.take(header + length);
      continue;
    }
    held_ = header + length;
    return {opcode, payload};
  }
}

void WebSocket::send_binary(std::string_view bytes) { send_frame(2, bytes); }

void WebSocket::send_frame(int opcode, std::string_view bytes) {
  if (bytes.size() > 125) die("the probe sends short frames only");
  std::string frame{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | bytes.size()), 0, 0, 0, 0};
  connection_.send(frame.append(bytes));  // mask 0: bytes as they are
}

}  // namespace bench
