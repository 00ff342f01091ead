#include "engine/kv/prefix_cache.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "support/check.h"

using namespace codellama;

namespace {

using Tokens = std::vector<Token>;

// A model of llama.cpp's KV cache: cells with a position and the sequences that own them.
class Cells {
 public:
  void Compute(int32_t sequence, uint32_t first, uint32_t last) {
    for (uint32_t position = first; position < last; position++) {
      cells_.push_back({position, {sequence}});
    }
  }

  void Apply(const CellOperations& operations) {
    for (const CellOperation& operation : operations) {
      if (const auto* drop = std::get_if<DropCells>(&operation)) {
        Remove(drop->sequence, drop->first, UINT32_MAX);
      } else {
        const auto& share = std::get<ShareCells>(operation);
        if (share.from == share.to) continue;
        Remove(share.to, share.first, share.last);
        for (Cell& cell : cells_) {
          if (cell.position >= share.first && cell.position < share.last &&
              cell.sequences.contains(share.from)) {
            cell.sequences.insert(share.to);
          }
        }
      }
    }
  }

  size_t used() const { return cells_.size(); }

  // Whether the sequence has exactly the positions [0, length).
  bool Holds(int32_t sequence, uint32_t length) const {
    std::multiset<uint32_t> positions;
    for (const Cell& cell : cells_) {
      if (cell.sequences.contains(sequence)) positions.insert(cell.position);
    }
    if (positions.size() != length) return false;
    uint32_t expected = 0;
    return std::all_of(positions.begin(), positions.end(),
                       [&](uint32_t position) { return position == expected++; });
  }

 private:
  struct Cell {
    uint32_t position;
    std::set<int32_t> sequences;
  };

  void Remove(int32_t sequence, uint32_t first, uint32_t last) {
    for (Cell& cell : cells_) {
      if (cell.position >= first && cell.position < last) cell.sequences.erase(sequence);
    }
    std::erase_if(cells_, [](const Cell& cell) { return cell.sequences.empty(); });
  }

  std::vector<Cell> cells_;
};

constexpr int32_t kSlot = 0;

// Computes the tokens in a slot, caches them and empties the slot.
PrefixCache::Match Keep(PrefixCache* cache, Cells* cells, const Tokens& tokens) {
  cells->Compute(kSlot, 0, static_cast<uint32_t>(tokens.size()));
  CellOperations operations;
  const PrefixCache::Match match = cache->Insert(tokens, kSlot, &operations);
  operations.push_back(DropCells{kSlot, 0});
  cells->Apply(operations);
  cache->CheckIntegrity();
  CHECK_EQ(cells->used(), static_cast<size_t>(cache->cells()));
  return match;
}

}  // namespace

TEST(PrefixCacheFindsTheLongestBeginning) {
  PrefixCache cache(1, 4);
  Cells cells;
  Keep(&cache, &cells, {1, 2, 3, 4});
  CHECK_EQ(cache.Find(Tokens{1, 2, 3, 4, 5}).length, 4U);
  CHECK_EQ(cache.Find(Tokens{1, 2, 9}).length, 2U);
  CHECK_EQ(cache.Find(Tokens{9}).length, 0U);
  CHECK_EQ(cache.MatchLength(Tokens{1, 2, 3, 9}), 3U);
  cache.CheckIntegrity();
}

TEST(PrefixCacheStoresACommonBeginningOnce) {
  PrefixCache cache(1, 4);
  Cells cells;
  Keep(&cache, &cells, {1, 2, 3, 4});
  Keep(&cache, &cells, {1, 2, 5, 6});
  CHECK_EQ(cache.cells(), 6U);
  for (const Tokens& tokens : {Tokens{1, 2, 3, 4}, Tokens{1, 2, 5, 6}}) {
    const PrefixCache::Match match = cache.Find(tokens);
    CHECK_EQ(match.length, 4U);
    CHECK(cells.Holds(cache.SequenceOf(match.node), 4));
  }
}

TEST(PrefixCacheExtendsARunInItsOwnSequence) {
  PrefixCache cache(1, 1);
  Cells cells;
  Keep(&cache, &cells, {1, 2});
  Keep(&cache, &cells, {1, 2, 3, 4});
  CHECK_EQ(cache.cells(), 4U);
  CHECK_EQ(cache.Find(Tokens{1, 2, 3, 4}).length, 4U);
}

TEST(PrefixCacheEvictsTheLeastRecentlyUsedRunFirst) {
  PrefixCache cache(1, 4);
  Cells cells;
  Keep(&cache, &cells, Tokens(40, 1));
  Keep(&cache, &cells, Tokens(40, 2));
  cache.Find(Tokens(40, 1));
  CellOperations operations;
  CHECK_EQ(cache.Evict(1, &operations), 32U);
  cells.Apply(operations);
  CHECK_EQ(cache.MatchLength(Tokens(40, 1)), 40U);
  CHECK_EQ(cache.MatchLength(Tokens(40, 2)), 8U);
  CHECK_EQ(cells.used(), 48U);
}

TEST(PrefixCacheNeverEvictsLockedRuns) {
  PrefixCache cache(1, 4);
  Cells cells;
  Keep(&cache, &cells, Tokens(10, 1));
  const PrefixCache::Match match = cache.Find(Tokens(6, 1));
  cache.Lock(match.node);
  CHECK_EQ(cache.locked_cells(), 6U);
  CellOperations operations;
  CHECK_EQ(cache.Evict(100, &operations), 4U);
  cells.Apply(operations);
  CHECK(cells.Holds(cache.SequenceOf(match.node), 6));
  cache.Unlock(match.node);
  operations.clear();
  CHECK_EQ(cache.Evict(100, &operations), 6U);
  cells.Apply(operations);
  CHECK_EQ(cells.used(), 0U);
  cache.CheckIntegrity();
}

TEST(PrefixCacheGivesTheSequenceOfAnOldRunToANewRun) {
  PrefixCache cache(1, 1);
  Cells cells;
  Keep(&cache, &cells, {1, 2});
  Keep(&cache, &cells, {3, 4});
  CHECK_EQ(cache.MatchLength(Tokens{1, 2}), 0U);
  CHECK_EQ(cache.MatchLength(Tokens{3, 4}), 2U);
}

TEST(PrefixCacheMatchesTheCellsUnderRandomLoad) {
  std::mt19937 random(11);
  const auto pick = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  for (int round = 0; round < 40; round++) {
    PrefixCache cache(1, 1 + pick(6));
    Cells cells;
    std::vector<PrefixNode*> locked;
    for (int step = 0; step < 200; step++) {
      Tokens tokens(1 + pick(50));
      // Few different tokens, so that many runs have a common beginning.
      for (Token& token : tokens) token = static_cast<Token>(pick(8) == 0);
      const PrefixCache::Match kept = Keep(&cache, &cells, tokens);
      if (kept.node != nullptr) CHECK(kept.length <= tokens.size());
      const PrefixCache::Match found = cache.Find(tokens);
      CHECK_EQ(found.length, kept.length);
      if (found.node != nullptr && pick(4) == 0) {
        cache.Lock(found.node);
        locked.push_back(found.node);
      }
      if (!locked.empty() && pick(4) == 0) {
        cache.Unlock(locked.back());
        locked.pop_back();
      }
      if (pick(5) == 0) {
        CellOperations operations;
        cache.Evict(pick(60), &operations);
        cells.Apply(operations);
      }
      cache.CheckIntegrity();
      CHECK_EQ(cells.used(), static_cast<size_t>(cache.cells()));
    }
    for (PrefixNode* node : locked) cache.Unlock(node);
    CellOperations operations;
    cache.Evict(UINT32_MAX, &operations);
    cells.Apply(operations);
    CHECK_EQ(cells.used(), 0U);
  }
}
