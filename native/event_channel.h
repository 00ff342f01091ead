// The one way from the engine thread to JavaScript: a mailbox and one thread-safe function.
//
// Lifetime rules. Each was learnt from a crash in some other addon.
//   1. The engine thread posts and never waits for JavaScript. The thread-safe function's queue
//      holds at most one signal; the events wait in the mailbox.
//   2. The thread-safe function's context is a shared_ptr to the channel, freed by its finalizer,
//      so a queued signal never outlives what it points to.
//   3. It is released exactly once, by Close(), under the mutex that Post() holds while calling
//      it: no call can come after the release.
//   4. While JavaScript expects an event the channel is busy: the thread-safe function keeps the
//      event loop alive. Idle, it lets the process end.
//   5. The clean-up hook that stops the engine (engine_wrap.cc) is added after the thread-safe
//      function is made. Hooks run last in, first out, so the thread is joined while the
//      function still exists.
//   6. Nothing thrown leaves the drain. When the environment is ending, every Node-API call may
//      fail; the events are then dropped, for nobody is left to read them.
//   7. The listener is told only on the JavaScript thread and forgotten by Close().
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

#include "engine/event.h"

namespace codellama {

class EventListener {
 public:
  virtual ~EventListener() = default;
  // After JavaScript has seen the event.
  virtual void OnDelivered(const Event& event) = 0;
};

class EventChannel {
 public:
  // `callback` gets arrays of events, as lib/binding.ts types them.
  static std::shared_ptr<EventChannel> Open(Napi::Env env, Napi::Function callback,
                                            EventListener* listener);

  // Any thread.
  void Post(Events events);

  // The JavaScript thread only.
  void SetBusy(Napi::Env env, bool busy);
  void Close();

  ~EventChannel() = default;
  EventChannel(const EventChannel&) = delete;
  EventChannel& operator=(const EventChannel&) = delete;

 private:
  explicit EventChannel(EventListener* listener) : listener_(listener) {}

  static void OnSignal(napi_env env, napi_value callback, void* context, void* data);
  void Drain(Napi::Env env, Napi::Function callback);
  void Signal();

  EventListener* listener_;  // the JavaScript thread only

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;  // null once closed
  bool signalled_ = false;
  Events mailbox_;
};

}  // namespace codellama
