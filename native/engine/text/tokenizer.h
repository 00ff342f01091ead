// Text to tokens and back, and the tokens that mean something. Thread-safe: the vocabulary never
// changes.
#pragma once

#include <atomic>
#include <bitset>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/options.h"

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
  Token step = kNoToken;  // `<step>` of CodeLlama-70B-instruct
};

class Tokenizer {
 public:
  // `unknown` stands for characters that have no piece; kNoToken for a vocabulary that spells all.
  Tokenizer(const llama_vocab* vocabulary, Token unknown);

  // `bos` puts the beginning-of-sequence token first, where the vocabulary has one. `special`
  // takes control tokens that are spelled out in the text as such; without it none comes of any
  // text. Throws kInvalidArgument for a text of 2 GiB or more.
  std::vector<Token> Encode(std::string_view text, bool bos, bool special) const;

  // A prompt's tokens. Throws kInvalidArgument; kContextOverflow for texts that are too long for
  // `limit` tokens for sure, which are then not worth the time to tokenise them; kAborted soon
  // after `stop` turns true, where it is not null.
  std::vector<Token> Encode(const std::vector<PromptPart>& parts, uint32_t limit,
                            const std::atomic<bool>* stop = nullptr) const;

  // Throws kContextOverflow if a text of that length must have more than `limit` tokens.
  void CheckLength(size_t bytes, uint32_t limit) const;

  // The inverse of Encode: BOS and the dummy space in front are left out. `special` shows control
  // tokens by name. Throws kInvalidArgument for an id that the vocabulary has not.
  std::string Decode(const std::vector<Token>& tokens, bool special) const;

  // The token's bytes inside a text; empty for control tokens. They need not be whole characters.
  std::string Piece(Token token) const;

  // The same, but the names of control tokens. Throws kInvalidArgument for an id that the
  // vocabulary has not.
  std::string NamedPiece(Token token) const;

  // All pieces but the empty ones and control tokens, sorted; made when they are first asked for.
  const std::vector<std::pair<std::string, Token>>& SortedPieces() const;

  // Tokens whose pieces begin with `text` or are the beginning of it; of a vocabulary, at least
  // those that `text` is encoded to. `text` is not empty.
  std::vector<Token> TokensThatSpell(const std::string& text) const;

  // Whether a generation ends here: the vocabulary's own end tokens, `<EOT>`, `<step>`.
  bool IsEndOfGeneration(Token token) const;

  // Throws kInvalidArgument, naming the position, unless all ids are in the vocabulary.
  void CheckTokens(const std::vector<Token>& tokens) const;

  int32_t size() const { return size_; }
  bool adds_bos() const;
  const SpecialTokens& special() const { return special_; }
  const std::vector<Token>& end_of_generation() const { return end_of_generation_; }

 private:
  std::vector<Token> EncodeAsIs(std::string_view text, bool special) const;
  std::vector<Token> EncodeParts(const std::vector<PromptPart>& parts, uint32_t limit) const;
  // Tokens of plain text.
  std::vector<Token> EncodePlain(const std::string& text, bool inside) const;
  // The tokens of a text that has another before it: without the dummy space.
  std::vector<Token> EncodeInside(const std::string& text) const;
  void AddControlToken(Token token);
  // The longest control token spelled out at the beginning of `text`, or the end of the map.
  std::unordered_map<std::string, Token>::const_iterator FindControlToken(
      std::string_view text) const;
  // Cuts text at the control tokens spelled out in it, the longest first.
  std::vector<PromptPart> SplitAtControlTokens(const PromptText& text) const;
  // Code Llama's vocabulary has the steps on the way to its control tokens, `▁<PRE` and so on,
  // so SentencePiece merges a plain " <PRE>" into the control token itself. This undoes it. The
  // unknown token stays: BERT files mark it as a control token, but text cannot spell it. `depth`
  // bounds how often a name is cut. Throws kInvalidArgument for a name that cannot be cut.
  void SpellOutControlTokens(std::vector<Token>* tokens, size_t depth) const;
  // Plain tokens for the name of a control token.
  std::vector<Token> SpellOut(Token token, size_t depth) const;
  std::string PieceText(Token token, bool special) const;

  const llama_vocab* vocabulary_;
  Token unknown_;
  int32_t size_ = 0;
  std::vector<bool> is_control_;  // by token, without the unknown token
  // No text of fewer tokens than length / longest_piece_ exists.
  size_t longest_piece_ = 4;                               // an unknown character is one token
  std::unordered_map<std::string, Token> control_tokens_;  // by their names
  std::vector<size_t> control_lengths_;                    // of the names, longest first
  std::bitset<256> control_starts_;                        // first bytes of the names
  SpecialTokens special_;
  std::vector<Token> end_of_generation_;  // sorted
  mutable std::once_flag pieces_sorted_;
  mutable std::vector<std::pair<std::string, Token>> sorted_pieces_;
};

}  // namespace codellama
