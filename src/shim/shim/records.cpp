#include "shim/records.hpp"

#include <fmt/format.h>

#include "os/file.hpp"

namespace berth::shim {
namespace {

constexpr int record_version = 1;
constexpr std::size_t tail_bytes = 600;

// Anything that is not plain ASCII is escaped byte by byte (as Latin-1): always valid JSON, whatever a runtime wrote.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += {'\\', c};
    else if (byte < 0x20 || byte > 0x7e) out += fmt::format("\\u{:04x}", byte);
    else out += c;
  }
  return out + '"';
}

}  // namespace

std::string to_json(const ShimRecord& record) {
  return fmt::format(
      R"({{"version":{},"sandbox_id":{},"pid":{},"start_time":{},"boot_id":{},"cgroup":{},"started_ns":{},"berth":{}}})"
      "\n",
      record_version, json_text(record.sandbox_id), record.process.pid, record.process.start_time,
      json_text(record.process.boot_id), json_text(record.cgroup), record.started_ns, json_text(BERTH_VERSION));
}

std::string to_json(const ExitRecord& record) {
  return fmt::format(R"({{"version":{},"sandbox_id":{},"code":{},"reason":{},"time_ns":{}}})"
                     "\n",
                     record_version, json_text(record.sandbox_id), json_text(record.code), json_text(record.reason), record.time_ns);
}

Result<> write_record(const std::filesystem::path& dir, const ShimRecord& record) {
  const auto path = dir / "shim.json", made = dir / "shim.json.new";
  TRY(os::remove_file(made));
  TRY_ASSIGN(const auto file, os::create_new(made, 0600));
  TRY(os::write_all(file.get(), to_json(record)));
  return os::rename_path(made, path);
}

Result<> write_record(const std::filesystem::path& dir, const ExitRecord& record) {
  return os::durable_write(dir / "exit.json", to_json(record));
}

std::string tail_of(const std::filesystem::path& file) {
  const auto fd = os::open_read(file);
  if (!fd) return {};
  const auto state = os::stat_fd(fd->get());
  if (!state) return {};
  const auto size = static_cast<std::uint64_t>(state->st_size);
  std::string bytes(tail_bytes, '\0');
  const auto got = os::pread_full(fd->get(), bytes, size > tail_bytes ? size - tail_bytes : 0);
  bytes.resize(got.value_or(0));
  std::string out;
  for (const char c : bytes) {
    const bool printable = c >= 0x20 && c < 0x7f;
    if (printable) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace berth::shim
