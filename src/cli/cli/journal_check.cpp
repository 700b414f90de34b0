// `berth journal check`: reads journals as they are on the disk, with the server down or up, and changes nothing.

#include "journal/check.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <optional>

#include "base/id.hpp"
#include "cli/actions.hpp"
#include "cli/human.hpp"
#include "cli/table.hpp"
#include "crypto/machine_keys.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

struct Checked {
  std::filesystem::path dir;
  journal::CheckReport report;
  std::optional<Error> error;  // it could not be read at all
};

std::uint64_t sum_of(const journal::CheckReport& report, std::uint64_t journal::SegmentReport::*member) {
  std::uint64_t sum = 0;
  for (const auto& segment : report.segments) sum += segment.*member;
  return sum;
}

// A directory by its path, a terminal by its id, or every journal of the home.
Result<std::vector<std::filesystem::path>> journals_of(const Context& context, const std::string& target) {
  const auto all = context.home / "terminals";
  std::error_code error;
  if (!target.empty()) {
    if (TerminalId::parse(target)) return std::vector{all / target};
    if (std::filesystem::is_directory(target, error)) return std::vector{std::filesystem::absolute(target)};
    return fail(Code::NotFound, fmt::format("\"{}\" is neither a terminal nor a directory.", target));
  }
  std::vector<std::filesystem::path> found;
  for (std::filesystem::directory_iterator entry(all, error), end; !error && entry != end; entry.increment(error))
    if (TerminalId::parse(entry->path().filename().string())) found.push_back(entry->path());
  std::ranges::sort(found);
  return found;
}

Checked check_one(const std::filesystem::path& dir, const Result<crypto::MachineKeys>& keys) {
  Checked checked{.dir = dir};
  auto key = keys ? journal::load_key(dir, *keys) : journal::Key();
  auto report = key ? journal::check(dir, *key) : Result<journal::CheckReport>(pass(key.error()));
  if (report) checked.report = *std::move(report);
  else checked.error = std::move(report).error();
  return checked;
}

json::object json_of(const Checked& checked) {
  const auto& report = checked.report;
  json::object out{{"journal", checked.dir.string()}, {"whole", !checked.error && report.whole()}};
  if (checked.error) {
    out["error"] = checked.error->message;
    return out;
  }
  json::array segments, damage;
  for (const auto& segment : report.segments)
    segments.push_back(json::object{{"name", journal::to_string(segment.name)}, {"sealed", segment.sealed},
                                    {"compact", segment.compact}, {"disk_bytes", segment.disk_bytes},
                                    {"output_bytes", segment.output_bytes}, {"records", segment.records},
                                    {"input_records", segment.input_records}, {"input_bytes", segment.input_bytes}});
  for (const auto& each : report.damage)
    damage.push_back(json::object{{"segment", journal::to_string(each.segment)}, {"position", each.position},
                                  {"from", each.begin.value}, {"to", each.end.value}, {"what", each.what}});
  out["from"] = report.kept.begin.value;
  out["to"] = report.kept.end.value;
  out["ended"] = report.ended;
  out["torn_bytes"] = report.torn_bytes;
  out["disk_bytes"] = sum_of(report, &journal::SegmentReport::disk_bytes);
  out["output_bytes"] = sum_of(report, &journal::SegmentReport::output_bytes);
  out["input_records"] = sum_of(report, &journal::SegmentReport::input_records);
  out["input_bytes"] = sum_of(report, &journal::SegmentReport::input_bytes);
  out["damages"] = report.damages;
  out["segments"] = std::move(segments);
  out["damage"] = std::move(damage);
  return out;
}

std::string form_of(const journal::CheckReport& report) {
  const auto sealed = std::ranges::count_if(report.segments, &journal::SegmentReport::sealed);
  const auto compact = std::ranges::count_if(report.segments, &journal::SegmentReport::compact);
  return fmt::format("{} sealed, {} compact", sealed, compact);
}

void print(const Context& context, const std::vector<Checked>& all) {
  Table table({"JOURNAL", "OUTPUT", "TYPED", "ON DISK", "RATIO", "SEGMENTS", "FORM", "STATE"});
  for (const Checked& checked : all) {
    const std::string name = checked.dir.filename().string();
    if (checked.error) {
      table.add({name, "-", "-", "-", "-", "-", "-", checked.error->message});
      continue;
    }
    const auto output = sum_of(checked.report, &journal::SegmentReport::output_bytes);
    const auto disk = sum_of(checked.report, &journal::SegmentReport::disk_bytes);
    std::string state = checked.report.whole() ? "whole" : fmt::format("{} damaged", checked.report.damages);
    if (checked.report.torn_bytes > 0) state += fmt::format(", {} torn at the end", human_bytes(checked.report.torn_bytes));
    const auto typed = sum_of(checked.report, &journal::SegmentReport::input_bytes);
    table.add({name, human_bytes(output), typed == 0 ? "-" : human_bytes(typed), human_bytes(disk), disk == 0 ? "-" : fmt::format("{:.1f}", double(output) / double(disk)),
               std::to_string(checked.report.segments.size()), form_of(checked.report), state});
  }
  context.output.print(table.text());
  for (const Checked& checked : all)
    for (const auto& damage : checked.report.damage)
      context.output.print(fmt::format("{}/{} at {}: {}; offsets {} to {} are lost\n", checked.dir.filename().string(),
                                       journal::to_string(damage.segment), damage.position, damage.what, damage.begin.value,
                                       damage.end.value));
}

}  // namespace

Result<int> check_journals(const Context& context, const verb::JournalCheck& verb) {
  TRY_ASSIGN(const auto dirs, journals_of(context, verb.target));
  const auto keys = crypto::MachineKeys::open_existing(context.home / "keys");
  if (!keys && keys.error().code != Code::NotFound) return pass(keys.error());
  std::vector<Checked> all;
  for (const auto& dir : dirs) all.push_back(check_one(dir, keys));
  if (context.output.json()) {
    json::array out;
    for (const Checked& checked : all) out.push_back(json_of(checked));
    context.output.print_json(out);
  } else {
    print(context, all);
  }
  const bool whole = std::ranges::all_of(all, [](const Checked& checked) { return !checked.error && checked.report.whole(); });
  return whole ? Success : Failure;
}

}  // namespace berth::cli
