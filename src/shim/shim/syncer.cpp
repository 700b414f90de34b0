#include "shim/syncer.hpp"

#include "base/check.hpp"
#include "os/file.hpp"

namespace berth::shim {

Result<std::unique_ptr<Syncer>> Syncer::open(Loop& loop, Failed failed) {
  TRY_ASSIGN(auto event, os::EventFd::open());
  std::unique_ptr<Syncer> syncer(new Syncer(std::move(event), std::move(failed)));
  Syncer* self = syncer.get();
  TRY_ASSIGN(self->watch_, loop.watch(self->event_.fd(), EPOLLIN, [self](std::uint32_t) { self->tell(); }));
  self->thread_ = std::thread([self] { self->run(); });
  return syncer;
}

Syncer::~Syncer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool Syncer::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

void Syncer::submit(std::vector<UniqueFd> files) {
  {
    const std::lock_guard lock(mutex_);
    BERTH_CHECK(!busy_);
    batch_ = std::move(files);
    busy_ = true;
  }
  wake_.notify_one();
}

void Syncer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return busy_ || stopping_; });
    if (!busy_) return;
    const auto batch = std::move(batch_);
    lock.unlock();
    std::optional<Error> error;
    for (const auto& file : batch)
      if (auto synced = os::sync_data(file.get()); !synced && !error) error = std::move(synced).error();
    lock.lock();
    busy_ = false;
    if (!error) continue;
    error_ = std::move(error);
    event_.notify();
  }
}

void Syncer::tell() {
  event_.clear();
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    error.swap(error_);
  }
  if (error) failed_(*error);
}

}  // namespace berth::shim
