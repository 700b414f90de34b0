#pragma once
// Bytes that wait to be written to a non-blocking descriptor. Bounds are the owner's: size() is what waits.
// Thread: one. Errors of flush() come from the system and end the stream.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace google::protobuf { class MessageLite; }

namespace berth::shim {

class Outbox {
 public:
  void add(std::string_view bytes) { bytes_.append(bytes); }
  void add_frame(const google::protobuf::MessageLite& message);
  Result<> flush(int fd);  // as much as goes
  [[nodiscard]] std::size_t size() const { return bytes_.size() - sent_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  std::string bytes_;
  std::size_t sent_ = 0;
};

}  // namespace berth::shim
