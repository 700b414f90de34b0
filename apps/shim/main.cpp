// berth-shim: keeps one sandbox and its terminals, whatever becomes of the server.
//
//   berth-shim --dir <sandbox directory> [--link-fd N]
//
// Reads spec.pb there, leaves its parent, and serves until the sandbox ended. --link-fd is an inherited, connected unix
// socket to the server that started us: it needs no proof, and its first frame is Welcome, or SandboxExit when the sandbox
// could not be started. Exit status: 0 it is (or was) a daemon, 1 the specification is wrong, 3 the command line is.

#include <fcntl.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "os/daemon.hpp"
#include "os/file.hpp"
#include "os/limits.hpp"
#include "os/mount.hpp"
#include "os/proc.hpp"
#include "os/socket.hpp"
#include "sandbox_oci/driver.hpp"
#include "shim/spec.hpp"
#include "shim/supervisor.hpp"

namespace {

using namespace berth;

// The last process of a sandbox that the kernel should choose when memory is short; needs a privilege to be lowered.
constexpr std::string_view oom_score = "-500";

struct Arguments {
  std::filesystem::path dir;
  std::optional<int> link;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i], value = argv[i + 1];
    if (name == "--dir") {
      arguments.dir = value;
    } else if (name == "--link-fd") {
      int fd = -1;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), fd);
      if (error != std::errc{} || end != value.data() + value.size() || !os::is_unix_socket(fd)) return std::nullopt;
      arguments.link = fd;
    } else {
      return std::nullopt;
    }
  }
  if (argc % 2 == 0 || !arguments.dir.is_absolute()) return std::nullopt;
  return arguments;
}

Result<std::unique_ptr<sandbox::Driver>> open_driver(const wire::ShimSpec& spec) {
  TRY(os::unshare_mounts());
  return sandbox_oci::Driver::open(shim::driver_spec(spec),
                                   {.start_timeout = std::chrono::milliseconds{spec.start_timeout_ms()}});
}

// Only now: what the runtime started before has its own score and limits.
void settle_in(const log::Logger& log) {
  if (auto raised = os::raise_open_files(); !raised) log.warning("few descriptors", {{"error", raised.error()}});
  const auto file = os::open_flags("/proc/self/oom_score_adj", O_WRONLY);
  if (!file || !os::write_all(file->get(), oom_score)) log.debug("oom score not lowered");
}

int serve(wire::ShimSpec spec, std::optional<int> link) {
  const auto log = log::Logger::open({.file = std::filesystem::path(spec.sandbox_dir()) / "shim.log", .to_stderr = false});
  const log::Logger logger = log ? *log : log::Logger{};
  const SystemClock clock;
  if (auto forbidden = os::forbid_dumps(); !forbidden) logger.warning("dumps not forbidden", {{"error", forbidden.error()}});
  UniqueFd link_fd(link.value_or(-1));
  if (link)
    if (auto marked = os::set_close_on_exec(*link, true); !marked) logger.warning("link", {{"error", marked.error()}});
  auto supervisor = shim::Supervisor::open({.spec = spec,
                                            .link = std::move(link_fd),
                                            .open_driver = [&spec] { return open_driver(spec); },
                                            .clock = &clock,
                                            .log = logger,
                                            .started = [&logger] { settle_in(logger); }});
  const auto ended = supervisor ? (*supervisor)->run() : Result<shim::ExitRecord>(pass(supervisor.error()));
  if (ended) return 0;
  logger.error("shim failed", {{"error", ended.error()}});
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    std::fputs("usage: berth-shim --dir <absolute directory> [--link-fd N]\n", stderr);
    return 3;
  }
  auto spec = shim::load_spec(arguments->dir);
  if (!spec) {
    std::fprintf(stderr, "berth-shim: %s\n", spec.error().describe().c_str());
    return 1;
  }
  const auto side = os::become_daemon(arguments->dir / "shim.log");
  if (!side) {
    std::fprintf(stderr, "berth-shim: %s\n", side.error().describe().c_str());
    return 1;
  }
  return *side == os::Side::Caller ? 0 : serve(*std::move(spec), arguments->link);
}
