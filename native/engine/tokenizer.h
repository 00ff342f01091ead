// Text to tokens and back, and the tokens that mean something. Thread-safe: the vocabulary never
// changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.h"

struct llama_vocab;

namespace codellama {

inline constexpr Token kNoToken = -1;

struct SpecialTokens {
  Token bos = kNoToken;
  Token eos = kNoToken;
  Token eot = kNoToken;
  Token pad = kNoToken;
  Token newline = kNoToken;
  Token prefix = kNoToken;
  Token suffix = kNoToken;
  Token middle = kNoToken;
  Token repository = kNoToken;
  Token file_separator = kNoToken;
};

class Tokenizer {
 public:
  explicit Tokenizer(const llama_vocab* vocabulary);

  // `bos` puts the beginning-of-sequence token first, where the vocabulary has one. `special`
  // takes control tokens that are spelled out in the text as such; without it none comes of any
  // text. Throws kInvalidArgument for a text of 2 GiB or more.
  std::vector<Token> Encode(std::string_view text, bool bos, bool special) const;

  // The inverse of Encode: BOS and the dummy space in front are left out. `special` shows control
  // tokens by name. Throws kInvalidArgument for an id that the vocabulary has not.
  std::string Decode(const std::vector<Token>& tokens, bool special) const;

  // The token's bytes inside a text; empty for control tokens. They need not be whole characters.
  std::string Piece(Token token) const;

  // Whether a generation ends here: the vocabulary's own end tokens, `<EOT>`, `<step>`.
  bool IsEndOfGeneration(Token token) const;

  // Throws kInvalidArgument, naming the position, unless all ids are in the vocabulary.
  void CheckTokens(const std::vector<Token>& tokens) const;

  // No text of fewer tokens than length / LongestPiece() exists.
  size_t LongestPiece() const { return longest_piece_; }

  int32_t size() const { return size_; }
  bool adds_bos() const;
  const SpecialTokens& special() const { return special_; }
  const std::vector<Token>& end_of_generation() const { return end_of_generation_; }

 private:
  std::vector<Token> EncodeAsIs(std::string_view text, bool special) const;
  // The tokens of a text that has another before it: without the dummy space.
  std::vector<Token> EncodeInside(const std::string& text) const;
  // Code Llama's vocabulary has the steps on the way to its control tokens, `▁<PRE` and so on,
  // so SentencePiece merges a plain " <PRE>" into the control token itself. This undoes it.
  void SpellOutControlTokens(std::vector<Token>* tokens) const;
  std::string PieceText(Token token, bool special) const;

  const llama_vocab* vocabulary_;
  int32_t size_ = 0;
  size_t longest_piece_ = 4;  // an unknown character is one token
  SpecialTokens special_;
  std::vector<Token> end_of_generation_;  // sorted
};

}  // namespace codellama
