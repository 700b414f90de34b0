// berth: the command line, and the server behind `berth serve`. This file only puts rooms together.

#include "cli/cli.hpp"
#include "os/process.hpp"
#include "programs.hpp"
#include "sandbox_oci/probe.hpp"
#include "serve.hpp"
#include "store_sqlite/open.hpp"

namespace {

berth::Result<std::vector<berth::cli::RuntimeReport>> probe_runtimes(const std::filesystem::path& home) {
  TRY_ASSIGN(const auto init, berth::find_program("berth-init"));
  TRY_ASSIGN(const auto probe, berth::sandbox_oci::probe({.home = home, .init = init}));
  std::vector<berth::cli::RuntimeReport> out;
  for (const auto& runtime : probe.runtimes)
    out.push_back({.kind = runtime.kind,
                   .path = runtime.path,
                   .version = runtime.version,
                   .reason = runtime.reason,
                   .works = runtime.works});
  return out;
}

}  // namespace

int main(int count, char** words) {
  const berth::cli::Dependencies dependencies{
      .serve =
          [](const berth::cli::ServeRequest& request) {
            return berth::serve({.home = request.home, .flags = request.settings, .take_over = request.take_over});
          },
      .probe = probe_runtimes,
      .copy_database = [](const std::filesystem::path& database,
                          const std::filesystem::path& copy) { return berth::store_sqlite::backup(database, copy); },
      .restore_database = berth::store_sqlite::restore};
  return berth::cli::main({words + (count > 0 ? 1 : 0), words + count}, berth::os::own_environment(), dependencies);
}
