#include "vt/commands.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace berth::vt {
namespace {

using Kind = Marker::Kind;
using State = Commands::State;
using Step = Commands::Step;

constexpr std::array kinds{Kind::PromptStart, Kind::PromptOther, Kind::InputStart,  Kind::LineStart, Kind::LineEnd,
                           Kind::LineBlank,   Kind::CommandLine, Kind::OutputStart, Kind::CommandEnd};
constexpr std::array states{State::Idle, State::Prompt, State::Input, State::Line, State::Running};

// Rows: state. Columns: as `kinds`.
//  - A D without an open command makes none (an empty Enter, Ctrl-C at the prompt, D before the first A).
//  - A prompt while a command runs means that its D was lost: the command ends there, without a code.
//  - A second C while a command runs belongs to something inside it.
//  - A shell that knows no moment between input and output (I) has its command from the end of the line on; a D with a
//    code before that end still tells of one (the line was typed before the prompt came).
using enum Commands::Step;
constexpr Step table[5][9] = {
    /* Idle    */ {ToPrompt, Ignore, ToInput, ToLine, Ignore, Ignore, Remember, Open, Ignore},
    /* Prompt  */ {ToPrompt, Ignore, ToInput, ToLine, Ignore, Ignore, Remember, Open, Ignore},
    /* Input   */ {ToPrompt, Ignore, ToInput, ToLine, Ignore, Ignore, Remember, Open, Ignore},
    /* Line    */ {ToPrompt, Ignore, ToInput, ToLine, Open, ToIdle, Remember, Open, OpenClose},
    /* Running */ {CloseToPrompt, Ignore, CloseToInput, CloseToLine, Ignore, Ignore, LateText, Ignore, Close},
};

std::string_view name(State state) {
  constexpr std::array names{"Idle", "Prompt", "Input", "Line", "Running"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name(Step step) {
  constexpr std::array names{"ignore",         "→ Prompt",      "→ Input",      "→ Line",        "open → Running",
                             "close → Idle",   "close → Prompt", "close → Input", "close → Line", "remember text",
                             "text if it has none", "with a code: open, close → Idle", "→ Idle"};
  return names[static_cast<std::size_t>(step)];
}

}  // namespace

Step Commands::step_for(State state, Kind kind) {
  return table[static_cast<std::size_t>(state)][static_cast<std::size_t>(kind)];
}

void Commands::apply(const Marker& marker, const Sink& sink) {
  if (!enter_level(marker, sink)) return;
  take_step(step_for(state(), marker.kind), marker, sink);
}

void Commands::take_step(Step step, const Marker& marker, const Sink& sink) {
  Level& level = levels_.back();
  switch (step) {
    case Step::Ignore: break;
    case Step::Remember:
      level.pending_text = marker.text;
      level.vouched = false;
      break;
    case Step::LateText:
      if (level.command.text.empty()) level.command.text = marker.text;
      break;
    case Step::Open: begin(marker.end, sink); break;
    case Step::Close: end(marker.begin, marker.end, marker.exit_code, sink); break;
    case Step::ToIdle: level.state = State::Idle; break;
    case Step::OpenClose:
      level.state = State::Idle;
      if (!marker.exit_code) break;
      begin(level.line_begin, sink);
      end(marker.begin, marker.end, marker.exit_code, sink);
      break;
    case Step::CloseToPrompt: end(marker.begin, marker.begin, std::nullopt, sink); [[fallthrough]];
    case Step::ToPrompt:
      level.state = State::Prompt;
      forget_text();
      break;
    case Step::CloseToInput: end(marker.begin, marker.begin, std::nullopt, sink); [[fallthrough]];
    case Step::ToInput: level.state = State::Input; break;
    case Step::CloseToLine: end(marker.begin, marker.begin, std::nullopt, sink); [[fallthrough]];
    case Step::ToLine:
      level.state = State::Line;
      level.line_begin = marker.end;
      break;
  }
}

void Commands::vouch(const Marker& command_line) {
  Level& level = levels_.back();
  if (step_for(level.state, Kind::CommandLine) != Step::Remember) return;
  level.pending_text = command_line.text;
  level.vouched = true;
}

void Commands::forget_text() {
  levels_.back().pending_text.clear();
  levels_.back().vouched = false;
}

// Makes levels_.back() the shell that speaks; false when it is none of those we know.
bool Commands::enter_level(const Marker& marker, const Sink& sink) {
  const bool prompt = marker.kind == Kind::PromptStart && marker.letter != 'P';
  const bool ends = marker.kind == Kind::CommandEnd;
  if (marker.aid.empty() && !prompt && !ends) return true;  // most scripts give it with A and D only
  const auto enter = [&](std::string_view aid) {
    for (std::size_t i = levels_.size(); i-- > 0;)
      if (levels_[i].aid == aid && (!ends || levels_[i].state >= State::Line)) {
        leave_levels(i + 1, marker.begin, sink);
        return true;
      }
    return false;
  };
  if (enter(marker.aid) || marker.aid.empty()) return true;
  if (ends) return enter({});
  Level& top = levels_.back();
  if (top.state != State::Running) top.aid = marker.aid;  // it told nothing so far, or another shell took its place
  else if (levels_.size() < max_depth) levels_.push_back({.aid = marker.aid});
  return true;
}

void Commands::leave_levels(std::size_t keep, ByteOffset at, const Sink& sink) {
  while (levels_.size() > keep) {
    if (state() == State::Running) end(at, at, std::nullopt, sink);
    levels_.pop_back();
  }
}

void Commands::begin(ByteOffset output, const Sink& sink) {
  Level& level = levels_.back();
  level.command = {.kind = CommandEvent::Kind::Started,
                   .text = std::exchange(level.pending_text, {}),
                   .cwd = cwd_,
                   .output_begin = output,
                   .output_end = output,
                   .resume_at = output,
                   .depth = levels_.size() - 1,
                   .trusted = trusted_ || level.vouched};
  level.vouched = false;
  level.state = State::Running;
  sink(level.command);
}

void Commands::end(ByteOffset output_end, ByteOffset resume_at, std::optional<std::int64_t> code, const Sink& sink) {
  Level& level = levels_.back();
  level.state = State::Idle;
  CommandEvent event = std::exchange(level.command, {});
  event.kind = CommandEvent::Kind::Finished;
  event.output_end = output_end;
  event.resume_at = resume_at;
  event.exit_code = code;
  sink(event);
}

void Commands::mark_full_screen() {
  for (Level& level : levels_) level.command.full_screen = level.state == State::Running;
}

void Commands::finish(ByteOffset at, std::optional<std::int64_t> code, const Sink& sink) {
  leave_levels(1, at, sink);
  if (state() == State::Running) end(at, at, code, sink);
  levels_.back().state = State::Idle;
}

std::vector<CommandEvent> Commands::open() const {
  std::vector<CommandEvent> out;
  for (const Level& level : levels_)
    if (level.state == State::Running) out.push_back(level.command);
  return out;
}

std::string transition_table() {
  std::string out = "| state |";
  for (Kind kind : kinds) out += " " + std::string(to_string(kind)) + " |";
  out += "\n|---|";
  for (std::size_t i = 0; i < kinds.size(); ++i) out += "---|";
  for (State state : states) {
    out += "\n| " + std::string(name(state)) + " |";
    for (Kind kind : kinds) out += " " + std::string(name(Commands::step_for(state, kind))) + " |";
  }
  return out + "\n";
}

}  // namespace berth::vt
