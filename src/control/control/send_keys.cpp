#include "control/screens.hpp"
#include "control/terminal_calls.hpp"
#include "control/validate.hpp"
#include "vt/keys.hpp"

namespace berth::control {

namespace {

Result<std::string> encode(const SendKeys& wanted, vt::KeyModes modes) {
  std::string bytes = wanted.text;
  if (!wanted.paste.empty()) bytes += vt::encode_paste(wanted.paste, modes);
  for (const auto& key : wanted.keys) {
    TRY_ASSIGN(const auto encoded, vt::encode_key(key, modes));
    bytes += encoded;
  }
  if (wanted.enter) bytes += '\r';
  return bytes;
}

}  // namespace

// Modes are looked for only where they make a difference: ctrl-c waits for nothing.
boost::asio::awaitable<Result<>> send_keys(Domain* domain, FoundTerminal found, SendKeys wanted) {
  if (!found.host) co_return fail(Code::FailedPrecondition, "The terminal has ended.");
  CO_TRY_ASSIGN(auto bytes, encode(wanted, {}));
  CO_TRY_ASSIGN(const auto otherwise, encode(wanted, {.application_cursor = true, .bracketed_paste = true}));
  if (bytes != otherwise && found.terminal->row().kind == store::TerminalKind::Pty) {
    CO_TRY_ASSIGN(const auto modes, co_await domain->pool->run([domain, row = found.terminal->row()] { return key_modes_now(*domain, row); }));
    CO_TRY_ASSIGN(bytes, encode(wanted, modes));
  }
  CO_TRY(check_input(bytes));
  co_return co_await write_input(found, std::move(bytes), false);
}

}  // namespace berth::control
