#pragma once
// Frames on a byte stream: a 4-byte little-endian length, then that many bytes of one protobuf message.
//
// FrameReader takes bytes as they come, whatever the split, and gives whole frames; it holds at most one frame that is
// not complete. A length of 0 or above max_frame_bytes is a protocol error: the stream cannot be trusted any more.
//
// Example (std::string_view received, google::protobuf::MessageLite& message):
//   wire::FrameReader reader;
//   TRY(reader.feed(received));
//   while (const auto payload = reader.next()) TRY(wire::parse_frame(*payload, message));

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace google::protobuf { class MessageLite; }

namespace berth::wire {

inline constexpr std::size_t max_frame_bytes = 1 << 20;
inline constexpr std::size_t frame_header_bytes = 4;
inline constexpr std::size_t input_window_bytes = 256 << 10;  // per terminal and server connection, see TerminalInputAck
inline constexpr std::size_t max_data_bytes = 256 << 10;  // of one Input, Output, file read or write
inline constexpr std::uint64_t window_bytes = 256 << 10;  // init.proto: how far a sender may be ahead of its receiver

class FrameReader {
 public:
  // Appends bytes that arrived. Fails when a length is out of range in them; then every later call fails, and no frame comes.
  Result<> feed(std::string_view bytes);
  // The next whole frame's payload, valid until the next feed() or next().
  std::optional<std::string_view> next();
  // No part of a frame waits for the rest of it.
  [[nodiscard]] bool empty() const { return taken_ == buffer_.size(); }

 private:
  Result<> check_heads();
  std::string buffer_;
  std::size_t taken_ = 0, checked_ = 0;  // behind the last frame given; the first head that was not looked at
  bool refused_ = false;
};

// Appends header and message to `out`. A message over the limit is a defect of the caller.
void append_frame(const google::protobuf::MessageLite& message, std::string& out);
// Parses one payload; damaged bytes are Code::Damaged.
Result<> parse_frame(std::string_view payload, google::protobuf::MessageLite& message);

}  // namespace berth::wire
