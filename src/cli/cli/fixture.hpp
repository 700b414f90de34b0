#pragma once
// For the tests of verbs: a scripted server, and a Context whose output can be read.

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "client/scripted_server.hpp"
#include "os/file.hpp"
#include "os/scratch_dir.hpp"

namespace berth::cli {

struct Stage {
  using Request = client::ScriptedServer::Request;
  using Answer = client::ScriptedServer::Answer;

  os::ScratchDir dir;
  SystemClock clock;
  Dependencies dependencies;
  UniqueFd in, out, err;
  Context context;

  explicit Stage(bool json = false, const std::string& input = {}) {
    in = file("in", input);
    out = file("out", "");
    err = file("err", "");
    context = Context::open({.json = json, .home = dir.path()}, {"PATH=/usr/bin:/bin"}, dependencies, clock).value();
    context.output = Output(json, {.in = in.get(), .out = out.get(), .err = err.get()});
  }
  std::string socket() const { return dir / "berth.sock"; }
  std::string printed() const { return os::read_file(dir / "out", 1 << 20).value(); }
  std::string said() const { return os::read_file(dir / "err", 1 << 20).value(); }

 private:
  UniqueFd file(const char* name, const std::string& content) const {
    (void)os::durable_write(dir / name, content);
    return os::open_read_write(dir / name).value();
  }
};

}  // namespace berth::cli
