// KV layout in which each slot has its own cells. A row of a step reads only the cells of its slot,
// which suits many independent streams, most of all on a GPU. The costs: no sequence can be longer
// than a slot, a common prefix is copied, and a step computes streams and prompts in separate
// passes.
//
// A free slot keeps the cells of its last sequence. The next sequence with the same beginning
// continues there, or gets a copy of another slot's cells.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/kv/kv_cells.h"
#include "engine/kv/prompt_store.h"

namespace codellama {

struct SeparateCellLimits {
  uint32_t slots = 4;
  uint32_t cells = 4096;  // of each slot
  // Cells that all free slots together may keep. With 0 only sequences of one group share cells.
  uint32_t cached_cells = UINT32_MAX;
};

class SeparateCells : public KvCells {
 public:
  // The store may be null and must outlive this object.
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
  // There is always room: no sequence is longer than its slot.
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
    // Tokens whose cells a free slot keeps from its last owner; empty while it has an owner.
    std::vector<Token> tokens;
    uint32_t kind = 0;
    uint64_t last_used = 0;
    bool is_copied = false;  // the step being planned copies its cells
  };

  struct Match {
    int32_t slot = -1;
    uint32_t length = 0;
  };

  Match Find(const Sequence& sequence) const;
  // The slot for a sequence with this match.
  int32_t Choose(const Match& match) const;
  bool IsNearOwner(int32_t slot) const;
  int32_t LeastRecentlyUsed(bool near_owners) const;
  // Offers the slot's cells to the prompt store before those from position `first` on are lost.
  void OfferToStore(int32_t slot, uint32_t first, CellOperations* operations);
  void Empty(int32_t slot, CellOperations* operations);

  const SeparateCellLimits limits_;
  PromptStore* const store_;
  std::vector<Slot> slots_;
  uint32_t free_slots_;
  uint64_t clock_ = 0;
};

}  // namespace codellama
