// The engine's data as JavaScript values. lib/native/binding.ts types the shapes.
#pragma once

#include <napi.h>

#include <string_view>
#include <vector>

#include "engine/base/event.h"
#include "engine/core/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/llama/backend_library.h"
#include "engine/llama/device.h"
#include "engine/llama/model.h"

namespace codellama {

Napi::Value ToValue(Napi::Env env, const Events& events);
Napi::Value ToValue(Napi::Env env, const EngineStats& stats);
Napi::Value ToValue(Napi::Env env, const Model& model);
Napi::Value ToValue(Napi::Env env, const std::vector<Token>& tokens);
Napi::Value ToValue(Napi::Env env, const std::vector<Device>& devices);
Napi::Value ToValue(Napi::Env env, const std::vector<BackendLibrary>& libraries);
Napi::Value BytesToValue(Napi::Env env, std::string_view bytes);

// An Error of JavaScript with the code as its `code`; lib/errors.ts makes a CodeLlamaError of it.
Napi::Error ToJavaScriptError(Napi::Env env, const Error& error);

}  // namespace codellama
