// Lines of what terminals printed, as grep gives them.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "client/terminal.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t shown_line = 2000;  // columns, for people

std::string shown_text(const client::GrepLine& line, bool colours) {
  if (!colours || !line.match) return one_line(line.text, shown_line);
  const auto part = [&](std::size_t begin, std::size_t end) { return one_line(line.text.substr(begin, end - begin), shown_line); };
  return part(0, line.match_begin) + "\x1b[1;31m" + part(line.match_begin, line.match_end) + "\x1b[0m" +
         part(line.match_end, line.text.size());
}

// "terminal:command:text", with "-" for context, as grep has it; a terminal is named where there are several.
void print_lines(const Context& context, const client::GrepResult& found, bool one_terminal, bool grouped) {
  const bool colours = pty::is_terminal(context.output.streams().out);
  const client::GrepLine* last = nullptr;
  for (const client::GrepLine& line : found.lines) {
    const char mark = line.match ? ':' : '-';
    const bool apart = last != nullptr && (line.terminal != last->terminal || line.offset != last->end);
    if (grouped && apart) context.output.print("--\n");
    last = &line;
    context.output.print(fmt::format("{}{}{}{}\n", one_terminal ? "" : line.terminal + mark,
                                     line.command ? std::to_string(*line.command) : "", mark, shown_text(line, colours)));
  }
}

// One sandbox after the other, until there are as many matches as wanted.
Result<client::GrepResult> search_sandboxes(const Context& context, const std::vector<std::string>& sandboxes, client::GrepOptions options) {
  client::GrepResult all;
  const std::size_t most = options.most;
  for (const std::string& sandbox : sandboxes) {
    options.most = most - all.matches;
    TRY_ASSIGN(auto found, client::grep_sandbox(context.api(), sandbox, options));
    std::ranges::move(found.lines, std::back_inserter(all.lines));
    all.matches += found.matches;
    all.missing = all.missing || found.missing;
    all.more = found.more;
    if (all.more) break;
  }
  return all;
}

Result<client::GrepResult> search(const Context& context, const verb::Grep& verb) {
  const client::GrepOptions options{.pattern = verb.pattern, .literal = verb.literal, .ignore_case = verb.ignore_case,
                                    .before = std::max(verb.before, verb.context), .after = std::max(verb.after, verb.context),
                                    .most = verb.limit};
  if (names_terminal(verb.target)) return client::Terminal(context.api(), verb.target).grep(options);
  std::vector<std::string> sandboxes;
  if (!verb.target.empty()) {
    sandboxes.push_back(verb.target);
  } else {
    TRY_ASSIGN(const json::array all, context.api().list("/v1/sandboxes"));
    for (const json::value& sandbox : all) sandboxes.push_back(text_of(object_of(sandbox), "id"));
  }
  return search_sandboxes(context, sandboxes, options);
}

}  // namespace

Result<int> grep(const Context& context, const verb::Grep& verb) {
  client::GrepResult found;
  {
    Progress progress(context.output, "Searching");
    TRY_ASSIGN(found, search(context, verb));
  }
  if (context.output.json()) {
    json::array lines;
    for (const client::GrepLine& line : found.lines) lines.push_back(line.document);
    context.output.print_json(lines);
  } else {
    print_lines(context, found, names_terminal(verb.target), std::max({verb.before, verb.after, verb.context}) > 0);
  }
  if (found.more) context.output.note(fmt::format("There may be more; these are the first {} matches: --limit.", verb.limit));
  if (found.missing) context.output.note("Some of the output is no longer kept, or damaged: berth journal check says what.");
  return found.matches > 0 ? Success : Failure;
}

}  // namespace berth::cli
