// inspect(path): what a GGUF file's header says, read off the main thread.
#pragma once

#include <napi.h>

namespace codellama {

// Returns a promise of lib/native/binding.ts's NativeGgufFile; it rejects with a coded error.
Napi::Value Inspect(const Napi::CallbackInfo& info);

}  // namespace codellama
