// Grammars as JavaScript holds them: compileGrammar(text, isJsonSchema).
#pragma once

#include <napi.h>

#include <memory>

#include "engine/grammar/grammar.h"

namespace codellama {

// Reads the grammar on another thread: an object of Tasks::RunCancellable(). `result` resolves with
// a handle for submit()'s `grammar`, or rejects with INVALID_GRAMMAR.
Napi::Value CompileGrammar(const Napi::CallbackInfo& info);

// The grammar of such a handle. Throws a TypeError for any other value.
std::shared_ptr<const Grammar> ReadGrammar(const Napi::Value& handle);

}  // namespace codellama
