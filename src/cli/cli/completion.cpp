#include "cli/completion.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace berth::cli {
namespace {

constexpr const char* list_names =
    R"sh(berth ls --json 2>/dev/null | tr '{,' '\n\n' | sed -n 's/^"name":"\([^"]*\)".*/\1/p')sh";
constexpr const char* list_templates =
    R"sh(berth template ls --json 2>/dev/null | tr '{,' '\n\n' | sed -n 's/^"name":"\([^"]*\)".*/\1/p')sh";

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

bool names_sandbox(const OptionNode& positional) {
  return positional.names.front() == "SANDBOX" || positional.names.front() == "TARGET";
}

struct Words {
  std::vector<std::string> options, verbs, choices, valued;  // valued: options that take a value
  bool sandboxes = false, templates = false;
};

Words words_of(const VerbNode& verb, const VerbNode& root) {
  Words out;
  auto add_options = [&out](const std::vector<OptionNode>& options) {
    for (const auto& option : options)
      for (const auto& name : option.names) {
        out.options.push_back(name);
        if (!option.value.empty()) out.valued.push_back(name);
      }
  };
  add_options(verb.options);
  if (&verb != &root)
    for (const auto& option : root.options)
      if (option.names.back() != "--help" && option.names.back() != "--version") add_options({option});
  for (const auto& child : verb.verbs) out.verbs.push_back(child.name);
  for (const auto& positional : verb.positionals) {
    out.choices.insert(out.choices.end(), positional.choices.begin(), positional.choices.end());
    out.sandboxes |= names_sandbox(positional);
    out.templates |= positional.names.front() == "NAME";
  }
  return out;
}

template <class Visit>
void each_verb(const VerbNode& verb, const std::string& path, Visit visit) {
  visit(verb, path);
  for (const auto& child : verb.verbs) each_verb(child, path.empty() ? child.name : path + " " + child.name, visit);
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// `path` is the verbs typed so far; what may follow depends on it alone.
std::string bash_script(const VerbNode& root) {
  std::string paths, cases, values;
  each_verb(root, "", [&](const VerbNode& verb, const std::string& path) {
    Words words = words_of(verb, root);
    for (const auto& child : verb.verbs)
      paths += fmt::format("      {}) path={} ;;\n", quoted(path + "/" + child.name),
                           quoted(path.empty() ? child.name : path + " " + child.name));
    std::vector<std::string> plain = words.verbs;
    plain.insert(plain.end(), words.choices.begin(), words.choices.end());
    std::string dynamic;
    if (words.sandboxes) dynamic += fmt::format(" $({})", list_names);
    if (words.templates) dynamic += fmt::format(" $({})", list_templates);
    cases += fmt::format("    {})\n      options={}\n      words=\"{}{}\" ;;\n", quoted(path),
                         quoted(joined(words.options)), joined(plain), dynamic);
    for (const auto& option : verb.options)
      for (const auto& name : option.names) {
        if (!option.choices.empty())
          values += fmt::format("    {}) COMPREPLY=($(compgen -W {} -- \"$current\")); return ;;\n",
                                quoted(path + " " + name), quoted(joined(option.choices)));
        else if (name == "--template")
          values += fmt::format("    {}) COMPREPLY=($(compgen -W \"$({})\" -- \"$current\")); return ;;\n",
                                quoted(path + " " + name), list_templates);
        else if (option.value == "DIRECTORY")
          values +=
              fmt::format("    {}) COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n", quoted(path + " " + name));
        else if (!option.value.empty())
          values += fmt::format("    {}) return ;;\n", quoted(path + " " + name));
      }
  });
  return fmt::format(R"(# bash completion for berth; made by `berth completion bash`
_berth_complete() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" path='' word options words i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    if [[ $word == -- ]]; then
      COMPREPLY=($(compgen -c -- "$current"))
      return
    fi
    case "$path/$word" in
{}    esac
  done
  case "$path $previous" in
{}  esac
  case "$path" in
{}  esac
  if [[ $current == -* ]]; then words="$options"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _berth_complete berth
)",
                     paths, values, cases);
}

// Through bash's own completion function: one logic for both.
std::string zsh_script(const VerbNode& root) {
  return "#compdef berth\n# zsh completion for berth; made by `berth completion zsh`\nautoload -U +X bashcompinit && "
         "bashcompinit\n" +
         bash_script(root) + "if [ \"$funcstack[1]\" = \"_berth\" ]; then _bash_complete -F _berth_complete; fi\n";
}

std::string fish_condition(const std::string& path, const VerbNode& verb) {
  if (path.empty()) return "__fish_use_subcommand";
  std::string out;
  std::size_t begin = 0;
  while (begin < path.size()) {
    auto end = std::min(path.find(' ', begin), path.size());
    out +=
        fmt::format("{}__fish_seen_subcommand_from {}", out.empty() ? "" : "; and ", path.substr(begin, end - begin));
    begin = end + 1;
  }
  std::vector<std::string> children;
  for (const auto& child : verb.verbs) children.push_back(child.name);
  if (!children.empty()) out += fmt::format("; and not __fish_seen_subcommand_from {}", joined(children));
  return out;
}

std::string fish_option(const OptionNode& option, const std::string& condition) {
  std::string out = "complete -c berth";
  if (!condition.empty()) out += " -n " + quoted(condition);
  for (const auto& name : option.names)
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty()) out += " -x";
  if (!option.choices.empty())
    out += " -a " + quoted(joined(option.choices));
  else if (option.names.back() == "--template")
    out += " -a " + quoted(fmt::format("({})", list_templates));
  else if (option.value == "DIRECTORY")
    out += " -a '(__fish_complete_directories)'";
  return out + " -d " + quoted(option.help) + "\n";
}

std::string fish_script(const VerbNode& root) {
  std::string out = "# fish completion for berth; made by `berth completion fish`\ncomplete -c berth -f\n";
  for (const auto& option : root.options) out += fish_option(option, "");
  each_verb(root, "", [&](const VerbNode& verb, const std::string& path) {
    std::string condition = fish_condition(path, verb);
    for (const auto& child : verb.verbs)
      out += fmt::format("complete -c berth -n {} -a {} -d {}\n", quoted(condition), child.name, quoted(child.help));
    if (path.empty()) return;
    for (const auto& option : verb.options)
      if (option.names.back() != "--help") out += fish_option(option, condition);
    Words words = words_of(verb, root);
    if (!words.choices.empty())
      out += fmt::format("complete -c berth -n {} -a {}\n", quoted(condition), quoted(joined(words.choices)));
    if (words.sandboxes)
      out += fmt::format("complete -c berth -n {} -a {}\n", quoted(condition), quoted(fmt::format("({})", list_names)));
    if (words.templates)
      out += fmt::format("complete -c berth -n {} -a {}\n", quoted(condition),
                         quoted(fmt::format("({})", list_templates)));
  });
  return out;
}

}  // namespace

std::string completion_script(const std::string& shell, const VerbNode& root) {
  if (shell == "zsh") return zsh_script(root);
  if (shell == "fish") return fish_script(root);
  BERTH_CHECK(shell == "bash");
  return bash_script(root);
}

}  // namespace berth::cli
