#pragma once
// What terminals printed, from their journals: the output of one command, and lines that match. Blocking: on the pool.
// Memory is bounded by the settings terminal.answer_… and journal.grep_….

#include <vector>

#include "control/actions.hpp"
#include "control/domain.hpp"

namespace berth::control {

struct OutputWanted {
  TerminalId terminal;
  TerminalSize size;            // lines are as wide as they were
  ByteOffset from, end;
  GetCommandOutput::Form form = GetCommandOutput::Form::Text;
  std::optional<std::uint32_t> head, tail;
};
[[nodiscard]] Result<CommandOutput> command_output(const Domain& domain, const OutputWanted& wanted);

// One page, over the terminals in this order; `wanted.cursor` says where it begins. Commands are not named yet.
[[nodiscard]] Result<GrepPage> grep_page(const Domain& domain, const Grep& wanted, const std::vector<TerminalId>& terminals);

// Pure: the first or the last so many lines; a last line without its newline counts.
[[nodiscard]] std::string_view first_lines(std::string_view text, std::size_t count);
[[nodiscard]] std::string_view last_lines(std::string_view text, std::size_t count);

}  // namespace berth::control
