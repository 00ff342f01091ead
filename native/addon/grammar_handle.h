// Grammar handles for JavaScript: compileGrammar(kind, text, options).
#pragma once

#include <napi.h>

#include <memory>

#include "engine/grammar/grammar.h"

namespace codellama {

// Compiles the text on another thread. `kind` is "gbnf" or "jsonSchema". Returns an object of
// Tasks::RunCancellable(). `result` resolves with a handle for the `grammar` of submit(), or
// rejects with INVALID_GRAMMAR.
Napi::Value CompileGrammar(const Napi::CallbackInfo& info);

// The grammar of a handle. Throws a TypeError for any other value.
std::shared_ptr<const Grammar> ReadGrammar(const Napi::Value& handle);

}  // namespace codellama
