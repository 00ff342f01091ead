// How other threads call the JavaScript thread: one thread-safe function.
//
// Lifetime rules. Each was learnt from a crash in some other addon.
//   1. Other threads ring and never wait for JavaScript. The thread-safe function's queue holds at
//      most one signal; what is to be delivered waits with whoever rings.
//   2. The thread-safe function's context is a shared_ptr to the doorbell, freed by its finalizer,
//      so a queued signal never outlives what it points to.
//   3. It is released exactly once, by Close(), under the mutex that Ring() holds while calling
//      it: no call can come after the release.
//   4. While JavaScript expects something the doorbell is busy: the thread-safe function keeps the
//      event loop alive. Idle, it lets the process end.
//   5. A clean-up hook that closes the doorbell is added after it is opened. Hooks run last in,
//      first out, so the threads that ring have heard of the end while the function still exists.
//   6. Nothing thrown leaves the answer. When the environment is ending, every Node-API call may
//      fail; what is delivered is then dropped, for nobody is left to read it.
//   7. The answer runs only on the JavaScript thread and is forgotten by Close().
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>

namespace codellama {

class Doorbell {
 public:
  // Once for any number of rings. `callback` is empty where Open() got none.
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
