// Threads that take part in the loops of another thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace codellama {

class WorkerPool {
 public:
  // So many threads beside the one that runs a loop; fewer, or none, where the system refuses.
  explicit WorkerPool(uint32_t threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Calls body(0) to body(count - 1), each once, on this thread and others, and returns when all
  // have returned. One thread at a time. `body` must not throw.
  void ForEach(size_t count, const std::function<void(size_t)>& body);

 private:
  void Work();
  void TakePart(const std::function<void(size_t)>& body, size_t count);

  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable left_;
  const std::function<void(size_t)>* body_ = nullptr;  // null between loops
  size_t count_ = 0;
  size_t inside_ = 0;  // workers in the loop; those that wake too late do not enter it
  uint64_t loops_ = 0;
  bool closing_ = false;
  std::atomic<size_t> next_ = 0;
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace codellama
