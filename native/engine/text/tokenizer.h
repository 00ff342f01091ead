// Text to tokens and back, and the tokens with a meaning. Thread-safe: the vocabulary never
// changes.
#pragma once

#include <atomic>
#include <bitset>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/options.h"
#include "engine/text/vocabulary.h"

namespace codellama {

class Tokenizer {
 public:
  explicit Tokenizer(std::unique_ptr<const Vocabulary> vocabulary);

  // Tokens of a text. `bos` puts the beginning-of-sequence token first, if the vocabulary has one.
  // `special` turns names of control tokens into these tokens; without it no text gives a control
  // token. Throws kInvalidArgument for a text of 2 GiB or more.
  std::vector<Token> Encode(std::string_view text, bool bos, bool special) const;

  // Tokens of a prompt. Throws kInvalidArgument. Throws kContextOverflow before it tokenises a
  // prompt that certainly has more than `limit` tokens. Throws kAborted soon after `stop` turns
  // true; `stop` may be null.
  std::vector<Token> Encode(const std::vector<PromptPart>& parts, uint32_t limit,
                            const std::atomic<bool>* stop = nullptr) const;

  // Throws kContextOverflow if every text of `bytes` bytes has more than `limit` tokens.
  void CheckLength(size_t bytes, uint32_t limit) const;

  // Inverse of Encode(): leaves out BOS and the dummy space. `special` shows control tokens by
  // name. Throws kInvalidArgument for an id outside the vocabulary.
  std::string Decode(const std::vector<Token>& tokens, bool special) const;

  // Bytes of a token inside a text, which may be part of a character. Empty for control tokens.
  std::string Piece(Token token) const;

  // Piece() with the names of control tokens. Throws kInvalidArgument for an id outside the
  // vocabulary.
  std::string NamedPiece(Token token) const;

  // Pieces of all tokens in sorted order, without empty pieces and control tokens. The first call
  // makes the list.
  const std::vector<std::pair<std::string, Token>>& SortedPieces() const;

  // Tokens whose pieces begin with `text`, and tokens whose pieces are a beginning of it. `text` is
  // not empty.
  std::vector<Token> TokensThatSpell(const std::string& text) const;

  // Whether a token ends a generation: the vocabulary's own end tokens, `<EOT>` and `<step>`.
  bool IsEndOfGeneration(Token token) const;

  // Throws kInvalidArgument with the position of the first id outside the vocabulary.
  void CheckTokens(const std::vector<Token>& tokens) const;

  // Whether both vocabularies have the same text for each id.
  bool HasSameTokens(const Tokenizer& other) const;

  int32_t size() const { return size_; }
  bool adds_bos() const { return vocabulary_->adds_bos(); }
  const SpecialTokens& special() const { return special_; }
  const std::vector<Token>& end_of_generation() const { return end_of_generation_; }

 private:
  std::vector<Token> EncodeParts(const std::vector<PromptPart>& parts, uint32_t limit) const;
  // Tokens of a text in which names of control tokens are plain text.
  std::vector<Token> EncodePlain(const std::string& text, bool inside) const;
  // Tokens of a text that follows another text: without the dummy space.
  std::vector<Token> EncodeInside(const std::string& text) const;
  void AddControlToken(Token token);
  // The longest control token whose name begins `text`, or the end of the map.
  std::unordered_map<std::string, Token>::const_iterator FindControlToken(
      std::string_view text) const;
  // Splits a text at the names of control tokens in it, the longest first.
  std::vector<PromptPart> SplitAtControlTokens(const PromptText& text) const;
  // Replaces control tokens by plain tokens that spell their names. Code Llama's vocabulary has the
  // steps on the way to its control tokens, `▁<PRE` and so on, so SentencePiece merges a plain
  // " <PRE>" into the control token. The unknown token stays: BERT files mark it as a control
  // token, but no text can spell it. `depth` limits the cuts of one name. Throws kInvalidArgument
  // for a name that cannot be cut.
  void SpellOutControlTokens(std::vector<Token>* tokens, size_t depth) const;
  // Plain tokens that spell the name of a control token.
  std::vector<Token> SpellOut(Token token, size_t depth) const;

  const std::unique_ptr<const Vocabulary> vocabulary_;
  const int32_t size_;
  SpecialTokens special_;
  std::vector<bool> is_control_;  // by token id; false for the unknown token
  // Bytes of the longest piece: a text of n bytes has at least n / longest_piece_ tokens. An
  // unknown character of 4 bytes is one token.
  size_t longest_piece_ = 4;
  std::unordered_map<std::string, Token> control_tokens_;  // by name
  std::vector<size_t> control_lengths_;                    // lengths of the names, longest first
  std::bitset<256> control_starts_;                        // first bytes of the names
  std::vector<Token> end_of_generation_;                   // sorted
  mutable std::once_flag pieces_sorted_;
  mutable std::vector<std::pair<std::string, Token>> sorted_pieces_;
};

}  // namespace codellama
