// Grammar handles for JavaScript: compileGrammar(text, isJsonSchema).
#pragma once

#include <napi.h>

#include <memory>

#include "engine/grammar/grammar.h"

namespace codellama {

// Parses the grammar on another thread. Returns an object of Tasks::RunCancellable(). `result`
// resolves with a handle for the `grammar` of submit(), or rejects with INVALID_GRAMMAR.
Napi::Value CompileGrammar(const Napi::CallbackInfo& info);

// The grammar of a handle. Throws a TypeError for any other value.
std::shared_ptr<const Grammar> ReadGrammar(const Napi::Value& handle);

}  // namespace codellama
