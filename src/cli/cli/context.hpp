#pragma once
// What every verb works with: where the home and the server are, how to talk to it, and how to say things. Opening it
// makes no connection.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "client/api.hpp"
#include "client/endpoint.hpp"

namespace berth::cli {

struct RuntimeReport {
  std::string kind, path, version, reason;  // path: empty when it is not installed; reason: why it does not work
  bool works = false;
};

struct ServeRequest {
  std::filesystem::path home;
  std::vector<std::pair<std::string, std::string>> settings;  // over file and environment
  bool take_over = false;
};

// What the composition root brings: this room names no leaf.
struct Dependencies {
  std::function<int(const ServeRequest&)> serve;  // blocks until the server ended; gives the exit code
  std::function<Result<std::vector<RuntimeReport>>(const std::filesystem::path& home)> probe;  // tries each OCI runtime
  std::function<Result<>(const std::filesystem::path& database, const std::filesystem::path& copy)> copy_database;
  std::function<Result<>(const std::filesystem::path& database, const std::filesystem::path& from)> restore_database;
};

struct Context {
  Global global;
  std::vector<std::string> environment;
  const Dependencies* dependencies = nullptr;
  const Clock* clock = nullptr;
  Output output{false, {}};
  std::filesystem::path home;
  client::Endpoint endpoint;
  bool local = true;  // the server is that of `home`

  static Result<Context> open(Global global, std::vector<std::string> environment, const Dependencies& dependencies,
                              const Clock& clock);
  [[nodiscard]] client::Api api() const { return client::Api(endpoint); }
};

}  // namespace berth::cli
