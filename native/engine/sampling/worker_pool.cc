#include "engine/sampling/worker_pool.h"

#include <system_error>

namespace codellama {

WorkerPool::WorkerPool(uint32_t threads) {
  threads_.reserve(threads);
  try {
    while (threads_.size() < threads) threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // Loops take longer with fewer threads.
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  begun_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::ForEach(size_t count, const std::function<void(size_t)>& body) {
  if (threads_.empty() || count < 2) {
    for (size_t i = 0; i < count; i++) body(i);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    body_ = &body;
    count_ = count;
    next_ = 0;
    loops_++;
  }
  begun_.notify_all();
  TakePart(body, count);
  std::unique_lock lock(mutex_);
  body_ = nullptr;
  left_.wait(lock, [this] { return inside_ == 0; });
}

void WorkerPool::TakePart(const std::function<void(size_t)>& body, size_t count) {
  for (size_t i = next_++; i < count; i = next_++) body(i);
}

void WorkerPool::Work() {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    begun_.wait(lock, [&] { return closing_ || loops_ != seen; });
    if (closing_) return;
    seen = loops_;
    if (body_ == nullptr) continue;
    inside_++;
    const auto& body = *body_;
    const size_t count = count_;
    lock.unlock();
    TakePart(body, count);
    lock.lock();
    if (--inside_ == 0) left_.notify_one();
  }
}

}  // namespace codellama
