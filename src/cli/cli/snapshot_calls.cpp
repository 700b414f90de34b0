#include "cli/snapshot_calls.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "base/id.hpp"
#include "cli/json.hpp"
#include "crypto/crypto.hpp"
#include "os/file.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

std::string small(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

Result<SnapshotLink> parse_snapshot_link(std::string_view text) {
  const auto hash = text.find('#');
  SnapshotLink link{.id = std::string(text.substr(0, hash)), .token = hash == std::string_view::npos ? "" : std::string(text.substr(hash + 1))};
  if (SnapshotId::parse(link.id)) return link;
  return fail(Code::InvalidArgument, "This is no link to a snapshot.", "It is what berth snapshot share printed: quote it, # and what follows is of it.");
}

Result<std::string> find_snapshot(const Context& context, const std::string& named) {
  if (SnapshotId::parse(named)) return named;
  TRY_ASSIGN(const json::array all, context.api().list("/v1/snapshots?title=" + client::percent_encode(named)));
  std::string found;
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    if (small(text_of(one, "title")) != small(named)) continue;
    if (!found.empty())
      return fail(Code::InvalidArgument, fmt::format("Several snapshots have the title \"{}\".", named), "Name it by its id: berth snapshot ls");
    found = text_of(one, "id");
  }
  if (found.empty()) return fail(Code::NotFound, fmt::format("There is no snapshot \"{}\".", named), "berth snapshot ls lists yours.");
  return found;
}

client::Request snapshot_request(std::string method, const SnapshotLink& link, const std::string& rest) {
  client::Request request{.method = std::move(method), .target = "/v1/snapshots/" + link.id + rest};
  request.timeout = snapshot_timeout;
  if (!link.token.empty()) request.headers["X-Berth-Token"] = link.token;
  request.headers["X-Berth-Client"] = "berth command line";
  request.headers["Idempotency-Key"] = "cli-" + encode_id_bits(crypto::random_array<16>());
  return request;
}

Result<json::object> snapshot_answer(const Context& context, client::Request request, const json::object* body) {
  if (body != nullptr) {
    request.body = json::serialize(*body);
    request.content_type = "application/json";
  }
  TRY_ASSIGN(const client::Response answer, context.api().checked(request));
  json::error_code error;
  const json::value value = json::parse(answer.body, error);
  if (error || !value.is_object()) return fail(Code::Internal, "The server's answer is not what this client understands.");
  if (const auto warning = answer.headers.find("x-berth-warning"); warning != answer.headers.end()) context.output.note(warning->second);
  return value.get_object();
}

Result<> write_whole(const Context& context, const std::string& path, const std::function<Result<>(int fd)>& write) {
  if (path.empty() || path == "-") return write(context.output.streams().out);
  const std::string part = path + ".part";
  TRY(os::remove_file(part));
  Result<> done;
  {
    TRY_ASSIGN(const auto file, os::create_new(part, 0600));
    done = write(file.get());
    if (done) done = os::sync(file.get());
  }
  if (done) done = os::rename_path(part, path);
  if (!done) (void)os::remove_file(part);
  return done;
}

}  // namespace berth::cli
