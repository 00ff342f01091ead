#include "addon/grammar_handle.h"

#include <string>
#include <utility>

#include "addon/tasks.h"
#include "engine/grammar/rule_grammar.h"
#include "engine/schema/schema_grammar.h"

namespace codellama {

namespace {

using Handle = std::shared_ptr<const Grammar>;

// A text to compile, in the language `kind`.
struct GrammarSource {
  std::string kind;
  std::string text;
};

Handle Compile(const GrammarSource& source, const Job::StopFlag& stop) {
  if (source.kind == "gbnf") return std::make_shared<const RuleGrammar>(ParseGrammar(source.text));
  if (source.kind == "jsonSchema") return CompileSchema(source.text, {}, &stop);
  throw Error(ErrorCode::kInvalidArgument, "unknown kind of grammar: " + source.kind);
}

}  // namespace

Napi::Value CompileGrammar(const Napi::CallbackInfo& info) {
  const GrammarSource source{info[0].ToString(), info[1].ToString()};
  const auto work = [source](const Job::StopFlag& stop) -> Tasks::ToValue {
    const Handle grammar = Compile(source, stop);
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
