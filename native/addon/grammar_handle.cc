#include "addon/grammar_handle.h"

#include <string>
#include <utility>

#include "addon/tasks.h"
#include "engine/grammar/rule_grammar.h"
#include "engine/schema/schema_grammar.h"

namespace codellama {

namespace {

using Handle = std::shared_ptr<const Grammar>;

}  // namespace

Napi::Value CompileGrammar(const Napi::CallbackInfo& info) {
  const auto work = [text = info[0].ToString().Utf8Value(),
                     is_json_schema =
                         info[1].ToBoolean().Value()](const Job::StopFlag& stop) -> Tasks::ToValue {
    const Handle grammar = is_json_schema ? CompileSchema(text, {}, &stop)
                                          : std::make_shared<const RuleGrammar>(ParseGrammar(text));
    if (stop) throw Error(ErrorCode::kAborted, "reading the grammar was cancelled");
    return [grammar](Napi::Env env) {
      return Napi::External<Handle>::New(env, new Handle(grammar),  // NOLINT: the finalizer owns it
                                         [](Napi::Env, Handle* handle) { delete handle; });
    };
  };
  return Tasks::Of(info.Env()).RunCancellable(info.Env(), Lane::Grammar(), work);
}

std::shared_ptr<const Grammar> ReadGrammar(const Napi::Value& handle) {
  if (!handle.IsExternal()) throw Napi::TypeError::New(handle.Env(), "grammar is no handle");
  return *handle.As<Napi::External<Handle>>().Data();
}

}  // namespace codellama
