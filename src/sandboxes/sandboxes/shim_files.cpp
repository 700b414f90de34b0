#include "sandboxes/shim_files.hpp"

#include <poll.h>
#include <signal.h>

#include <boost/json.hpp>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/socket.hpp"
#include "wire/frame.hpp"

namespace berth::sandboxes {
namespace {

constexpr std::size_t max_file_bytes = 1 << 20;
constexpr int shim_link_fd = 3;
constexpr std::chrono::seconds polite_end{5};

std::optional<boost::json::object> read_object(const std::filesystem::path& path) {
  const auto text = os::read_file(path, max_file_bytes);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  auto value = boost::json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

template <class T>
std::optional<T> number(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  const T out = value->to_number<T>(error);
  return error ? std::nullopt : std::optional<T>(out);
}

std::string text(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

}  // namespace

std::optional<ShimRecord> read_shim_record(const std::filesystem::path& dir) {
  const auto object = read_object(dir / "shim.json");
  if (!object) return std::nullopt;
  const auto pid = number<pid_t>(*object, "pid");
  const auto start = number<std::uint64_t>(*object, "start_time");
  if (!pid || *pid <= 1 || !start) return std::nullopt;
  return ShimRecord{{.boot_id = text(*object, "boot_id"), .pid = *pid, .start_time = *start}, text(*object, "cgroup")};
}

std::optional<ExitRecord> read_exit_record(const std::filesystem::path& dir) {
  const auto object = read_object(dir / "exit.json");
  if (!object) return std::nullopt;
  ExitRecord record{.code = text(*object, "code"), .reason = text(*object, "reason"), .time = {}};
  if (const auto ns = number<std::int64_t>(*object, "time_ns")) record.time = WallTime{std::chrono::nanoseconds{*ns}};
  return record;
}

std::optional<wire::ShimSpec> read_spec(const std::filesystem::path& dir) {
  const auto bytes = os::read_file(dir / "spec.pb", max_file_bytes);
  wire::ShimSpec spec;
  if (!bytes || !wire::parse_frame(*bytes, spec)) return std::nullopt;
  return spec;
}

Result<Launched> launch_shim(const std::filesystem::path& shim, const wire::ShimSpec& spec) {
  const std::filesystem::path dir = spec.sandbox_dir();
  TRY(os::make_private_directory(dir));
  TRY_ASSIGN(const auto file, os::create_new(dir / "spec.pb", 0600));
  TRY(os::write_all(file.get(), spec.SerializeAsString()));
  TRY_ASSIGN(auto pair, os::socket_pair());
  os::SpawnSpec spawn{.argv = {shim.string(), "--dir", dir.string(), "--link-fd", std::to_string(shim_link_fd)},
                      .executable = shim.string(),
                      .env = os::own_environment(),
                      .cwd = "/",
                      .fds = {{pair.second.get(), shim_link_fd}},
                      .new_session = true};
  TRY_ASSIGN(auto process, os::Process::spawn(spawn));
  return Launched{std::move(process), std::move(pair.first)};
}

void end_shim(const std::filesystem::path& dir, os::Process& child) {
  if (const auto record = read_shim_record(dir)) {
    if (const auto pidfd = record->process.open(); pidfd && !os::wait_ready(pidfd->get(), POLLIN, polite_end).value_or(false)) {
      (void)os::signal_pidfd(pidfd->get(), SIGKILL);
      (void)os::wait_ready(pidfd->get(), POLLIN, polite_end);
    }
  }
  if (child.running() && !child.wait_for(polite_end).value_or(std::nullopt)) {
    (void)child.kill(SIGKILL);
    (void)child.wait();
  }
}

}  // namespace berth::sandboxes
