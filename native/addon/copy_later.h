// Copies bytes off the JavaScript thread: gigabytes would hold up the event loop.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace codellama {

// Gives `use` a copy of the bytes, on the JavaScript thread, and resolves with what it returns.
// `owner` and the bytes are kept alive meanwhile.
Napi::Promise CopyLater(Napi::Env env, Napi::Uint8Array bytes, Napi::Object owner,
                        std::function<bool(std::vector<uint8_t>)> use);

}  // namespace codellama
