#include "device_worker.h"

#include <vector>

#include "engine/backend.h"
#include "engine/backend_library.h"
#include "engine/device.h"
#include "values.h"

namespace codellama {

namespace {

// Lists something once the backends are loaded.
template <typename Item>
class ListWorker : public Napi::AsyncWorker {
 public:
  ListWorker(Napi::Env env, std::vector<Item> (*list)())
      : AsyncWorker(env, "node-codellama.devices"),
        list_(list),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    InitializeBackends();
    items_ = list_();
  }

  void OnOK() override { deferred_.Resolve(ToValue(Env(), items_)); }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  std::vector<Item> (*const list_)();
  Napi::Promise::Deferred deferred_;
  std::vector<Item> items_;
};

template <typename Item>
Napi::Value ListLater(const Napi::CallbackInfo& info, std::vector<Item> (*list)()) {
  auto* worker = new ListWorker<Item>(info.Env(), list);  // NOLINT: deletes itself
  worker->Queue();
  return worker->promise();
}

}  // namespace

Napi::Value ListDevicesLater(const Napi::CallbackInfo& info) {
  return ListLater(info, &ListDevices);
}

Napi::Value ListBackendsLater(const Napi::CallbackInfo& info) {
  return ListLater(info, &ListBackendLibraries);
}

void AddBackendFolder(const Napi::CallbackInfo& info) {
  AddBackendFolder(info[0].ToString().Utf8Value());
}

}  // namespace codellama
