// A trie of the byte texts (pieces) of all tokens. The nodes are stored in one array, in the order
// of a depth-first walk.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

// A set of tokens, one bit each: bit (token % 64) of word (token / 64).
using TokenMask = std::vector<uint64_t>;

// Pieces and their tokens, sorted by bytes. No piece is empty.
using SortedPieces = std::vector<std::pair<std::string, Token>>;

struct TokenTrie {
  struct Node {
    uint32_t next = 0;    // index of the first node after all descendants of this node
    uint32_t first = 0;   // index in `token_ids` of the first token that ends here
    uint32_t depth = 0;   // number of bytes before this node's byte
    uint16_t tokens = 0;  // number of tokens that end here; usually 0
    uint8_t byte = 0;
  };

  explicit TokenTrie(const SortedPieces& pieces);

  std::vector<Node> nodes;
  std::vector<Token> token_ids;
  size_t longest = 0;  // length of the longest piece, in bytes
};

// The tokens of a vocabulary, arranged for finding masks.
//
// Most tokens are plain: they consist of characters that a JSON string holds as they are. Most
// states inside a string allow all plain tokens, or all that are not too long. Such a state takes
// the mask of a PlainSet, and walks only through the other tokens.
struct TokenTries {
  struct PlainSet {
    uint32_t characters = 0;  // length of the longest token in the set, in characters
    TokenMask mask;           // the set
    TokenTrie others;         // all tokens that are not in the set
  };

  // `size` is the number of tokens of the vocabulary.
  TokenTries(const SortedPieces& pieces, int32_t size);

  TokenTrie all;
  std::vector<PlainSet> plain;  // the largest set first
  size_t mask_words = 0;        // length of a TokenMask, in words
};

// Length of the text in characters, if it consists of plain characters: no control characters below
// U+0020, no quote, no backslash, and valid UTF-8. 0 if it does not.
uint32_t PlainLength(std::string_view text);

}  // namespace codellama
