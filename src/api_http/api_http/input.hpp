#pragma once
// A JSON body of a request, told once: from one list of fields come the strict reader and the schema in the OpenAPI
// document. Unknown fields are refused, and so is every value of another type: nothing is converted, 1.0 is no integer.
// Errors are InvalidArgument and name the field by its path ("limits.memory_bytes"). Private to api_http; pure.

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "api_http/schema.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "store/people.hpp"
#include "store/rows.hpp"

namespace berth::api_http {

inline constexpr std::size_t max_json_depth = 32;

// Empty text is an empty object.
Result<json::value> parse_json(std::string_view text);

inline std::unexpected<Error> wrong_field(const std::string& path, std::string_view rule) {
  return fail(Code::InvalidArgument, path.empty() ? fmt::format("The body {}.", rule) : fmt::format("\"{}\" {}.", path, rule));
}
Result<std::uint64_t> read_integer(const json::value& value, const std::string& path, std::uint64_t max);

template <class T>
struct Input;  // static json::object schema(); static Result<> read(const json::value&, const std::string& path, T&)

template <class T>
struct InputField {
  std::string_view name;
  std::string_view about;
  bool required;
  json::object schema;
  std::function<Result<>(const json::value&, const std::string& path, T&)> read;
};

template <class T>
struct InputType {
  std::string_view name;
  std::vector<InputField<T>> fields;
};

template <class T>
const InputType<T>& input_type();  // specialised in inputs.cpp for every body of the API

template <class T>
Result<> read_object(const InputType<T>& type, const json::value& value, const std::string& path, T& out) {
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong_field(path, "must be an object");
  const auto path_of = [&](std::string_view name) { return path.empty() ? std::string(name) : path + "." + std::string(name); };
  for (const auto& [key, unused] : *object) {
    const auto known = [&](const InputField<T>& field) { return field.name == std::string_view(key); };
    if (std::ranges::none_of(type.fields, known)) return wrong_field(path_of(key).substr(0, 80), "is not a field of this request");
  }
  for (const auto& field : type.fields) {
    const json::value* member = object->if_contains(field.name);
    if (member != nullptr) TRY(field.read(*member, path_of(field.name), out));
    else if (field.required) return wrong_field(path_of(field.name), "is missing");
  }
  return {};
}

template <class T>
json::object object_schema(const InputType<T>& type) {
  json::object properties;
  json::array required;
  for (const auto& field : type.fields) {
    json::object property = field.schema;
    property["description"] = field.about;
    properties[field.name] = std::move(property);
    if (field.required) required.emplace_back(field.name);
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

template <class T>
Result<T> read_body(std::string_view body) {
  TRY_ASSIGN(const auto value, parse_json(body));
  T out;
  TRY(read_object(input_type<T>(), value, "", out));
  return out;
}

// ---- the types that a field can have ----

template <>
struct Input<std::string> {
  static json::object schema() { return schema::text(); }
  static Result<> read(const json::value& value, const std::string& path, std::string& out) {
    if (!value.is_string()) return wrong_field(path, "must be text");
    out = value.get_string();
    return {};
  }
};

template <>
struct Input<bool> {
  static json::object schema() { return schema::boolean(); }
  static Result<> read(const json::value& value, const std::string& path, bool& out) {
    if (!value.is_bool()) return wrong_field(path, "must be true or false");
    out = value.get_bool();
    return {};
  }
};

template <class T>
  requires std::integral<T>
struct Input<T> {
  static constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  static json::object schema() { return schema::integer(max); }
  static Result<> read(const json::value& value, const std::string& path, T& out) {
    TRY_ASSIGN(const auto number, read_integer(value, path, max));
    out = static_cast<T>(number);
    return {};
  }
};

template <>
struct Input<std::chrono::milliseconds> {
  static constexpr std::uint64_t max = std::uint64_t{365} * 24 * 3600 * 1000;
  static json::object schema() { return schema::integer(max); }
  static Result<> read(const json::value& value, const std::string& path, std::chrono::milliseconds& out) {
    TRY_ASSIGN(const auto number, read_integer(value, path, max));
    out = std::chrono::milliseconds(number);
    return {};
  }
};

template <class T>
struct Input<std::optional<T>> {
  static json::object schema() { return Input<T>::schema(); }
  static Result<> read(const json::value& value, const std::string& path, std::optional<T>& out) {
    return Input<T>::read(value, path, out.emplace());
  }
};

template <class T>
struct Input<std::vector<T>> {
  static json::object schema() { return schema::list_of(Input<T>::schema()); }
  static Result<> read(const json::value& value, const std::string& path, std::vector<T>& out) {
    const json::array* items = value.if_array();
    if (items == nullptr) return wrong_field(path, "must be a list");
    for (const json::value& item : *items)
      TRY(Input<T>::read(item, fmt::format("{}[{}]", path, out.size()), out.emplace_back()));
    return {};
  }
};

template <class T>
struct Input<std::map<std::string, T>> {
  static json::object schema() { return schema::map_of(Input<T>::schema()); }
  static Result<> read(const json::value& value, const std::string& path, std::map<std::string, T>& out) {
    const json::object* members = value.if_object();
    if (members == nullptr) return wrong_field(path, "must be an object");
    for (const auto& [key, member] : *members)
      TRY(Input<T>::read(member, (path + "." + std::string(key)).substr(0, 80), out[std::string(key)]));
    return {};
  }
};

template <>
struct Input<store::TerminalKind> {
  static json::object schema() { return schema::one_of({"pty", "pipes"}); }
  static Result<> read(const json::value& value, const std::string& path, store::TerminalKind& out) {
    if (value == "pty") out = store::TerminalKind::Pty;
    else if (value == "pipes") out = store::TerminalKind::Pipes;
    else return wrong_field(path, "must be \"pty\" or \"pipes\"");
    return {};
  }
};

template <>
struct Input<store::Role> {
  static json::object schema() { return schema::one_of({"viewer", "member", "admin"}); }
  static Result<> read(const json::value& value, const std::string& path, store::Role& out) {
    if (value == "viewer") out = store::Role::Viewer;
    else if (value == "member") out = store::Role::Member;
    else if (value == "admin") out = store::Role::Admin;
    else return wrong_field(path, "must be \"viewer\", \"member\" or \"admin\"");
    return {};
  }
};

// A part of a body that is an object itself.
template <class T>
  requires std::is_aggregate_v<T>
struct Input<T> {
  static json::object schema() { return object_schema(input_type<T>()); }
  static Result<> read(const json::value& value, const std::string& path, T& out) {
    return read_object(input_type<T>(), value, path, out);
  }
};

// ---- fields ----

enum class Need { Optional, Required };

template <auto Member>
struct MemberOf;
template <class C, class V, V C::*Member>
struct MemberOf<Member> {
  using Class = C;
  using Value = V;
};

template <auto Member>
auto field(std::string_view name, std::string_view about, Need need = Need::Optional) {
  using M = MemberOf<Member>;
  using V = typename M::Value;
  return InputField<typename M::Class>{name, about, need == Need::Required, Input<V>::schema(),
                                       [](const json::value& value, const std::string& path, typename M::Class& out) {
                                         return Input<V>::read(value, path, out.*Member);
                                       }};
}

}  // namespace berth::api_http
