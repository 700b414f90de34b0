#include "terminals/recording_forms.hpp"

#include <algorithm>
#include <vector>

#include "journal/clean_line.hpp"
#include "vt/cast.hpp"
#include "vt/html.hpp"
#include "vt/monitor.hpp"

namespace berth::terminals {
namespace {

using journal::Kind;
using journal::Piece;

constexpr std::size_t longest_line = 1 << 20;
constexpr std::size_t longest_marker = 1024;  // bytes of a command's text

// A terminal's driver makes CR LF of the line feeds of a program; pipes have none.
std::string with_returns(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

class CastForm final : public RecordingWriter {
 public:
  CastForm(const RecordingSource& source, ByteOffset from, std::optional<vt::Screen> before)
      : writer_(source.form == RecordingForm::Cast2 ? 2 : 3), before_(std::move(before)), monitor_(source.nonce, from),
        monitored_(!source.nonce.empty()), pipes_(source.pipes), first_marker_(source.first_marker) {
    header_ = {.size = before_ ? before_->size() : source.screen.size, .title = source.title, .command = source.command,
               .term = "xterm-256color"};
  }

  void piece(const Piece& piece, std::string& out) override {
    if (!began_) began_ = piece.time;
    if (piece.kind == Kind::Resize) return resize(piece, out);
    begin(out);
    time_ = std::chrono::duration_cast<vt::CastTime>(piece.time - *began_);
    if (journal::is_bytes(piece.kind)) output(piece, out);
    if (piece.kind == Kind::Input) writer_.input(time_, piece.data, out);
    if (piece.kind == Kind::Note) writer_.marker(time_, piece.data, out);
    if (piece.kind != Kind::Exit) return;
    if (const auto exit = journal::decode_exit(piece.data)) {
      writer_.finish(out);
      writer_.exit(time_, exit->signal != 0 ? 128 + exit->signal : exit->code, out);
    }
  }
  void lost(const std::string& sentence, std::string& out) override {
    begin(out);
    writer_.marker(time_, sentence, out);
  }
  bool end(std::string& out) override {
    begin(out);
    writer_.finish(out);
    return false;
  }

 private:
  // The size that it begins with stands in the header.
  void resize(const Piece& piece, std::string& out) {
    const auto size = journal::decode_resize(piece.data);
    if (!size) return;
    if (!begun_) {
      if (before_) before_->resize(*size);
      header_.size = *size;
      return;
    }
    time_ = std::chrono::duration_cast<vt::CastTime>(piece.time - *began_);
    writer_.resize(time_, *size, out);
  }
  void begin(std::string& out) {
    if (begun_) return;
    begun_ = true;
    if (began_) header_.timestamp = std::chrono::floor<std::chrono::seconds>(*began_).time_since_epoch().count();
    writer_.begin(header_, out);
    if (before_) writer_.output(time_, vt::redraw(*before_), out);
    before_.reset();
    if (!first_marker_.empty()) writer_.marker(time_, first_marker_, out);
  }
  void output(const Piece& piece, std::string& out) {
    if (pipes_) return writer_.output(time_, with_returns(piece.data), out);
    std::size_t done = 0;
    if (monitored_)
      monitor_.feed(piece.data, [&](const vt::CommandEvent& event) {
        const bool started = event.kind == vt::CommandEvent::Kind::Started;
        if (event.text.empty() || (!started && (event.depth > 0 || told_))) {
          if (started && event.depth == 0) told_ = false;
          return;
        }
        if (event.depth == 0) told_ = started;
        const std::size_t at = event.output_begin > piece.offset ? std::min(event.output_begin - piece.offset, piece.data.size()) : 0;
        if (at > done) writer_.output(time_, piece.data.substr(done, at - done), out);
        done = std::max(done, at);
        writer_.marker(time_, std::string_view(event.text).substr(0, longest_marker), out);
      });
    writer_.output(time_, piece.data.substr(done), out);
  }

  vt::CastWriter writer_;
  vt::CastHeader header_;
  std::optional<vt::Screen> before_;
  std::optional<WallTime> began_;
  vt::CastTime time_{};
  vt::Monitor monitor_;
  bool monitored_, pipes_, begun_ = false;
  std::string first_marker_;
  bool told_ = false;  // of the command that runs; plain shells tell what it was when it has ended
};

class RawForm final : public RecordingWriter {
 public:
  explicit RawForm(std::optional<vt::Screen> before) : before_(std::move(before)) {}
  void piece(const Piece& piece, std::string& out) override {
    if (piece.kind == Kind::Resize && before_)
      if (const auto size = journal::decode_resize(piece.data)) before_->resize(*size);
    if (!journal::is_bytes(piece.kind)) return;
    begin(out);
    out += piece.data;
  }
  void lost(const std::string&, std::string& out) override { begin(out); }
  bool end(std::string& out) override {
    begin(out);
    return false;
  }

 private:
  void begin(std::string& out) {
    if (before_) out += vt::redraw(*before_, {.reset = true});
    before_.reset();
  }
  std::optional<vt::Screen> before_;
};

class TextForm final : public RecordingWriter {
 public:
  void piece(const Piece& piece, std::string& out) override {
    if (!journal::is_bytes(piece.kind)) return;
    std::string_view rest = piece.data;
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      held_ += rest.substr(0, end);
      rest.remove_prefix(end + 1);
      line(out);
      out += '\n';
    }
    held_ += rest;
    if (held_.size() > longest_line) line(out);
  }
  void lost(const std::string& sentence, std::string& out) override {
    if (!held_.empty()) {
      line(out);
      out += '\n';
    }
    out += '[' + sentence + "]\n";
  }
  bool end(std::string& out) override {
    if (!held_.empty()) {
      line(out);
      out += '\n';
    }
    return false;
  }

 private:
  void line(std::string& out) {
    clean_.clear();
    journal::append_clean(clean_, held_);
    held_.clear();
    if (std::ranges::all_of(clean_, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
      out += clean_;
    } else {
      vt::for_each_code(clean_, [&out](char32_t code) { vt::append_utf8(out, code); });
    }
  }
  std::string held_, clean_;
};

class HtmlForm final : public RecordingWriter {
 public:
  HtmlForm(const RecordingSource& source, ByteOffset from, std::optional<vt::Screen> before)
      : screen_({.size = before ? before->size() : source.screen.size, .scrollback_lines = source.html_lines}),
        lines_(source.html_lines), pipes_(source.pipes), cut_(from > source.from.value_or(ByteOffset{0})),
        title_(source.title.empty() ? source.command : source.title) {
    if (before) screen_.feed(vt::redraw(*before));
  }
  void piece(const Piece& piece, std::string&) override {
    if (piece.kind == Kind::Resize)
      if (const auto size = journal::decode_resize(piece.data)) screen_.resize(*size);
    if (journal::is_bytes(piece.kind)) screen_.feed(pipes_ ? with_returns(piece.data) : std::string(piece.data));
    (void)screen_.take_replies();
  }
  void lost(const std::string&, std::string&) override { cut_ = true; }
  bool end(std::string& out) override {
    if (!page_) {
      const bool cut = cut_ || screen_.scrollback_lines() >= lines_;
      page_.emplace(screen_, vt::HtmlOptions{.title = title_, .note = cut ? "Not all of the output is on this page: only its last part is." : ""});
    }
    return page_->append(out);
  }

 private:
  vt::Screen screen_;
  std::size_t lines_;
  bool pipes_, cut_;
  std::string title_;
  std::optional<vt::HtmlWriter> page_;
};

}  // namespace

std::unique_ptr<RecordingWriter> RecordingWriter::make(const RecordingSource& source, ByteOffset from, std::optional<vt::Screen> before) {
  switch (source.form) {
    case RecordingForm::Text: return std::make_unique<TextForm>();
    case RecordingForm::Raw: return std::make_unique<RawForm>(std::move(before));
    case RecordingForm::Html: return std::make_unique<HtmlForm>(source, from, std::move(before));
    case RecordingForm::Cast2:
    case RecordingForm::Cast3: break;
  }
  return std::make_unique<CastForm>(source, from, std::move(before));
}

}  // namespace berth::terminals
