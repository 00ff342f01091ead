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

struct TokenTrie {
  struct Node {
    uint32_t next = 0;    // index of the first node after all descendants of this node
    uint32_t first = 0;   // index in `token_ids` of the first token that ends here
    uint32_t depth = 0;   // number of bytes before this node's byte
    uint16_t tokens = 0;  // number of tokens that end here; usually 0
    uint8_t byte = 0;
  };

  // `pieces` must be sorted by their bytes and must not be empty texts. `size` is the number of
  // tokens of the vocabulary.
  TokenTrie(const std::vector<std::pair<std::string, Token>>& pieces, int32_t size);

  std::vector<Node> nodes;
  std::vector<Token> token_ids;
  size_t longest = 0;     // length of the longest piece, in bytes
  size_t mask_words = 0;  // length of a TokenMask, in words
};

}  // namespace codellama
