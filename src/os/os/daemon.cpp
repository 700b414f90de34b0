#include "os/daemon.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.hpp"

namespace berth::os {

Result<Side> become_daemon(const std::filesystem::path& errors) {
  // All that can fail is done before the fork, where somebody hears of it.
  TRY_ASSIGN(const auto nothing, open_flags("/dev/null", O_RDWR));
  TRY_ASSIGN(const auto log, open_append(errors, 0600));
  const pid_t child = ::fork();
  if (child < 0) return fail_errno(errno, "fork");
  if (child > 0) return Side::Caller;
  if (::setsid() < 0) return fail_errno(errno, "setsid");
  if (::chdir("/") != 0) return fail_errno(errno, "chdir", "/");
  ::umask(022);
  for (const auto& [ours, standard] : {std::pair{nothing.get(), 0}, {nothing.get(), 1}, {log.get(), 2}})
    if (::dup2(ours, standard) < 0) return fail_errno(errno, "dup2");
  return Side::Daemon;
}

}  // namespace berth::os
