#include "engine/kv/separate_cells.h"

#include <deque>
#include <numeric>
#include <random>

#include "engine/base/sequence.h"
#include "support/check.h"

using namespace codellama;

namespace {

std::vector<Token> Tokens(Token first, size_t count) {
  std::vector<Token> tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

// Slots whose sequences are computed as soon as they are admitted.
class Rows {
 public:
  explicit Rows(SeparateCellLimits limits, PromptStore* store = nullptr) : cells(limits, store) {}

  Sequence* Admit(std::vector<Token> tokens, uint32_t kind = 0, uint32_t group = 0) {
    Sequence& sequence = sequences_.emplace_back();
    sequence.num_prompt = static_cast<uint32_t>(tokens.size());
    sequence.tokens = std::move(tokens);
    sequence.kind = kind;
    sequence.group = group;
    operations.clear();
    cells.BeginPlan(&operations);
    CHECK(cells.Admit(&sequence, &operations));
    cells.EndPlan(&operations);
    found = sequence.num_computed;
    sequence.num_computed = sequence.num_prompt;
    cells.CheckIntegrity();
    return &sequence;
  }

  void Release(Sequence* sequence, bool keep = true) {
    operations.clear();
    cells.Release(sequence, keep, &operations);
    cells.CheckIntegrity();
  }

  template <typename Operation>
  std::vector<Operation> Of() const {
    std::vector<Operation> result;
    for (const CellOperation& operation : operations) {
      if (const auto* one = std::get_if<Operation>(&operation)) result.push_back(*one);
    }
    return result;
  }

  SeparateCells cells;
  CellOperations operations;  // of the last call
  uint32_t found = 0;         // tokens that the last admitted sequence found computed

 private:
  std::deque<Sequence> sequences_;
};

}  // namespace

TEST(SeparateCellsContinueInPlace) {
  Rows rows({.slots = 2, .cells = 100});
  Sequence* first = rows.Admit(Tokens(0, 50));
  rows.Release(first);
  CHECK_EQ(rows.cells.cached(), 50U);
  CHECK_EQ(rows.cells.used(), 0U);

  std::vector<Token> longer = Tokens(0, 40);
  longer.push_back(999);
  Sequence* second = rows.Admit(longer);
  CHECK_EQ(second->slot, 0);
  CHECK_EQ(rows.found, 40U);
  CHECK(rows.Of<ShareCells>().empty());
  CHECK_EQ(rows.Of<DropCells>().front().first, 40U);
  CHECK_EQ(rows.cells.cached(), 0U);
}

TEST(SeparateCellsComputeTheLastTokenAgain) {
  Rows rows({.slots = 1, .cells = 100});
  rows.Release(rows.Admit(Tokens(0, 50)));
  rows.Admit(Tokens(0, 50));
  CHECK_EQ(rows.found, 49U);
}

TEST(SeparateCellsCopyTheCellsOfARunningSequence) {
  Rows rows({.slots = 4, .cells = 100});
  rows.Admit(Tokens(0, 50));
  std::vector<Token> alike = Tokens(0, 45);
  alike.push_back(999);
  Sequence* second = rows.Admit(alike);
  CHECK_EQ(second->slot, 1);
  CHECK_EQ(rows.found, 45U);
  const ShareCells copy = rows.Of<ShareCells>().front();
  CHECK_EQ(copy.from, 0);
  CHECK_EQ(copy.to, 1);
  CHECK_EQ(copy.last, 45U);
}

TEST(SeparateCellsDoNotCopyAShortBeginning) {
  Rows rows({.slots = 4, .cells = 100});
  rows.Admit(Tokens(0, 50));
  std::vector<Token> alike = Tokens(0, 20);
  alike.push_back(999);
  rows.Admit(alike);
  CHECK_EQ(rows.found, 0U);
  CHECK(rows.Of<ShareCells>().empty());
  // Sequences of one group share their prompt even if it is short.
  rows.Admit(Tokens(500, 5), 0, 7);
  rows.Admit(Tokens(500, 5), 0, 7);
  CHECK_EQ(rows.found, 4U);
}

TEST(SeparateCellsKeepALongPromptWhenOnlyItsBeginningMatches) {
  Rows rows({.slots = 2, .cells = 200});
  rows.Release(rows.Admit(Tokens(0, 150)));
  std::vector<Token> alike = Tokens(0, 40);
  alike.push_back(999);
  Sequence* second = rows.Admit(alike);
  CHECK_EQ(second->slot, 1);
  CHECK_EQ(rows.found, 40U);
  CHECK_EQ(rows.cells.cached(), 150U);
}

TEST(SeparateCellsOfDifferentKindsShareNothing) {
  Rows rows({.slots = 3, .cells = 100});
  rows.Release(rows.Admit(Tokens(0, 50), 1));
  rows.Admit(Tokens(0, 50), 2);
  CHECK_EQ(rows.found, 0U);
  rows.Admit(Tokens(0, 50), 2);
  CHECK_EQ(rows.found, 49U);
}

TEST(SeparateCellsUseNeighbouringSlots) {
  Rows rows({.slots = 20, .cells = 100});
  std::vector<Sequence*> sequences;
  for (Token i = 0; i < 20; i++) sequences.push_back(rows.Admit(Tokens(1000 * i, 50)));
  for (Sequence* sequence : sequences) rows.Release(sequence);
  // Each slot keeps a prompt. The sequence that begins like slot 15 gets a copy next to the running
  // sequence, because one pass computes slots that lie together.
  Sequence* first = rows.Admit(Tokens(0, 51));
  CHECK_EQ(first->slot, 0);
  Sequence* second = rows.Admit(Tokens(15'000, 51));
  CHECK(second->slot <= 1 + kBridgedSlots);
  CHECK_EQ(rows.found, 50U);
  CHECK_EQ(rows.Of<ShareCells>().front().from, 15);
}

TEST(SeparateCellsTakeTheLeastRecentlyUsedSlot) {
  Rows rows({.slots = 3, .cells = 100});
  std::vector<Sequence*> sequences;
  for (Token i = 0; i < 3; i++) sequences.push_back(rows.Admit(Tokens(1000 * i, 50)));
  for (const size_t i : {1U, 0U, 2U}) rows.Release(sequences[i]);
  CHECK_EQ(rows.Admit(Tokens(9000, 10))->slot, 1);
}

TEST(SeparateCellsKeepAtMostTheCachedCells) {
  Rows rows({.slots = 3, .cells = 100, .cached_cells = 120});
  std::vector<Sequence*> sequences;
  for (Token i = 0; i < 3; i++) sequences.push_back(rows.Admit(Tokens(1000 * i, 50)));
  for (Sequence* sequence : sequences) rows.Release(sequence);
  CHECK_EQ(rows.cells.cached(), 150U);
  rows.cells.EndPlan(&rows.operations);
  CHECK_EQ(rows.cells.cached(), 100U);
}

TEST(SeparateCellsDropCellsThatAreNotKept) {
  Rows rows({.slots = 1, .cells = 100});
  rows.Release(rows.Admit(Tokens(0, 50)), false);
  CHECK_EQ(rows.cells.cached(), 0U);
  CHECK_EQ(rows.Of<DropCells>().front().first, 0U);

  Rows off({.slots = 2, .cells = 100, .cached_cells = 0});
  off.Release(off.Admit(Tokens(0, 50)));
  CHECK_EQ(off.cells.cached(), 0U);
  off.Admit(Tokens(0, 50));
  off.Admit(Tokens(0, 50));
  CHECK_EQ(off.found, 0U);
}

TEST(SeparateCellsAdmitNoSequenceLongerThanASlot) {
  Rows rows({.slots = 2, .cells = 100});
  Sequence sequence;
  sequence.tokens = Tokens(0, 101);
  CHECK(!rows.cells.Fits(sequence));
  CHECK(!rows.cells.Admit(&sequence, &rows.operations));
  CHECK_EQ(rows.cells.free_slots(), 2U);
}

TEST(SeparateCellsOfferOverwrittenCellsToTheStoreAndRestoreThem) {
  PromptStore store(1 << 20);
  Rows rows({.slots = 1, .cells = 100}, &store);
  rows.Release(rows.Admit(Tokens(0, 50)));
  Sequence* other = rows.Admit(Tokens(1000, 50));
  const KeepCells keep = rows.Of<KeepCells>().front();
  CHECK_EQ(keep.sequence, 0);
  CHECK_EQ(keep.tokens, Tokens(0, 50));
  store.Add({keep.tokens, keep.kind, std::vector<uint8_t>(100), false});
  rows.Release(other);
  rows.Admit(Tokens(0, 60));
  CHECK_EQ(rows.found, 50U);
  CHECK_EQ(rows.Of<RestoreCells>().front().length, 50U);
}

// The operations give the KV cache that the sequences expect.
TEST(SeparateCellsStayConsistentUnderRandomLoad) {
  std::mt19937 random(11);
  const auto pick = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  for (int round = 0; round < 100; round++) {
    const uint32_t slots = 1 + pick(12);
    Rows rows({.slots = slots, .cells = 200, .cached_cells = pick(2) * pick(1000)});
    std::vector<std::vector<Token>> held(slots);
    const auto apply = [&] {
      for (const CellOperation& operation : rows.operations) {
        if (const auto* drop = std::get_if<DropCells>(&operation)) {
          auto& row = held[static_cast<size_t>(drop->sequence)];
          row.resize(std::min<size_t>(row.size(), drop->first));
        } else if (const auto* share = std::get_if<ShareCells>(&operation)) {
          held[static_cast<size_t>(share->to)] = held[static_cast<size_t>(share->from)];
          held[static_cast<size_t>(share->to)].resize(share->last);
        }
      }
    };
    std::vector<Sequence*> live;
    for (int step = 0; step < 200; step++) {
      if (live.size() < slots && pick(2) == 0) {
        std::vector<Token> tokens = Tokens(0, 1 + pick(100));
        for (const Token token : Tokens(static_cast<Token>(1000 * pick(3)), pick(60))) {
          tokens.push_back(token);
        }
        Sequence* sequence = rows.Admit(tokens, pick(2), pick(3));
        apply();
        std::vector<Token>& row = held[static_cast<size_t>(sequence->slot)];
        CHECK_EQ(row.size(), rows.found);
        CHECK(std::equal(row.begin(), row.end(), tokens.begin()));
        row = tokens;
        live.push_back(sequence);
      } else if (!live.empty()) {
        const size_t at = pick(static_cast<uint32_t>(live.size()));
        rows.Release(live[at], pick(4) > 0);
        apply();
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }
}
