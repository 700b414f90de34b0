#pragma once
// Bytes that must not reach a log, a swap file, a core dump or a later allocation: a page of locked memory between
// guard pages, wiped when freed (sodium_malloc). Move only; nothing converts it to text, and log prints no type that it
// does not know, so that a Secret in a log line does not compile. reveal() is the one visible way out.
//
// A Secret costs four pages and two system calls: for the few that live long, not for one per request. Reading is
// thread safe. A system that cannot give the memory ends the process.
//
// Example:
//   const auto key = crypto::Secret::random(32);
//   std::string_view bytes = key.reveal();       // the one way out

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace berth::crypto {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  static Secret random(std::size_t size);
  Secret(Secret&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Secret();

  [[nodiscard]] std::string_view reveal() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  static Secret uninitialised(std::size_t size);
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// A string that held a secret for a moment (a line that was read from a file) is wiped before it is freed.
void wipe(std::span<char> bytes);

}  // namespace berth::crypto
