#include "cli/output.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "cli/human.hpp"
#include "cli/table.hpp"
#include "os/file.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace json = boost::json;

int exit_code(const Error& error) {
  switch (error.code) {
    case Code::Timeout: return TimedOut;
    case Code::InvalidArgument:
    case Code::NotFound:
    case Code::TooLarge: return InvalidOrMissing;
    case Code::PermissionDenied:
    case Code::Unauthenticated: return NotPermitted;
    default: return Failure;
  }
}

std::string error_text(const Error& error) {
  std::string out = fmt::format("berth: {}\n", error.message);
  if (!error.operation.empty() && error.sys_errno != 0)
    out = fmt::format("berth: {} ({}{}{})\n", error.message, error.operation, error.subject.empty() ? "" : " ", error.subject);
  if (!error.hint.empty()) out += fmt::format("hint: {}\n", error.hint);
  return out;
}

json::value error_json(const Error& error) {
  return json::object{{"error", json::object{{"code", to_string(error.code)}, {"message", error.message}, {"hint", error.hint}}}};
}

// A reader that went away ends us by SIGPIPE, as every tool; any other failure to write has nobody to be told to.
void Output::print(std::string_view text) const { (void)os::write_all(streams_.out, text); }
void Output::print_json(const json::value& value) const { print(json::serialize(value) + "\n"); }

void Output::note(std::string_view sentence) const {
  if (!json_) (void)os::write_all(streams_.err, fmt::format("{}\n", sentence));
}

int Output::fail(const Error& error) const {
  (void)os::write_all(streams_.err, json_ ? json::serialize(error_json(error)) + "\n" : error_text(error));
  return exit_code(error);
}

Progress::Progress(const Output& output, const Clock& clock, std::string what)
    : output_(&output), clock_(&clock), what_(std::move(what)), begun_(clock.steady()), terminal_(pty::is_terminal(output.streams().err)) {}

Progress::~Progress() {
  if (visible_ && terminal_) (void)os::write_all(output_->streams().err, "\r\x1b[K");
}

void Progress::tell(std::string_view detail) {
  using namespace std::chrono_literals;
  auto now = clock_->steady();
  std::string clean = one_line(detail, 100);
  bool changed = clean != detail_ || !visible_;
  if (output_->json() || now - begun_ < 1s || (terminal_ ? now - drawn_ < 100ms : !changed)) return;
  detail_ = std::move(clean);
  std::string line = detail_.empty() ? what_ : fmt::format("{}: {}", what_, detail_);
  auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(now - begun_);
  if (terminal_) line = fmt::format("\r\x1b[K{} ({})", one_line(line, 64), human_duration(elapsed));
  else line += "\n";
  (void)os::write_all(output_->streams().err, line);
  drawn_ = now;
  visible_ = true;
}

}  // namespace berth::cli
