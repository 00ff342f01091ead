// Threads for work that would block the event loop.
//
// libuv's pool is not suitable: its few threads also read files and look up names, so four long
// jobs would block them, and exit() waits for the pool. A lane starts threads when there is work
// and ends them when there is none.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

namespace codellama {

class Lane {
 public:
  // Lanes live as long as the process. The work of one lane never waits for another lane.
  static Lane& Text();     // tokenising for some milliseconds
  static Lane& Bulk();     // tokenising and copying for up to seconds
  static Lane& Grammar();  // parsing of grammars and schemas
  static Lane& System();   // files and devices, which may never answer

  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs the work on a thread of the lane. The work must not throw. Throws kOutOfMemory if the lane
  // has no thread and none can be started.
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
