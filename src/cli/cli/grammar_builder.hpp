#pragma once
// Private to the grammar: how one verb is built. Includes CLI11.
//
// Example (CLI::App& root, cli::Store& store):
//   cli::Builder<cli::verb::Logs> logs(root, store, "logs", "Print the output of a terminal", "berth logs build");
//   logs.flag("-f,--follow", &cli::verb::Logs::follow, "Go on until it ends");

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/grammar_verbs.hpp"
#include "config/types.hpp"

namespace berth::cli {

[[noreturn]] inline void refuse(const std::string& option, const std::string& why) { throw CLI::ValidationError(option, why); }

// One verb: its values live in a shared state that its callback hands over.
template <class V>
struct Builder {
  CLI::App* app;
  std::shared_ptr<V> value = std::make_shared<V>();

  Builder(CLI::App& parent, Store& store, const std::string& name, const std::string& help,
          const std::string& examples = {})
      : app(parent.add_subcommand(name, help)) {
    app->footer(examples);
    app->fallthrough();
    app->final_callback([&store, v = value] {
      if constexpr (requires { v->command; }) v->command = store.command;
      store.verb = *v;
    });
  }

  template <class Member>
  CLI::Option* option(const std::string& names, Member V::* member, const std::string& type, const std::string& help) {
    return app->add_option(names, (*value).*member, help)->type_name(type)->option_text(type);
  }
  CLI::Option* choice(Store& store, const std::string& names, std::string V::* member, const Words& words,
                      const std::string& help) {
    auto* made = option(names, member, fmt::format("{}", fmt::join(words, "|")), help);
    store.choices[made] = words;
    return made->check([words, names](const std::string& given) {
      return std::ranges::count(words, given) > 0
                 ? std::string()
                 : fmt::format("expected one of {}, not \"{}\"", fmt::join(words, ", "), given);
    });
  }
  CLI::Option* flag(const std::string& names, bool V::* member, const std::string& help) {
    return app->add_flag(names, (*value).*member, help);
  }
  template <class Set>
  CLI::Option* parsed(const std::string& names, const std::string& type, const std::string& help, Set set) {
    return app
        ->add_option_function<std::string>(
            names, [v = value, set](const std::string& text) { set(*v, text); }, help)
        ->type_name(type)
        ->option_text(type);
  }
  template <class Set>
  void each(const std::string& names, const std::string& type, const std::string& help, Set set) {
    app->add_option_function<Words>(
           names,
           [v = value, set](const Words& texts) {
             for (const auto& text : texts) set(*v, text);
           },
           help)
        ->type_name(type)
        ->option_text(type)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
};

template <class V, class Member>
void add_time(Builder<V>& b, const std::string& name, Member V::* member, const std::string& help) {
  b.parsed(name, "TIME", help, [name, member](V& v, const std::string& text) {
    v.*member = config::parse_milliseconds(text);
    if (!(v.*member)) refuse(name, fmt::format("expected a time as 5s, not \"{}\"", text));
  });
}

}  // namespace berth::cli
