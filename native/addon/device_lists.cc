#include "addon/device_lists.h"

#include <memory>
#include <vector>

#include "addon/tasks.h"
#include "addon/values.h"
#include "engine/llama/backend.h"
#include "engine/llama/backend_library.h"
#include "engine/llama/device.h"

namespace codellama {

namespace {

// Loads the backends and calls `list` on another thread.
template <typename Item>
Napi::Value ListLater(Napi::Env env, std::vector<Item> (*list)()) {
  return Tasks::Of(env).Run(env, Lane::System(), [list](const Job::StopFlag&) -> Tasks::ToValue {
    InitializeBackends();
    return [items = std::make_shared<const std::vector<Item>>(list())](Napi::Env env) {
      return ToValue(env, *items);
    };
  });
}

}  // namespace

Napi::Value ListDevicesLater(const Napi::CallbackInfo& info) {
  return ListLater(info.Env(), &ListDevices);
}

Napi::Value ListBackendsLater(const Napi::CallbackInfo& info) {
  return ListLater(info.Env(), &ListBackendLibraries);
}

void AddBackendFolder(const Napi::CallbackInfo& info) {
  AddBackendFolder(info[0].ToString().Utf8Value());
}

}  // namespace codellama
