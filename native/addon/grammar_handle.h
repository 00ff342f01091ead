// Grammar handles for JavaScript: compileGrammar(kind, text, options).
#pragma once

#include <napi.h>

#include <memory>

#include "engine/grammar/grammar.h"
#include "engine/regex/regex.h"

namespace codellama {

// Compiles the text on another thread. `kind` is "gbnf", "jsonSchema" or "regex". Returns an object
// of Tasks::RunCancellable(). `result` resolves with { grammar, droppedKeywords }, or rejects with
// INVALID_GRAMMAR. `grammar` is a handle for the `grammar` of submit().
Napi::Value CompileGrammar(const Napi::CallbackInfo& info);

// The flags i, m and s of a regular expression, from their letters. Other values set no flag.
RegexFlags ReadRegexFlags(const Napi::Value& letters);

// The grammar of a handle. Throws a TypeError for any other value.
std::shared_ptr<const Grammar> ReadGrammar(const Napi::Value& handle);

}  // namespace codellama
