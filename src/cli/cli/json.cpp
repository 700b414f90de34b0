#include "cli/json.hpp"

namespace berth::cli {

std::optional<WallTime> time_of(const boost::json::object& object, std::string_view name) {
  return parse_time(text_of(object, name));
}

}  // namespace berth::cli
