// Interface of the two KV layouts: who owns which cells, and which cells outlive a request.
// shared_cells.h is one pool; separate_cells.h gives each slot its own cells. Implementations count
// cells and return cell operations; they know no llama.cpp.
#pragma once

#include <cstdint>

#include "engine/kv/cell_operation.h"

namespace codellama {

struct Sequence;

class KvCells {
 public:
  KvCells() = default;
  virtual ~KvCells() = default;
  KvCells(const KvCells&) = delete;
  KvCells& operator=(const KvCells&) = delete;

  virtual uint32_t slots() const = 0;
  virtual uint32_t free_slots() const = 0;

  // Whether the sequence's tokens fit beside the tokens of all sequences with a slot.
  virtual bool Fits(const Sequence& sequence) const = 0;

  // Gives the sequence a free slot and the cached cells of its beginning. Returns false and changes
  // nothing if its tokens do not fit. At least one slot must be free.
  virtual bool Admit(Sequence* sequence, CellOperations* operations) = 0;

  // Frees the sequence's slot. With `keep` later sequences may use its computed cells.
  virtual void Release(Sequence* sequence, bool keep, CellOperations* operations) = 0;

  // Lets other sequences use the computed cells while this sequence goes on.
  virtual void Share(Sequence* sequence, CellOperations* operations) = 0;

  // Whether the sequence shares cells with others at all.
  virtual bool Shares(const Sequence& sequence) const = 0;

  // Number of tokens that Admit() would find computed.
  virtual uint32_t CachedLength(const Sequence& sequence) const = 0;

  // Begins to plan a step. The functions up to EndPlan() concern that step.
  virtual void BeginPlan(CellOperations* operations) = 0;
  // Cells that are neither owned nor reserved.
  virtual uint32_t Free() const = 0;
  // Reserves cells for new tokens, and evicts cached cells if needed. Returns the number of cells
  // that could be reserved.
  virtual uint32_t Reserve(uint32_t tokens, CellOperations* operations) = 0;
  virtual void Unreserve(uint32_t tokens) = 0;
  virtual void EndPlan(CellOperations* operations) = 0;

  // Cells of sequences with a slot. Shared cells count once.
  virtual uint32_t used() const = 0;
  // Cells that only the cache keeps.
  virtual uint32_t cached() const = 0;

  // Forgets all cached cells. The caller has cleared the KV cache, and no sequence has a slot.
  virtual void Forget() = 0;

  // Throws std::logic_error when the counts do not add up. For tests.
  virtual void CheckIntegrity() const = 0;
};

// With separate cells one pass over the weights computes the rows of neighbouring slots. Up to this
// many slots without a row may lie between two slots with one.
inline constexpr int32_t kBridgedSlots = 4;

// Fewest tokens of a common beginning that are worth waiting for or copying.
inline constexpr uint32_t kWorthSharing = 32;

}  // namespace codellama
