// Tokenises a prompt on another thread.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "engine/llama/model.h"

namespace codellama {

// Returns an object of Tasks::RunCancellable(). `result` resolves with the tokens as an Int32Array,
// or rejects with the error of Tokenizer::Encode().
Napi::Object EncodeLater(Napi::Env env, std::shared_ptr<const Model> model,
                         std::vector<PromptPart> prompt, uint32_t limit);

}  // namespace codellama
