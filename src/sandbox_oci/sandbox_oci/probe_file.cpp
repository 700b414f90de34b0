#include "sandbox_oci/probe_file.hpp"

#include <exception>

#include <boost/json.hpp>

#include "base/check.hpp"

namespace berth::sandbox_oci {
namespace json = boost::json;
namespace {

constexpr int version = 1;

struct Entry {
  Runtime runtime;
  FileIdentity file;
};

Entry read_entry(const json::object& from) {
  Entry entry;
  entry.runtime.kind = from.at("kind").as_string();
  entry.file.path = from.at("path").as_string();
  entry.runtime.path = entry.file.path;
  entry.runtime.version = from.at("version").as_string();
  for (const auto& flag : from.at("flags").as_array()) entry.runtime.flags.emplace_back(flag.as_string());
  entry.runtime.works = from.at("works").as_bool();
  entry.runtime.reason = from.at("reason").as_string();
  entry.file.size = from.at("size").to_number<std::uint64_t>();
  entry.file.modified_ns = from.at("modified_ns").to_number<std::int64_t>();
  return entry;
}

}  // namespace

std::string write_probe(const Probe& probe, const ProbeKey& key) {
  BERTH_CHECK(probe.runtimes.size() == key.files.size());
  json::array runtimes;
  for (std::size_t i = 0; i < key.files.size(); ++i) {
    const auto& runtime = probe.runtimes[i];
    json::array flags(runtime.flags.begin(), runtime.flags.end());
    runtimes.push_back(json::object{{"kind", runtime.kind},
                                    {"path", key.files[i].path},
                                    {"version", runtime.version},
                                    {"size", key.files[i].size},
                                    {"modified_ns", key.files[i].modified_ns},
                                    {"flags", std::move(flags)},
                                    {"works", runtime.works},
                                    {"reason", runtime.reason}});
  }
  return json::serialize(
             json::object{{"version", version}, {"kernel", key.kernel}, {"runtimes", std::move(runtimes)}}) +
         "\n";
}

std::optional<Probe> read_probe(std::string_view text, const ProbeKey& key) {
  try {
    const auto value = json::parse(json::string_view(text.data(), text.size()));
    const auto& root = value.as_object();
    if (root.at("version").to_number<int>() != version) return std::nullopt;
    ProbeKey found{.kernel = std::string(root.at("kernel").as_string())};
    Probe probe;
    for (const auto& item : root.at("runtimes").as_array()) {
      auto entry = read_entry(item.as_object());
      found.files.push_back(std::move(entry.file));
      probe.runtimes.push_back(std::move(entry.runtime));
    }
    if (found != key) return std::nullopt;
    return probe;
  } catch (const std::exception&) { return std::nullopt; }
}

}  // namespace berth::sandbox_oci
