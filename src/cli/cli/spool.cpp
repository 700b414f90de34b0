#include "cli/spool.hpp"

#include "crypto/crypto.hpp"
#include "os/file.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t name_bytes = 16;

Result<UniqueFd> nameless_file() {
  const auto path = std::filesystem::temp_directory_path() / ("berth-replay-" + crypto::random_hex(name_bytes));
  TRY_ASSIGN(auto file, os::create_new(path));
  TRY_ASSIGN(auto both, os::open_read_write(path));
  TRY(os::remove_file(path));
  return both;
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(const Context& context, client::Api::Recording wanted) {
  TRY_ASSIGN(auto file, nameless_file());
  TRY_ASSIGN(auto grown, os::EventFd::open());
  std::unique_ptr<Spool> spool(new Spool(std::move(file), std::move(grown)));
  spool->thread_ = std::thread([self = spool.get(), api = context.api(), wanted = std::move(wanted)] {
    self->outcome_ = api.recording(wanted, [self](std::string_view piece) -> Result<> {
      if (self->stop_) return fail(Code::Cancelled, "It is not played any more.");
      TRY(os::write_all(self->file_.get(), piece));
      self->grown_.notify();
      return {};
    });
    self->done_ = true;
    self->grown_.notify();
  });
  return spool;
}

Spool::~Spool() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace berth::cli
