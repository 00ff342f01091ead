#include "event_channel.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "values.h"

namespace codellama {

namespace {

// Events handed over in one turn of the event loop, so that other work gets its turn too.
constexpr size_t kEventsPerTurn = 256;

}  // namespace

std::shared_ptr<EventChannel> EventChannel::Open(Napi::Env env, Napi::Function callback,
                                                 EventListener* listener) {
  std::shared_ptr<EventChannel> channel(new EventChannel(listener));
  auto context = std::make_unique<std::shared_ptr<EventChannel>>(channel);
  const napi_status status = napi_create_threadsafe_function(
      env, callback, nullptr, Napi::String::New(env, "node-codellama"), 0, 1, nullptr,
      [](napi_env, void*, void* held) { delete static_cast<std::shared_ptr<EventChannel>*>(held); },
      context.get(), OnSignal, &channel->function_);
  if (status != napi_ok) throw Napi::Error::New(env);
  context.release();  // Rule 2.
  napi_unref_threadsafe_function(env, channel->function_);
  return channel;
}

void EventChannel::Post(Events events) {
  const std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  mailbox_.insert(mailbox_.end(), std::make_move_iterator(events.begin()),
                  std::make_move_iterator(events.end()));
  Signal();
}

void EventChannel::Signal() {
  if (signalled_ || function_ == nullptr) return;
  signalled_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void EventChannel::SetBusy(Napi::Env env, bool busy) {
  const std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  if (busy) {
    napi_ref_threadsafe_function(env, function_);
  } else {
    napi_unref_threadsafe_function(env, function_);
  }
}

void EventChannel::Close() {
  listener_ = nullptr;
  const std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  napi_release_threadsafe_function(std::exchange(function_, nullptr), napi_tsfn_release);
  mailbox_.clear();
}

void EventChannel::OnSignal(napi_env env, napi_value callback, void* context, void*) {
  if (env == nullptr || callback == nullptr) return;  // Rule 6.
  // A copy: the drain may close the channel.
  const auto channel = *static_cast<std::shared_ptr<EventChannel>*>(context);
  try {
    const Napi::HandleScope scope(env);
    channel->Drain(env, Napi::Function(env, callback));
  } catch (const Napi::Error& error) {
    // lib/binding.ts throws nothing, so this is a failing environment or a bug worth seeing.
    napi_fatal_exception(env, error.Value());
  } catch (const std::exception&) {
    // Rule 6.
  }
}

void EventChannel::Drain(Napi::Env env, Napi::Function callback) {
  Events events;
  {
    const std::lock_guard lock(mutex_);
    signalled_ = false;
    const auto count = static_cast<std::ptrdiff_t>(std::min(mailbox_.size(), kEventsPerTurn));
    events.assign(std::make_move_iterator(mailbox_.begin()),
                  std::make_move_iterator(mailbox_.begin() + count));
    mailbox_.erase(mailbox_.begin(), mailbox_.begin() + count);
    if (!mailbox_.empty()) Signal();
  }
  if (events.empty()) return;
  callback.Call({ToValue(env, events)});
  for (const Event& event : events) {
    if (listener_ != nullptr) listener_->OnDelivered(event);
  }
}

}  // namespace codellama
