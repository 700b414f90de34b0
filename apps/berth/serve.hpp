#pragma once
// `berth serve`: the server of one home, in the foreground until SIGTERM or SIGINT.
//
// Files of the home that others rely on, all 0600:
//   server.lock   flock(2) held by the running server; a second one of the same home is refused
//   server.json   {"boot_id", "pid", "start_time", "port", "url", "version"}, after it listens; removed at a graceful stop
//   berth.sock    the API for the home's own user, without a key
//   takeover.sock a server that takes the place of this one asks here (room takeover)
//   token         the text of the first API key, written when it was made

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace berth {

struct ServeOptions {
  std::filesystem::path home;                               // as config::home_directory found it
  std::vector<std::pair<std::string, std::string>> flags;   // settings: {"http.port", "8080"}
  bool take_over = false;                                   // of a server that runs, if one does
};

// The exit code: 0 stopped when told to, or another has taken over; 1 failure, 3 invalid configuration or something missing, 4 permission.
int serve(ServeOptions options);

}  // namespace berth
