// What the payload of an OSC means. Sources: the semantic prompts proposal (OSC 133), VS Code's shell integration (OSC
// 633), and the working directory sequences (OSC 7, OSC 1337).

#include <charconv>
#include <string>
#include <utility>

#include "vt/marker.hpp"

namespace berth::vt {
namespace {

std::string_view take_field(std::string_view& rest) {
  const std::size_t at = rest.find(';');
  std::string_view field = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return field;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<char> hex_byte(std::string_view two) {
  if (two.size() < 2 || hex_digit(two[0]) < 0 || hex_digit(two[1]) < 0) return std::nullopt;
  return static_cast<char>(hex_digit(two[0]) << 4 | hex_digit(two[1]));
}

// \\ is a backslash, \xAB a byte; any other backslash stands for itself.
std::string unescape_633(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      if (text[i + 1] == '\\') {
        out += '\\';
        ++i;
        continue;
      }
      if (text[i + 1] == 'x')
        if (auto byte = hex_byte(text.substr(i + 2, 2))) {
          out += *byte;
          i += 3;
          continue;
        }
    }
    out += text[i];
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%')
      if (auto byte = hex_byte(text.substr(i + 1, 2))) {
        out += *byte;
        i += 2;
        continue;
      }
    out += text[i];
  }
  return out;
}

struct Options {
  std::string_view kind, nonce, command_url;
  std::optional<std::int64_t> code;
  bool has_command_url = false;
};

Options read_options(std::string_view rest) {
  Options options;
  for (bool first = true; !rest.empty(); first = false) {
    const std::string_view field = take_field(rest);
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) {
      std::int64_t code = 0;
      const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), code);
      if (first && error == std::errc{} && end == field.data() + field.size()) options.code = code;
      continue;
    }
    const std::string_view name = field.substr(0, equals), value = field.substr(equals + 1);
    if (name == "k") options.kind = value;
    if (name == "nonce") options.nonce = value;
    if (name == "cmdline_url") {
      options.command_url = value;
      options.has_command_url = true;
    }
  }
  return options;
}

void decode_133(char letter, std::string_view rest, Marker marker, const MarkerParser::Sink& sink) {
  const Options options = read_options(rest);
  marker.nonce = options.nonce;
  switch (letter) {
    case 'A':
    case 'N':
    case 'P':
      marker.kind = options.kind.empty() || options.kind == "i" ? Marker::Kind::PromptStart : Marker::Kind::PromptOther;
      break;
    case 'B':
    case 'I': marker.kind = Marker::Kind::InputStart; break;
    case 'C':
      if (options.has_command_url) {
        marker.kind = Marker::Kind::CommandLine;
        marker.text = percent_decode(options.command_url);
        sink(marker);
        marker.text.clear();
      }
      marker.kind = Marker::Kind::OutputStart;
      break;
    case 'D':
      marker.kind = Marker::Kind::CommandEnd;
      marker.exit_code = options.code;
      break;
    default: return;
  }
  sink(marker);
}

void decode_633(char letter, std::string_view rest, Marker marker, const MarkerParser::Sink& sink) {
  switch (letter) {
    case 'A':
    case 'B':
    case 'C':
    case 'D': decode_133(letter, rest, std::move(marker), sink); return;
    case 'E':
      marker.kind = Marker::Kind::CommandLine;
      marker.text = unescape_633(take_field(rest));
      marker.nonce = take_field(rest);
      break;
    case 'P': {
      const std::string_view property = take_field(rest);
      if (!property.starts_with("Cwd=")) return;
      marker.kind = Marker::Kind::Directory;
      marker.text = unescape_633(property.substr(4));
      marker.nonce = take_field(rest);
      break;
    }
    default: return;
  }
  sink(marker);
}

// file://host/percent-encoded, kitty-shell-cwd://host/raw, or a bare path. The host is the caller's business.
void decode_7(std::string_view url, Marker marker, const MarkerParser::Sink& sink) {
  marker.kind = Marker::Kind::Directory;
  const bool raw = url.starts_with("kitty-shell-cwd://");
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    const std::size_t path = url.find('/', scheme + 3);
    if (path == std::string_view::npos) return;
    url = url.substr(path);
    marker.text = raw ? std::string(url) : percent_decode(url.substr(0, url.find('?')));
  } else {
    marker.text = url;
  }
  if (marker.text.starts_with('/')) sink(marker);
}

}  // namespace

void decode_marker(std::string_view payload, Marker base, const MarkerParser::Sink& sink) {
  const std::string_view number = take_field(payload);
  if (number == "7") return decode_7(payload, std::move(base), sink);
  if (number == "1337") {
    if (!payload.starts_with("CurrentDir=")) return;
    base.kind = Marker::Kind::Directory;
    base.text = payload.substr(11);
    return sink(base);
  }
  if (number != "133" && number != "633") return;
  const std::string_view letter = take_field(payload);
  if (letter.size() != 1) return;
  if (number == "133") return decode_133(letter[0], payload, std::move(base), sink);
  return decode_633(letter[0], payload, std::move(base), sink);
}

}  // namespace berth::vt
