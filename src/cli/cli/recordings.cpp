// `berth terminal export` and `berth terminal import`.
#include <fmt/format.h>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/targets.hpp"
#include "os/file.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t largest_cast = std::size_t{16} << 30;  // of a file; the server has its own limit

// Beside the file until it is whole: what was there before stays when the export fails.
Result<> write_into(const std::string& path, const std::function<Result<>(int fd)>& write) {
  const std::string part = path + ".part";
  TRY(os::remove_file(part));
  Result<> done;
  {
    TRY_ASSIGN(const auto file, os::create_new(part, 0644));
    done = write(file.get());
  }
  if (done) done = os::rename_path(part, path);
  if (!done) (void)os::remove_file(part);
  return done;
}

}  // namespace

Result<int> export_terminal(const Context& context, const verb::TerminalExport& verb) {
  TRY_ASSIGN(const auto terminal, find_terminal(context, verb.target, Want::Any));
  const client::Api::Recording wanted{.terminal = text_of(terminal, "id"), .format = verb.format, .from = verb.from, .to = verb.to, .input = verb.input};
  const auto fetch = [&](int fd) {
    return context.api().recording(wanted, [fd](std::string_view piece) { return os::write_all(fd, piece); });
  };
  if (verb.output.empty() || verb.output == "-") {
    TRY(fetch(context.output.streams().out));
  } else {
    TRY(write_into(verb.output, fetch));
    context.output.note(fmt::format("{} is written.", verb.output));
  }
  return Success;
}

Result<int> import_terminal(const Context& context, const verb::TerminalImport& verb) {
  UniqueFd opened;
  int fd = context.output.streams().in;
  if (verb.file != "-") {
    TRY_ASSIGN(opened, os::open_read(verb.file));
    fd = opened.get();
  }
  TRY_ASSIGN(auto cast, os::read_all(fd, largest_cast, verb.file));
  TRY_ASSIGN(const auto answer, context.api().import_recording(std::move(cast), verb.name));
  if (context.output.json()) {
    context.output.print_json(answer);
  } else {
    context.output.print(text_of(object_of(answer), "id") + "\n");
  }
  return Success;
}

}  // namespace berth::cli
