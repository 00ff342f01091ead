#include "addon/doorbell.h"

#include <utility>

namespace codellama {

std::shared_ptr<Doorbell> Doorbell::Open(Napi::Env env, Napi::Function callback, Answer answer) {
  std::shared_ptr<Doorbell> bell(new Doorbell(std::move(answer)));
  auto context = std::make_unique<std::shared_ptr<Doorbell>>(bell);
  const napi_status status = napi_create_threadsafe_function(
      env, callback, nullptr, Napi::String::New(env, "node-codellama"), 0, 1, nullptr,
      [](napi_env, void*, void* held) { delete static_cast<std::shared_ptr<Doorbell>*>(held); },
      context.get(), OnSignal, &bell->function_);
  if (status != napi_ok) throw Napi::Error::New(env);
  context.release();  // Rule 2.
  napi_unref_threadsafe_function(env, bell->function_);
  return bell;
}

void Doorbell::Ring() {
  const std::lock_guard lock(mutex_);
  if (signalled_ || function_ == nullptr) return;
  signalled_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void Doorbell::SetBusy(Napi::Env env, bool busy) {
  const std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  if (busy) {
    napi_ref_threadsafe_function(env, function_);
  } else {
    napi_unref_threadsafe_function(env, function_);
  }
}

void Doorbell::Close() {
  answer_ = nullptr;
  const std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  napi_release_threadsafe_function(std::exchange(function_, nullptr), napi_tsfn_release);
}

void Doorbell::OnSignal(napi_env env, napi_value callback, void* context, void*) {
  if (env == nullptr) return;  // Rule 6.
  // Copies, because the answer may close the doorbell.
  const auto bell = *static_cast<std::shared_ptr<Doorbell>*>(context);
  const Answer answer = bell->answer_;
  {
    const std::lock_guard lock(bell->mutex_);
    bell->signalled_ = false;
  }
  if (!answer) return;
  try {
    const Napi::HandleScope scope(env);
    answer(env, Napi::Function(env, callback));
  } catch (const Napi::Error& error) {
    // The callback in lib/engine/events.ts throws nothing. So the environment is failing, or there
    // is a bug that must be visible.
    napi_fatal_exception(env, error.Value());
  } catch (const std::exception&) {
    // Rule 6.
  }
}

}  // namespace codellama
