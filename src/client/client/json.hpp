#pragma once
// Reading the API's objects without ever failing: what is absent or of another type is empty. A newer server may leave
// out or add what it likes; who reads sees a gap then, not an error.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::client {

[[nodiscard]] std::string text_of(const boost::json::object& object, std::string_view name);
[[nodiscard]] std::int64_t number_of(const boost::json::object& object, std::string_view name);  // 0
[[nodiscard]] std::optional<std::int64_t> number_if(const boost::json::object& object, std::string_view name);
[[nodiscard]] ByteOffset offset_of(const boost::json::object& object, std::string_view name);  // 0, also for negative ones
[[nodiscard]] bool flag_of(const boost::json::object& object, std::string_view name);
[[nodiscard]] boost::json::object object_of(const boost::json::value& value);
// {"items": […]} → the objects in it; Internal when it is something else.
[[nodiscard]] Result<boost::json::array> items_of(const boost::json::value& answer);

}  // namespace berth::client
