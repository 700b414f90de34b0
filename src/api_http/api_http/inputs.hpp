#pragma once
// Every JSON body of the API: which field of which action it fills. Private to api_http.

#include "api_http/input.hpp"
#include "control/actions.hpp"

namespace berth::api_http {

struct NoFields {};
struct StartTerminalBody {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  std::string cwd;
  store::TerminalKind kind = store::TerminalKind::Pty;
  std::uint16_t cols = TerminalSize{}.cols;
  std::uint16_t rows = TerminalSize{}.rows;
  bool shell_integration = true;
  std::string name;
};
struct WriteInputBody {
  std::optional<std::string> text;
  std::optional<std::string> base64;
  bool close = false;
};
struct KeysBody {
  std::string text, paste;
  std::vector<std::string> keys;
  bool enter = false;
};
struct WaitBody {
  control::WaitUntil until;
  std::chrono::milliseconds timeout{30'000};
  std::optional<std::uint64_t> from;
};
struct ResizeBody {
  std::uint16_t cols = 0;
  std::uint16_t rows = 0;
};
struct SignalWord {
  int number = 0;
};
template <>
struct Input<SignalWord> {  // "INT", "SIGINT" or 2
  static json::object schema();
  static Result<> read(const json::value& value, const std::string& path, SignalWord& out);
};
struct SignalBody {
  SignalWord signal;
};
struct RenameBody {
  std::string name;
};
struct CloseBody {
  std::optional<std::chrono::milliseconds> grace;
};

Result<std::string> input_bytes(const WriteInputBody& body);

template <> const InputType<control::ResourceLimits>& input_type();
template <> const InputType<control::CreateSandbox>& input_type();
template <> const InputType<control::StopSandbox>& input_type();
template <> const InputType<NoFields>& input_type();
template <> const InputType<control::Exec>& input_type();
template <> const InputType<StartTerminalBody>& input_type();
template <> const InputType<WriteInputBody>& input_type();
template <> const InputType<KeysBody>& input_type();
template <> const InputType<control::WaitUntil>& input_type();
template <> const InputType<WaitBody>& input_type();
template <> const InputType<ResizeBody>& input_type();
template <> const InputType<SignalBody>& input_type();
template <> const InputType<RenameBody>& input_type();
template <> const InputType<CloseBody>& input_type();
template <> const InputType<control::MakeDirectory>& input_type();
template <> const InputType<control::MoveFile>& input_type();
template <> const InputType<control::BuildTemplate>& input_type();
template <> const InputType<control::AddUser>& input_type();
template <> const InputType<control::ChangeUser>& input_type();
template <> const InputType<control::CreateKey>& input_type();
template <> const InputType<control::AddDevice>& input_type();

struct SnapshotBody {
  std::string session, title, description;
  std::optional<std::vector<std::string>> tags;
  std::vector<std::string> leave_out;
};
struct DeriveBody {
  std::string title, description;
  std::optional<std::vector<std::string>> tags;
  std::vector<std::string> leave_out;
  bool mask = false;
};
struct CopyBody {
  std::string title;
};
template <>
struct Input<store::Visibility> {
  static json::object schema();
  static Result<> read(const json::value& value, const std::string& path, store::Visibility& out);
};
struct UnshareBody {
  std::string access;
};
template <> const InputType<SnapshotBody>& input_type();
template <> const InputType<DeriveBody>& input_type();
template <> const InputType<CopyBody>& input_type();
template <> const InputType<snapshots::Sharing>& input_type();
template <> const InputType<UnshareBody>& input_type();

}  // namespace berth::api_http
