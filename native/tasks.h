// Work on other threads that settles promises of one environment.
#pragma once

#include <napi.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "doorbell.h"
#include "engine/error.h"
#include "lane.h"

namespace codellama {

class Tasks : public std::enable_shared_from_this<Tasks> {
 public:
  // Makes the promise's value, on the JavaScript thread.
  using ToValue = std::function<Napi::Value(Napi::Env env)>;
  // On a thread of the lane. What it throws rejects the promise.
  using Work = std::function<ToValue()>;
  // Kept alive until the promise is settled.
  using Kept = std::vector<Napi::ObjectReference>;

  // Closes with the environment.
  static std::shared_ptr<Tasks> Open(Napi::Env env);

  // Those of the environment.
  static Tasks& Of(Napi::Env env);

  Napi::Promise Run(Napi::Env env, Lane& lane, Work work, Kept kept = {});

  // Calls `use` unless the environment has ended, which waits until `use` has returned: what it
  // touches of JavaScript's memory stays there. Any thread.
  bool WhileOpen(const std::function<void()>& use);

  // The JavaScript thread only. Idempotent. Work under way goes on, and nothing comes of it.
  void Close();

 private:
  struct Pending {
    Napi::Promise::Deferred deferred;
    Kept kept;
  };
  struct Outcome {
    uint32_t id = 0;
    ToValue value;
    std::optional<Error> error;
  };

  Tasks() = default;

  void Post(Outcome outcome);
  void SettleOne(Napi::Env env);
  void Settle(Napi::Env env, const Outcome& outcome);

  // The JavaScript thread only.
  std::shared_ptr<Doorbell> bell_;
  uint32_t last_id_ = 0;
  std::unordered_map<uint32_t, Pending> pending_;

  std::mutex mutex_;
  bool closed_ = false;
  std::deque<Outcome> outcomes_;
};

}  // namespace codellama
