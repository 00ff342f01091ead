// The JavaScript class around an Engine: options in, request ids out, events to the callback. It
// has no inference logic.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_set>

#include "addon/event_channel.h"
#include "engine/core/engine.h"

namespace codellama {

class EngineHandle : public Napi::ObjectWrap<EngineHandle>, private EventListener {
 public:
  static Napi::Function Define(Napi::Env env);

  // new EngineHandle(options, onEvents): starts to load.
  explicit EngineHandle(const Napi::CallbackInfo& info);
  ~EngineHandle() override;

  // Begins to stop the engine, without waiting.
  void BeginStop();
  // Waits for the engine thread. Later events are dropped. Idempotent.
  void Stop();

 private:
  Napi::Value Submit(const Napi::CallbackInfo& info);
  void Cancel(const Napi::CallbackInfo& info);
  void SetPaused(const Napi::CallbackInfo& info);
  Napi::Value AddPrompt(const Napi::CallbackInfo& info);
  Napi::Value Tokenize(const Napi::CallbackInfo& info);
  Napi::Value Encode(const Napi::CallbackInfo& info);
  Napi::Value EncodeLater(const Napi::CallbackInfo& info);
  Napi::Value Detokenize(const Napi::CallbackInfo& info);
  Napi::Value TokenBytes(const Napi::CallbackInfo& info);
  Napi::Value Model(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void OnDelivered(const Event& event) override;
  void Forget(RequestId id);
  void UpdateBusy();
  std::shared_ptr<const codellama::Model> LoadedModel(Napi::Env env) const;

  std::shared_ptr<EventChannel> channel_;
  std::unique_ptr<Engine> engine_;

  // Things that JavaScript waits for. While there are any, the event loop and this object stay
  // alive.
  bool loading_ = true;
  bool closing_ = false;
  bool closed_ = false;
  std::unordered_set<RequestId> awaited_;
  // Requests that give no event until their reader resumes them. They keep nothing alive.
  std::unordered_set<RequestId> paused_;
  bool busy_ = false;
};

}  // namespace codellama
