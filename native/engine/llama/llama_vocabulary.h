// llama.cpp's vocabulary as a Vocabulary.
#pragma once

#include <string>
#include <vector>

#include "engine/text/vocabulary.h"

struct llama_vocab;

namespace codellama {

class LlamaVocabulary : public Vocabulary {
 public:
  // The llama.cpp vocabulary must outlive this object.
  LlamaVocabulary(const llama_vocab* vocabulary, Token unknown);

  int32_t size() const override { return size_; }
  bool adds_bos() const override;
  bool is_sentence_piece() const override;
  Token unknown() const override { return unknown_; }
  SpecialTokens special() const override;
  std::string_view Text(Token token) const override;
  bool IsControl(Token token) const override;
  bool IsUserDefined(Token token) const override;
  bool IsEndOfGeneration(Token token) const override;
  std::string Piece(Token token, bool special) const override;
  std::vector<Token> Tokenize(std::string_view text, bool special) const override;
  std::string Detokenize(std::span<const Token> tokens, bool special) const override;

 private:
  const llama_vocab* const vocabulary_;
  const Token unknown_;
  const int32_t size_;
};

}  // namespace codellama
