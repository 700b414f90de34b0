#pragma once
// Every JSON object that the API answers with. Private to api_http.

#include "api_http/output.hpp"
#include "control/actions.hpp"

namespace berth::api_http {

template <class T>
const OutputType<T>& output_type();

template <> const OutputType<store::SandboxRow>& output_type();
template <> const OutputType<control::SandboxStatsInfo>& output_type();
template <> const OutputType<control::TerminalInfo>& output_type();
template <> const OutputType<store::CommandRow>& output_type();
template <> const OutputType<control::WaitResult>& output_type();
template <> const OutputType<control::GrepLine>& output_type();
template <> const OutputType<control::GrepMissing>& output_type();
template <> const OutputType<control::GrepPage>& output_type();
template <> const OutputType<control::ExecResult>& output_type();
template <> const OutputType<control::FileEntry>& output_type();
template <> const OutputType<control::TemplateInfo>& output_type();
template <> const OutputType<control::ServerInfo>& output_type();
template <> const OutputType<store::JobRow>& output_type();
template <> const OutputType<store::UserRow>& output_type();
template <> const OutputType<store::KeyRow>& output_type();
template <> const OutputType<control::NewKey>& output_type();
template <> const OutputType<store::EventRow>& output_type();
template <> const OutputType<store::SessionRow>& output_type();
template <> const OutputType<store::RevisionRow>& output_type();
template <> const OutputType<sessions::Appended>& output_type();
template <> const OutputType<sessions::Entry>& output_type();
template <> const OutputType<sessions::Device>& output_type();
template <> const OutputType<sessions::DeviceKey>& output_type();
template <> const OutputType<store::SnapshotRow>& output_type();
template <> const OutputType<bundle::Part>& output_type();
template <> const OutputType<store::AccessRow>& output_type();
template <> const OutputType<snapshots::View>& output_type();
template <> const OutputType<snapshots::Finding>& output_type();
template <> const OutputType<snapshots::Shared>& output_type();
template <> const OutputType<snapshots::Received>& output_type();
template <> const OutputType<store::VisitRow>& output_type();
template <> const OutputType<snapshots::Visit>& output_type();

// The named schemas of all of them, for the document.
[[nodiscard]] json::object output_schemas();

[[nodiscard]] std::optional<store::SandboxState> parse_sandbox_state(std::string_view word);
[[nodiscard]] std::optional<store::JobState> parse_job_state(std::string_view word);

}  // namespace berth::api_http
