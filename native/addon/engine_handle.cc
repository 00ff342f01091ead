#include "addon/engine_handle.h"

#include <system_error>
#include <variant>

#include "addon/addon_data.h"
#include "addon/copy_later.h"
#include "addon/encode_later.h"
#include "addon/option_reader.h"
#include "addon/values.h"

namespace codellama {

namespace {

void OnEnvironmentEnd(void* engine) { static_cast<EngineHandle*>(engine)->Stop(); }

}  // namespace

Napi::Function EngineHandle::Define(Napi::Env env) {
  return DefineClass(env, "EngineHandle",
                     {
                         InstanceMethod<&EngineHandle::Submit>("submit"),
                         InstanceMethod<&EngineHandle::Cancel>("cancel"),
                         InstanceMethod<&EngineHandle::SetPaused>("setPaused"),
                         InstanceMethod<&EngineHandle::AddPrompt>("addPrompt"),
                         InstanceMethod<&EngineHandle::Tokenize>("tokenize"),
                         InstanceMethod<&EngineHandle::Encode>("encode"),
                         InstanceMethod<&EngineHandle::EncodeLater>("encodeAsync"),
                         InstanceMethod<&EngineHandle::Detokenize>("detokenize"),
                         InstanceMethod<&EngineHandle::TokenBytes>("tokenBytes"),
                         InstanceMethod<&EngineHandle::Model>("model"),
                         InstanceMethod<&EngineHandle::Stats>("stats"),
                         InstanceMethod<&EngineHandle::Close>("close"),
                     });
}

EngineHandle::EngineHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  ModelOptions model = ReadModelOptions(options);
  ContextOptions context = ReadContextOptions(options);
  channel_ = EventChannel::Open(env, info[1].As<Napi::Function>(), this);
  try {
    engine_ = std::make_unique<Engine>(
        std::move(model), std::move(context),
        [channel = channel_](Events events) { channel->Post(std::move(events)); });
  } catch (const std::system_error& error) {
    channel_->Close();
    throw ToJavaScriptError(
        env, Error(ErrorCode::kBackendFailed,
                   std::string("the engine's thread cannot be started: ") + error.what()));
  }
  // After the channel has opened its doorbell: rule 5 of doorbell.h.
  napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  env.GetInstanceData<AddonData>()->Add(this);
  UpdateBusy();
}

EngineHandle::~EngineHandle() {
  if (engine_ == nullptr) return;  // the constructor threw
  Stop();
  napi_remove_env_cleanup_hook(Env(), OnEnvironmentEnd, this);
  if (auto* data = Env().GetInstanceData<AddonData>()) data->Remove(this);
}

void EngineHandle::BeginStop() { engine_->Close(); }

void EngineHandle::Stop() {
  engine_->Shutdown();
  channel_->Close();
}

Napi::Value EngineHandle::Submit(const Napi::CallbackInfo& info) {
  Request request = ReadRequest(info[0].As<Napi::Object>());
  const RequestId id = request.id;
  try {
    const bool accepted = engine_->Submit(std::move(request));
    if (accepted) awaited_.insert(id);
    UpdateBusy();
    return Napi::Boolean::New(info.Env(), accepted);
  } catch (const Error& error) {
    throw ToJavaScriptError(info.Env(), error);
  }
}

void EngineHandle::Cancel(const Napi::CallbackInfo& info) {
  const RequestId id = info[0].ToNumber();
  if (paused_.erase(id) > 0) awaited_.insert(id);
  engine_->Cancel(id);
  UpdateBusy();
}

void EngineHandle::SetPaused(const Napi::CallbackInfo& info) {
  const RequestId id = info[0].ToNumber();
  const bool paused = info[1].ToBoolean();
  auto& from = paused ? awaited_ : paused_;
  auto& to = paused ? paused_ : awaited_;
  if (from.erase(id) == 0) return;
  to.insert(id);
  engine_->SetPaused(id, paused);
  UpdateBusy();
}

Napi::Value EngineHandle::AddPrompt(const Napi::CallbackInfo& info) {
  return CopyLater(info.Env(), info[2].As<Napi::Uint8Array>(), info.This().As<Napi::Object>(),
                   [this, tokens = ReadTokens(info[0]),
                    scales = ReadScales(info[1])](std::vector<uint8_t> state) {
                     return engine_->AddPrompt(tokens, scales, std::move(state));
                   });
}

std::shared_ptr<const Model> EngineHandle::LoadedModel(Napi::Env env) const {
  auto model = engine_->model();
  if (!model) throw ToJavaScriptError(env, Error(ErrorCode::kClosed, "the engine is closed"));
  return model;
}

Napi::Value EngineHandle::Tokenize(const Napi::CallbackInfo& info) {
  const std::string text = info[0].ToString();
  try {
    return ToValue(info.Env(), LoadedModel(info.Env())
                                   ->tokenizer()
                                   .Encode(text, info[1].ToBoolean(), info[2].ToBoolean()));
  } catch (const Error& error) {
    throw ToJavaScriptError(info.Env(), error);
  }
}

Napi::Value EngineHandle::Encode(const Napi::CallbackInfo& info) {
  const auto parts = info[0].As<Napi::Array>();
  const uint32_t limit = info[1].ToNumber().Uint32Value();
  try {
    const auto model = LoadedModel(info.Env());
    return ToValue(info.Env(), model->tokenizer().Encode(ReadPrompt(parts), limit));
  } catch (const Error& error) {
    throw ToJavaScriptError(info.Env(), error);
  }
}

Napi::Value EngineHandle::EncodeLater(const Napi::CallbackInfo& info) {
  const auto parts = info[0].As<Napi::Array>();
  const uint32_t limit = info[1].ToNumber().Uint32Value();
  try {
    const auto model = LoadedModel(info.Env());
    // A check before the texts are read, which takes time on this thread. Each UTF-16 unit of a
    // text is at least one byte.
    model->tokenizer().CheckLength(PromptUnits(parts), limit);
    return codellama::EncodeLater(info.Env(), model, ReadPrompt(parts), limit);
  } catch (const Error& error) {
    throw ToJavaScriptError(info.Env(), error);
  }
}

Napi::Value EngineHandle::Detokenize(const Napi::CallbackInfo& info) {
  try {
    return Napi::String::New(
        info.Env(),
        LoadedModel(info.Env())->tokenizer().Decode(ReadTokens(info[0]), info[1].ToBoolean()));
  } catch (const Error& error) {
    throw ToJavaScriptError(info.Env(), error);
  }
}

Napi::Value EngineHandle::TokenBytes(const Napi::CallbackInfo& info) {
  try {
    return BytesToValue(
        info.Env(),
        LoadedModel(info.Env())->tokenizer().NamedPiece(info[0].ToNumber().Int32Value()));
  } catch (const Error& error) {
    throw ToJavaScriptError(info.Env(), error);
  }
}

Napi::Value EngineHandle::Model(const Napi::CallbackInfo& info) {
  return ToValue(info.Env(), *LoadedModel(info.Env()));
}

Napi::Value EngineHandle::Stats(const Napi::CallbackInfo& info) {
  return ToValue(info.Env(), engine_->stats());
}

void EngineHandle::Close(const Napi::CallbackInfo&) {
  if (closing_ || closed_) return;
  closing_ = true;
  engine_->Close();
  UpdateBusy();
}

void EngineHandle::OnDelivered(const Event& event) {
  if (std::holds_alternative<Loaded>(event)) {
    loading_ = false;
  } else if (const auto* finished = std::get_if<Finished>(&event)) {
    Forget(finished->id);
  } else if (const auto* failed = std::get_if<Failed>(&event)) {
    Forget(failed->id);
  } else if (std::holds_alternative<Closed>(event)) {
    loading_ = false;
    closing_ = false;
    closed_ = true;
    UpdateBusy();
    Stop();
    return;
  }
  UpdateBusy();
}

void EngineHandle::Forget(RequestId id) {
  awaited_.erase(id);
  paused_.erase(id);
}

void EngineHandle::UpdateBusy() {
  const bool busy = loading_ || closing_ || !awaited_.empty();
  if (busy == busy_) return;
  busy_ = busy;
  channel_->SetBusy(Env(), busy);
  if (busy) {
    Ref();
  } else {
    Unref();
  }
}

}  // namespace codellama
