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
    out = fmt::format("berth: {} ({}{}{})\n", error.message, error.operation, error.subject.empty() ? "" : " ",
                      error.subject);
  if (!error.hint.empty()) out += fmt::format("hint: {}\n", error.hint);
  return out;
}

json::value error_json(const Error& error) {
  return json::object{
      {"error", json::object{{"code", to_string(error.code)}, {"message", error.message}, {"hint", error.hint}}}};
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

Progress::Progress(const Output& output, std::string what)
    : output_(&output), what_(std::move(what)), terminal_(pty::is_terminal(output.streams().err)) {
  if (!output.json()) thread_ = std::thread([this] { draw_until_done(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard hold(mutex_);
    done_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Progress::tell(std::string_view detail) {
  std::lock_guard hold(mutex_);
  detail_ = detail;
}

std::string progress_line(std::string_view what, std::string_view detail) {
  return one_line(detail.empty() ? std::string(what) : fmt::format("{}: {}", what, detail), 72);
}

void Progress::draw_until_done() {
  using namespace std::chrono_literals;
  int err = output_->streams().err;
  std::string drawn;
  std::unique_lock hold(mutex_);
  for (auto elapsed = 1s; !changed_.wait_for(hold, 1s, [this] { return done_; }); ++elapsed) {
    std::string line = progress_line(what_, detail_);
    if (terminal_)
      (void)os::write_all(err, fmt::format("\r\x1b[K{} ({})", line, human_duration(elapsed)));
    else if (line != drawn)
      (void)os::write_all(err, line + "\n");
    drawn = std::move(line);
  }
  if (terminal_ && !drawn.empty()) (void)os::write_all(err, "\r\x1b[K");
}

}  // namespace berth::cli
