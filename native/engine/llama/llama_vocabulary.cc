#include "engine/llama/llama_vocabulary.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "engine/base/error.h"
#include "llama.h"

namespace codellama {

namespace {

// Calls a function of llama.cpp that fills a text buffer and returns the text's length, or minus
// the length that it needs.
template <typename Fill>
std::string FilledText(size_t guess, const Fill& fill) {
  std::string text(guess, '\0');
  int32_t length = fill(text.data(), static_cast<int32_t>(text.size()));
  if (length < 0) {
    text.resize(static_cast<size_t>(-length));
    length = fill(text.data(), static_cast<int32_t>(text.size()));
  }
  text.resize(static_cast<size_t>(std::max(length, 0)));
  return text;
}

}  // namespace

LlamaVocabulary::LlamaVocabulary(const llama_vocab* vocabulary, Token unknown)
    : vocabulary_(vocabulary), unknown_(unknown), size_(llama_vocab_n_tokens(vocabulary)) {}

bool LlamaVocabulary::adds_bos() const { return llama_vocab_get_add_bos(vocabulary_); }

bool LlamaVocabulary::is_sentence_piece() const {
  return llama_vocab_type(vocabulary_) == LLAMA_VOCAB_TYPE_SPM;
}

SpecialTokens LlamaVocabulary::special() const {
  SpecialTokens special;
  special.bos = llama_vocab_bos(vocabulary_);
  special.eos = llama_vocab_eos(vocabulary_);
  special.eot = llama_vocab_eot(vocabulary_);
  special.pad = llama_vocab_pad(vocabulary_);
  special.newline = llama_vocab_nl(vocabulary_);
  special.prefix = llama_vocab_fim_pre(vocabulary_);
  special.suffix = llama_vocab_fim_suf(vocabulary_);
  special.middle = llama_vocab_fim_mid(vocabulary_);
  special.repository = llama_vocab_fim_rep(vocabulary_);
  special.file_separator = llama_vocab_fim_sep(vocabulary_);
  return special;
}

std::string_view LlamaVocabulary::Text(Token token) const {
  return llama_vocab_get_text(vocabulary_, token);
}

bool LlamaVocabulary::IsControl(Token token) const {
  return llama_vocab_is_control(vocabulary_, token);
}

bool LlamaVocabulary::IsUserDefined(Token token) const {
  return (llama_vocab_get_attr(vocabulary_, token) & LLAMA_TOKEN_ATTR_USER_DEFINED) != 0;
}

bool LlamaVocabulary::IsEndOfGeneration(Token token) const {
  return llama_vocab_is_eog(vocabulary_, token);
}

std::string LlamaVocabulary::Piece(Token token, bool special) const {
  return FilledText(32, [&](char* text, int32_t size) {
    return llama_token_to_piece(vocabulary_, token, text, size, 0, special);
  });
}

std::vector<Token> LlamaVocabulary::Tokenize(std::string_view text, bool special) const {
  if (text.size() > std::numeric_limits<int32_t>::max()) {
    throw Error(ErrorCode::kInvalidArgument, "text is longer than 2 GiB");
  }
  // llama.cpp makes at most one token per byte. The dummy space may be one more.
  std::vector<Token> tokens(text.size() + 8);
  const auto tokenize = [&] {
    return llama_tokenize(vocabulary_, text.data(), static_cast<int32_t>(text.size()),
                          tokens.data(), static_cast<int32_t>(tokens.size()), false, special);
  };
  int32_t count = 0;
  try {
    count = tokenize();
    if (count < 0 && count != std::numeric_limits<int32_t>::min()) {
      tokens.resize(static_cast<size_t>(-count));
      count = tokenize();
    }
  } catch (const std::out_of_range&) {  // llama.cpp throws it through its C interface
    throw Error(ErrorCode::kInvalidArgument,
                "text has a character that the model's vocabulary has no tokens for: neither for "
                "the character nor for its bytes");
  }
  if (count < 0) throw Error(ErrorCode::kInvalidArgument, "text cannot be tokenised");
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

std::string LlamaVocabulary::Detokenize(std::span<const Token> tokens, bool special) const {
  const auto count = static_cast<int32_t>(tokens.size());
  return FilledText(tokens.size() * 8 + 16, [&](char* text, int32_t size) {
    return llama_detokenize(vocabulary_, tokens.data(), count, text, size, false, special);
  });
}

}  // namespace codellama
