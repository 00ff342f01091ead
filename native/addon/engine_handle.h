// The addon's one class: options go in, ids come out, events go to the callback. No inference
// logic.
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

  // new Engine(options, onEvents): starts to load.
  explicit EngineHandle(const Napi::CallbackInfo& info);
  ~EngineHandle() override;

  void BeginStop();
  // Waits for the engine thread; nothing is reported any more. Idempotent.
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

  // What JavaScript waits for. While it does, the event loop and this object are kept alive.
  bool loading_ = true;
  bool closing_ = false;
  bool closed_ = false;
  std::unordered_set<RequestId> awaited_;
  // Nothing comes of these until their reader resumes them, so they keep nothing alive.
  std::unordered_set<RequestId> paused_;
  bool busy_ = false;
};

}  // namespace codellama
