// Carries events from the engine thread to JavaScript: a mailbox and a doorbell. doorbell.h has the
// lifetime rules.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

#include "addon/doorbell.h"
#include "engine/base/event.h"

namespace codellama {

class EventListener {
 public:
  virtual ~EventListener() = default;
  // Called after JavaScript has seen the event.
  virtual void OnDelivered(const Event& event) = 0;
};

class EventChannel {
 public:
  // `callback` gets arrays of NativeEvent (lib/native/binding.ts).
  static std::shared_ptr<EventChannel> Open(Napi::Env env, Napi::Function callback,
                                            EventListener* listener);

  // Any thread.
  void Post(Events events);

  // The JavaScript thread only.
  void SetBusy(Napi::Env env, bool busy) { bell_->SetBusy(env, busy); }
  void Close();

  ~EventChannel() = default;
  EventChannel(const EventChannel&) = delete;
  EventChannel& operator=(const EventChannel&) = delete;

 private:
  explicit EventChannel(EventListener* listener) : listener_(listener) {}

  void Drain(Napi::Env env, Napi::Function callback);

  EventListener* listener_;  // the JavaScript thread only; null once closed
  std::shared_ptr<Doorbell> bell_;

  std::mutex mutex_;
  bool closed_ = false;
  Events mailbox_;
};

}  // namespace codellama
