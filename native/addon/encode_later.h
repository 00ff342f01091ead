// Tokenises a prompt off the JavaScript thread.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "engine/llama/model.h"

namespace codellama {

// An object of Tasks::RunCancellable(). `result` resolves with the tokens as an Int32Array, or
// rejects with what Tokenizer::Encode() throws.
Napi::Object EncodeLater(Napi::Env env, std::shared_ptr<const Model> model,
                         std::vector<PromptPart> prompt, uint32_t limit);

}  // namespace codellama
