// Lines of what terminals printed, as grep gives them.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t page_matches = 100;
constexpr std::size_t shown_line = 2000;  // columns, for people

struct Found {
  json::array lines;
  std::size_t matches = 0;
  bool missing = false, more = false;
};

std::string query_of(const verb::Grep& verb) {
  std::string out = "/grep?pattern=" + client::percent_encode(verb.pattern);
  if (verb.literal) out += "&literal=true";
  if (verb.ignore_case) out += "&ignore_case=true";
  return out + fmt::format("&context_before={}&context_after={}", std::max(verb.before, verb.context), std::max(verb.after, verb.context));
}

Result<> search(const Context& context, const std::string& target, const verb::Grep& verb, Found& found) {
  for (std::string after;;) {
    if (found.matches >= verb.limit) {
      found.more = true;
      return {};
    }
    const std::size_t limit = std::min(page_matches, verb.limit - found.matches);
    TRY_ASSIGN(json::value page, context.api().get(fmt::format("{}{}&limit={}&after={}", target, query_of(verb), limit,
                                                               client::percent_encode(after))));
    TRY_ASSIGN(json::array lines, items_of(page));
    const json::object object = object_of(page);
    for (json::value& line : lines) found.lines.push_back(std::move(line));
    found.matches += static_cast<std::size_t>(number_of(object, "matches"));
    if (const json::value* missing = object.if_contains("missing"); missing != nullptr && missing->is_array())
      found.missing = found.missing || !missing->get_array().empty();
    after = text_of(object, "next");
    if (after.empty()) return {};
  }
}

std::string shown_text(const json::object& line, bool colours) {
  const std::string text = text_of(line, "text");
  if (!colours || !flag_of(line, "match")) return one_line(text, shown_line);
  const auto begin = std::min(text.size(), static_cast<std::size_t>(number_of(line, "match_begin")));
  const auto end = std::clamp(static_cast<std::size_t>(number_of(line, "match_end")), begin, text.size());
  return one_line(text.substr(0, begin), shown_line) + "\x1b[1;31m" + one_line(text.substr(begin, end - begin), shown_line) +
         "\x1b[0m" + one_line(text.substr(end), shown_line);
}

// "terminal:command:text", with "-" for context, as grep has it; a terminal is named where there are several.
void print_lines(const Context& context, const Found& found, bool one_terminal, bool grouped) {
  const bool colours = pty::is_terminal(context.output.streams().out);
  std::string last_terminal;
  std::int64_t last_end = -1;
  for (const json::value& item : found.lines) {
    const json::object line = object_of(item);
    const char mark = flag_of(line, "match") ? ':' : '-';
    const std::string terminal = text_of(line, "terminal");
    if (grouped && last_end >= 0 && (terminal != last_terminal || number_of(line, "offset") != last_end)) context.output.print("--\n");
    last_terminal = terminal;
    last_end = number_of(line, "end");
    const auto command = number_if(line, "command");
    context.output.print(fmt::format("{}{}{}{}\n", one_terminal ? "" : terminal + mark, command ? std::to_string(*command) : "", mark,
                                     shown_text(line, colours)));
  }
}

}  // namespace

Result<int> grep(const Context& context, const verb::Grep& verb) {
  std::vector<std::string> targets;
  if (names_terminal(verb.target)) {
    targets.push_back(terminal_path(verb.target));
  } else if (!verb.target.empty()) {
    targets.push_back(sandbox_path(verb.target));
  } else {
    TRY_ASSIGN(json::array sandboxes, context.api().list("/v1/sandboxes"));
    for (const json::value& sandbox : sandboxes) targets.push_back(sandbox_path(text_of(object_of(sandbox), "id")));
  }
  Found found;
  {
    Progress progress(context.output, "Searching");
    for (const std::string& target : targets) {
      TRY(search(context, target, verb, found));
      if (found.more) break;
    }
  }
  if (context.output.json()) context.output.print_json(found.lines);
  else print_lines(context, found, names_terminal(verb.target), std::max({verb.before, verb.after, verb.context}) > 0);
  if (found.more) context.output.note(fmt::format("There may be more; these are the first {} matches: --limit.", verb.limit));
  if (found.missing) context.output.note("Some of the output is no longer kept, or damaged: berth journal check says what.");
  return found.matches > 0 ? Success : Failure;
}

}  // namespace berth::cli
