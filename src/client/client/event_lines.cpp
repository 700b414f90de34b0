#include "client/event_lines.hpp"

#include <utility>

namespace berth::client {

Result<> EventLines::feed(std::string_view bytes, const Take& take) {
  for (const char c : bytes) {
    const bool second = std::exchange(after_cr_, c == '\r') && c == '\n';
    if (second) continue;
    if (c == '\n' || c == '\r') {
      TRY(line(take));
      line_.clear();
      continue;
    }
    if (line_.size() + data_.size() >= most_bytes) return fail(Code::TooLarge, "An event is larger than this client accepts.");
    line_ += c;
  }
  return {};
}

Result<> EventLines::line(const Take& take) {
  if (line_.empty()) {
    last_id_ = id_;
    ServerEvent event{std::exchange(type_, {}), std::exchange(data_, {})};
    if (!std::exchange(has_data_, false)) return {};
    return take(event);
  }
  const auto colon = line_.find(':');
  const std::string_view name = std::string_view(line_).substr(0, colon);
  std::string_view value = colon == std::string::npos ? "" : std::string_view(line_).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (std::exchange(has_data_, true)) data_ += '\n';
    data_ += value;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
  return {};
}

}  // namespace berth::client
