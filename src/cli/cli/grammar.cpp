#include "cli/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/grammar_verbs.hpp"
#include "cli/help.hpp"
#include "cli/nearest.hpp"

namespace berth::cli {
namespace {

// ---- tree ----
OptionNode option_node(const CLI::Option& option, const Store& store) {
  OptionNode out{
      .help = option.get_description(), .required = option.get_required(), .repeated = option.get_expected_max() > 1};
  if (option.get_positional()) {
    out.names = {option.get_name(true)};
  } else {
    for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
    out.value = option.get_option_text();
  }
  if (auto found = store.choices.find(&option); found != store.choices.end()) out.choices = found->second;
  return out;
}

VerbNode verb_node(const CLI::App& app, const Store& store) {
  VerbNode out{.name = app.get_name(), .help = app.get_description(), .examples = app.get_footer()};
  if (auto found = store.takes_command.find(&app); found != store.takes_command.end()) out.command = found->second;
  for (const CLI::Option* option : app.get_options()) {
    auto node = option_node(*option, store);
    (option->get_positional() ? out.positionals : out.options).push_back(std::move(node));
  }
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); }))
    out.verbs.push_back(verb_node(*verb, store));
  return out;
}

// ---- errors ----
std::vector<const CLI::App*> chosen_path(const CLI::App& root) {
  std::vector<const CLI::App*> out{&root};
  while (!out.back()->get_subcommands().empty()) out.push_back(out.back()->get_subcommands().front());
  return out;
}

std::string path_text(const std::vector<const CLI::App*>& path) {
  std::string out;
  for (const CLI::App* app : path) out += (out.empty() ? "" : " ") + app->get_name();
  return out;
}

std::unexpected<Error> explain(const CLI::App& root, const Store& store, const CLI::ParseError& error) {
  auto path = chosen_path(root);
  const CLI::App* last = path.back();
  std::string hint = fmt::format("See `{} --help`.", path_text(path));
  std::string sentence = error.what();
  Words extras = root.remaining(true);
  auto is = [&error](CLI::ExitCodes code) { return error.get_exit_code() == static_cast<int>(code); };
  bool needs_verb = is(CLI::ExitCodes::RequiredError) && !last->get_subcommands({}).empty();
  if (!extras.empty() && (needs_verb || is(CLI::ExitCodes::ExtrasError))) {
    Words known;
    for (const CLI::App* verb : last->get_subcommands({})) known.push_back(verb->get_name());
    for (const CLI::Option* option : last->get_options())
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    auto option = std::ranges::find_if(extras, [](const std::string& word) { return word.starts_with('-'); });
    const std::string& wrong = option == extras.end() ? extras.front() : *option;
    sentence = fmt::format("\"{}\" was not expected here", wrong);
    if (std::string near = nearest(wrong, known); !near.empty())
      hint = fmt::format("Did you mean {}? {}", near, hint);
    else if (store.takes_command.contains(last))
      hint = fmt::format("A command stands after --: {} -- {}", path_text(path), fmt::join(extras, " "));
  } else if (needs_verb) {
    sentence = fmt::format("{} needs a verb", path_text(path));
  }
  if (!sentence.ends_with('.')) sentence += '.';
  return fail(Code::InvalidArgument, std::move(sentence), std::move(hint));
}

HelpText help_of(const CLI::App& root, const Store& store) {
  auto path = chosen_path(root);
  return {help_page(verb_node(*path.back(), store), path_text(path), verb_node(root, store).options)};
}

}  // namespace

VerbNode grammar_tree() {
  Store store;
  auto root = make_app(store);
  return verb_node(*root, store);
}

Result<std::variant<Invocation, HelpText>> parse(const std::vector<std::string>& words) {
  Store store;
  auto root = make_app(store);
  auto dashes = std::ranges::find(words, "--");
  Words rest(words.begin(), dashes);
  if (dashes != words.end()) store.command.assign(dashes + 1, words.end());
  std::ranges::reverse(rest);  // as CLI11 takes them
  try {
    root->parse(std::move(rest));
  } catch (const CLI::CallForHelp&) { return help_of(*root, store); } catch (const CLI::CallForVersion&) {
    return Invocation{.global = store.global, .verb = verb::Version{}};
  } catch (const CLI::ParseError& error) { return explain(*root, store, error); }
  const CLI::App* last = chosen_path(*root).back();
  if (dashes != words.end() && !store.takes_command.contains(last))
    return fail(Code::InvalidArgument, fmt::format("{} takes no command after --.", path_text(chosen_path(*root))));
  if (const auto* exec = std::get_if<verb::Exec>(&*store.verb); exec != nullptr && exec->command.empty())
    return fail(Code::InvalidArgument, "exec needs a command.", "It stands after --: berth exec NAME -- ls -l");
  return Invocation{.global = std::move(store.global), .verb = *std::move(store.verb)};
}

}  // namespace berth::cli
