// A piece of work that waits for a thread or has one, and can be stopped from another.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

namespace codellama {

class Job {
 public:
  // Turns true, at any moment, when nobody waits for the work any more.
  using StopFlag = std::atomic<bool>;
  // Must not throw.
  using Work = std::function<void(const StopFlag& stop)>;

  explicit Job(Work work);

  // Does the work, unless it was stopped before. Frees what the work holds, on this thread. Once.
  void Run();

  // Any thread. Frees what the work holds if it has not begun.
  void Stop();

 private:
  Work Take();

  StopFlag stop_ = false;
  std::mutex mutex_;
  Work work_;  // empty once it has begun or was stopped
};

}  // namespace codellama
