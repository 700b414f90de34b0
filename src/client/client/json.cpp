#include "client/json.hpp"

#include <boost/json/value.hpp>

#include <algorithm>

namespace berth::client {
namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> number_if(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code error;
  auto number = value->to_number<std::int64_t>(error);
  if (error) return std::nullopt;
  return number;
}

std::int64_t number_of(const json::object& object, std::string_view name) {
  return number_if(object, name).value_or(0);
}

ByteOffset offset_of(const json::object& object, std::string_view name) {
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(object, name)))};
}

bool flag_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

json::object object_of(const json::value& value) { return value.is_object() ? value.get_object() : json::object(); }

Result<json::array> items_of(const json::value& answer) {
  const json::object* object = answer.if_object();
  const json::value* items = object == nullptr ? nullptr : object->if_contains("items");
  if (items == nullptr || !items->is_array())
    return fail(Code::Internal, "The server's answer is not what this client understands.");
  return items->get_array();
}

}  // namespace berth::client
