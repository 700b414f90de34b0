// `berth snapshot export|import|verify`: the file of a bundle, piece by piece.

#include <fmt/format.h>

#include <array>

#include "bundle/known_signers.hpp"
#include "bundle/reader.hpp"
#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/snapshot_calls.hpp"
#include "os/file.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t piece_bytes = 256 << 10, most_known = 1 << 20;

class Told {  // how much went by, on the line of progress
 public:
  Told(const Output& output, std::string what) : progress_(output, std::move(what)) {}
  void add(std::size_t bytes) {
    total_ += bytes;
    if (total_ - told_ < 16 << 20) return;
    told_ = total_;
    progress_.tell(human_bytes(total_));
  }

 private:
  Progress progress_;
  std::uint64_t total_ = 0, told_ = 0;
};

// Who this home knows: the same list that its server has.
bundle::KnownSigners known_signers(const Context& context) {
  if (context.home.empty()) return {};
  const auto file = os::read_file(context.home / "known_signers", most_known);
  auto known = file ? bundle::KnownSigners::parse(*file) : Result<bundle::KnownSigners>();
  return known ? *std::move(known) : bundle::KnownSigners();
}

Result<int> verify_file(const Context& context, const std::string& path) {
  TRY_ASSIGN(const auto file, os::open_read(path));
  Told told(context.output, "Verifying");
  TRY_ASSIGN(auto reader, bundle::Reader::open(file.get(), {}));
  std::uint64_t bytes = 0;
  TRY(reader.read([&](const bundle::Part&, std::string_view piece) -> Result<> {
    bytes += piece.size();
    told.add(piece.size());
    return {};
  }));
  const auto& manifest = reader.manifest();
  const std::string who = known_signers(context).describe(manifest.signer);
  if (context.output.json()) {
    context.output.print_json(json::object{{"file", path}, {"parts", manifest.parts.size()}, {"bytes", bytes}, {"signer", manifest.signer.key},
                                           {"said", who}, {"about", manifest.about}});
  } else {
    context.output.print(fmt::format("{} is whole: {} parts, {}; {}.\n", path, manifest.parts.size(), human_bytes(bytes), who));
  }
  return Success;
}

}  // namespace

Result<int> export_snapshot(const Context& context, const verb::SnapshotExport& verb) {
  SnapshotLink link;
  if (verb.snapshot.contains('#')) {
    TRY_ASSIGN(link, parse_snapshot_link(verb.snapshot));
  } else {
    TRY_ASSIGN(link.id, find_snapshot(context, verb.snapshot));
  }
  Told told(context.output, "Exporting");
  TRY(write_whole(context, verb.output, [&](int fd) -> Result<> {
    client::Request request = snapshot_request("GET", link, "/bundle");
    request.sink = [&, fd](std::string_view piece) {
      told.add(piece.size());
      return os::write_all(fd, piece);
    };
    TRY(context.api().checked(request));
    return {};
  }));
  if (verb.output != "-") context.output.note(fmt::format("{} is written.", verb.output));
  return Success;
}

Result<int> import_snapshot(const Context& context, const verb::SnapshotImport& verb) {
  UniqueFd opened;
  int fd = context.output.streams().in;
  if (verb.file != "-") {
    TRY_ASSIGN(opened, os::open_read(verb.file));
    fd = opened.get();
  }
  Told told(context.output, "Importing");
  client::Request request = snapshot_request("POST", {}, "");
  request.target = "/v1/bundles";
  if (!verb.title.empty()) request.target += "?title=" + client::percent_encode(verb.title);
  request.content_type = "application/zstd";
  request.source = [&, fd]() -> Result<std::string> {
    std::string piece(piece_bytes, '\0');
    TRY_ASSIGN(const auto got, os::read_some(fd, piece));
    piece.resize(got.value_or(0));
    told.add(piece.size());
    return piece;
  };
  TRY_ASSIGN(const json::object received, snapshot_answer(context, std::move(request)));
  if (context.output.json()) {
    context.output.print_json(received);
    return Success;
  }
  context.output.note(fmt::format("It is whole, and {}.", text_of(received, "said")));
  const json::value* row = received.if_contains("snapshot");
  context.output.print(text_of(row == nullptr ? json::object() : object_of(*row), "id") + "\n");
  return Success;
}

Result<int> verify_snapshot(const Context& context, const verb::SnapshotVerify& verb) {
  const auto state = os::stat_path(verb.what);
  if (state && S_ISREG(state->st_mode)) return verify_file(context, verb.what);
  if (verb.what.contains('/')) return pass(state ? Error{.code = Code::InvalidArgument, .message = "This is no file."} : state.error());
  TRY_ASSIGN(const std::string id, find_snapshot(context, verb.what));
  Progress progress(context.output, "Verifying");
  TRY_ASSIGN(const json::object row, snapshot_answer(context, snapshot_request("POST", {id, {}}, "/verify")));
  if (context.output.json()) context.output.print_json(row);
  else context.output.print(fmt::format("{} is as it was made: {} parts, {}.\n", text_of(row, "title"), number_of(row, "parts"),
                                        human_bytes(static_cast<std::uint64_t>(number_of(row, "bytes")))));
  return Success;
}

}  // namespace berth::cli
