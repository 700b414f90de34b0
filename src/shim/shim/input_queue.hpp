#pragma once
// Input that a terminal's process has not read yet, and whose it is. Bounded by the windows of the connections that it
// came from. Thread: one.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/check.hpp"

namespace berth::shim {

class InputQueue {
 public:
  using Taken = std::function<void(std::uint64_t connection, std::size_t bytes)>;
  explicit InputQueue(Taken taken) : taken_(std::move(taken)) {}

  void push(std::uint64_t connection, std::string bytes) {
    if (!bytes.empty()) parts_.push_back({connection, std::move(bytes), 0});
  }
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] std::string_view front() const { return std::string_view(parts_.front().bytes).substr(parts_.front().at); }
  void consume(std::size_t bytes) {
    Part& part = parts_.front();
    BERTH_CHECK(bytes <= part.bytes.size() - part.at);
    part.at += bytes;
    const std::uint64_t connection = part.connection;
    if (part.at == part.bytes.size()) parts_.pop_front();
    taken_(connection, bytes);
  }
  // Nobody will read it: it counts as taken, so that no sender waits for it.
  void discard() {
    while (!empty()) consume(front().size());
  }

 private:
  struct Part { std::uint64_t connection; std::string bytes; std::size_t at; };
  std::deque<Part> parts_;
  Taken taken_;
};

}  // namespace berth::shim
