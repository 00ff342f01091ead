// The pieces of a vocabulary as a trie in one array, in the order in which a walk visits its nodes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

// One bit for each token.
using TokenMask = std::vector<uint64_t>;

struct TokenTrie {
  struct Node {
    uint32_t next = 0;    // the node after this one's descendants
    uint32_t first = 0;   // in `token_ids`: the first piece that ends here
    uint32_t depth = 0;   // bytes before this one
    uint16_t tokens = 0;  // pieces that end here; most nodes have none
    uint8_t byte = 0;
  };

  // `pieces` are sorted by their bytes, and none is empty. `size` is the number of tokens.
  TokenTrie(const std::vector<std::pair<std::string, Token>>& pieces, int32_t size);

  std::vector<Node> nodes;
  std::vector<Token> token_ids;
  size_t longest = 0;     // bytes of a piece
  size_t mask_words = 0;  // of a TokenMask
};

}  // namespace codellama
