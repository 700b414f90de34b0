// `berth backup …`: the home on this disk, with its server down or up.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "backup/backup.hpp"
#include "cli/actions.hpp"
#include "cli/human.hpp"
#include "cli/passphrase.hpp"
#include "cli/table.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t fingerprint_digits = 16;
constexpr std::uint64_t told_each_bytes = 1 << 20;

// What is told again and again, but not for each piece.
backup::Progress shown_on(Progress& progress) {
  return [&progress, part = std::string(), last = std::uint64_t{0}](std::string_view name, std::uint64_t bytes) mutable {
    if (part == name && bytes < last + told_each_bytes) return;
    part = name;
    last = bytes;
    progress.tell(fmt::format("{}, {}", name, human_bytes(bytes)));
  };
}

json::object json_of(const backup::Report& report) {
  json::array parts;
  for (const auto& part : report.manifest.parts)
    parts.push_back(json::object{{"name", part.name}, {"files", part.files}, {"bytes", part.bytes}, {"sha256", part.sha256}});
  return {{"made", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(report.manifest.made))},
          {"writer", report.manifest.writer}, {"signer", report.manifest.signer}, {"file_bytes", report.file_bytes},
          {"opened", report.opened}, {"parts", std::move(parts)}};
}

void print_report(const Context& context, const backup::Report& report, std::string_view sentence) {
  Table table({"PART", "FILES", "SIZE"});
  std::uint64_t bytes = 0;
  for (const auto& part : report.manifest.parts) {
    table.add({part.name, std::to_string(part.files), human_bytes(part.bytes)});
    bytes += part.bytes;
  }
  context.output.print(table.text());
  context.output.print(fmt::format("{} {} in a file of {}, made {}, key {}.\n", sentence, human_bytes(bytes), human_bytes(report.file_bytes),
                                   local_time(report.manifest.made), report.manifest.signer.substr(0, fingerprint_digits)));
}

void warn(const Context& context, const backup::Left& left) {
  if (left.unreadable > 0)
    context.output.note(fmt::format("{} could not be read and is not in it; the first is {}.",
                                    left.unreadable == 1 ? "One thing" : fmt::format("{} things", left.unreadable), left.first));
  if (left.changed > 0)
    context.output.note(fmt::format("{} became shorter while being read; what is missing are zeros. First: {}.",
                                    left.changed == 1 ? "One file" : fmt::format("{} files", left.changed), left.first));
}

backup::Databases databases_of(const Context& context) {
  return {.copy = context.dependencies->copy_database, .restore = context.dependencies->restore_database};
}

Result<> needs_this_machine(const Context& context) {
  if (context.local) return {};
  return fail(Code::InvalidArgument, "A backup is made of a home on this machine.", "Run this where the server is.");
}

}  // namespace

Result<int> create_backup(const Context& context, const verb::BackupCreate& verb) {
  TRY(needs_this_machine(context));
  std::error_code error;
  if (std::filesystem::exists(verb.file, error))
    return fail(Code::AlreadyExists, fmt::format("\"{}\" is there already; a backup replaces nothing.", verb.file), "Take another name.");
  TRY_ASSIGN(const auto passphrase, new_passphrase(context, verb.passphrase));
  Result<backup::Report> made = fail(Code::Internal, "Nothing was done.");
  {
    Progress progress(context.output, "Backing up");
    made = backup::create({.home = context.home, .file = verb.file, .passphrase = &passphrase, .templates = verb.templates,
                           .progress = shown_on(progress)}, databases_of(context));
  }
  if (!made) return pass(std::move(made).error());
  if (context.output.json()) {
    json::object out = json_of(*made);
    out["file"] = verb.file;
    out["unreadable"] = made->left.unreadable;
    out["changed"] = made->left.changed;
    context.output.print_json(out);
  } else {
    print_report(context, *made, fmt::format("{} is whole:", verb.file));
  }
  warn(context, made->left);
  return Success;
}

Result<int> verify_backup(const Context& context, const verb::BackupVerify& verb) {
  std::optional<crypto::Secret> passphrase;
  if (verb.opened) {
    TRY_ASSIGN(passphrase, known_passphrase(context, verb.passphrase, verb.file));
  }
  Result<backup::Report> seen = fail(Code::Internal, "Nothing was done.");
  {
    Progress progress(context.output, "Reading");
    seen = backup::verify(verb.file, passphrase ? &*passphrase : nullptr, shown_on(progress));
  }
  if (!seen) return pass(std::move(seen).error());
  if (context.output.json()) {
    context.output.print_json(json_of(*seen));
    return Success;
  }
  print_report(context, *seen, seen->opened ? "It is whole, the passphrase opens it, and the machine whose keys are in it made it:" : "It is whole:");
  if (!seen->opened) context.output.note("The passphrase was not tried: --passphrase does.");
  return Success;
}

Result<int> restore_backup(const Context& context, const verb::BackupRestore& verb) {
  TRY(needs_this_machine(context));
  TRY_ASSIGN(const auto passphrase, known_passphrase(context, verb.passphrase, verb.file));
  Result<backup::Report> made = fail(Code::Internal, "Nothing was done.");
  {
    Progress progress(context.output, "Restoring");
    made = backup::restore({.file = verb.file, .home = context.home, .passphrase = &passphrase, .progress = shown_on(progress)},
                           databases_of(context));
  }
  if (!made) return pass(std::move(made).error());
  if (context.output.json()) {
    json::object out = json_of(*made);
    out["home"] = context.home.string();
    context.output.print_json(out);
  } else {
    print_report(context, *made, fmt::format("{} is there:", context.home.string()));
    context.output.note("Sandboxes that ran have ended; their files are there. Start the server: berth server start");
  }
  return Success;
}

}  // namespace berth::cli
