#include "copy_worker.h"

#include <utility>

namespace codellama {

namespace {

class CopyWorker : public Napi::AsyncWorker {
 public:
  CopyWorker(Napi::Env env, Napi::Uint8Array bytes, Napi::Object owner,
             std::function<bool(std::vector<uint8_t>)> use)
      : AsyncWorker(env, "node-codellama.copy"),
        bytes_(bytes.Data()),
        size_(bytes.ByteLength()),
        use_(std::move(use)),
        bytes_reference_(Napi::Persistent(bytes.As<Napi::Object>())),
        owner_reference_(Napi::Persistent(owner)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { copy_.assign(bytes_, bytes_ + size_); }

  void OnOK() override { deferred_.Resolve(Napi::Boolean::New(Env(), use_(std::move(copy_)))); }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  const uint8_t* const bytes_;
  const size_t size_;
  const std::function<bool(std::vector<uint8_t>)> use_;
  const Napi::ObjectReference bytes_reference_;
  const Napi::ObjectReference owner_reference_;
  Napi::Promise::Deferred deferred_;
  std::vector<uint8_t> copy_;
};

}  // namespace

Napi::Promise CopyLater(Napi::Env env, Napi::Uint8Array bytes, Napi::Object owner,
                        std::function<bool(std::vector<uint8_t>)> use) {
  // NOLINTNEXTLINE: deletes itself
  auto* worker = new CopyWorker(env, bytes, owner, std::move(use));
  worker->Queue();
  return worker->promise();
}

}  // namespace codellama
