#include "wire/frame.hpp"

#include <google/protobuf/message_lite.h>

#include "base/check.hpp"

namespace berth::wire {
namespace {

constexpr std::size_t max_idle_bytes = 128 << 10;

std::uint32_t load_length(const char* at) {
  const auto* b = reinterpret_cast<const unsigned char*>(at);
  return std::uint32_t{b[0]} | std::uint32_t{b[1]} << 8 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[3]} << 24;
}

}  // namespace

// Every head that is there, also behind whole frames: a peer that sends nothing more is found out, too.
Result<> FrameReader::check_heads() {
  while (!refused_ && checked_ + frame_header_bytes <= buffer_.size()) {
    const std::uint32_t length = load_length(buffer_.data() + checked_);
    refused_ = length == 0 || length > max_frame_bytes;
    checked_ += frame_header_bytes + length;
  }
  if (refused_) return fail(Code::TooLarge, "A frame has a length out of range.");
  return {};
}

Result<> FrameReader::feed(std::string_view bytes) {
  TRY(check_heads());
  if (taken_ > 0) {
    buffer_.erase(0, taken_);
    checked_ -= taken_;
    taken_ = 0;
    if (buffer_.empty() && buffer_.capacity() > max_idle_bytes) std::string().swap(buffer_);  // a large frame came by
  }
  buffer_.append(bytes);
  return check_heads();
}

std::optional<std::string_view> FrameReader::next() {
  const std::size_t have = buffer_.size() - taken_;
  if (have < frame_header_bytes) return std::nullopt;
  const std::uint32_t length = load_length(buffer_.data() + taken_);
  if (refused_ || have - frame_header_bytes < length) return std::nullopt;
  std::string_view payload(buffer_.data() + taken_ + frame_header_bytes, length);
  taken_ += frame_header_bytes + length;
  return payload;
}

void append_frame(const google::protobuf::MessageLite& message, std::string& out) {
  const std::size_t size = message.ByteSizeLong();
  BERTH_CHECK(size > 0 && size <= max_frame_bytes);
  const std::size_t at = out.size();
  out.resize(at + frame_header_bytes + size);
  for (std::size_t i = 0; i < frame_header_bytes; ++i) out[at + i] = static_cast<char>(size >> (8 * i));
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.data() + at + frame_header_bytes));
}

Result<> parse_frame(std::string_view payload, google::protobuf::MessageLite& message) {
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size())))
    return fail(Code::Damaged, "A frame could not be parsed.");
  return {};
}

}  // namespace berth::wire
