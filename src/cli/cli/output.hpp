#pragma once
// What the program says: results to stdout, everything else to stderr; text for people or, with --json, JSON. And how
// it ends: one mapping from errors to exit codes.
//
// Owns no descriptor. An Output may be used by several threads: it keeps no state.
//
// Example (const Error& error):
//   cli::Output output(false, {});
//   output.print("done\n");
//   if (output.fail(error) == cli::NotPermitted) output.note("hint: log in");

#include <boost/json/value.hpp>

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/error.hpp"
#include "base/result.hpp"

namespace berth::cli {

enum ExitCode : int { Success = 0, Failure = 1, TimedOut = 2, InvalidOrMissing = 3, NotPermitted = 4 };
[[nodiscard]] int exit_code(const Error& error);
[[nodiscard]] std::string error_text(const Error& error);  // "berth: …\nhint: …\n"
[[nodiscard]] boost::json::value error_json(const Error& error);

class Output {
 public:
  struct Streams {
    int in = 0, out = 1, err = 2;
  };
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

// "What happens: detail (12 s)" on stderr while something takes longer than a second: one line that is rewritten on a
// terminal, a line per new detail otherwise, nothing with --json. A thread of its own draws, so that the caller may
// block; destruction takes the line away and joins it.
class Progress {
 public:
  Progress(const Output& output, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void tell(std::string_view detail);

 private:
  void draw_until_done();
  const Output* output_;
  std::string what_;
  bool terminal_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string detail_;  // these two under the mutex
  bool done_ = false;
  std::thread thread_;
};

[[nodiscard]] std::string progress_line(std::string_view what,
                                        std::string_view detail);  // pure; one line, at most 72 columns

}  // namespace berth::cli
