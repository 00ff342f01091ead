#include "addon/event_channel.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "addon/values.h"

namespace codellama {

namespace {

// Most events in one turn of the event loop, so that other work gets its turn.
constexpr size_t kEventsPerTurn = 256;

}  // namespace

std::shared_ptr<EventChannel> EventChannel::Open(Napi::Env env, Napi::Function callback,
                                                 EventListener* listener) {
  std::shared_ptr<EventChannel> channel(new EventChannel(listener));
  const auto drain = [held = std::weak_ptr(channel)](Napi::Env env, Napi::Function callback) {
    if (const auto channel = held.lock()) channel->Drain(env, callback);
  };
  channel->bell_ = Doorbell::Open(env, callback, drain);
  return channel;
}

void EventChannel::Post(Events events) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    mailbox_.insert(mailbox_.end(), std::make_move_iterator(events.begin()),
                    std::make_move_iterator(events.end()));
  }
  bell_->Ring();
}

void EventChannel::Close() {
  listener_ = nullptr;
  bell_->Close();
  const std::lock_guard lock(mutex_);
  closed_ = true;
  mailbox_.clear();
}

void EventChannel::Drain(Napi::Env env, Napi::Function callback) {
  Events events;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(mailbox_.size(), kEventsPerTurn));
    events.assign(std::make_move_iterator(mailbox_.begin()),
                  std::make_move_iterator(mailbox_.begin() + count));
    mailbox_.erase(mailbox_.begin(), mailbox_.begin() + count);
    more = !mailbox_.empty();
  }
  if (more) bell_->Ring();
  if (events.empty()) return;
  callback.Call({ToValue(env, events)});
  for (const Event& event : events) {
    if (listener_ != nullptr) listener_->OnDelivered(event);
  }
}

}  // namespace codellama
