// Writing recordings (vt/cast.hpp).
#include "vt/cast.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "vt/json_text.hpp"

namespace berth::vt {
namespace {

std::string seconds_text(CastTime time) {
  const auto whole = time.count() / 1'000'000;
  std::string fraction = std::to_string(time.count() % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::to_string(whole) + '.' + fraction;
}

void add_text(std::string& out, const char* name, const std::string& value) {
  if (!value.empty()) out += std::string(",\"") + name + "\":" + json_string(value);
}

}  // namespace

CastWriter::CastWriter(int version) : version_(version) { BERTH_CHECK(version == 2 || version == 3); }

void CastWriter::begin(const CastHeader& header, std::string& out) {
  const std::string cols = std::to_string(header.size.cols), rows = std::to_string(header.size.rows);
  if (version_ == 2) {
    out += "{\"version\":2,\"width\":" + cols + ",\"height\":" + rows;
    if (!header.term.empty()) out += ",\"env\":{\"TERM\":" + json_string(header.term) + '}';
  } else {
    out += "{\"version\":3,\"term\":{\"cols\":" + cols + ",\"rows\":" + rows;
    add_text(out, "type", header.term);
    out += '}';
  }
  if (header.timestamp) out += ",\"timestamp\":" + std::to_string(*header.timestamp);
  if (header.idle_time_limit) {
    const auto limit = std::chrono::round<CastTime>(std::chrono::duration<double>(*header.idle_time_limit));
    out += ",\"idle_time_limit\":" + seconds_text(limit);
  }
  add_text(out, "command", header.command);
  add_text(out, "title", header.title);
  out += "}\n";
}

void CastWriter::begin_event(CastTime time, char code, std::string& out) {
  time = std::max(time, last_);
  out += '[' + seconds_text(version_ == 2 ? time : time - last_) + ",\"";
  out += code;
  out += "\",\"";
  last_ = time;
}

// False when nothing is whole.
bool CastWriter::append_output(std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x80 && decoder_.idle()) {
      append_json(out, byte);
      ++i;
      continue;
    }
    const auto step = decoder_.push(byte);
    if (step == Utf8Decoder::Step::Done) append_utf8(out, decoder_.code());
    if (step == Utf8Decoder::Step::Broken || step == Utf8Decoder::Step::Wrong) append_utf8(out, replacement_character);
    if (step != Utf8Decoder::Step::Broken) ++i;
  }
  return out.size() > before;
}

void CastWriter::output(CastTime time, std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  const CastTime last = last_;
  begin_event(time, 'o', out);
  if (append_output(bytes, out)) {
    out += "\"]\n";
    return;
  }
  out.resize(before);
  last_ = last;
}

void CastWriter::resize(CastTime time, TerminalSize size, std::string& out) {
  begin_event(time, 'r', out);
  out += std::to_string(size.cols) + 'x' + std::to_string(size.rows) + "\"]\n";
}

void CastWriter::marker(CastTime time, std::string_view label, std::string& out) {
  begin_event(time, 'm', out);
  for_each_code(label, [&out](char32_t code) { append_json(out, code); });
  out += "\"]\n";
}

void CastWriter::exit(CastTime time, std::int32_t status, std::string& out) {
  if (version_ == 2) return;
  begin_event(time, 'x', out);
  out += std::to_string(status) + "\"]\n";
}

void CastWriter::finish(std::string& out) {
  if (decoder_.idle()) return;
  decoder_.reset();
  output(last_, "\xEF\xBF\xBD", out);
}

}  // namespace berth::vt
