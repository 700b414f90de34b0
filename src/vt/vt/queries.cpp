#include "vt/queries.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace berth::vt {
namespace {

constexpr char escape = '\x1b', enquiry = '\x05';

bool asks_window(const Sequence& sequence) {
  static constexpr std::array reports{11, 13, 14, 15, 16, 18, 19, 20, 21};
  return std::ranges::find(reports, sequence.number(0, 0)) != reports.end();
}

bool asks(const Sequence& sequence) {
  using S = Sequence;
  switch (sequence.function()) {
    case S::key('c'): case S::key('>', 'c'): case S::key('=', 'c'):  // device attributes
    case S::key('n'): case S::key('?', 'n'):                         // status, cursor position
    case S::key(0, '$', 0, 'p'): case S::key('?', '$', 0, 'p'):      // modes
    case S::key('>', 'q'): case S::key('x'):                         // name, parameters
    case S::key('?', 'u'): case S::key('?', 'm'):                    // keyboard
    case S::key('?', 'S'):                                           // graphics
    case S::key(0, '$', 0, 'w'): case S::key(0, '$', 0, 'u'): case S::key(0, '*', 0, 'y'): return true;
    case S::key('t'): return asks_window(sequence);
    default: return false;
  }
}

// "4;1;?", "10;?", "52;c;?", kitty's "21;foreground=?", iTerm2's reports.
bool asks(std::string_view osc) {
  if (osc.starts_with("1337;Report")) return true;
  while (!osc.empty()) {
    const auto end = std::min(osc.find(';'), osc.size());
    const auto field = osc.substr(0, end);
    if (field == "?" || field.ends_with("=?")) return true;
    osc.remove_prefix(std::min(end + 1, osc.size()));
  }
  return false;
}

struct Asked {
  bool query = false, executed = false;

  void text(std::string_view) {}
  void code(char32_t) {}
  void execute(unsigned char) { executed = true; }
  void escape(const Sequence& sequence) { query |= sequence.function() == Sequence::key('Z'); }
  void csi(const Sequence& sequence) { query |= asks(sequence); }
  void osc(std::string_view payload) { query |= asks(payload); }
  void dcs(const Sequence& sequence, std::string_view) {
    query |= sequence.function() == Sequence::key(0, '$', 0, 'q') || sequence.function() == Sequence::key(0, '+', 0, 'q');
  }
};

}  // namespace

bool QueryScanner::feed(std::string_view bytes) {
  Asked asked;
  parser_.feed(bytes, asked);
  return asked.query;
}

std::string QueryFilter::without_queries(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    if (parser_.state() == ParserState::Ground) {
      const auto run = bytes.substr(0, std::min(bytes.find(escape), bytes.size()));
      std::ranges::copy_if(run, std::back_inserter(out), [](char c) { return c != enquiry; });
      bytes.remove_prefix(run.size());
      if (bytes.empty()) break;
    }
    step(bytes.front(), out);
    bytes.remove_prefix(1);
  }
  return out;
}

// One byte of a control sequence. A sequence that another one breaks off has no effect, and is not shown; a control inside
// of one is carried out at once, as terminals do.
void QueryFilter::step(char byte, std::string& out) {
  const auto before = parser_.state();
  const bool may_end = before == ParserState::Osc || before == ParserState::DcsPayload;  // ESC \ ends these
  const bool restarts = (before == ParserState::OscEscape || before == ParserState::DcsEscape) && byte != '\\';
  if (restarts || (byte == escape && !may_end)) {
    held_.assign(restarts ? 1 : 0, escape);
    passes_ = false;
  }
  Asked asked;
  parser_.feed({&byte, 1}, asked);
  const auto now = parser_.state();
  if (!asked.executed) held_ += byte;
  else if (byte != enquiry) out += byte;
  if (now == ParserState::Skip) held_.clear();
  if (held_.size() > max_held_bytes) passes_ = true;
  if (passes_ && byte != escape) out += std::exchange(held_, {});
  if (now != ParserState::Ground) return;
  out += asked.query ? std::string_view("\x1b\\") : held_;  // ESC \ does nothing, but REP before and after are apart
  held_.clear();
  passes_ = false;
}

// Of an APC the beginning is gone: what comes of it still must not be text.
std::string QueryFilter::release() {
  std::string out = parser_.state() == ParserState::Skip ? std::string("\x1b_") : std::exchange(held_, {});
  *this = {};
  return out;
}

}  // namespace berth::vt
