#include "addon/exit_guard.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#ifdef __GLIBC__
#include <unistd.h>
#endif

namespace codellama {

namespace {

std::atomic<int> busy_threads = 0;

#ifdef __GLIBC__

void EndWhereBusy(int status, void*) {
  if (busy_threads > 0) _exit(status);
}

void GuardNow() { on_exit(EndWhereBusy, nullptr); }

#else

// Only glibc passes the exit status to its handlers. Elsewhere the end waits for the work.
void WaitUntilIdle() {
  while (busy_threads > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void GuardNow() { std::atexit(WaitUntilIdle); }

#endif

// exit() first destroys the thread_local objects of its thread. A handler that is added then runs
// before all other handlers, also before those of static objects made since the first GuardExit().
struct GuardAtThreadEnd {
  ~GuardAtThreadEnd() {
    if (busy_threads > 0) GuardNow();
  }
};

}  // namespace

void GuardExit() {
  static std::once_flag once;
  std::call_once(once, GuardNow);
  thread_local const GuardAtThreadEnd guard;
}

BusyThread::BusyThread() { busy_threads++; }

BusyThread::~BusyThread() { busy_threads--; }

}  // namespace codellama
