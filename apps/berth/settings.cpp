#include "settings.hpp"

#include <algorithm>
#include <thread>

namespace berth {

control::Settings control_settings(const config::Settings& s) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  return {.sandbox_template = s.sandbox.template_, .sandbox_isolation = s.sandbox.isolation,
          .sandbox_memory_bytes = s.sandbox.memory_bytes, .sandbox_cpu_millis = s.sandbox.cpu_millis,
          .sandbox_processes = s.sandbox.processes, .sandbox_open_files = s.sandbox.open_files, .sandbox_max = s.sandbox.max,
          .sandbox_start_timeout = s.sandbox.start_timeout_ms, .sandbox_stop_grace = s.sandbox.stop_grace_ms,
          .terminal_max = s.terminal.max,
          .recording_html_lines = s.recording.html_lines, .terminal_journal_segment_bytes = s.terminal.journal_segment_bytes,
          .terminal_journal_sync = s.terminal.journal_sync_ms,
          .journal_seal = s.journal.seal, .journal_record_input = s.journal.record_input, .journal_terminal_bytes = s.journal.terminal_bytes,
          .journal_owner_bytes = s.journal.owner_bytes, .journal_keep = s.journal.keep_ms,
          .terminal_send_buffer_bytes = s.terminal.send_buffer_bytes,
          .terminal_chunk_bytes = s.terminal.chunk_bytes,
          .terminal_checkpoint_bytes = s.terminal.checkpoint_bytes, .terminal_screen = s.terminal.screen_ms,
          .terminal_answer_bytes = s.terminal.answer_bytes,
          .terminal_answer_lines = s.terminal.answer_lines, .terminal_close_grace = s.terminal.close_grace_ms,
          .journal_grep = s.journal.grep_ms, .journal_grep_bytes = s.journal.grep_bytes, .journal_greps = s.journal.greps,
          .terminal_viewer_window_bytes = s.terminal.viewer_window_bytes, .terminal_viewer_lag_bytes = s.terminal.viewer_lag_bytes,
          .terminal_skip_slow = s.terminal.slow_viewer == "skip", .terminal_smallest_size = s.terminal.size_by == "smallest",
          .terminal_seat_grace = s.terminal.seat_grace_ms, .exec_output_bytes = s.exec.output_bytes,
          .exec_timeout = s.exec.timeout_ms, .file_read_bytes = s.file.read_bytes,
          .rate_requests_per_second = s.rate.requests_per_second, .rate_burst = s.rate.burst, .rate_keys = s.rate.keys,
          .keys_used_every = s.keys.used_every_ms,
          .pool_threads = s.server.pool_threads > 0 ? s.server.pool_threads : std::clamp(2 * cores, 4u, 16u),
          .store_check_every = s.store.check_every_ms, .history_keep = std::chrono::days{s.history.keep_days},
          .events_keep = std::chrono::days{s.events.keep_days}, .events_most = s.events.keep, .events_prune = s.events.prune_ms,
          .events_topics = s.events.topics, .audit_keep = s.audit.keep, .audit_segment = s.audit.segment,
          .audit_trim = s.audit.trim_ms, .audit_refusals = s.audit.refusals,
          .events = {.recent_bytes = s.events.recent_bytes, .page = s.events.page},
          .sessions = {.document_bytes = s.sessions.document_bytes, .entry_bytes = s.sessions.entry_bytes, .active = s.sessions.active,
                       .stored = s.sessions.stored, .versions = s.sessions.versions, .changes = s.sessions.changes,
                       .waiting = s.sessions.waiting, .cache_bytes = s.sessions.cache_bytes, .idempotency = s.sessions.idempotency_ms,
                       .devices = s.sessions.devices, .device_lifetime = std::chrono::days{s.sessions.device_days}},
          .snapshots = {.stored = s.snapshots.stored, .bytes = s.snapshots.owner_bytes, .one_bytes = s.snapshots.bytes,
                        .parts = s.snapshots.parts, .tokens = s.snapshots.tokens, .visit_apart = s.snapshots.visit_apart_ms,
                        .idempotency = s.sessions.idempotency_ms},
          .snapshot_signer = s.snapshots.signer, .snapshot_imports = s.snapshots.imports,
          .snapshot_misses_per_second = s.snapshots.misses_per_second, .snapshot_misses_burst = s.snapshots.misses_burst,
          .jobs = {.workers = s.jobs.workers, .lease = s.jobs.lease_ms, .first_pause = s.jobs.first_pause_ms,
                   .longest_pause = s.jobs.longest_pause_ms, .keep = std::chrono::days{s.jobs.keep_days}}};
}

Result<api_http::Settings> http_settings(const std::filesystem::path& home, const config::Config& config) {
  const auto& http = config.settings.http;
  if (http.tls_certificate.empty() != http.tls_key.empty())
    return fail(Code::InvalidArgument, "TLS needs both a certificate and its key.", "Set http.tls_certificate and http.tls_key.");
  return api_http::Settings{
      .address = http.address, .port = http.port, .port_search = config.is_set("http.port") ? 0 : http.port_search,
      .allow_remote = http.allow_remote, .certificate = http.tls_certificate, .key = http.tls_key, .socket = home / "berth.sock",
      .origins = http.allowed_origins, .hosts = http.allowed_hosts,
      .limits = {.header_bytes = http.header_bytes, .body_bytes = http.body_bytes, .file_bytes = http.file_bytes,
                 .document_bytes = config.settings.sessions.document_bytes + (64 << 10),
                 .stream_bytes = config.settings.snapshots.bytes, .connections = http.connections, .idle = http.idle_timeout_ms, .request = http.request_timeout_ms,
                 .heartbeat = config.settings.events.heartbeat_ms}};
}

}  // namespace berth
