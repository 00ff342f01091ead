#include "grammar_worker.h"

#include <optional>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/grammar/json_schema.h"
#include "values.h"

namespace codellama {

namespace {

using Handle = std::shared_ptr<const Grammar>;

class GrammarWorker : public Napi::AsyncWorker {
 public:
  GrammarWorker(Napi::Env env, std::string text, bool is_json_schema)
      : AsyncWorker(env, "node-codellama.grammar"),
        text_(std::move(text)),
        is_json_schema_(is_json_schema),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      grammar_ = std::make_shared<const Grammar>(
          ParseGrammar(is_json_schema_ ? JsonSchemaToGrammar(text_) : text_));
    } catch (const Error& error) {
      error_ = error;
    }
  }

  void OnOK() override {
    if (error_) {
      deferred_.Reject(ToJavaScriptError(Env(), *error_).Value());
      return;
    }
    deferred_.Resolve(Napi::External<Handle>::New(
        Env(), new Handle(std::move(grammar_)),  // NOLINT: the finalizer owns it
        [](Napi::Env, Handle* handle) { delete handle; }));
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  const std::string text_;
  const bool is_json_schema_;
  Napi::Promise::Deferred deferred_;
  Handle grammar_;
  std::optional<Error> error_;
};

}  // namespace

Napi::Value CompileGrammar(const Napi::CallbackInfo& info) {
  // NOLINTNEXTLINE: deletes itself
  auto* worker = new GrammarWorker(info.Env(), info[0].ToString().Utf8Value(), info[1].ToBoolean());
  worker->Queue();
  return worker->promise();
}

std::shared_ptr<const Grammar> ReadGrammar(const Napi::Value& handle) {
  if (!handle.IsExternal()) throw Napi::TypeError::New(handle.Env(), "grammar is no handle");
  return *handle.As<Napi::External<Handle>>().Data();
}

}  // namespace codellama
