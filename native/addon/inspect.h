// inspect(path): reads the header of a GGUF file on another thread.
#pragma once

#include <napi.h>

namespace codellama {

// Returns a promise of NativeGgufFile (lib/native/binding.ts), which rejects with a coded error.
Napi::Value Inspect(const Napi::CallbackInfo& info);

}  // namespace codellama
