#include "control/files.hpp"

#include <algorithm>

#include "crypto/crypto.hpp"
#include "wire/frame.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;
using Op = wire::FileRequest;

constexpr std::size_t temporary_bytes = 8;
constexpr std::uint32_t permission_bits = 07777;

wire::FileRequest request(wire::FileRequest::Op op, const std::string& path) {
  wire::FileRequest out;
  out.set_op(op);
  out.set_path(path);
  return out;
}

awaitable<Result<wire::FileReply>> ask(Box box, wire::FileRequest request) {
  CO_TRY_ASSIGN(const auto link, box->link());
  const std::string path = request.path();
  CO_TRY_ASSIGN(auto reply, co_await link->file(std::move(request)));
  if (reply.sys_errno() != 0) co_return fail_errno(reply.sys_errno(), "file", path);
  co_return reply;
}

awaitable<Result<>> done(Box box, wire::FileRequest request) {
  CO_TRY(co_await ask(std::move(box), std::move(request)));
  co_return Result<>{};
}

std::string kind_of(const wire::FileInfo& info) {
  switch (info.kind()) {
    case wire::FileInfo::REGULAR: return "file";
    case wire::FileInfo::DIRECTORY: return "directory";
    case wire::FileInfo::SYMLINK: return "symlink";
    default: return "other";
  }
}

FileEntry entry_of(const wire::FileInfo& info) {
  return {.name = info.name(), .kind = kind_of(info), .size = info.size(), .mode = info.mode(), .uid = info.uid(),
          .gid = info.gid(), .modified = WallTime{std::chrono::nanoseconds{info.modified_ns()}}, .link_target = info.link_target()};
}

awaitable<Result<>> write_bytes(Box box, std::string path, std::shared_ptr<const std::string> data, std::uint32_t mode) {
  std::size_t at = 0;
  do {
    const std::size_t n = std::min(wire::max_data_bytes, data->size() - at);
    auto piece = request(Op::WRITE, path);
    piece.set_offset(at);
    piece.set_data(data->data() + at, n);
    piece.set_truncate(at == 0);
    piece.set_mode(mode);
    CO_TRY(co_await done(box, std::move(piece)));
    at += n;
  } while (at < data->size());
  co_return Result<>{};
}

std::string temporary_beside(const std::string& path) {
  const auto slash = path.rfind('/');
  return (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + ".berth-" + crypto::random_hex(temporary_bytes);
}

}  // namespace

awaitable<Result<FileEntry>> stat_file(Box box, std::string path) {
  CO_TRY_ASSIGN(const auto reply, co_await ask(std::move(box), request(Op::STAT, path)));
  if (reply.entries().empty()) co_return fail(Code::Damaged, "The sandbox gave an answer that is not one.");
  co_return entry_of(reply.entries(0));
}

awaitable<Result<FileList>> list_files(Box box, std::string path) {
  auto list = request(Op::LIST, path);
  list.set_length(max_listed);
  CO_TRY_ASSIGN(const auto reply, co_await ask(std::move(box), std::move(list)));
  FileList out{.entries = {}, .complete = reply.end()};
  for (const auto& info : reply.entries()) out.entries.push_back(entry_of(info));
  std::ranges::sort(out.entries, {}, &FileEntry::name);
  co_return out;
}

awaitable<Result<FileData>> read_file(Box box, std::string path, std::uint64_t offset, std::uint64_t limit) {
  FileData file{.data = {}, .end = false};
  while (!file.end && file.data.size() < limit) {
    auto piece = request(Op::READ, path);
    piece.set_offset(offset + file.data.size());
    piece.set_length(std::min<std::uint64_t>(wire::max_data_bytes, limit - file.data.size()));
    CO_TRY_ASSIGN(const auto reply, co_await ask(box, std::move(piece)));
    if (reply.data().size() > limit - file.data.size() || (reply.data().empty() && !reply.end()))
      co_return fail(Code::Damaged, "The sandbox gave an answer that is not one.");
    file.data += reply.data();
    file.end = reply.end();
  }
  co_return file;
}

awaitable<Result<>> write_file(Box box, WriteFile file) {
  const auto there = co_await stat_file(box, file.path);
  if (!there && there.error().code != Code::NotFound) co_return std::unexpected(there.error());
  if (there && there->kind == "directory") co_return fail(Code::InvalidArgument, "The path names a directory.");
  const auto data = std::make_shared<const std::string>(std::move(file.data));
  if (there && there->kind != "file") co_return co_await write_bytes(box, file.path, data, file.mode);
  const std::uint32_t mode = file.mode != 0 ? file.mode : there ? there->mode & permission_bits : 0;
  const std::string temporary = temporary_beside(file.path);
  auto written = co_await write_bytes(box, temporary, data, mode);
  if (written) written = co_await move_file(box, temporary, file.path);
  if (!written) (void)co_await remove_file(box, temporary, false);
  co_return written;
}

awaitable<Result<>> make_directory(Box box, std::string path, bool parents) {
  auto make = request(Op::MAKE_DIR, path);
  make.set_recursive(parents);
  co_return co_await done(std::move(box), std::move(make));
}

awaitable<Result<>> move_file(Box box, std::string from, std::string to) {
  auto move = request(Op::MOVE, from);
  move.set_to(to);
  co_return co_await done(std::move(box), std::move(move));
}

awaitable<Result<>> remove_file(Box box, std::string path, bool recursive) {
  auto remove = request(Op::REMOVE, path);
  remove.set_recursive(recursive);
  co_return co_await done(std::move(box), std::move(remove));
}

}  // namespace berth::control
