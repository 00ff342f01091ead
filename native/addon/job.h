// Work that waits for a thread or runs on it, and that another thread can stop.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

namespace codellama {

class Job {
 public:
  // Turns true when nobody waits for the work any more, at any time.
  using StopFlag = std::atomic<bool>;
  // Must not throw.
  using Work = std::function<void(const StopFlag& stop)>;

  explicit Job(Work work);

  // Does the work unless it was stopped before, and frees its captures on this thread. Call it
  // once.
  void Run();

  // Any thread. Frees the captures of work that has not begun.
  void Stop();

 private:
  Work Take();

  StopFlag stop_ = false;
  std::mutex mutex_;
  Work work_;  // empty after it has begun or was stopped
};

}  // namespace codellama
