// Interface to the tokens of a model. engine/llama/llama_vocabulary.h implements it over llama.cpp.
// All functions are thread-safe, because a vocabulary never changes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/options.h"

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
  Token step = kNoToken;  // `<step>` of CodeLlama-70B-instruct
};

class Vocabulary {
 public:
  Vocabulary() = default;
  virtual ~Vocabulary() = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  // Number of tokens. Ids go from 0 to size() - 1.
  virtual int32_t size() const = 0;

  // Whether the model expects a beginning-of-sequence token before a prompt.
  virtual bool adds_bos() const = 0;

  // Whether this is a SentencePiece vocabulary, which adds a dummy space before a text.
  virtual bool is_sentence_piece() const = 0;

  // Token for characters without a piece; kNoToken if the vocabulary spells every character.
  virtual Token unknown() const = 0;

  // Special tokens that the model file names.
  virtual SpecialTokens special() const = 0;

  // Text of a token in the vocabulary, such as "▁the".
  virtual std::string_view Text(Token token) const = 0;

  virtual bool IsControl(Token token) const = 0;
  virtual bool IsUserDefined(Token token) const = 0;
  virtual bool IsEndOfGeneration(Token token) const = 0;

  // Bytes of a token inside a text. `special` gives control tokens by name; otherwise they are
  // empty.
  virtual std::string Piece(Token token, bool special) const = 0;

  // Tokens of a text, without BOS. `special` recognizes names of control tokens. Throws
  // kInvalidArgument for a text of 2 GiB or more, and for characters that have no tokens.
  virtual std::vector<Token> Tokenize(std::string_view text, bool special) const = 0;

  // Text of the tokens, without the dummy space. `special` shows control tokens by name.
  virtual std::string Detokenize(std::span<const Token> tokens, bool special) const = 0;
};

}  // namespace codellama
