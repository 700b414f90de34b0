#include "vt/monitor.hpp"

#include <algorithm>
#include <utility>

namespace berth::vt {

using Kind = Marker::Kind;

Monitor::Monitor(std::string nonce, ByteOffset start, std::string cwd, Untrusted untrusted)
    : nonce_(std::move(nonce)), mode_(untrusted), parser_(start), commands_(std::move(cwd)) {
  if (mode_ == Untrusted::Follow && !nonce_.empty()) others_.emplace(std::string(), false);
}

void Monitor::feed(std::string_view bytes, const Sink& sink, const Watcher& watcher) {
  parser_.feed(bytes, [&](const Marker& marker) { on_marker(marker, sink, watcher); });
}

void Monitor::finish(ByteOffset end, std::optional<std::int64_t> code, const Sink& sink) {
  if (others_) others_->finish(end, std::nullopt, sink);
  commands_.finish(end, code, sink);
}

void Monitor::on_marker(const Marker& marker, const Sink& sink, const Watcher& watcher) {
  const bool line_end = marker.kind == Kind::LineEnd || marker.kind == Kind::LineBlank;
  const bool trusted = line_end ? line_trusted_ : nonce_.empty() || marker.nonce == nonce_;
  if (watcher && !line_end) watcher(marker, trusted);
  if (marker.kind == Kind::Title) return;
  if (marker.kind == Kind::Alternate || marker.kind == Kind::Main) return on_screen(marker);
  if (!trusted) ++untrusted_;
  if (!trusted && !others_) return;
  if (alternate_ && (nonce_.empty() || !trusted)) return;
  Commands& commands = trusted ? commands_ : *others_;
  if (marker.kind == Kind::Directory) return commands.set_cwd(marker.text);
  if (marker.kind == Kind::LineStart) {
    line_trusted_ = trusted;
    parser_.watch_line();
  }
  if (trusted && others_) tell_others(marker, sink);
  commands.apply(marker, sink);
}

// What a trusted marker means for commands whose markers are not.
void Monitor::tell_others(const Marker& marker, const Sink& sink) {
  switch (marker.kind) {
    case Kind::CommandLine: return others_->vouch(marker);
    case Kind::OutputStart: return others_->forget_text();
    case Kind::PromptStart: return others_->apply(marker, sink);
    case Kind::CommandEnd:
      if (commands_.state() >= Commands::State::Line) others_->finish(marker.begin, std::nullopt, sink);  // they ran inside
      else others_->apply(marker, sink);
      return;
    default: return;
  }
}

void Monitor::on_screen(const Marker& marker) {
  alternate_ = marker.kind == Kind::Alternate;
  if (!alternate_) return;
  commands_.mark_full_screen();
  if (others_) others_->mark_full_screen();
}

std::vector<CommandEvent> Monitor::open() const {
  std::vector<CommandEvent> out = commands_.open();
  if (others_) std::ranges::copy(others_->open(), std::back_inserter(out));
  std::ranges::sort(out, {}, &CommandEvent::output_begin);
  return out;
}

}  // namespace berth::vt
