#include "engine/grammar/token_trie.h"

#include <algorithm>
#include <string_view>

#include "engine/regex/code_points.h"

namespace codellama {

namespace {

// Lengths of the tokens of the plain sets. A string with a maximum length allows fewer tokens near
// its end.
constexpr uint32_t kPlainLengths[] = {UINT32_MAX, 6, 3};

void AddTokens(const SortedPieces& pieces, TokenMask* mask) {
  for (const auto& [_, token] : pieces) {
    const auto index = static_cast<size_t>(token);
    (*mask)[index / 64] |= uint64_t{1} << (index % 64);
  }
}

}  // namespace

TokenTrie::TokenTrie(const SortedPieces& pieces) {
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

TokenTries::TokenTries(const SortedPieces& pieces, int32_t size)
    : all(pieces), mask_words(static_cast<size_t>(size) / 64 + 1) {
  for (const uint32_t limit : kPlainLengths) {
    SortedPieces inside;
    SortedPieces others;
    uint32_t characters = 0;
    for (const auto& piece : pieces) {
      const uint32_t length = PlainLength(piece.first);
      const bool is_inside = length > 0 && length <= limit;
      if (is_inside) characters = std::max(characters, length);
      (is_inside ? inside : others).push_back(piece);
    }
    TokenMask mask(mask_words, 0);
    AddTokens(inside, &mask);
    plain.push_back({characters, std::move(mask), TokenTrie(others)});
  }
}

uint32_t PlainLength(std::string_view text) {
  uint32_t length = 0;
  for (; !text.empty(); length++) {
    const uint32_t point = TakeCodePoint(&text);
    if (point == kNoCodePoint || point < 0x20 || point == '"' || point == '\\') return 0;
  }
  return length;
}

}  // namespace codellama
