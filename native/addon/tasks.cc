#include "addon/tasks.h"

#include <utility>

#include "addon/addon_data.h"
#include "addon/values.h"

namespace codellama {

std::shared_ptr<Tasks> Tasks::Open(Napi::Env env) {
  std::shared_ptr<Tasks> tasks(new Tasks());
  const auto settle = [held = std::weak_ptr(tasks)](Napi::Env env, Napi::Function) {
    if (const auto tasks = held.lock()) tasks->SettleOne(env);
  };
  tasks->bell_ = Doorbell::Open(env, Napi::Function(), settle);
  auto* hooked = new std::shared_ptr<Tasks>(tasks);  // NOLINT: the hook deletes it
  // After the doorbell is opened: rule 5 of doorbell.h.
  napi_add_env_cleanup_hook(
      env,
      [](void* data) {
        const std::unique_ptr<std::shared_ptr<Tasks>> held(
            static_cast<std::shared_ptr<Tasks>*>(data));
        (*held)->Close();
      },
      hooked);
  return tasks;
}

Tasks& Tasks::Of(Napi::Env env) { return env.GetInstanceData<AddonData>()->tasks(); }

Napi::Promise Tasks::Run(Napi::Env env, Lane& lane, Work work, Kept kept) {
  return Start(env, lane, std::move(work), std::move(kept)).Promise();
}

Napi::Object Tasks::RunCancellable(Napi::Env env, Lane& lane, Work work) {
  const auto deferred = Start(env, lane, std::move(work), {});
  const auto cancel = [held = weak_from_this(), id = last_id_](const Napi::CallbackInfo&) {
    if (const auto tasks = held.lock()) tasks->Cancel(id);
  };
  auto running = Napi::Object::New(env);
  running.Set("result", deferred.Promise());
  running.Set("cancel", Napi::Function::New(env, cancel, "cancel"));
  return running;
}

Napi::Promise::Deferred Tasks::Start(Napi::Env env, Lane& lane, Work work, Kept kept) {
  auto deferred = Napi::Promise::Deferred::New(env);
  const uint32_t id = ++last_id_;
  const auto job = std::make_shared<Job>(
      [tasks = shared_from_this(), id, work = std::move(work)](const Job::StopFlag& stop) {
        Outcome outcome;
        outcome.id = id;
        try {
          outcome.value = work(stop);
        } catch (...) {
          outcome.error = CurrentError();
        }
        tasks->Post(std::move(outcome));
      });
  try {
    lane.Post([job] { job->Run(); });
  } catch (const Error& error) {
    deferred.Reject(ToJavaScriptError(env, error).Value());
    return deferred;
  }
  if (pending_.empty()) bell_->SetBusy(env, true);
  pending_.emplace(id, Pending{deferred, job, std::move(kept)});
  return deferred;
}

void Tasks::Cancel(uint32_t id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  found->second.job->Stop();
  Post({id, nullptr, Error(ErrorCode::kAborted, "the work was cancelled")});
}

void Tasks::StopAll() {
  for (const auto& [_, pending] : pending_) pending.job->Stop();
}

bool Tasks::WhileOpen(const std::function<void()>& use) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  use();
  return true;
}

void Tasks::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    outcomes_.clear();
  }
  bell_->Close();
  StopAll();
  pending_.clear();
}

void Tasks::Post(Outcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    outcomes_.push_back(std::move(outcome));
  }
  bell_->Ring();
}

// Settles one promise per turn of the event loop, because its value may take a millisecond to make.
void Tasks::SettleOne(Napi::Env env) {
  Outcome outcome;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    if (outcomes_.empty()) return;
    outcome = std::move(outcomes_.front());
    outcomes_.pop_front();
    more = !outcomes_.empty();
  }
  if (more) bell_->Ring();
  Settle(env, outcome);
}

void Tasks::Settle(Napi::Env env, const Outcome& outcome) {
  const auto found = pending_.find(outcome.id);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  if (pending_.empty()) bell_->SetBusy(env, false);
  if (outcome.error) {
    pending.deferred.Reject(ToJavaScriptError(env, *outcome.error).Value());
    return;
  }
  try {
    pending.deferred.Resolve(outcome.value(env));
  } catch (const Napi::Error& error) {
    pending.deferred.Reject(error.Value());
  } catch (...) {
    pending.deferred.Reject(ToJavaScriptError(env, CurrentError()).Value());
  }
}

}  // namespace codellama
