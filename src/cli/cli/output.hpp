#pragma once
// What the program says: results to stdout, everything else to stderr; text for people or, with --json, JSON. And how it
// ends: one mapping from errors to exit codes.
//
// Owns no descriptor. One thread.
//
// Example (const Error& error):
//   cli::Output output(false, {});
//   output.print("done\n");
//   if (output.fail(error) == cli::NotPermitted) output.note("hint: log in");

#include <boost/json/value.hpp>

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/result.hpp"

namespace berth::cli {

enum ExitCode : int { Success = 0, Failure = 1, TimedOut = 2, InvalidOrMissing = 3, NotPermitted = 4 };
[[nodiscard]] int exit_code(const Error& error);
[[nodiscard]] std::string error_text(const Error& error);  // "berth: …\nhint: …\n"
[[nodiscard]] boost::json::value error_json(const Error& error);

class Output {
 public:
  struct Streams { int in = 0, out = 1, err = 2; };
  Output(bool json, Streams streams) : json_(json), streams_(streams) {}
  [[nodiscard]] bool json() const { return json_; }
  [[nodiscard]] const Streams& streams() const { return streams_; }
  void print(std::string_view text) const;                 // stdout, as it is
  void print_json(const boost::json::value& value) const;  // one line
  void note(std::string_view sentence) const;              // stderr, for people: nothing with --json
  int fail(const Error& error) const;                      // stderr; gives the exit code

 private:
  bool json_;
  Streams streams_;
};

// "What happens (12 s)" on stderr: one line that is rewritten on a terminal, a line per change otherwise, nothing with
// --json. Shown from the second second on; the line goes away with the object.
class Progress {
 public:
  Progress(const Output& output, const Clock& clock, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void tell(std::string_view detail);  // the latest detail; call often, it draws at most ten times a second

 private:
  const Output* output_;
  const Clock* clock_;
  std::string what_, detail_;
  SteadyTime begun_, drawn_{};
  bool terminal_, visible_ = false;
};

}  // namespace berth::cli
