// Copies bytes on another thread, because gigabytes would block the event loop.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace codellama {

// Copies the bytes, calls `use` with the copy on the JavaScript thread, and resolves with the
// result. Keeps `owner` and the bytes alive until then.
Napi::Promise CopyLater(Napi::Env env, Napi::Uint8Array bytes, Napi::Object owner,
                        std::function<bool(std::vector<uint8_t>)> use);

}  // namespace codellama
