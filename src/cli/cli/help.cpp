#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/config.hpp"

namespace berth::cli {
namespace {

using Row = std::pair<std::string, std::string>;

std::string rows_text(const std::vector<Row>& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : rows) out += fmt::format("  {:<{}}  {}\n", left, width, right);
  return out;
}

std::string section(const std::string& title, const std::vector<Row>& rows) {
  return rows.empty() ? std::string() : fmt::format("\n{}\n{}", title, rows_text(rows));
}

std::vector<Row> option_rows(const std::vector<OptionNode>& options) {
  std::vector<Row> out;
  for (const auto& option : options) out.emplace_back(option_text(option), option.help);
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = std::min(text.find('\n', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// Every verb that can be called, depth first, with its path.
void leaves(const VerbNode& node, const std::string& path, std::vector<std::pair<std::string, const VerbNode*>>& out) {
  if (node.verbs.empty()) out.emplace_back(path, &node);
  for (const auto& verb : node.verbs) leaves(verb, path + " " + verb.name, out);
}

std::string roff(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

constexpr const char* exit_codes[][2] = {{"0", "done"},
                                         {"1", "failed"},
                                         {"2", "took too long"},
                                         {"3", "invalid, or there is no such thing"},
                                         {"4", "not permitted"}};
constexpr const char* exit_note =
    "run, exec and attach give the exit code of the command, and 128 and the signal's number when it was killed.";

constexpr const char* variables[][2] = {
    {"BERTH_HOME", "Home of the server and all that it keeps; ~/.local/share/berth when absent."},
    {"BERTH_URL", "A server elsewhere: unix:/path, http://host:port or https://host:port."},
    {"BERTH_KEY", "The key for it."},
    {"BERTH_CA", "PEM file of certificate authorities to trust besides the system's."}};

}  // namespace

std::string option_text(const OptionNode& option) {
  std::string out = fmt::format("{}", fmt::join(option.names, ", "));
  if (!option.value.empty()) out += " " + option.value;
  return out;
}

std::string usage_line(const VerbNode& verb, const std::string& path) {
  std::string out = path;
  if (!verb.options.empty()) out += " [OPTIONS]";
  for (const auto& positional : verb.positionals) {
    std::string name = positional.names.front() + (positional.repeated ? "…" : "");
    out += positional.required ? " " + name : fmt::format(" [{}]", name);
  }
  if (!verb.verbs.empty()) out += " VERB";
  if (!verb.command.empty()) out += " " + verb.command;
  return out;
}

std::string help_page(const VerbNode& verb, const std::string& path, const std::vector<OptionNode>& global) {
  std::string out = fmt::format("{}.\n\nUsage: {}\n", verb.help, usage_line(verb, path));
  std::vector<Row> verbs;
  for (const auto& child : verb.verbs) verbs.emplace_back(child.name, child.help);
  out += section("Verbs:", verbs);
  out += section("Arguments:", option_rows(verb.positionals));
  out += section("Options:", option_rows(verb.options));
  bool is_root = path.find(' ') == std::string::npos;
  if (!is_root) {
    std::vector<OptionNode> others;
    for (const auto& option : global)
      if (option.names.back() != "--help" && option.names.back() != "--version") others.push_back(option);
    out += section("Everywhere:", option_rows(others));
  }
  if (!verb.examples.empty()) {
    out += "\nExamples:\n";
    for (const auto& line : lines_of(verb.examples)) out += "  " + line + "\n";
  }
  if (is_root) {
    std::vector<Row> codes, names;
    for (const auto& [code, meaning] : exit_codes) codes.emplace_back(code, meaning);
    for (const auto& [name, meaning] : variables) names.emplace_back(name, meaning);
    out += section("Environment:", names) + section("Exit codes:", codes) + fmt::format("\n{}\n", exit_note);
  }
  return out;
}

std::string reference_markdown(const VerbNode& root) {
  std::string out =
      "# The command line\n\n<!-- Made by `berth reference markdown`; a test holds it against the program. -->\n\n";
  out += root.help + ".\n\nEverywhere:\n\n| option | |\n| --- | --- |\n";
  auto row = [&out](std::string left, const std::string& right) {
    for (std::size_t at = 0; (at = left.find('|', at)) != std::string::npos; at += 2) left.insert(at, "\\");
    out += fmt::format("| `{}` | {} |\n", left, right);
  };
  for (const auto& option : root.options) row(option_text(option), option.help);
  out += "\n| variable | |\n| --- | --- |\n";
  for (const auto& [name, meaning] : variables) row(name, meaning);
  out += "\n| exit code | |\n| --- | --- |\n";
  for (const auto& [code, meaning] : exit_codes) row(code, meaning);
  out += fmt::format(
      "\n{}\n\nErrors go to stderr as `berth: sentence` and, where one helps, `hint: what to do`; with `--json` as one "
      "JSON\n"
      "object `{{\"error\": {{\"code\", \"message\", \"hint\"}}}}`.\n",
      exit_note);
  std::vector<std::pair<std::string, const VerbNode*>> verbs;
  leaves(root, root.name, verbs);
  for (const auto& [path, verb] : verbs) {
    out += fmt::format("\n## {}\n\n{}.\n\n```\n{}\n```\n", path, verb->help, usage_line(*verb, path));
    if (verb->options.size() + verb->positionals.size() > 1) out += "\n| | |\n| --- | --- |\n";
    for (const auto& positional : verb->positionals) row(option_text(positional), positional.help);
    for (const auto& option : verb->options)
      if (option.names.back() != "--help") row(option_text(option), option.help);
    if (!verb->examples.empty()) out += fmt::format("\n```sh\n{}\n```\n", verb->examples);
  }
  return out;
}

std::string reference_man(const VerbNode& root) {
  std::string out = fmt::format(
      ".TH BERTH 1 \"\" \"berth {}\" \"Berth\"\n.SH NAME\nberth \\- {}\n.SH SYNOPSIS\n.B berth\nVERB [OPTIONS] [\\-\\- "
      "COMMAND...]\n",
      BERTH_VERSION, roff(root.help));
  auto item = [&out](const std::string& left, const std::string& right) {
    out += fmt::format(".TP\n.B {}\n{}\n", roff(left), roff(right));
  };
  out +=
      ".SH DESCRIPTION\nBerth runs commands in isolated sandboxes. Their terminals are recorded, outlive the server "
      "and can be left and\nattached "
      "again at any time. The command line talks to the server of its home over a unix socket; run starts one "
      "when\nnone runs.\n";
  out += ".SH OPTIONS\n";
  for (const auto& option : root.options) item(option_text(option), option.help + ".");
  out += ".SH VERBS\n";
  std::vector<std::pair<std::string, const VerbNode*>> verbs;
  leaves(root, root.name, verbs);
  for (const auto& [path, verb] : verbs) {
    out += fmt::format(".SS \"{}\"\n{}.\n", roff(usage_line(*verb, path)), roff(verb->help));
    for (const auto& positional : verb->positionals) item(option_text(positional), positional.help + ".");
    for (const auto& option : verb->options)
      if (option.names.back() != "--help") item(option_text(option), option.help + ".");
    if (verb->examples.empty()) continue;
    out += ".PP\n.nf\n.RS\n";
    for (const auto& line : lines_of(verb->examples)) out += roff(line) + "\n";
    out += ".RE\n.fi\n";
  }
  out += ".SH ENVIRONMENT\n";
  for (const auto& [name, meaning] : variables) item(name, meaning);
  out += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes) item(code, meaning);
  out += fmt::format(".PP\n{}\n.SH SEE ALSO\n.BR berth\\-config (5)\n", roff(exit_note));
  return out;
}

std::string settings_man() {
  std::string out = fmt::format(
      ".TH BERTH-CONFIG 5 \"\" \"berth {}\" \"Berth\"\n.SH NAME\nberth\\-config \\- settings of a Berth home\n"
      ".SH DESCRIPTION\nSettings come from defaults, the file\n.I $BERTH_HOME/config.yaml\n(YAML, at most 1 MiB), the "
      "environment, and flags of\n.BR \"berth serve\" ;\nthe later wins. In the file a setting group.name stands as "
      "name "
      "below group.\n.B berth config check\nsays everything that is wrong, and\n.B berth config show\nwhere each value "
      "comes from.\n"
      ".SH EXAMPLE\n.nf\n.RS\nsandbox:\n  memory_bytes: 1GiB\n  isolation: auto\n.RE\n.fi\n.SH SETTINGS\n",
      BERTH_VERSION);
  for (const config::Description& setting : config::schema())
    out += fmt::format(".TP\n.B {}\n{} {}{}; default {}; {}.\n", roff(setting.name), roff(setting.help),
                       roff(setting.type), setting.range.empty() ? "" : ", " + roff(setting.range),
                       setting.initial.empty() ? "empty" : roff(setting.initial), roff(setting.environment));
  return out + ".SH SEE ALSO\n.BR berth (1)\n";
}

}  // namespace berth::cli
