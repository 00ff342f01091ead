#include "addon/stop_handle.h"

#include <string>
#include <utility>

#include "addon/grammar_handle.h"
#include "addon/option_reader.h"
#include "addon/shared_handle.h"
#include "addon/tasks.h"
#include "engine/text/stop_pattern.h"
#include "engine/text/text_stream.h"

namespace codellama {

Napi::Value CompileStopPatternLater(const Napi::CallbackInfo& info) {
  const auto work = [source = info[0].ToString().Utf8Value(),
                     flags = ReadRegexFlags(info[1])](const Job::StopFlag& stop) -> Tasks::ToValue {
    const auto pattern = CompileStopPattern(source, flags, &stop);
    return [pattern](Napi::Env env) { return NewHandle(env, pattern); };
  };
  return Tasks::Of(info.Env()).RunCancellable(info.Env(), Lane::Grammar(), work);
}

std::shared_ptr<const StopPattern> ReadStopPattern(const Napi::Value& handle) {
  return ReadHandle<StopPattern>(handle, "stop pattern");
}

Napi::Value NewTextStop(const Napi::CallbackInfo& info) {
  const auto stream = std::make_shared<TextStream>(ReadStopConditions(info[0].ToObject()));
  return Napi::Function::New(info.Env(), [stream](const Napi::CallbackInfo& call) -> Napi::Value {
    Napi::Object result = Napi::Object::New(call.Env());
    result.Set("text", call[0].IsString() ? stream->Append(call[0].ToString().Utf8Value())
                                          : stream->Finish());
    result.Set("matched", stream->matched());
    return result;
  });
}

}  // namespace codellama
