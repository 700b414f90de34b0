#pragma once
// Terminal output for the benchmarks, the same bytes for the same seed on every machine: coloured logs, plain text,
// text of many scripts, full-screen programs, and a log cut into commands by shell integration. Lines end with LF
// alone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::bench {

enum class CorpusKind : std::uint8_t { Log, Ascii, Utf8, Tui, Commands };
constexpr std::string_view corpus_names[] = {"log", "ascii", "utf8", "tui", "osc133"};

// At least `bytes` bytes, cut at the end of a line or screen.
[[nodiscard]] std::string make_corpus(CorpusKind kind, std::size_t bytes, std::uint64_t seed);

}  // namespace berth::bench
