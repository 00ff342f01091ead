#include "engine/grammar/token_trie.h"

#include <algorithm>
#include <string_view>

namespace codellama {

TokenTrie::TokenTrie(const std::vector<std::pair<std::string, Token>>& pieces, int32_t size)
    : mask_words(static_cast<size_t>(size) / 64 + 1) {
  std::vector<uint32_t> path;  // nodes of the previous piece
  std::string_view before;     // the previous piece
  const auto close = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      nodes[path.back()].next = static_cast<uint32_t>(nodes.size());
    }
  };
  for (const auto& [piece, token] : pieces) {
    const size_t shorter = std::min(before.size(), piece.size());
    size_t common = 0;
    while (common < shorter && before[common] == piece[common]) common++;
    close(common);
    for (size_t depth = common; depth < piece.size(); depth++) {
      path.push_back(static_cast<uint32_t>(nodes.size()));
      nodes.push_back({0, 0, static_cast<uint32_t>(depth), 0, static_cast<uint8_t>(piece[depth])});
    }
    Node& last = nodes[path.back()];
    if (last.tokens == 0) last.first = static_cast<uint32_t>(token_ids.size());
    last.tokens++;
    token_ids.push_back(token);
    longest = std::max(longest, piece.size());
    before = piece;
  }
  close(0);
}

}  // namespace codellama
