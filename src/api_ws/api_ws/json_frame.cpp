#include "api_ws/json_frame.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace berth::api_ws {

namespace json = boost::json;

std::unexpected<Error> wrong_frame(std::string message) { return fail(Code::InvalidArgument, std::move(message)); }

Result<std::string_view> JsonFrame::parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = 4;
  json::error_code error;
  value_ = json::parse(json::string_view(text.data(), text.size()), error, &resource_, options);
  if (error || !value_.is_object()) return wrong_frame("A text frame must be one JSON object.");
  const json::value* type = find("type");
  if (type == nullptr || !type->is_string()) return wrong_frame("A text frame needs a \"type\".");
  return std::string_view(type->get_string());
}

Result<> JsonFrame::allow(std::initializer_list<std::string_view> fields) const {
  for (const auto& [key, value] : value_.get_object()) {
    const std::string_view name = key;
    if (name != "type" && std::ranges::find(fields, name) == fields.end())
      return wrong_frame(fmt::format("\"{}\" is not a field of this frame.", name.substr(0, 64)));
  }
  return {};
}

}  // namespace berth::api_ws
