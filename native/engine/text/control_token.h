// Recognizes the control tokens of a vocabulary.
#pragma once

#include <string_view>

#include "engine/text/vocabulary.h"

namespace codellama {

// Whether a token is a control token by its type, or a user-defined token with the name of a
// control token. Older converters write such files, and llama.cpp does the same for gpt-oss.
// llama.cpp finds user-defined tokens in any text, so user text could spell them.
bool IsControlToken(const Vocabulary& vocabulary, Token token);

// Whether a name is that of a control token: `<|im_start|>`, `<|turn>`, `<｜fim▁begin｜>`,
// `<fim_prefix>`, `</s>`. Not `<think>` or `<table>`, which models read in plain text.
bool IsControlName(std::string_view name);

}  // namespace codellama
