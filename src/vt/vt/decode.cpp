// What the payload of an OSC means. Sources: the semantic prompts proposal (OSC 133), VS Code's shell integration (OSC
// 633), the working directory sequences (OSC 7, OSC 1337), xterm's control sequences (OSC 0 and 2).

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "vt/escapes.hpp"
#include "vt/marker.hpp"

namespace berth::vt {
namespace {

using Kind = Marker::Kind;
using Sink = MarkerParser::Sink;

std::string_view take_field(std::string_view& rest) {
  const std::size_t at = rest.find(';');
  std::string_view field = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return field;
}

// Scripts leave CR, 01 and 02 in markers (what hides a prompt's bytes from readline).
std::string_view trim_controls(std::string_view field) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  while (!field.empty() && control(field.front())) field.remove_prefix(1);
  while (!field.empty() && control(field.back())) field.remove_suffix(1);
  return field;
}

struct Options {
  std::string_view kind, nonce, aid, error;
  std::optional<std::int64_t> code;
  std::optional<std::string> command;
};

std::optional<std::int64_t> read_code(std::string_view field) {
  std::int64_t code = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), code);
  if (error != std::errc{} || end != field.data() + field.size() || field.empty()) return std::nullopt;
  return code;
}

Options read_options(std::string_view rest) {
  constexpr std::string_view quoted = "cmdline=";
  Options options;
  for (bool first = true; !rest.empty(); first = false) {
    if (rest.starts_with(quoted)) {  // to the end: "\;" occurs in it
      options.command = unquote_shell(rest.substr(quoted.size()));
      return options;
    }
    const std::string_view field = trim_controls(take_field(rest));
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) {
      if (first) options.code = read_code(field);
      continue;
    }
    const std::string_view name = field.substr(0, equals), value = field.substr(equals + 1);
    if (name == "k") options.kind = value;
    else if (name == "nonce") options.nonce = value;
    else if (name == "aid") options.aid = value;
    else if (name == "err") options.error = value;
    else if (name == "cmdline_url") options.command = unescape_percent(value);
  }
  return options;
}

void decode_letter(char letter, std::string_view rest, Marker marker, const Sink& sink) {
  Options options = read_options(rest);
  marker.letter = letter;
  marker.nonce = options.nonce;
  marker.aid = options.aid;
  switch (letter) {
    case 'A':
    case 'N':
    case 'P': marker.kind = options.kind.empty() || options.kind == "i" ? Kind::PromptStart : Kind::PromptOther; break;
    case 'B': marker.kind = Kind::InputStart; break;
    case 'I': marker.kind = Kind::LineStart; break;
    case 'C':
      if (options.command) {
        marker.kind = Kind::CommandLine;
        marker.text = *std::move(options.command);
        sink(marker);
        marker.text.clear();
      }
      marker.kind = Kind::OutputStart;
      break;
    case 'D':
      marker.kind = Kind::CommandEnd;
      marker.exit_code = options.code;
      marker.error = options.error;
      break;
    default: return;  // L begins a fresh line: nothing for us
  }
  sink(marker);
}

void decode_633(char letter, std::string_view rest, Marker marker, const Sink& sink) {
  marker.letter = letter;
  switch (letter) {
    case 'A':
    case 'B':
    case 'C':
    case 'D': return decode_letter(letter, rest, std::move(marker), sink);
    case 'F':  // a continuation prompt
    case 'H':  // a right prompt
      marker.kind = Kind::PromptOther;
      break;
    case 'E':
      marker.kind = Kind::CommandLine;
      marker.text = unescape_hex(take_field(rest));
      marker.nonce = trim_controls(take_field(rest));
      break;
    case 'P': {
      const std::string_view property = take_field(rest);
      if (!property.starts_with("Cwd=")) return;
      marker.kind = Kind::Directory;
      marker.text = unescape_hex(property.substr(4));
      marker.nonce = trim_controls(take_field(rest));
      break;
    }
    default: return;  // G and I end what F and H began
  }
  sink(marker);
}

// file://host/percent-encoded, kitty-shell-cwd://host/raw, or a bare path. The host is for the reader to compare: a path
// of another machine is no path here. A user in it is the nonce of shells that cannot escape (guest/posix_script.cpp).
void decode_7(std::string_view url, Marker marker, const Sink& sink) {
  marker.kind = Kind::Directory;
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos && scheme < url.find('/')) {
    const std::size_t path = url.find('/', scheme + 3);
    if (path == std::string_view::npos) return;
    const std::string_view authority = url.substr(scheme + 3, path - scheme - 3);
    const std::size_t at = authority.find('@');
    marker.host = authority.substr(at + 1);  // npos + 1: all of it
    if (at != std::string_view::npos) marker.nonce = authority.substr(0, at);
    const bool raw = url.starts_with("kitty-shell-cwd:");
    url = url.substr(path);
    marker.text = raw ? std::string(url) : unescape_percent(url.substr(0, url.find('?')));
  } else {
    marker.text = url;
  }
  if (marker.text.starts_with('/')) sink(marker);
}

}  // namespace

bool is_marker_number(std::string_view number) {
  return number == "133" || number == "633" || number == "7" || number == "0" || number == "2" || number == "1337";
}

void decode_marker(std::string_view payload, const Marker& base, const Sink& sink) {
  const std::size_t semicolon = payload.find(';');
  if (semicolon == std::string_view::npos) return;
  const std::string_view number = take_field(payload);
  Marker marker = base;
  if (number == "7") return decode_7(payload, std::move(marker), sink);
  if (number == "0" || number == "2") {
    marker.kind = Kind::Title;
    marker.text = payload;
    return sink(marker);
  }
  if (number == "1337") {
    constexpr std::string_view directory = "CurrentDir=";
    if (!payload.starts_with(directory)) return;
    marker.kind = Kind::Directory;
    marker.text = payload.substr(directory.size());
    return sink(marker);
  }
  if (number != "133" && number != "633") return;
  const std::string_view letter = trim_controls(take_field(payload));
  if (letter.size() != 1) return;
  if (number == "133") return decode_letter(letter[0], payload, std::move(marker), sink);
  return decode_633(letter[0], payload, std::move(marker), sink);
}

}  // namespace berth::vt
