// Which tokens of a vocabulary are control tokens.
#pragma once

#include <string_view>

#include "engine/base/options.h"

struct llama_vocab;

namespace codellama {

// Control tokens by their type, and those that are control tokens by their name but "user defined"
// by their type: files of older converters have them, and llama.cpp makes them so for gpt-oss. It
// finds user-defined tokens in any text.
bool IsControlToken(const llama_vocab* vocabulary, Token token);

// Whether a name is that of a control token: `<|im_start|>`, `<|turn>`, `<｜fim▁begin｜>`,
// `<fim_prefix>`, `</s>`. Not `<think>` or `<table>`, which models read in plain text.
bool IsControlName(std::string_view name);

}  // namespace codellama
