// Threads that help another thread with its loops.
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
  // `threads`: number of threads besides the caller of ForEach(). The pool has fewer, or none, if
  // the system refuses to start them.
  explicit WorkerPool(uint32_t threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Calls body(0) to body(count - 1), each once, on this and other threads. Returns after the last
  // call. Only one thread may call it at a time. `body` must not throw.
  void ForEach(size_t count, const std::function<void(size_t)>& body);

 private:
  void Work();
  void TakePart(const std::function<void(size_t)>& body, size_t count);

  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable left_;
  const std::function<void(size_t)>* body_ = nullptr;  // null between loops
  size_t count_ = 0;
  size_t inside_ = 0;  // workers in the loop; a worker that wakes too late does not enter it
  uint64_t loops_ = 0;
  bool closing_ = false;
  std::atomic<size_t> next_ = 0;
  std::vector<std::thread> threads_;  // last, because the threads use all other members
};

}  // namespace codellama
