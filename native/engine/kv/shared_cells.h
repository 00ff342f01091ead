// One pool of cells for all sequences: any one may use all of them, a prefix that several begin
// with is there once, and prompts and streams are computed in one pass. The price: each row of a
// step looks at every cell, its own or not.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/kv/kv_cells.h"
#include "engine/kv/prefix_cache.h"
#include "engine/kv/prompt_store.h"

namespace codellama {

struct SharedCellLimits {
  uint32_t slots = 4;     // sequences that run at once
  uint32_t cells = 4096;  // of the pool
  // Sequences of the KV cache, behind the slots, that the prefix cache may have. 0 is no cache.
  uint32_t cached_sequences = 0;
  // Cells that it may hold beside those of running sequences. With 0 nothing outlives those who
  // share it, and only the sequences of a group do.
  uint32_t cached_cells = 4096;
};

class SharedCells : public KvCells {
 public:
  // The store, which may be null, must outlive it.
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
  // Cells that the sequences with a slot need for the tokens they already have.
  size_t Claimed() const;
  void TakePrefix(Sequence* sequence);
  void GiveBackPrefix(Sequence* sequence);
  // Takes over what the store has of the tokens, where that is more than the prefix.
  void TakeStored(Sequence* sequence, CellOperations* operations);
  // Evicts prefixes beyond what the cache may hold.
  void Trim(CellOperations* operations);
  // Evicts prefixes until so many cells are free, or none is left to evict.
  void EvictFor(uint32_t cells, CellOperations* operations);

  const SharedCellLimits limits_;
  PromptStore* const store_;
  PrefixCache prefixes_;
  std::vector<int32_t> free_slots_;
  std::vector<const Sequence*> holders_;  // of the others
  uint32_t reserved_ = 0;
};

}  // namespace codellama
