// A thread-safe function with which other threads signal the JavaScript thread.
//
// Lifetime rules. Each one prevents a crash that another addon had.
//   1. Other threads ring and never wait for JavaScript. The queue of the thread-safe function
//   holds at
//      most one signal. The owner of the doorbell keeps the data to deliver.
//   2. The context of the thread-safe function is a shared_ptr to the doorbell, which its finalizer
//      frees. So a queued signal never outlives the doorbell.
//   3. Close() releases the function exactly once, under the mutex that Ring() holds while it calls
//      the function. So no call can come after the release.
//   4. While JavaScript expects data the doorbell is busy, and the thread-safe function keeps the
//   event
//      loop alive. An idle doorbell lets the process end.
//   5. The owner adds a clean-up hook that closes the doorbell after it opens the doorbell. Hooks
//   run
//      in reverse order, so the function still exists when the hook stops the threads that ring.
//   6. No exception leaves the answer. While the environment ends, every Node-API call may fail.
//   The
//      data is then dropped, because nobody is left to read it.
//   7. The answer runs only on the JavaScript thread. Close() drops it.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>

namespace codellama {

class Doorbell {
 public:
  // Called once for one or more rings. `callback` is empty if Open() got an empty one.
  using Answer = std::function<void(Napi::Env env, Napi::Function callback)>;

  static std::shared_ptr<Doorbell> Open(Napi::Env env, Napi::Function callback, Answer answer);

  // Any thread.
  void Ring();

  // The JavaScript thread only.
  void SetBusy(Napi::Env env, bool busy);
  void Close();

  ~Doorbell() = default;
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

 private:
  explicit Doorbell(Answer answer) : answer_(std::move(answer)) {}

  static void OnSignal(napi_env env, napi_value callback, void* context, void* data);

  Answer answer_;  // the JavaScript thread only; empty once closed

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;  // null once closed
  bool signalled_ = false;
};

}  // namespace codellama
