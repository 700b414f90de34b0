// The bodies about snapshots.

#include "api_http/inputs.hpp"

namespace berth::api_http {

json::object Input<store::Visibility>::schema() { return schema::one_of({"link", "token"}); }

Result<> Input<store::Visibility>::read(const json::value& value, const std::string& path, store::Visibility& out) {
  if (value == "link") out = store::Visibility::Link;
  else if (value == "token") out = store::Visibility::Token;
  else return wrong_field(path, "must be \"link\" or \"token\"");
  return {};
}

template <>
const InputType<SnapshotBody>& input_type() {
  using T = SnapshotBody;
  static const InputType<T> type{"CreateSnapshot", {
      field<&T::session>("session", "Id of the session that it is made of.", Need::Required),
      field<&T::title>("title", "The session's when absent."),
      field<&T::description>("description", "The session's when absent."),
      field<&T::tags>("tags", "The session's when absent."),
      field<&T::leave_out>("leave_out", "Names of parts; one with a \"/\" at the end is all below it."),
  }};
  return type;
}

template <>
const InputType<DeriveBody>& input_type() {
  using T = DeriveBody;
  static const InputType<T> type{"DeriveSnapshot", {
      field<&T::title>("title", "The same when absent."),
      field<&T::description>("description", "The same when absent."),
      field<&T::tags>("tags", "The same when absent."),
      field<&T::leave_out>("leave_out", "Names of parts; one with a \"/\" at the end is all below it."),
      field<&T::mask>("mask", "Write * over what looks like a secret."),
  }};
  return type;
}

template <>
const InputType<CopyBody>& input_type() {
  static const InputType<CopyBody> type{"CopySnapshot", {field<&CopyBody::title>("title", "Of the new session; the snapshot's when absent.")}};
  return type;
}

template <>
const InputType<snapshots::Sharing>& input_type() {
  using T = snapshots::Sharing;
  static const InputType<T> type{"ShareSnapshot", {
      field<&T::visibility>("visibility", "Whoever has the link, or whoever has the link and a token.", Need::Required),
      field<&T::label>("label", "Of the token: whom it is for."),
      field<&T::expires>("expires_ms", "The token opens so long; for ever when absent."),
      field<&T::uses>("uses", "So often; 0 or absent: any number. Each answer that it opens is a use."),
      field<&T::accept_findings>("accept_findings", "Others may see what looks like a secret."),
  }};
  return type;
}

template <>
const InputType<UnshareBody>& input_type() {
  static const InputType<UnshareBody> type{"UnshareSnapshot", {field<&UnshareBody::access>("access", "One token, by id; the link and all tokens when absent.")}};
  return type;
}

}  // namespace berth::api_http
