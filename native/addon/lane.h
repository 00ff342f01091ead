// Threads for work that would hold up the event loop.
//
// Not libuv's pool: its few threads also read files and look up names, so that four long pieces of
// work would stop them, and exit() waits for it. A lane starts a thread when there is work and ends
// it when there is none.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

namespace codellama {

class Lane {
 public:
  // Lanes live as long as the process. Work of one lane never waits for that of another.
  static Lane& Text();     // tokenising that takes some milliseconds
  static Lane& Bulk();     // tokenising and copying that may take seconds
  static Lane& Grammar();  // grammars and schemas
  static Lane& System();   // files and devices, which may not answer

  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs the work, which must not throw, on one of the lane's threads. Throws kOutOfMemory when the
  // first thread cannot be started.
  void Post(std::function<void()> work);

 private:
  explicit Lane(uint32_t threads) : threads_(threads) {}
  ~Lane() = default;

  void StartThread();
  void Work();

  const uint32_t threads_;
  std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;
  uint32_t running_ = 0;
};

}  // namespace codellama
