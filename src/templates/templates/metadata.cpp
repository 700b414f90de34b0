#include "templates/metadata.hpp"

#include <exception>

#include <boost/json.hpp>

namespace berth::templates {
namespace json = boost::json;
namespace {

constexpr int version = 1;

}  // namespace

std::string write_metadata(const Template& item) {
  return json::serialize(json::object{{"version", version},
                                      {"name", item.name},
                                      {"digest", item.digest},
                                      {"description", item.description},
                                      {"size_bytes", item.size_bytes},
                                      {"built_ns", item.built.time_since_epoch().count()}}) +
         "\n";
}

std::optional<Template> read_metadata(std::string_view text) {
  try {
    const auto value = json::parse(json::string_view(text.data(), text.size()));
    const auto& root = value.as_object();
    if (root.at("version").to_number<int>() != version) return std::nullopt;
    Template item;
    item.name = root.at("name").as_string();
    item.digest = root.at("digest").as_string();
    item.description = root.at("description").as_string();
    item.size_bytes = root.at("size_bytes").to_number<std::uint64_t>();
    item.built = WallTime(std::chrono::nanoseconds(root.at("built_ns").to_number<std::int64_t>()));
    return item;
  } catch (const std::exception&) { return std::nullopt; }
}

}  // namespace berth::templates
