// Writing recordings (vt/cast.hpp).
#include "vt/cast.hpp"

#include <algorithm>
#include <utility>

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

// False when nothing is whole.
bool append_text(Utf8Decoder& decoder, std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x80 && decoder.idle()) {
      append_json(out, byte);
      ++i;
      continue;
    }
    const auto step = decoder.push(byte);
    if (step == Utf8Decoder::Step::Done) append_utf8(out, decoder.code());
    if (step == Utf8Decoder::Step::Broken || step == Utf8Decoder::Step::Wrong) append_utf8(out, replacement_character);
    if (step != Utf8Decoder::Step::Broken) ++i;
  }
  return out.size() > before;
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

void CastWriter::text_event(CastTime time, char code, Utf8Decoder& decoder, std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  const CastTime last = last_;
  begin_event(time, code, out);
  if (append_text(decoder, bytes, out)) {
    out += "\"]\n";
    return;
  }
  out.resize(before);
  last_ = last;
}

void CastWriter::output(CastTime time, std::string_view bytes, std::string& out) { text_event(time, 'o', decoder_, bytes, out); }

void CastWriter::input(CastTime time, std::string_view bytes, std::string& out) { text_event(time, 'i', typed_, bytes, out); }

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
  for (const auto& [decoder, code] : {std::pair{&decoder_, 'o'}, std::pair{&typed_, 'i'}}) {
    if (decoder->idle()) continue;
    decoder->reset();
    text_event(last_, code, *decoder, "\xEF\xBF\xBD", out);
  }
}

}  // namespace berth::vt
