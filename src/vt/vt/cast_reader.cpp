// Reading recordings that anybody may have written (vt/cast.hpp).
#include <charconv>
#include <cmath>

#include "vt/cast.hpp"
#include "vt/json_text.hpp"

namespace berth::vt {
namespace {

constexpr std::int64_t max_timestamp = 4'102'444'800;  // the year 2100: nanoseconds of it and max_time fit 64 bits

std::unexpected<Error> wrong(const std::string& what) { return fail(Code::InvalidArgument, what); }

struct Members {  // of the header, as far as they are there
  std::optional<double> version, cols, rows, timestamp, idle;
  std::string title, command, term;
};

bool read_number(JsonText& json, std::optional<double>& into) {
  if (json.next() == 'n') return json.skip();
  double value = 0;
  if (!json.number(value)) return false;
  into = value;
  return true;
}

bool read_text(JsonText& json, std::string& into) { return json.next() == '"' ? json.string(into) : json.skip(); }

// Calls `member(name)` with the reader at the value, which it takes.
template <class F>
bool read_object(JsonText& json, F member) {
  std::string name;
  if (!json.take('{')) return false;
  if (json.take('}')) return true;
  do {
    if (!json.string(name) || !json.take(':') || !member(name)) return false;
  } while (json.take(','));
  return json.take('}');
}

bool read_nested(JsonText& json, const std::string& outer, Members& out) {
  if (json.next() != '{') return json.skip();
  return read_object(json, [&](const std::string& name) {
    if (outer == "env") return name == "TERM" ? read_text(json, out.term) : json.skip();
    if (name == "cols") return read_number(json, out.cols);
    if (name == "rows") return read_number(json, out.rows);
    return name == "type" ? read_text(json, out.term) : json.skip();
  });
}

std::optional<Members> read_members(std::string_view line) {
  JsonText json(line);
  Members out;
  const bool well = read_object(json, [&](const std::string& name) {
    if (name == "version") return read_number(json, out.version);
    if (name == "width") return read_number(json, out.cols);
    if (name == "height") return read_number(json, out.rows);
    if (name == "timestamp") return read_number(json, out.timestamp);
    if (name == "idle_time_limit") return read_number(json, out.idle);
    if (name == "title") return read_text(json, out.title);
    if (name == "command") return read_text(json, out.command);
    if (name == "term" || name == "env") return read_nested(json, name, out);
    return json.skip();
  });
  if (!well || !json.end()) return std::nullopt;
  return out;
}

bool within(double value, double most) { return value >= 1 && value <= most && value == std::floor(value); }

std::optional<TerminalSize> size_from(std::string_view text) {
  TerminalSize size;
  const auto cross = text.find('x');
  if (cross == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits, std::uint16_t most, std::uint16_t& into) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return error == std::errc{} && end == digits.data() + digits.size() && into >= 1 && into <= most;
  };
  if (!number(text.substr(0, cross), CastReader::max_cols, size.cols)) return std::nullopt;
  if (!number(text.substr(cross + 1), CastReader::max_rows, size.rows)) return std::nullopt;
  return size;
}

std::optional<std::int32_t> status_from(std::string_view text) {
  std::int32_t status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return status;
}

std::optional<CastEvent::Kind> kind_of(const std::string& code, int version) {
  if (code == "o") return CastEvent::Kind::Output;
  if (code == "i") return CastEvent::Kind::Input;
  if (code == "r") return CastEvent::Kind::Resize;
  if (code == "m") return CastEvent::Kind::Marker;
  if (code == "x" && version >= 3) return CastEvent::Kind::Exit;
  return std::nullopt;
}

}  // namespace

Result<> CastReader::feed(std::string_view bytes, const Sink& sink) {
  while (!failed_ && !bytes.empty()) {
    const auto end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    Result<> taken;
    if (held_.size() + part.size() > max_line_bytes) {
      taken = fail(Code::TooLarge, "has more than " + std::to_string(max_line_bytes) + " bytes");
    } else if (end == std::string_view::npos) {
      held_ += part;
    } else if (held_.empty()) {
      taken = take_line(part, sink);
    } else {
      held_ += part;
      taken = take_line(held_, sink);
      held_.clear();
    }
    if (taken) continue;
    failed_ = std::move(taken).error();
    failed_->message = "Line " + std::to_string(line_ + 1) + " of the recording " + failed_->message + '.';
  }
  if (failed_) return pass(*failed_);
  return {};
}

Result<> CastReader::finish(const Sink& sink) {
  if (!held_.empty()) TRY(feed("\n", sink));
  if (failed_) return pass(*failed_);
  if (!header_) return fail(Code::InvalidArgument, "The recording is empty.", "It begins with a header, as asciinema writes it.");
  return {};
}

Result<> CastReader::take_line(std::string_view line, const Sink& sink) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first != std::string_view::npos && line[first] != '#') {
    if (!header_)
      TRY(take_header(line));
    else
      TRY(take_event(line, sink));
  } else if (first != std::string_view::npos && header_ && header_->version < 3) {
    return wrong("is a comment, which version 2 has not");
  }
  ++line_;
  return {};
}

Result<> CastReader::take_header(std::string_view line) {
  const auto members = read_members(line);
  if (!members || !members->version) return wrong("is not the header of an asciicast");
  if (*members->version != 2 && *members->version != 3)
    return fail(Code::Unsupported, "is the header of another version of asciicast", "Versions 2 and 3 are known.");
  if (!members->cols || !members->rows || !within(*members->cols, max_cols) || !within(*members->rows, max_rows))
    return wrong("tells no size from 1 x 1 to " + std::to_string(max_cols) + " x " + std::to_string(max_rows));
  CastHeader header{.version = static_cast<int>(*members->version),
                    .size = {.cols = static_cast<std::uint16_t>(*members->cols), .rows = static_cast<std::uint16_t>(*members->rows)},
                    .timestamp = {}, .title = members->title, .command = members->command, .term = members->term,
                    .idle_time_limit = members->idle};
  if (members->timestamp) {
    if (!(*members->timestamp >= 0 && *members->timestamp <= static_cast<double>(max_timestamp)))
      return wrong("tells a time outside of 1970 to 2100");
    header.timestamp = static_cast<std::int64_t>(*members->timestamp);
  }
  const double most = std::chrono::duration<double>(max_time).count();
  if (header.idle_time_limit && !(*header.idle_time_limit >= 0 && *header.idle_time_limit <= most))
    return wrong("tells an idle time that is negative or too long");
  header_ = std::move(header);
  return {};
}

// A version 2 time that goes back a little is what some recorders write.
Result<> CastReader::advance(double seconds) {
  if (!(seconds >= 0)) return wrong("has a negative time");
  const double most = std::chrono::duration<double>(max_time).count();
  if (seconds > most) return wrong("has a time of more than ten years");
  const auto given = std::chrono::round<CastTime>(std::chrono::duration<double>(seconds));
  time_ = header_->version == 2 ? std::max(time_, given) : time_ + given;
  if (time_ > max_time) return wrong("has a time of more than ten years");
  return {};
}

Result<> CastReader::take_event(std::string_view line, const Sink& sink) {
  JsonText json(line);
  double seconds = 0;
  std::string code;
  CastEvent event;
  if (!json.take('[') || !json.number(seconds) || !json.take(',') || !json.string(code) || !json.take(','))
    return wrong("is not an event, as [time, code, text]");
  TRY(advance(seconds));
  const auto kind = kind_of(code, header_->version);
  if (!(kind ? json.string(event.text) : json.skip()) || !json.take(']') || !json.end())
    return wrong("is not an event, as [time, code, text]");
  if (!kind) return {};
  event.kind = *kind;
  event.time = time_;
  if (event.kind == CastEvent::Kind::Resize) {
    const auto size = size_from(event.text);
    if (!size) return wrong("tells no size from 1x1 to " + std::to_string(max_cols) + 'x' + std::to_string(max_rows));
    event.size = *size;
    event.text.clear();
  } else if (event.kind == CastEvent::Kind::Exit) {
    const auto status = status_from(event.text);
    if (!status) return wrong("tells no exit status");
    event.status = *status;
    event.text.clear();
  }
  sink(event);
  return {};
}

}  // namespace berth::vt
