// KV layout with one pool of cells for all sequences. Any sequence may use all cells, a common
// prefix is stored once, and one pass computes prompts and streams. The cost: each row of a step
// reads every cell, also those of other sequences.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/kv/kv_cells.h"
#include "engine/kv/prefix_cache.h"
#include "engine/kv/prompt_store.h"

namespace codellama {

struct SharedCellLimits {
  uint32_t slots = 4;     // sequences that run at the same time
  uint32_t cells = 4096;  // cells of the pool
  // Sequences of the KV cache, after the slots, that the prefix cache may use. 0 = no prefix cache.
  uint32_t cached_sequences = 0;
  // Cells that the prefix cache may keep beyond those of running sequences. With 0 only sequences
  // of one group share cells, and nothing outlives them.
  uint32_t cached_cells = 4096;
};

class SharedCells : public KvCells {
 public:
  // The store may be null and must outlive this object.
  explicit SharedCells(SharedCellLimits limits, PromptStore* store = nullptr);

  uint32_t slots() const override { return limits_.slots; }
  uint32_t free_slots() const override { return static_cast<uint32_t>(free_slots_.size()); }
  bool Fits(const Sequence& sequence) const override;
  bool Admit(Sequence* sequence, CellOperations* operations) override;
  void Release(Sequence* sequence, bool keep, CellOperations* operations) override;
  void Share(Sequence* sequence, CellOperations* operations) override;
  bool Shares(const Sequence& sequence) const override;
  uint32_t CachedLength(const Sequence& sequence) const override;
  void BeginPlan(CellOperations* operations) override;
  uint32_t Free() const override;
  uint32_t Reserve(uint32_t tokens, CellOperations* operations) override;
  void Unreserve(uint32_t tokens) override { reserved_ -= tokens; }
  void EndPlan(CellOperations* operations) override { Trim(operations); }
  uint32_t used() const override;
  uint32_t cached() const override { return prefixes_.cells() - prefixes_.locked_cells(); }
  void Forget() override { prefixes_.Clear(); }
  void CheckIntegrity() const override;

 private:
  // Cells that the sequences with a slot need for their present tokens.
  size_t Claimed() const;
  void TakePrefix(Sequence* sequence);
  void GiveBackPrefix(Sequence* sequence);
  // Restores a stored prompt if it covers more tokens than the cached prefix.
  void TakeStored(Sequence* sequence, CellOperations* operations);
  // Evicts prefixes down to the cache's limit.
  void Trim(CellOperations* operations);
  // Evicts prefixes until this many cells are free or no prefix is left.
  void EvictFor(uint32_t cells, CellOperations* operations);

  const SharedCellLimits limits_;
  PromptStore* const store_;
  PrefixCache prefixes_;
  std::vector<int32_t> free_slots_;
  std::vector<const Sequence*> holders_;  // sequences with a slot
  uint32_t reserved_ = 0;
};

}  // namespace codellama
