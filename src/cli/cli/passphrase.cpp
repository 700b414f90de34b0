#include "cli/passphrase.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "os/file.hpp"
#include "pty/hidden_line.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t most_bytes = 1024, least_characters = 8;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Result<crypto::Secret> kept(std::string& text) {
  crypto::Secret out(text);
  crypto::wipe(text);
  return out;
}

Result<crypto::Secret> from_file(const std::string& file) {
  std::string text;
  if (file == "-") {
    TRY_ASSIGN(text, os::read_all(0, most_bytes, "stdin"));
  } else {
    TRY_ASSIGN(text, os::read_file(file, most_bytes));
  }
  if (const auto end = text.find_first_of("\r\n"); end != std::string::npos) {
    crypto::wipe(std::span(text).subspan(end));
    text.resize(end);
  }
  if (text.empty()) return fail(Code::InvalidArgument, fmt::format("There is no passphrase in {}.", file == "-" ? "stdin" : file), "Its first line is it.");
  return kept(text);
}

Result<crypto::Secret> from_person(const std::string& prompt) {
  const auto terminal = os::open_flags("/dev/tty", O_RDWR | O_NOCTTY);
  if (!terminal)
    return fail(Code::InvalidArgument, "A passphrase is needed, and there is no terminal to ask for it.", "Give it in a file: --passphrase-file FILE");
  TRY_ASSIGN(std::string text, pty::read_hidden_line(terminal->get(), prompt, most_bytes));
  return kept(text);
}

}  // namespace

Result<crypto::Secret> new_passphrase(const Context& context, const verb::PassphraseFrom& from) {
  auto first = from.file.empty() ? from_person("New passphrase: ") : from_file(from.file);
  if (!first) return first;
  if (characters(first->reveal()) < least_characters)
    return fail(Code::InvalidArgument, fmt::format("The passphrase has fewer than {} characters.", least_characters), "Four words at random are a good one.");
  if (!from.file.empty()) return first;
  TRY_ASSIGN(const crypto::Secret again, from_person("The same again: "));
  if (again.reveal() != first->reveal()) return fail(Code::InvalidArgument, "The two passphrases are not the same.", "Nothing was written.");
  context.output.note("Nobody can open it without this passphrase, and nobody can find it out for you.");
  return first;
}

Result<crypto::Secret> known_passphrase(const Context&, const verb::PassphraseFrom& from, std::string_view what) {
  return from.file.empty() ? from_person(fmt::format("Passphrase of {}: ", what)) : from_file(from.file);
}

}  // namespace berth::cli
