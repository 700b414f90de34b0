#pragma once
// Being at a terminal from this terminal: keys there, output here, until it ends or the person leaves. Raw mode and
// what the program did to the screen are undone in every case.

#include <optional>
#include <string>

#include "cli/context.hpp"
#include "client/attach.hpp"

namespace berth::cli {

struct FollowOptions {
  std::string terminal;  // id
  std::string name;      // of the sandbox, for what is said on leaving
  std::optional<ByteOffset> from;
  std::string at;  // a place instead
  std::string drawn;       // the screen before that, as a stream
  bool pty = false;
  bool input = true;       // keys, pipes and signals go there; else only output comes
  client::AttachOptions::Slow slow = client::AttachOptions::Slow::AsConfigured;
  client::AttachOptions::Seat seat = client::AttachOptions::Seat::WhenFree;
};

struct Followed {
  int code = 0;       // the command's (128 + signal when it was killed); 0 after leaving
  bool left = false;  // the terminal goes on
};
Result<Followed> follow(const Context& context, const FollowOptions& options);

// True when a person sits at both ends.
[[nodiscard]] bool at_terminal(const Context& context);
[[nodiscard]] std::optional<TerminalSize> own_size(const Context& context);

}  // namespace berth::cli
