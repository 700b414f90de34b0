#include "vt/monitor.hpp"

#include <utility>

namespace berth::vt {
namespace {

using Kind = Marker::Kind;
using State = Monitor::State;
using Step = Monitor::Step;

constexpr std::array kinds{Kind::PromptStart, Kind::PromptOther, Kind::InputStart, Kind::CommandLine, Kind::OutputStart,
                           Kind::CommandEnd};
constexpr std::array states{State::Idle, State::Prompt, State::Input, State::Running};

// Rows: state. Columns: PromptStart, PromptOther, InputStart, CommandLine, OutputStart, CommandEnd.
//  - A D without an open command makes none (an empty Enter, Ctrl-C at the prompt, D before the first A).
//  - A prompt while a command runs means that its D was lost: the command ends there, without a code.
//  - A second C while a command runs belongs to something inside it.
constexpr Step table[4][6] = {
    /* Idle    */ {Step::ToPrompt, Step::Ignore, Step::ToInput, Step::Remember, Step::Open, Step::Ignore},
    /* Prompt  */ {Step::ToPrompt, Step::Ignore, Step::ToInput, Step::Remember, Step::Open, Step::Ignore},
    /* Input   */ {Step::ToPrompt, Step::Ignore, Step::ToInput, Step::Remember, Step::Open, Step::Ignore},
    /* Running */ {Step::CloseToPrompt, Step::Ignore, Step::CloseToInput, Step::Ignore, Step::Ignore, Step::Close},
};

std::string_view name(State state) {
  constexpr std::array names{"Idle", "Prompt", "Input", "Running"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name(Step step) {
  constexpr std::array names{"ignore",        "→ Prompt",        "→ Input",        "open → Running",
                             "close → Idle", "close → Prompt", "close → Input", "remember text"};
  return names[static_cast<std::size_t>(step)];
}

}  // namespace

Monitor::Monitor(std::string nonce, ByteOffset start, std::string cwd)
    : nonce_(std::move(nonce)), parser_(start), cwd_(std::move(cwd)) {}

Step Monitor::step_for(State state, Kind kind) {
  return table[static_cast<std::size_t>(state)][static_cast<std::size_t>(kind)];
}

void Monitor::feed(std::string_view bytes, const Sink& sink) {
  parser_.feed(bytes, [this, &sink](const Marker& marker) { on_marker(marker, sink); });
}

void Monitor::finish(ByteOffset end, std::optional<std::int64_t> code, const Sink& sink) {
  if (state_ == State::Running) close(end, end, code, sink);
  state_ = State::Idle;
}

void Monitor::on_marker(const Marker& marker, const Sink& sink) {
  if (!nonce_.empty() && marker.nonce != nonce_) {
    ++untrusted_;
    return;
  }
  if (marker.kind == Kind::Directory) {
    cwd_ = marker.text;
    return;
  }
  switch (step_for(state_, marker.kind)) {
    case Step::Ignore: break;
    case Step::Remember: pending_text_ = marker.text; break;
    case Step::Open: open(marker, sink); break;
    case Step::Close:
      close(marker.begin, marker.end, marker.exit_code, sink);
      state_ = State::Idle;
      break;
    case Step::CloseToPrompt: close(marker.begin, marker.begin, std::nullopt, sink); [[fallthrough]];
    case Step::ToPrompt:
      state_ = State::Prompt;
      pending_text_.clear();
      break;
    case Step::CloseToInput: close(marker.begin, marker.begin, std::nullopt, sink); [[fallthrough]];
    case Step::ToInput: state_ = State::Input; break;
  }
}

void Monitor::open(const Marker& marker, const Sink& sink) {
  command_ = {.kind = CommandEvent::Kind::Started,
              .text = std::exchange(pending_text_, {}),
              .cwd = cwd_,
              .output_begin = marker.end,
              .output_end = marker.end,
              .resume_at = marker.end};
  state_ = State::Running;
  sink(command_);
}

void Monitor::close(ByteOffset output_end, ByteOffset resume_at, std::optional<std::int64_t> code, const Sink& sink) {
  command_.kind = CommandEvent::Kind::Finished;
  command_.output_end = output_end;
  command_.resume_at = resume_at;
  command_.exit_code = code;
  sink(command_);
  command_ = {};
}

std::string transition_table() {
  std::string out = "| state |";
  for (Kind kind : kinds) out += " " + std::string(to_string(kind)) + " |";
  out += "\n|---|";
  for (std::size_t i = 0; i < kinds.size(); ++i) out += "---|";
  for (State state : states) {
    out += "\n| " + std::string(name(state)) + " |";
    for (Kind kind : kinds) out += " " + std::string(name(Monitor::step_for(state, kind))) + " |";
  }
  return out + "\n";
}

}  // namespace berth::vt
