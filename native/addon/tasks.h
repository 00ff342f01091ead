// Runs work on other threads and settles its promises. One object per environment.
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

#include "addon/doorbell.h"
#include "addon/job.h"
#include "addon/lane.h"
#include "engine/base/error.h"

namespace codellama {

class Tasks : public std::enable_shared_from_this<Tasks> {
 public:
  // Makes the value of the promise. Runs on the JavaScript thread.
  using ToValue = std::function<Napi::Value(Napi::Env env)>;
  // Runs on a thread of the lane. Any exception rejects the promise.
  using Work = std::function<ToValue(const Job::StopFlag& stop)>;
  // Objects that stay alive until the promise is settled.
  using Kept = std::vector<Napi::ObjectReference>;

  // The object closes with the environment.
  static std::shared_ptr<Tasks> Open(Napi::Env env);

  // The object of the environment.
  static Tasks& Of(Napi::Env env);

  Napi::Promise Run(Napi::Env env, Lane& lane, Work work, Kept kept = {});

  // Returns an object with the promise as `result`, and a function `cancel()` that rejects it with
  // kAborted. Cancelled work that waits for a thread is dropped; running work sees `stop` turn
  // true.
  Napi::Object RunCancellable(Napi::Env env, Lane& lane, Work work);

  // Calls `use` unless the environment has ended, and returns whether it did. The end of the
  // environment waits for `use`, so JavaScript's memory stays valid during the call. Any thread.
  bool WhileOpen(const std::function<void()>& use);

  // Stops all work without settling promises. JavaScript thread only.
  void StopAll();

  // StopAll(), and drops all results. JavaScript thread only. Idempotent.
  void Close();

 private:
  struct Pending {
    Napi::Promise::Deferred deferred;
    std::shared_ptr<Job> job;
    Kept kept;
  };
  struct Outcome {
    uint32_t id = 0;
    ToValue value;
    std::optional<Error> error;
  };

  Tasks() = default;

  // Starts work with the id `last_id_`. Rejects the promise if no thread can be started.
  Napi::Promise::Deferred Start(Napi::Env env, Lane& lane, Work work, Kept kept);
  void Cancel(uint32_t id);
  void Post(Outcome outcome);
  void SettleOne(Napi::Env env);
  void Settle(Napi::Env env, const Outcome& outcome);

  // JavaScript thread only.
  std::shared_ptr<Doorbell> bell_;
  uint32_t last_id_ = 0;
  std::unordered_map<uint32_t, Pending> pending_;

  std::mutex mutex_;
  bool closed_ = false;
  std::deque<Outcome> outcomes_;
};

}  // namespace codellama
