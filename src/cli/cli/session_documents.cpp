// `berth session new|open|save|copy|rename|tag|restore`: what changes a session.
//
// Beside a file that a document was opened into lies FILE.berth: {"session": …, "version": …}, which the next save reads.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <charconv>

#include "cli/actions.hpp"
#include "cli/human.hpp"
#include "cli/json.hpp"
#include "cli/session_calls.hpp"
#include "os/file.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t largest_document = 16 << 20;  // of a file; the server has its own limit
constexpr std::size_t largest_note = 4096;

std::string note_of(const std::string& file) { return file + ".berth"; }

Result<> write_note(const std::string& file, const std::string& session, std::uint64_t version) {
  return os::durable_write(note_of(file), json::serialize(json::object{{"session", session}, {"version", version}}) + "\n", 0644);
}

Result<std::string> read_input(const Context& context, const std::string& file) {
  if (file == "-") return os::read_all(context.output.streams().in, largest_document, "stdin");
  return os::read_file(file, largest_document);
}

Result<std::uint64_t> version_of(const client::Response& answer) {
  const auto found = answer.headers.find("etag");
  std::uint64_t version = 0;
  if (found != answer.headers.end() && found->second.size() > 2)
    std::from_chars(found->second.data() + 1, found->second.data() + found->second.size(), version);
  if (version == 0) return fail(Code::Internal, "The server's answer is not what this client understands.");
  return version;
}

struct Target {
  std::string session;  // id
  std::uint64_t version = 0;
};

// What was said goes before what was noted when the file was opened.
Result<Target> target_of(const Context& context, const verb::SessionSave& verb) {
  json::object noted;
  if (verb.file != "-") {
    json::error_code error;
    if (const auto text = os::read_file(note_of(verb.file), largest_note)) noted = object_of(json::parse(*text, error));
  }
  Target target{.session = text_of(noted, "session"), .version = static_cast<std::uint64_t>(number_of(noted, "version"))};
  if (!verb.session.empty()) {
    TRY_ASSIGN(const auto found, find_session(context, verb.session));
    if (text_of(found, "id") != target.session) target = {.session = text_of(found, "id"), .version = 0};
  }
  if (verb.from) target.version = *verb.from;
  if (target.session.empty())
    return fail(Code::InvalidArgument, "It is not known which session this is for.", "Say it: --session TITLE --from VERSION");
  if (target.version == 0)
    return fail(Code::InvalidArgument, "It is not known from which version this was made.", "Say it: --from VERSION");
  return target;
}

// Somebody else saved first: who, when, and what to do about it here.
Error explained(const Context& context, Error error, const std::string& session, std::uint64_t from) {
  std::string who, client;
  std::int64_t nanoseconds = 0;
  for (const auto& [name, value] : error.facts) {
    if (name == "changed_by") who = value;
    if (name == "client") client = value;
    if (name == "updated_ns") std::from_chars(value.data(), value.data() + value.size(), nanoseconds);
  }
  if (!who.empty())
    error.message += fmt::format(" It was saved {} ago by {}{}.", human_age(WallTime{std::chrono::nanoseconds{nanoseconds}}, context.clock->now()), who,
                                 client.empty() ? "" : " with " + client);
  error.hint = fmt::format("Nothing was saved. What came since: berth session diff {0} {1}. The newest beside yours: berth session open {0} -o OTHER. "
                           "Yours as another session: berth session new TITLE --file FILE.", session, from);
  return error;
}

}  // namespace

Result<int> new_session(const Context& context, const verb::SessionNew& verb) {
  std::string document = "{}";
  if (!verb.file.empty()) {
    TRY_ASSIGN(document, read_input(context, verb.file));
  }
  json::object head{{"title", verb.title}, {"description", verb.description}, {"tags", json::array(verb.tags.begin(), verb.tags.end())}};
  if (!verb.sandbox.empty()) head["sandbox"] = verb.sandbox;
  // The document's own bytes: the server reads them more strictly than this program would.
  std::string body = json::serialize(head);
  body.back() = ',';
  body += "\"document\":" + document + "}";
  auto request = session_change("POST", "/v1/sessions", 0);
  request.body = std::move(body);
  request.content_type = "application/json";
  TRY_ASSIGN(const auto made, changed_session(context, request));
  return tell_session(context, made, text_of(made, "id"));
}

Result<int> open_session(const Context& context, const verb::SessionOpen& verb) {
  TRY_ASSIGN(const auto session, find_session(context, verb.session));
  std::string target = session_path(session, "/document");
  if (verb.version) target += fmt::format("?version={}", *verb.version);
  TRY_ASSIGN(const auto answer, context.api().checked({.target = target}));
  TRY_ASSIGN(const auto version, version_of(answer));
  if (verb.output.empty() || verb.output == "-") {
    context.output.print(answer.body + "\n");
    context.output.note(fmt::format("Version {}.", version));
    return Success;
  }
  TRY(os::durable_write(verb.output, answer.body + "\n", 0600));
  TRY(write_note(verb.output, text_of(session, "id"), version));
  context.output.note(fmt::format("Version {} is in {}; save it with: berth session save {}", version, verb.output, verb.output));
  return Success;
}

Result<int> save_session(const Context& context, const verb::SessionSave& verb) {
  TRY_ASSIGN(const auto target, target_of(context, verb));
  TRY_ASSIGN(auto document, read_input(context, verb.file));
  auto request = session_change("PUT", "/v1/sessions/" + target.session + "/document", target.version);
  request.body = std::move(document);
  request.content_type = "application/json";
  const auto saved = changed_session(context, request);
  if (!saved) return pass(saved.error().code == Code::Stale ? explained(context, saved.error(), target.session, target.version) : saved.error());
  const auto version = static_cast<std::uint64_t>(number_of(*saved, "version"));
  if (verb.file != "-") TRY(write_note(verb.file, target.session, version));
  return tell_session(context, *saved, fmt::format("Saved as version {}.", version));
}

Result<int> copy_session(const Context& context, const verb::SessionCopy& verb) {
  TRY_ASSIGN(const auto session, find_session(context, verb.session));
  auto request = session_change("POST", session_path(session, "/copy"), 0);
  request.body = json::serialize(json::object{{"title", verb.title}});
  request.content_type = "application/json";
  TRY_ASSIGN(const auto made, changed_session(context, request));
  return tell_session(context, made, text_of(made, "id"));
}

namespace {

Result<int> describe_as(const Context& context, const std::string& named, json::object fields) {
  TRY_ASSIGN(const auto session, find_session(context, named));
  auto request = session_change("PATCH", session_path(session), static_cast<std::uint64_t>(number_of(session, "version")));
  request.body = json::serialize(fields);
  request.content_type = "application/json";
  TRY_ASSIGN(const auto changed, changed_session(context, request));
  return tell_session(context, changed, fmt::format("Version {}.", number_of(changed, "version")));
}

}  // namespace

Result<int> rename_session(const Context& context, const verb::SessionRename& verb) {
  json::object fields{{"title", verb.title}};
  if (verb.description) fields["description"] = *verb.description;
  return describe_as(context, verb.session, std::move(fields));
}

Result<int> tag_session(const Context& context, const verb::SessionTag& verb) {
  return describe_as(context, verb.session, {{"tags", json::array(verb.tags.begin(), verb.tags.end())}});
}

Result<int> restore_session(const Context& context, const verb::SessionRestore& verb) {
  TRY_ASSIGN(const auto session, find_session(context, verb.session));
  const auto request = session_change("POST", session_path(session, fmt::format("/versions/{}/restore", verb.version)),
                                      static_cast<std::uint64_t>(number_of(session, "version")));
  TRY_ASSIGN(const auto changed, changed_session(context, request));
  return tell_session(context, changed, fmt::format("Version {} is version {} again.", number_of(changed, "version"), verb.version));
}

}  // namespace berth::cli
