#pragma once
// For tests: a server over a FakeControl on real loopback sockets, and a client that writes bytes and reads answers.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include "aio/runtime.hpp"
#include "api_http/fake_control.hpp"
#include "api_http/http.hpp"
#include "api_http/server.hpp"

namespace berth::api_http {

// Asks again and again, without sleeping, until it is true or far too much time has passed.
template <class Question>
bool eventually(Question question) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!question()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator list("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(list), end(list)));
}

struct Received {
  unsigned status = 0;  // 0: the connection ended first
  Headers headers;
  std::string body;
  [[nodiscard]] std::string header(std::string_view name) const { return std::string(find_header(headers, name).value_or("")); }
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }
  // False when the server has closed.
  bool send(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    return !error;
  }
  Received read(bool head_only = false) {
    Received answer;
    boost::system::error_code error;
    const auto size = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(buffer_), "\r\n\r\n", error);
    if (error) return answer;
    std::string_view head(buffer_.data(), size);
    answer.status = static_cast<unsigned>(std::stoul(std::string(head.substr(9, 3))));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.starts_with("\r\n")) {
      const auto line = head.substr(0, head.find("\r\n"));
      const auto colon = line.find(": ");
      answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
      head.remove_prefix(line.size() + 2);
    }
    buffer_.erase(0, size);
    if (!head_only && find_header(answer.headers, "Transfer-Encoding")) return read_chunks(std::move(answer));
    if (head_only || !find_header(answer.headers, "Content-Length")) return answer;
    const std::size_t length = std::stoul(answer.header("Content-Length"));
    if (buffer_.size() < length)
      boost::asio::read(socket_, boost::asio::dynamic_buffer(buffer_), boost::asio::transfer_exactly(length - buffer_.size()), error);
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }
  // status 0 when the connection ends before the last chunk.
  Received read_chunks(Received answer) {
    boost::system::error_code error;
    for (std::size_t length = 1; length > 0;) {
      const auto line = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(buffer_), "\r\n", error);
      if (error) return {.status = 0, .headers = {}, .body = std::move(answer.body)};
      length = std::stoul(buffer_.substr(0, line), nullptr, 16);
      buffer_.erase(0, line);
      if (buffer_.size() < length + 2)
        boost::asio::read(socket_, boost::asio::dynamic_buffer(buffer_), boost::asio::transfer_exactly(length + 2 - buffer_.size()), error);
      if (error) return {.status = 0, .headers = {}, .body = std::move(answer.body)};
      answer.body += buffer_.substr(0, length);
      buffer_.erase(0, length + 2);
    }
    return answer;
  }
  std::string read_to_end() {
    boost::system::error_code error;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(buffer_), error);
    return std::exchange(buffer_, {});
  }
  bool closed() {  // waits for it
    boost::system::error_code error;
    char byte = 0;
    while (boost::asio::read(socket_, boost::asio::buffer(&byte, 1), error) == 1) {
    }
    return static_cast<bool>(error);
  }
  void reset() {  // goes away without a word
    socket_.set_option(boost::asio::socket_base::linger(true, 0));
    socket_.close();
  }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string buffer_;
};

inline std::string request(std::string_view method, std::string_view target, std::string_view body = {}, std::string_view headers = {}) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\n";
  text += headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

class ServerTest : public ::testing::Test {
 protected:
  void start(Settings settings = {}) {
    auto opened = Server::open(runtime, control, {}, std::move(settings), [this](Upgraded upgraded) {
      const std::lock_guard lock(mutex);
      upgrades.push_back(std::move(upgraded));
    });
    ASSERT_TRUE(opened) << opened.error().describe();
    server = *std::move(opened);
    runtime.start();
  }
  std::future<void> stopping(std::chrono::milliseconds limit) {
    return boost::asio::co_spawn(runtime.at(0), server->stop(limit), boost::asio::use_future);
  }
  void TearDown() override {
    control.release();
    if (server) stopping(std::chrono::milliseconds{2'000}).get();
    runtime.stop();
    upgrades.clear();
  }
  Received ask(std::string_view text) {
    Client client(server->port());
    client.send(text);
    return client.read();
  }
  std::size_t upgraded() {
    const std::lock_guard lock(mutex);
    return upgrades.size();
  }

  FakeControl control;
  aio::Runtime runtime{2};
  std::unique_ptr<Server> server;
  std::mutex mutex;
  std::vector<Upgraded> upgrades;
};

}  // namespace berth::api_http
