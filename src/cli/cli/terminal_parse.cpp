// `berth terminal parse`: one JSON object a line, in the order of the stream. A marker is {"type": its kind, "start",
// "end": offsets of its first byte and after its last, …}; a command is {"type": "command", …} when it ended, with the
// range of its output; commands that are open at the end of the stream come last.

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <vector>

#include "base/utf8.hpp"
#include "cli/actions.hpp"
#include "os/file.hpp"
#include "vt/monitor.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t read_bytes = 256 << 10;

json::value or_null(const std::optional<std::int64_t>& value) { return value ? json::value(*value) : json::value(nullptr); }

json::object command_json(const vt::CommandEvent& event, ByteOffset end) {
  const bool done = event.kind == vt::CommandEvent::Kind::Finished;
  return {{"type", "command"},
          {"text", to_utf8(event.text)},
          {"exit_code", or_null(event.exit_code)},
          {"state", done ? "done" : "open"},
          {"trusted", event.trusted},
          {"cwd", to_utf8(event.cwd)},
          {"start", event.output_begin.value},
          {"end", done ? event.output_end.value : end.value},
          {"full_screen", event.full_screen},
          {"depth", event.depth}};
}

json::object marker_json(const vt::Marker& marker, bool trusted) {
  using Kind = vt::Marker::Kind;
  json::object out{{"type", vt::to_string(marker.kind)}, {"start", marker.begin.value}, {"end", marker.end.value}};
  const bool says_who = marker.kind < Kind::Title;
  if (says_who) out["trusted"] = trusted;
  if (marker.kind == Kind::CommandLine || marker.kind == Kind::Title) out["text"] = to_utf8(marker.text);
  if (marker.kind == Kind::Directory) out["cwd"] = to_utf8(marker.text);
  if (marker.kind == Kind::CommandEnd) out["exit_code"] = or_null(marker.exit_code);
  if (!marker.host.empty()) out["host"] = to_utf8(marker.host);
  if (!marker.aid.empty()) out["aid"] = to_utf8(marker.aid);
  if (!marker.error.empty()) out["error"] = to_utf8(marker.error);
  if (marker.cut) out["cut"] = true;
  return out;
}

// Feeds the monitor and keeps what it says until the piece is done.
class Parsing {
 public:
  explicit Parsing(const verb::TerminalParse& verb) : monitor_(verb.nonce, {}, {}, vt::Untrusted::Follow), chunk_(verb.chunk) {}

  std::string feed(std::string_view bytes) {
    lines_.clear();
    const std::size_t piece = chunk_ == 0 ? bytes.size() : static_cast<std::size_t>(chunk_);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
      monitor_.feed(
          bytes.substr(0, piece),
          [this](const vt::CommandEvent& event) {
            if (event.kind == vt::CommandEvent::Kind::Finished) add(command_json(event, event.output_end));
          },
          [this](const vt::Marker& marker, bool trusted) { add(marker_json(marker, trusted)); });
    return std::move(lines_);
  }

  std::string open() {
    lines_.clear();
    for (const vt::CommandEvent& event : monitor_.open()) add(command_json(event, monitor_.position()));
    return std::move(lines_);
  }

 private:
  void add(const json::object& object) { lines_ += json::serialize(object) + "\n"; }

  vt::Monitor monitor_;
  std::uint64_t chunk_;
  std::string lines_;
};

}  // namespace

Result<int> parse_terminal(const Context& context, const verb::TerminalParse& verb) {
  UniqueFd opened;
  int fd = context.output.streams().in;
  if (!verb.file.empty() && verb.file != "-") {
    TRY_ASSIGN(opened, os::open_read(verb.file));
    fd = opened.get();
  }
  Parsing parsing(verb);
  std::vector<char> buffer(read_bytes);
  for (;;) {
    TRY_ASSIGN(const auto count, os::read_some(fd, buffer));
    if (count && *count == 0) break;
    if (count) context.output.print(parsing.feed({buffer.data(), *count}));
  }
  context.output.print(parsing.open());
  return Success;
}

}  // namespace berth::cli
