#include "control/metrics.hpp"

#include <fmt/format.h>

#include <iterator>

namespace berth::control {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Action>> names{
    "create_sandbox", "list_sandboxes", "get_sandbox",     "stop_sandbox",   "remove_sandbox", "pause_sandbox",
    "resume_sandbox", "sandbox_stats",  "start_terminal",  "list_terminals", "get_terminal",   "write_input",
    "send_keys",      "wait_terminal",  "rename_terminal", "close_terminal", "get_command",    "get_command_output", "grep",
    "resize_terminal", "signal_terminal", "read_output",   "attach_terminal", "get_screen", "exec",          "list_commands",
    "stat_file",      "list_files",     "read_file",       "write_file",     "make_directory", "move_file",
    "remove_file",    "list_templates", "build_template",  "remove_template", "get_server_info",
    "list_jobs",      "retry_job",      "cancel_job",      "add_user",       "list_users",     "change_user",   "create_key",
    "list_keys",      "revoke_key",     "follow_events",   "open_events",
    "export_terminal", "import_recording",
    "create_session", "copy_session", "describe_session", "get_session", "list_sessions", "replace_session",
    "patch_session", "rename_session", "restore_session", "close_session", "resume_session", "remove_session",
    "list_versions", "compare_versions", "append_entry", "list_entries",
    "clean_sessions", "add_device", "get_device", "list_devices", "revoke_device",
    "create_snapshot", "derive_snapshot", "import_snapshot", "list_snapshots", "get_snapshot", "read_part", "export_snapshot", "copy_snapshot",
    "scan_snapshot", "verify_snapshot", "share_snapshot", "unshare_snapshot", "remove_snapshot", "visit_snapshot", "list_visits",
    "forget_visit"};
static_assert(!names.back().empty());

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

template <class T>
void one(std::string& out, std::string_view name, std::string_view type, std::string_view help, T value) {
  head(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

}  // namespace

std::string_view action_name(std::size_t index) { return names.at(index); }

void Metrics::count(std::size_t action, const Error* error, std::chrono::nanoseconds took) {
  Row& row = rows_.at(action);
  row.count.at(error == nullptr ? 0 : static_cast<std::size_t>(error->code) + 1).fetch_add(1, std::memory_order_relaxed);
  row.ns.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
}

std::string Metrics::text(const Gauges& gauges, const store::Statistics& store) const {
  std::string out;
  head(out, "berth_requests_total", "counter", "Actions that were asked for, by how they went.");
  for (std::size_t i = 0; i < actions; ++i)
    for (std::size_t k = 0; k < outcomes; ++k)
      if (const auto n = rows_[i].count[k].load(std::memory_order_relaxed); n > 0)
        fmt::format_to(std::back_inserter(out), "berth_requests_total{{action=\"{}\",code=\"{}\"}} {}\n", names[i],
                       k == 0 ? "ok" : to_string(static_cast<Code>(k - 1)), n);
  head(out, "berth_request_seconds_total", "counter", "Time that they took.");
  for (std::size_t i = 0; i < actions; ++i)
    if (const auto ns = rows_[i].ns.load(std::memory_order_relaxed); ns > 0)
      fmt::format_to(std::back_inserter(out), "berth_request_seconds_total{{action=\"{}\"}} {:.9f}\n", names[i], static_cast<double>(ns) / 1e9);
  one(out, "berth_sandboxes", "gauge", "Live sandboxes.", gauges.sandboxes);
  one(out, "berth_terminals", "gauge", "Running terminals.", gauges.terminals);
  one(out, "berth_viewers", "gauge", "Attached viewers.", gauges.viewers);
  one(out, "berth_event_readers", "gauge", "Readers that follow the timeline.", gauges.event_readers);
  one(out, "berth_rate_buckets", "gauge", "Callers in the rate limit's table.", gauges.rate_buckets);
  one(out, "berth_jobs_done_total", "counter", "Jobs that were done.", gauges.jobs.done);
  one(out, "berth_jobs_failed_total", "counter", "Attempts at a job that failed.", gauges.jobs.failed);
  one(out, "berth_jobs_died_total", "counter", "Jobs that were given up.", gauges.jobs.died);
  one(out, "berth_jobs_queued", "gauge", "Jobs that wait.", gauges.jobs.queued);
  one(out, "berth_jobs_running", "gauge", "Jobs at work.", gauges.jobs.running);
  one(out, "berth_jobs_dead", "gauge", "Jobs that failed for good and wait for somebody.", gauges.jobs.dead);
  one(out, "berth_jobs_oldest_due_seconds", "gauge", "How long the first of the waiting jobs is overdue.", gauges.jobs.oldest_due_seconds);
  one(out, "berth_audit_refusals_unrecorded_total", "counter", "Refusals beyond audit.refusals.", gauges.audit_unrecorded);
  one(out, "berth_uptime_seconds", "gauge", "Time since the server started.", gauges.uptime_seconds);
  one(out, "berth_session_opens_total", "counter", "Sessions whose documents were opened and compared with what was acknowledged last.",
      gauges.sessions.opened);
  one(out, "berth_session_newest_missing_total", "counter", "Of them, those whose newest acknowledged version is not there.",
      gauges.sessions.newest_missing);
  one(out, "berth_session_records_damaged_total", "counter", "Records of sessions that failed their check.", gauges.sessions.damaged);
  one(out, "berth_store_commits_total", "counter", "Commits of the database.", store.commits);
  one(out, "berth_store_units_total", "counter", "Units of work that were committed.", store.units);
  one(out, "berth_store_units_failed_total", "counter", "Units of work that failed.", store.units_failed);
  one(out, "berth_store_reads_total", "counter", "Reads of the database.", store.reads);
  one(out, "berth_store_slow_total", "counter", "Statements over the slow limit.", store.slow);
  one(out, "berth_store_commit_seconds_total", "counter", "Time in commits.", static_cast<double>(store.commit_ns) / 1e9);
  one(out, "berth_store_queue", "gauge", "Units of work that wait.", store.queue_depth);
  one(out, "berth_store_readers_busy", "gauge", "Reader connections in use.", store.readers_busy);
  return out;
}

}  // namespace berth::control
