#include "encode_worker.h"

#include <optional>
#include <utility>

#include "engine/error.h"
#include "values.h"

namespace codellama {

namespace {

class EncodeWorker : public Napi::AsyncWorker {
 public:
  EncodeWorker(Napi::Env env, std::shared_ptr<const Model> model, std::vector<PromptPart> prompt,
               uint32_t limit)
      : AsyncWorker(env, "node-codellama.encode"),
        model_(std::move(model)),
        prompt_(std::move(prompt)),
        limit_(limit),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      tokens_ = model_->tokenizer().Encode(prompt_, limit_);
    } catch (const Error& error) {
      error_ = error;
    }
  }

  void OnOK() override {
    if (error_) {
      deferred_.Reject(ToJavaScriptError(Env(), *error_).Value());
    } else {
      deferred_.Resolve(ToValue(Env(), tokens_));
    }
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  const std::shared_ptr<const Model> model_;
  const std::vector<PromptPart> prompt_;
  const uint32_t limit_;
  Napi::Promise::Deferred deferred_;
  std::vector<Token> tokens_;
  std::optional<Error> error_;
};

}  // namespace

Napi::Promise EncodeAsync(Napi::Env env, std::shared_ptr<const Model> model,
                          std::vector<PromptPart> prompt, uint32_t limit) {
  // NOLINTNEXTLINE: deletes itself
  auto* worker = new EncodeWorker(env, std::move(model), std::move(prompt), limit);
  worker->Queue();
  return worker->promise();
}

}  // namespace codellama
