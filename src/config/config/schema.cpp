#include "config/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <concepts>
#include <limits>
#include <numeric>

namespace berth::config {
namespace {

template <class T>
struct Kind;

template <>
struct Kind<Text> {
  static constexpr std::string_view name = "text";
  static std::optional<Text> parse(const std::string& text) {
    return is_clean_text(text) ? std::optional(text) : std::nullopt;
  }
  static std::string show(const Text& value) { return value; }
  static std::string limit(std::uint64_t n) { return fmt::format("{} characters", n); }
  static std::uint64_t measure(const Text& value) { return value.size(); }
};
template <>
struct Kind<Flag> {
  static constexpr std::string_view name = "true or false";
  static std::optional<Flag> parse(const std::string& text) { return parse_flag(text); }
  static std::string show(Flag value) { return value ? "true" : "false"; }
};
template <std::unsigned_integral T>
  requires(sizeof(T) < sizeof(Bytes))
struct Kind<T> {
  static constexpr std::string_view name = "a number";
  static std::optional<T> parse(const std::string& text) {
    const auto number = parse_number(text);
    if (!number || *number > std::numeric_limits<T>::max()) return std::nullopt;
    return static_cast<T>(*number);
  }
  static std::string show(T value) { return fmt::format("{}", value); }
  static std::string limit(std::uint64_t n) { return fmt::format("{}", n); }
  static std::uint64_t measure(T value) { return value; }
};
template <>
struct Kind<Bytes> {
  static constexpr std::string_view name = "a size";
  static std::optional<Bytes> parse(const std::string& text) { return parse_bytes(text); }
  static std::string show(Bytes value) { return bytes_text(value); }
  static std::string limit(std::uint64_t n) { return bytes_text(n); }
  static std::uint64_t measure(Bytes value) { return value; }
};
template <>
struct Kind<Milliseconds> {
  static constexpr std::string_view name = "a duration";
  static std::optional<Milliseconds> parse(const std::string& text) { return parse_milliseconds(text); }
  static std::string show(Milliseconds value) { return milliseconds_text(value); }
  static std::string limit(std::uint64_t n) { return milliseconds_text(Milliseconds(static_cast<std::int64_t>(n))); }
  static std::uint64_t measure(Milliseconds value) { return static_cast<std::uint64_t>(value.count()); }
};
template <>
struct Kind<List> {
  static constexpr std::string_view name = "a list";
  static std::optional<List> parse(const std::string& text) {
    List items;
    for (std::size_t at = 0; at <= text.size() && !text.empty();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      items.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return items;
  }
  static std::string show(const List& value) { return fmt::format("{}", fmt::join(value, ",")); }
  static std::string limit(std::uint64_t n) { return fmt::format("{} items", n); }
  static std::uint64_t measure(const List& value) { return value.size(); }
};

template <class T>
std::string describe_range(const Between& r) {
  return fmt::format("from {} to {}", Kind<T>::limit(r.low), Kind<T>::limit(r.high));
}
template <class T>
std::string describe_range(const Length& r) {
  return fmt::format("from {} to {}", r.low, Kind<T>::limit(r.high));
}
template <class T>
std::string describe_range(const OneOf& r) {
  return fmt::format("one of {}", fmt::join(r.words, ", "));
}
template <class T>
std::string describe_range(const Any&) {
  return {};
}

template <class T>
bool in_range(const T& value, const OneOf& r) {
  return std::ranges::find(r.words, value) != r.words.end();
}
template <class T>
bool in_range(const T&, const Any&) {
  return true;
}
template <class T, class R>
bool in_range(const T& value, const R& r) {
  return Kind<T>::measure(value) >= r.low && Kind<T>::measure(value) <= r.high;
}

template <class T>
std::optional<T> value_of(const Raw& raw) {
  if (raw.kind == Raw::Kind::Scalar) return Kind<T>::parse(raw.text);
  if constexpr (std::same_as<T, List>)
    if (raw.kind == Raw::Kind::List) return raw.items;
  return std::nullopt;
}

bool is_clean(const auto& value) {
  if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, List>)
    return std::ranges::all_of(value, [](const std::string& item) { return !item.empty() && is_clean_text(item); });
  else
    return true;
}

std::string key_of(std::string_view group, std::string_view member) {
  if (member.ends_with('_')) member.remove_suffix(1);
  return fmt::format("{}.{}", group, member);
}

std::string environment_of(std::string_view key) {
  std::string out = "BERTH_";
  for (const char c : key) out += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return out;
}

template <class T, class R, class Access>
Row make_row(std::string_view group, std::string_view member, Access access, R range, std::string_view help) {
  static_assert(std::same_as<R, Any> || (std::same_as<R, OneOf> && std::same_as<T, Text>) ||
                    std::same_as<R, Length> == (std::same_as<T, Text> || std::same_as<T, List>),
                "Length is for texts and lists, Between for numbers, OneOf for texts");
  const std::string key = key_of(group, member);
  Settings defaults;
  return Row{.about = {.name = key,
                       .environment = environment_of(key),
                       .type = std::string(Kind<T>::name),
                       .initial = Kind<T>::show(access(defaults)),
                       .range = describe_range<T>(range),
                       .help = std::string(help)},
             .set =
                 [=](Settings& settings, const Raw& raw) {
                   auto value = value_of<T>(raw);
                   if (!value || !is_clean(*value) || !in_range(*value, range)) return false;
                   access(settings) = *std::move(value);
                   return true;
                 },
             .show = [=](const Settings& settings) { return Kind<T>::show(access(const_cast<Settings&>(settings))); }};
}

std::vector<Row> make_rows() {
  std::vector<Row> out;
#define GROUP(group, about)                     \
  {                                             \
    constexpr auto in_group = &Settings::group; \
    using Group = decltype(Settings::group);    \
    constexpr std::string_view group_name = #group;
#define SETTING(type, member, initial, range, help)                                                                   \
  out.push_back(make_row<type>(                                                                                       \
      group_name, #member, [](Settings& settings) -> type& { return (settings.*in_group).*(&Group::member); }, range, \
      help));
#define END_GROUP(group) }
#include "config/settings.def"
#undef GROUP
#undef SETTING
#undef END_GROUP
  return out;
}

template <class Key>
std::optional<std::size_t> find_by(std::string_view text, Key key) {
  const auto found =
      std::ranges::find(rows(), text, [&](const Row& row) -> std::string_view { return row.about.*key; });
  if (found == rows().end()) return std::nullopt;
  return static_cast<std::size_t>(found - rows().begin());
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0uz);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j)
      diagonal = std::exchange(row[j + 1], std::min({row[j + 1] + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)}));
  }
  return row.back();
}

}  // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> all = make_rows();
  return all;
}

const std::vector<std::pair<std::string, std::string>>& groups() {
  static const std::vector<std::pair<std::string, std::string>> all = {
#define GROUP(group, about) {#group, about},
#define SETTING(type, member, initial, range, help)
#define END_GROUP(group)
#include "config/settings.def"
#undef GROUP
#undef SETTING
#undef END_GROUP
  };
  return all;
}

std::optional<std::size_t> find_row(std::string_view name) { return find_by(name, &Description::name); }
std::optional<std::size_t> find_environment(std::string_view variable) {
  return find_by(variable, &Description::environment);
}
bool is_group(std::string_view name) {
  return std::ranges::find(groups(), name, [](const auto& g) -> std::string_view { return g.first; }) != groups().end();
}

std::string nearest(std::string_view name, const std::vector<std::string>& names) {
  constexpr std::size_t near = 3, longest = 64;
  if (name.size() > longest) return {};
  std::string best;
  std::size_t least = near + 1;
  for (const std::string& candidate : names)
    if (const std::size_t distance = edit_distance(name, candidate); distance < least) {
      least = distance;
      best = candidate;
    }
  return best;
}

}  // namespace berth::config
