// Exports of the addon: llamaCommit, class EngineHandle, inspect(path), compileGrammar(kind, text,
// options), compileStopPattern(source, flags), newTextStop(options), addBackendFolder(path),
// backends(), devices(), stopAll(). lib/native/binding.ts types them.
#include <napi.h>

#include "addon/addon_data.h"
#include "addon/device_lists.h"
#include "addon/engine_handle.h"
#include "addon/grammar_handle.h"
#include "addon/inspect.h"
#include "addon/stop_handle.h"
#include "engine/llama/model.h"

namespace codellama {

static void StopAll(const Napi::CallbackInfo& info) {
  info.Env().GetInstanceData<AddonData>()->StopAll();
}

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData(env));  // NOLINT: Node-API owns and deletes it
  exports.Set("EngineHandle", EngineHandle::Define(env));
  exports.Set("inspect", Napi::Function::New(env, Inspect, "inspect"));
  exports.Set("compileGrammar", Napi::Function::New(env, CompileGrammar, "compileGrammar"));
  exports.Set("compileStopPattern",
              Napi::Function::New(env, CompileStopPatternLater, "compileStopPattern"));
  exports.Set("newTextStop", Napi::Function::New(env, NewTextStop, "newTextStop"));
  exports.Set("llamaCommit", LLAMA_CPP_COMMIT);
  exports.Set("addBackendFolder", Napi::Function::New<AddBackendFolder>(env, "addBackendFolder"));
  exports.Set("backends", Napi::Function::New<ListBackendsLater>(env, "backends"));
  exports.Set("devices", Napi::Function::New<ListDevicesLater>(env, "devices"));
  exports.Set("stopAll", Napi::Function::New(env, StopAll, "stopAll"));
  return exports;
}

}  // namespace codellama

static Napi::Object InitializeAddon(Napi::Env env, Napi::Object exports) {
  return codellama::Initialize(env, exports);
}

NODE_API_MODULE(node_codellama, InitializeAddon)
