#include "aio/runtime.hpp"

#include <algorithm>

namespace berth::aio {

Runtime::Runtime(unsigned threads) {
  const unsigned count = threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) contexts_.push_back(std::make_unique<Context>());
}

Runtime::~Runtime() { stop(); }

void Runtime::start() {
  for (auto& context : contexts_) threads_.emplace_back([io = &context->io] { io->run(); });
}

void Runtime::stop() {
  for (auto& context : contexts_) context->io.stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace berth::aio
