// Converts data of the engine to JavaScript values. lib/native/binding.ts declares their types.
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

// A JavaScript Error with the property `code`. lib/errors.ts turns it into a CodeLlamaError.
Napi::Error ToJavaScriptError(Napi::Env env, const Error& error);

}  // namespace codellama
