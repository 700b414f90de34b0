#include "api_http/inputs.hpp"

#include "api_http/encoding.hpp"
#include "base/signal_name.hpp"

namespace berth::api_http {

namespace {

// Members by the text: colons outside of strings. Boost.JSON keeps the last of two equal keys and does not tell.
std::size_t members_in(std::string_view text) {
  std::size_t count = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') inside = !inside;
    else if (inside && text[i] == '\\') ++i;
    else if (!inside && text[i] == ':') ++count;
  }
  return count;
}

std::size_t members_in(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object())
    for (const auto& member : *object) count += 1 + members_in(member.value());
  if (const auto* array = value.if_array())
    for (const auto& item : *array) count += members_in(item);
  return count;
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  if (text.empty()) return json::object{};
  json::parse_options options;
  options.max_depth = max_json_depth;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error == json::error::too_deep)
    return fail(Code::InvalidArgument, fmt::format("The body is nested deeper than {} levels.", max_json_depth));
  if (error) return fail(Code::InvalidArgument, "The body is not valid JSON.", "Send one JSON object in UTF-8.");
  if (members_in(text) != members_in(value)) return fail(Code::InvalidArgument, "A field of the body comes twice.");
  return value;
}

Result<std::uint64_t> read_integer(const json::value& value, const std::string& path, std::uint64_t max) {
  std::uint64_t number = max;
  bool whole = true;
  if (value.is_uint64()) number = value.get_uint64();
  else if (value.is_int64() && value.get_int64() >= 0) number = static_cast<std::uint64_t>(value.get_int64());
  else whole = false;
  if (!whole || number > max) return wrong_field(path, fmt::format("must be a whole number from 0 to {}", max));
  return number;
}

template <>
const InputType<control::ResourceLimits>& input_type() {
  using T = control::ResourceLimits;
  static const InputType<T> type{"ResourceLimits", {
      field<&T::memory_bytes>("memory_bytes", "Memory in bytes; 0 is the configured default."),
      field<&T::cpu_millis>("cpu_millis", "Processor time; 1000 is one core."),
      field<&T::processes>("processes", "Processes and threads at once."),
      field<&T::open_files>("open_files", "Open files of one process."),
  }};
  return type;
}

template <>
const InputType<control::CreateSandbox>& input_type() {
  using T = control::CreateSandbox;
  static const InputType<T> type{"CreateSandbox", {
      field<&T::template_name>("template", "What to start from; the configured default when absent."),
      field<&T::name>("name", "A name of yours; a readable one is picked when absent."),
      field<&T::isolation>("isolation", "\"auto\", \"gvisor\" or \"container\"."),
      field<&T::limits>("limits", "What the sandbox may use."),
      field<&T::env>("env", "Environment of every process in the sandbox."),
      field<&T::remove_on_exit>("remove_on_exit", "Remove the sandbox when its last terminal has ended."),
  }};
  return type;
}

template <>
const InputType<control::StopSandbox>& input_type() {
  using T = control::StopSandbox;
  static const InputType<T> type{"StopSandbox", {
      field<&T::grace>("grace_ms", "Time between the polite signal and the kill."),
  }};
  return type;
}

template <>
const InputType<NoFields>& input_type() {
  static const InputType<NoFields> type{"NoFields", {}};
  return type;
}

template <>
const InputType<control::Exec>& input_type() {
  using T = control::Exec;
  static const InputType<T> type{"Exec", {
      field<&T::argv>("argv", "The program and its arguments; no shell is between.", Need::Required),
      field<&T::env>("env", "Added to the sandbox's environment."),
      field<&T::cwd>("cwd", "Working directory; the workspace when absent."),
      field<&T::input>("input", "Standard input, as text."),
      field<&T::timeout>("timeout_ms", "The program is killed after this time."),
  }};
  return type;
}

template <>
const InputType<StartTerminalBody>& input_type() {
  using T = StartTerminalBody;
  static const InputType<T> type{"StartTerminal", {
      field<&T::argv>("argv", "The program and its arguments; an interactive shell when absent."),
      field<&T::env>("env", "Added to the sandbox's environment."),
      field<&T::cwd>("cwd", "Working directory; the workspace when absent."),
      field<&T::kind>("kind", "A terminal, or three pipes."),
      field<&T::cols>("cols", "Width in characters."),
      field<&T::rows>("rows", "Height in lines."),
      field<&T::shell_integration>("shell_integration", "Record the commands of the shell."),
      field<&T::name>("name", "A name of yours, unique in its sandbox: it is sandbox/name then."),
  }};
  return type;
}

template <>
const InputType<WriteInputBody>& input_type() {
  using T = WriteInputBody;
  static const InputType<T> type{"WriteInput", {
      field<&T::text>("text", "Input as text; not together with base64."),
      field<&T::base64>("base64", "Input as bytes."),
      field<&T::close>("close", "End of input after this."),
  }};
  return type;
}

template <>
const InputType<KeysBody>& input_type() {
  using T = KeysBody;
  static const InputType<T> type{"Keys", {
      field<&T::text>("text", "Typed first, as it is."),
      field<&T::paste>("paste", "Pasted then: in brackets where the program asked for them."),
      field<&T::keys>("keys", "Keys by name: ctrl-c, up, f5, alt-x, shift-tab, enter."),
      field<&T::enter>("enter", "The enter key at the end."),
  }};
  return type;
}

template <>
const InputType<control::WaitUntil>& input_type() {
  using T = control::WaitUntil;
  static const InputType<T> type{"WaitUntil", {
      field<&T::pattern>("pattern", "A regular expression (RE2) that the output has."),
      field<&T::idle>("idle_ms", "No output for so long."),
      field<&T::command_end>("command_end", "A command ended behind `from`."),
      field<&T::exit>("exit", "The terminal ended."),
  }};
  return type;
}

template <>
const InputType<WaitBody>& input_type() {
  using T = WaitBody;
  static const InputType<T> type{"Wait", {
      field<&T::until>("until", "What for: exactly one of its fields."),
      field<&T::timeout>("timeout_ms", "The longest wait; 30000 when absent, at most an hour."),
      field<&T::from>("from", "Offset from where on to look; the present end when absent."),
  }};
  return type;
}

template <>
const InputType<ResizeBody>& input_type() {
  using T = ResizeBody;
  static const InputType<T> type{"Resize", {
      field<&T::cols>("cols", "Width in characters.", Need::Required),
      field<&T::rows>("rows", "Height in lines.", Need::Required),
  }};
  return type;
}

template <>
const InputType<SignalBody>& input_type() {
  static const InputType<SignalBody> type{"Signal", {
      field<&SignalBody::signal>("signal", "Its name, as INT or SIGINT, or its number as Linux counts them.", Need::Required),
  }};
  return type;
}

json::object Input<SignalWord>::schema() { return {{"type", json::array{"string", "integer"}}}; }

Result<> Input<SignalWord>::read(const json::value& value, const std::string& path, SignalWord& out) {
  const bool whole = value.is_int64() || value.is_uint64();
  if (!value.is_string() && !whole) return wrong_field(path, "must be the name of a signal, or its number");
  TRY_ASSIGN(out.number, signal_number(value.is_string() ? std::string(value.get_string()) : json::serialize(value)));
  return {};
}

template <>
const InputType<RenameBody>& input_type() {
  static const InputType<RenameBody> type{"Rename", {
      field<&RenameBody::name>("name", "Unique in the sandbox; empty takes the name away.", Need::Required),
  }};
  return type;
}

template <>
const InputType<CloseBody>& input_type() {
  static const InputType<CloseBody> type{"Close", {
      field<&CloseBody::grace>("grace_ms", "Time between the hangup and the kill."),
  }};
  return type;
}

template <>
const InputType<control::MakeDirectory>& input_type() {
  using T = control::MakeDirectory;
  static const InputType<T> type{"MakeDirectory", {
      field<&T::path>("path", "Path in the sandbox.", Need::Required),
      field<&T::parents>("parents", "Make what is missing above it, too; true when absent."),
  }};
  return type;
}

template <>
const InputType<control::MoveFile>& input_type() {
  using T = control::MoveFile;
  static const InputType<T> type{"MoveFile", {
      field<&T::from>("from", "Path in the sandbox.", Need::Required),
      field<&T::to>("to", "Path in the sandbox.", Need::Required),
  }};
  return type;
}

template <>
const InputType<control::BuildTemplate>& input_type() {
  using T = control::BuildTemplate;
  static const InputType<T> type{"BuildTemplate", {
      field<&T::rebuild>("rebuild", "Build it even when it is there."),
  }};
  return type;
}

Result<std::string> input_bytes(const WriteInputBody& body) {
  if (body.text && body.base64) return fail(Code::InvalidArgument, "\"text\" and \"base64\" exclude each other.");
  if (!body.base64) return body.text.value_or("");
  auto bytes = base64_decode(*body.base64);
  if (!bytes) return fail(Code::InvalidArgument, "\"base64\" must be padded base64.");
  return *std::move(bytes);
}

template <>
const InputType<control::AddUser>& input_type() {
  using T = control::AddUser;
  static const InputType<T> type{"AddUser", {
      field<&T::name>("name", "Lower case letters, digits and hyphens.", Need::Required),
      field<&T::role>("role", "What the user may do; \"member\" when absent."),
  }};
  return type;
}

template <>
const InputType<control::ChangeUser>& input_type() {
  using T = control::ChangeUser;
  static const InputType<T> type{"ChangeUser", {
      field<&T::role>("role", "What the user may do."),
      field<&T::disabled>("disabled", "No key of a disabled user is taken; what runs goes on."),
  }};
  return type;
}

template <>
const InputType<control::CreateKey>& input_type() {
  using T = control::CreateKey;
  static const InputType<T> type{"CreateKey", {
      field<&T::user>("user", "Whose it is; yours when absent."),
      field<&T::label>("label", "What it is for."),
      field<&T::scopes>("scopes", "\"read\", \"run\", \"admin\": at most these of the user's; all when absent."),
      field<&T::expires>("expires_ms", "From now; never when absent."),
      field<&T::terminal>("terminal", "A link: it shows this terminal, id or sandbox/name, and opens nothing else."),
  }};
  return type;
}

template <>
const InputType<control::AddDevice>& input_type() {
  using T = control::AddDevice;
  static const InputType<T> type{"AddDevice", {
      field<&T::name>("name", "What its owner calls it.", Need::Required),
  }};
  return type;
}

}  // namespace berth::api_http
