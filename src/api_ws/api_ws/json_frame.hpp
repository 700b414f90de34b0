#pragma once
// One text frame of a client: a JSON object with a "type". Reading is strict, and every error a sentence for the client.
// Private to api_ws. Memory: a small frame takes none but its own.

#include <array>
#include <initializer_list>
#include <string_view>

#include <boost/json.hpp>

#include "base/result.hpp"

namespace berth::api_ws {

[[nodiscard]] std::unexpected<Error> wrong_frame(std::string message);  // InvalidArgument

class JsonFrame {
 public:
  JsonFrame() : resource_(memory_.data(), memory_.size()), value_(&resource_) {}
  JsonFrame(const JsonFrame&) = delete;
  JsonFrame& operator=(const JsonFrame&) = delete;

  Result<std::string_view> parse(std::string_view text);  // its type; once, before all else
  [[nodiscard]] const boost::json::value* find(std::string_view field) const { return value_.get_object().if_contains(field); }
  [[nodiscard]] Result<> allow(std::initializer_list<std::string_view> fields) const;  // no others, besides "type"

 private:
  std::array<unsigned char, 2048> memory_;
  boost::json::monotonic_resource resource_;
  boost::json::value value_;
};

}  // namespace berth::api_ws
