#pragma once
// Reading the API's objects without ever failing (client/json.hpp), and what only people need of them.

#include <boost/json/object.hpp>

#include <optional>
#include <string_view>

#include "cli/human.hpp"
#include "client/json.hpp"

namespace berth::cli {

using client::flag_of;
using client::items_of;
using client::number_if;
using client::number_of;
using client::object_of;
using client::offset_of;
using client::text_of;

[[nodiscard]] std::optional<WallTime> time_of(const boost::json::object& object, std::string_view name);

}  // namespace berth::cli
