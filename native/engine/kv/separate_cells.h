// A row of cells of its own for each slot: a step's rows look at their own cells alone, which is
// what many independent streams want, most of all on a GPU. The price: no sequence may be longer
// than a row, a prefix that several begin with is copied, and a step has a pass for its streams and
// others for its prompts.
//
// A slot remembers what its last sequence computed. The next one that begins alike goes on from
// there, or from a copy of what another slot holds.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/kv/kv_cells.h"
#include "engine/kv/prompt_store.h"

namespace codellama {

struct SeparateCellLimits {
  uint32_t slots = 4;
  uint32_t cells = 4096;  // of each slot
  // Cells that slots may remember while nobody has them, all together. With 0 only the sequences of
  // a group share what they have.
  uint32_t cached_cells = UINT32_MAX;
};

class SeparateCells : public KvCells {
 public:
  // The store, which may be null, must outlive it.
  explicit SeparateCells(SeparateCellLimits limits, PromptStore* store = nullptr);

  uint32_t slots() const override { return limits_.slots; }
  uint32_t free_slots() const override { return free_slots_; }
  bool Fits(const Sequence& sequence) const override;
  bool Admit(Sequence* sequence, CellOperations* operations) override;
  void Release(Sequence* sequence, bool keep, CellOperations* operations) override;
  void Share(Sequence*, CellOperations*) override {}
  bool Shares(const Sequence& sequence) const override;
  uint32_t CachedLength(const Sequence& sequence) const override;
  void BeginPlan(CellOperations* operations) override;
  uint32_t Free() const override { return UINT32_MAX; }
  // A sequence ends where its row does, so that there is always room.
  uint32_t Reserve(uint32_t tokens, CellOperations*) override { return tokens; }
  void Unreserve(uint32_t) override {}
  void EndPlan(CellOperations* operations) override;
  uint32_t used() const override;
  uint32_t cached() const override;
  void Forget() override;
  void CheckIntegrity() const override;

 private:
  struct Slot {
    const Sequence* owner = nullptr;
    // What it remembers of its last owner's.
    std::vector<Token> tokens;
    uint32_t kind = 0;
    uint64_t last_used = 0;
    bool is_copied = false;  // in the step that is being planned
  };

  struct Match {
    int32_t slot = -1;
    uint32_t length = 0;
  };

  Match Find(const Sequence& sequence) const;
  // The slot in which the sequence shall run, with such a match.
  int32_t Choose(const Match& match) const;
  bool IsNearOwner(int32_t slot) const;
  int32_t LeastRecentlyUsed(bool near_owners) const;
  // What the slot remembers from position `first` on is about to be lost.
  void OfferToStore(int32_t slot, uint32_t first, CellOperations* operations);
  void Empty(int32_t slot, CellOperations* operations);

  const SeparateCellLimits limits_;
  PromptStore* const store_;
  std::vector<Slot> slots_;
  uint32_t free_slots_;
  uint64_t clock_ = 0;
};

}  // namespace codellama
