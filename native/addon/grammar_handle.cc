#include "addon/grammar_handle.h"

#include <string>
#include <utility>
#include <vector>

#include "addon/shared_handle.h"
#include "addon/tasks.h"
#include "engine/grammar/regex_grammar.h"
#include "engine/grammar/rule_grammar.h"
#include "engine/schema/schema_grammar.h"

namespace codellama {

namespace {

// A text to compile, in the language `kind`.
struct GrammarSource {
  std::string kind;
  std::string text;
  SchemaOptions schema;
  bool lenient = false;
  RegexFlags flags;
};

// A compiled grammar, and the keywords that a lenient compilation dropped.
struct Compiled {
  std::shared_ptr<const Grammar> grammar;
  std::vector<DroppedKeyword> dropped;
};

GrammarSource ReadSource(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[2].ToObject();
  const auto is_set = [&](const char* name) { return options.Get(name).ToBoolean().Value(); };
  return {info[0].ToString(),
          info[1].ToString(),
          {.compact = is_set("compact")},
          is_set("lenient"),
          ReadRegexFlags(options.Get("flags"))};
}

Compiled Compile(const GrammarSource& source, const Job::StopFlag& stop) {
  const auto& [kind, text, schema, lenient, flags] = source;
  if (kind == "gbnf") return {std::make_shared<const RuleGrammar>(ParseGrammar(text)), {}};
  if (kind == "jsonSchema" && lenient) {
    auto [grammar, dropped] = CompileLenientSchema(text, schema, &stop);
    return {std::move(grammar), std::move(dropped)};
  }
  if (kind == "jsonSchema") return {CompileSchema(text, schema, &stop), {}};
  if (kind == "regex") return {CompileRegex(text, flags, &stop), {}};
  throw Error(ErrorCode::kInvalidArgument, "unknown kind of grammar: " + kind);
}

Napi::Value ToValue(Napi::Env env, const Compiled& compiled) {
  auto dropped = Napi::Array::New(env, compiled.dropped.size());
  for (uint32_t i = 0; i < compiled.dropped.size(); i++) {
    const DroppedKeyword& each = compiled.dropped[i];
    auto keyword = Napi::Object::New(env);
    keyword.Set("pointer", each.pointer);
    keyword.Set("keyword", each.keyword);
    keyword.Set("reason", each.reason);
    dropped.Set(i, keyword);
  }
  auto value = Napi::Object::New(env);
  value.Set("grammar", NewHandle(env, compiled.grammar));
  value.Set("droppedKeywords", dropped);
  return value;
}

}  // namespace

Napi::Value CompileGrammar(const Napi::CallbackInfo& info) {
  const auto work = [source = ReadSource(info)](const Job::StopFlag& stop) -> Tasks::ToValue {
    const Compiled compiled = Compile(source, stop);
    if (stop) throw Error(ErrorCode::kAborted, "reading the grammar was cancelled");
    return [compiled](Napi::Env env) { return ToValue(env, compiled); };
  };
  return Tasks::Of(info.Env()).RunCancellable(info.Env(), Lane::Grammar(), work);
}

RegexFlags ReadRegexFlags(const Napi::Value& letters) {
  const std::string text = letters.IsString() ? letters.ToString().Utf8Value() : "";
  const auto has = [&text](char letter) { return text.find(letter) != std::string::npos; };
  return {.ignore_case = has('i'), .multiline = has('m'), .dot_all = has('s')};
}

std::shared_ptr<const Grammar> ReadGrammar(const Napi::Value& handle) {
  return ReadHandle<Grammar>(handle, "grammar");
}

}  // namespace codellama
