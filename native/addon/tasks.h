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

#include "addon/doorbell.h"
#include "addon/job.h"
#include "addon/lane.h"
#include "engine/base/error.h"

namespace codellama {

class Tasks : public std::enable_shared_from_this<Tasks> {
 public:
  // Makes the promise's value, on the JavaScript thread.
  using ToValue = std::function<Napi::Value(Napi::Env env)>;
  // On a thread of the lane. What it throws rejects the promise.
  using Work = std::function<ToValue(const Job::StopFlag& stop)>;
  // Kept alive until the promise is settled.
  using Kept = std::vector<Napi::ObjectReference>;

  // Closes with the environment.
  static std::shared_ptr<Tasks> Open(Napi::Env env);

  // Those of the environment.
  static Tasks& Of(Napi::Env env);

  Napi::Promise Run(Napi::Env env, Lane& lane, Work work, Kept kept = {});

  // The same as an object: `result` is the promise, and `cancel()` rejects it with kAborted. Work
  // that waits for a thread is then dropped; work that has one sees `stop` turn true.
  Napi::Object RunCancellable(Napi::Env env, Lane& lane, Work work);

  // Calls `use` unless the environment has ended, which waits until `use` has returned: what it
  // touches of JavaScript's memory stays there. Any thread.
  bool WhileOpen(const std::function<void()>& use);

  // Cancels all work, and settles nothing. The JavaScript thread only.
  void StopAll();

  // StopAll(), and nothing comes of any work. The JavaScript thread only. Idempotent.
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

  // Has the id `last_id_`. Where no thread can be started the promise is rejected.
  Napi::Promise::Deferred Start(Napi::Env env, Lane& lane, Work work, Kept kept);
  void Cancel(uint32_t id);
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
