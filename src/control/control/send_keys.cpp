#include "control/terminal_calls.hpp"
#include "control/validate.hpp"
#include "vt/keys.hpp"

namespace berth::control {

namespace {

constexpr std::uint64_t mode_bytes = 1 << 20;  // how far back a mode may have been set

bool depends_on_modes(const SendKeys& wanted) { return !wanted.paste.empty() || !wanted.keys.empty(); }

}  // namespace

boost::asio::awaitable<Result<>> send_keys(Domain* domain, FoundTerminal found, SendKeys wanted) {
  if (!found.host) co_return fail(Code::FailedPrecondition, "The terminal has ended.");
  vt::KeyModes modes;
  if (depends_on_modes(wanted)) {
    const std::uint64_t end = found.terminal->end().value;
    CO_TRY_ASSIGN(const auto recent,
                  co_await read_output(domain, found, {end > mode_bytes ? end - mode_bytes : 0}, mode_bytes));
    modes = vt::key_modes(recent.data);
  }
  std::string bytes = std::move(wanted.text);
  if (!wanted.paste.empty()) bytes += vt::encode_paste(wanted.paste, modes);
  for (const auto& key : wanted.keys) {
    CO_TRY_ASSIGN(const auto encoded, vt::encode_key(key, modes));
    bytes += encoded;
  }
  if (wanted.enter) bytes += '\r';
  CO_TRY(check_input(bytes));
  co_return co_await write_input(found, std::move(bytes), false);
}

}  // namespace berth::control
