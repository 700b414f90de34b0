#pragma once
// Private to the grammar: every verb and option, as a CLI11 tree whose callbacks write into a Store. Includes CLI11.

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/verbs.hpp"

namespace berth::cli {

using Words = std::vector<std::string>;

// Everything that parsing writes to; lives as long as the App that points into it.
struct Store {
  Global global;
  std::map<const CLI::Option*, Words> choices;
  std::map<const CLI::App*, std::string> takes_command;  // as the usage line says it
  std::optional<Verb> verb;
  Words command;
};

// Parts of the tree, one file each.
void add_record_verbs(CLI::App& root, Store& store);
void add_drive_verbs(CLI::App& root, Store& store);
void add_terminal_verbs(CLI::App& root, Store& store);
void add_journal_verbs(CLI::App& root, Store& store);
void add_session_verbs(CLI::App& root, Store& store);
void add_snapshot_verbs(CLI::App& root, Store& store);

// The Store must outlive the App.
[[nodiscard]] std::unique_ptr<CLI::App> make_app(Store& store);

}  // namespace berth::cli
