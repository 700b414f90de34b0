#include "corpus.hpp"

#include <array>

namespace berth::bench {
namespace {

constexpr std::array words{"session", "opened",  "worker", "idle",    "batch",   "flushed", "queue",   "depth",
                           "lease",   "expired", "peer",   "refused", "retry",   "backoff", "segment", "sealed",
                           "index",   "loaded",  "cache",  "evicted", "request", "served",  "token",   "renewed",
                           "stream",  "resumed", "upload", "paused",  "schema",  "applied"};
constexpr std::array modules{"store::segment", "http.router", "auth", "sched::lane", "net.quic", "jobs.mailer"};
constexpr std::array files{"src/store/segment.cpp", "lib/net/quic.cc", "web/app/router.ts", "tests/lane_test.py",
                           "cmd/serve.go"};
constexpr std::array foreign{"构建完成",   "保存しました", "연결됨",      "déjà vu", "✅ passé",
                             "🚢 shipped", "ångström",     "e\u0301tude", "┃ cell ┃"};

class Writer {
 public:
  Writer(CorpusKind kind, std::uint64_t seed)
      : state_(seed * 0x9E3779B97F4A7C15u + static_cast<unsigned>(kind)),
        colored_(kind != CorpusKind::Ascii),
        kind_(kind) {}

  void piece() {
    if (kind_ == CorpusKind::Tui) return frame();
    if (kind_ == CorpusKind::Commands) return command();
    line(kind_ == CorpusKind::Utf8 || (colored_ && below(40) == 0));
  }
  std::string out;

 private:
  std::uint32_t below(std::uint32_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::uint32_t>((state_ >> 32) * limit >> 32);
  }
  template <class Choices>
  std::string_view pick(const Choices& choices) {
    return choices[below(static_cast<std::uint32_t>(choices.size()))];
  }
  void number(std::uint32_t limit) { out += std::to_string(below(limit)); }
  void color(std::string_view sgr) {
    if (colored_) (((out += "\x1b[") += sgr) += 'm');
  }
  void some_words(std::uint32_t least, std::uint32_t more) {
    for (std::uint32_t n = least + below(more); n > 0; --n) (out += pick(words)) += n > 1 ? " " : "";
  }
  void hex(int digits) {
    for (; digits > 0; --digits) out += "0123456789abcdef"[below(16)];
  }

  void line(bool scripts) {
    const std::uint32_t kind = below(20);
    if (kind < 10) {
      structured(scripts);
    } else if (kind < 12) {
      ((out += "[") += std::to_string(below(101))) += "%] ";
      color("32");
      ((out += "Building ") += pick(files)) += ".o";
      color("0");
    } else if (kind < 14) {
      color(below(2) != 0 ? "32" : "31");
      out += std::string(1 + 4 * below(4), '+') + "const auto ";
      some_words(1, 1);
      out += " = make(";
      number(4096);
      out += ");";
      color("");
    } else if (kind < 16) {
      access();
    } else if (kind < 18) {
      color("1");
      ((out += pick(files)) += ":") += std::to_string(below(900));
      color("1;35");
      out += ": warning: ";
      color("0");
      some_words(4, 6);
    } else if (kind < 19) {
      out += "  ";
      color("38;2;90;200;110");
      out += colored_ ? "✓ " : "ok ";
      color("0");
      some_words(4, 5);
      color("90");
      out += " (" + std::to_string(below(900)) + " ms)";
      color("0");
    } else {
      progress_or_trace();
    }
    out += '\n';
  }
  void structured(bool scripts) {
    constexpr std::array levels{"INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"};
    constexpr std::array colors{"32", "32", "32", "34", "33", "1;31"};
    const std::uint32_t level = below(6);
    color("2");
    out += "2026-05-" + std::to_string(10 + below(18)) + "T0" + std::to_string(below(10)) + ":" +
           std::to_string(10 + below(50)) + ":" + std::to_string(10 + below(50)) + "." +
           std::to_string(100 + below(900)) + "Z";
    color("0");
    out += ' ';
    color(colors[level]);
    (out += levels[level]) += ' ';
    color("0");
    color("1");
    out += pick(modules);
    color("0");
    out += ": ";
    some_words(3, 8);
    for (std::uint32_t n = below(4); n > 0; --n) {
      out += ' ';
      color("3");
      out += pick(words);
      color("0");
      out += '=';
      number(100000);
    }
    if (scripts) (out += ' ') += pick(foreign);
  }
  void access() {
    color("38;5;" + std::to_string(16 + below(216)));
    out += "edge-1 | ";
    color("0");
    out += "10.1." + std::to_string(below(256)) + "." + std::to_string(below(256)) + " - - \"GET /v2/";
    out += pick(words);
    out += '/';
    hex(12);
    out += " HTTP/1.1\" ";
    color(below(8) != 0 ? "32" : "31");
    out += below(8) != 0 ? "200" : "502";
    color("0");
    out += ' ';
    number(100000);
    out += " \"curl/8.5.0 (x86_64-pc-linux-gnu)\"";
  }
  void progress_or_trace() {
    if (colored_ && below(2) != 0) {
      for (std::uint32_t done = 20; done <= 100; done += 20)
        out += "\r\x1b[KFetching [" + std::string(done / 5, '=') + std::string(20 - done / 5, ' ') + "] " +
               std::to_string(done) + "%";
      return;
    }
    const std::string_view file = pick(files);
    if (colored_ && below(4) == 0) (((out += "\x1b]8;;file:///src/") += file) += "\x1b\\link\x1b]8;;\x1b\\ ");
    (((out += "    at ") += pick(modules)) += " (") += file;
    out += ":" + std::to_string(below(2000)) + ") 0x";
    hex(16);
  }

  void frame() {
    const auto at = [&](std::uint32_t rows, std::uint32_t columns) {
      out += "\x1b[" + std::to_string(1 + below(rows)) + ";" + std::to_string(1 + below(columns)) + "H";
    };
    if (below(50) == 0) out += below(2) != 0 ? "\x1b[?1049h\x1b[2J" : "\x1b[?1049l";
    out += "\x1b[?2026h\x1b[?25l";
    for (std::uint32_t n = 5 + below(45); n > 0; --n) {
      at(50, 120);
      out += below(2) != 0 ? "\x1b[1;48;5;" : "\x1b[22;48;5;";
      number(256);
      out += 'm';
      some_words(1, 6);
      out += "\x1b[0m";
      if (below(3) == 0) out += "\x1b[K";
      if (below(10) == 0) out += "\x1b[2L\x1b[" + std::to_string(1 + below(3)) + "M";
      if (below(8) == 0) out += "│─┼█";
    }
    if (below(6) == 0) out += "\x1b[4;45r\x1b[45;1H\n\n\x1b[r";
    out += "\x1b[50;1H\x1b[7m NORMAL \x1b[27m\x1b[?25h\x1b[?2026l";
  }

  void command() {
    const std::string_view end = below(2) != 0 ? "\x07" : "\x1b\\", name = pick(words);
    const auto osc = [&](std::string_view body) { ((out += "\x1b]") += body) += end; };
    osc("7;file://host/src/project");
    osc("133;A;k=i");
    out += "\x1b[1;32muser@host\x1b[0m:\x1b[34m~/src\x1b[0m$ ";
    osc("133;B");
    ((out += "make ") += name) += '\n';
    osc("633;E;make " + std::string(name) + ";nonce");
    osc("133;C");
    for (std::uint32_t n = below(60); n > 0; --n) line(below(40) == 0);
    osc("133;D;" + std::to_string(below(5) != 0 ? 0 : below(256)));
  }

  std::uint64_t state_;
  bool colored_;
  CorpusKind kind_;
};

}  // namespace

std::string make_corpus(CorpusKind kind, std::size_t bytes, std::uint64_t seed) {
  Writer writer(kind, seed);
  writer.out.reserve(bytes + (64 << 10));
  while (writer.out.size() < bytes) writer.piece();
  return std::move(writer.out);
}

}  // namespace berth::bench
