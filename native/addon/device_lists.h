// Lists devices and backends on another thread, because a GPU driver may take a second.
#pragma once

#include <napi.h>

namespace codellama {

// devices(): a promise of lib/native/binding.ts's DeviceInfo[].
Napi::Value ListDevicesLater(const Napi::CallbackInfo& info);

// backends(): a promise of NativeBackend[].
Napi::Value ListBackendsLater(const Napi::CallbackInfo& info);

// addBackendFolder(path)
void AddBackendFolder(const Napi::CallbackInfo& info);

}  // namespace codellama
