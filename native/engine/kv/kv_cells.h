// Who holds which cells of the KV cache, and what of them outlives a request. Pure: it counts
// cells and says what is to be done with them. There are two layouts: one pool (shared_cells.h) and
// a row of cells for each slot (separate_cells.h).
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

  // Places for sequences at work, and how many of them nobody has.
  virtual uint32_t slots() const = 0;
  virtual uint32_t free_slots() const = 0;

  // Whether the sequence's tokens fit beside those of the sequences that have a slot.
  virtual bool Fits(const Sequence& sequence) const = 0;

  // Gives the sequence one of the free slots, and what is kept of its tokens' beginning. False, and
  // nothing, where the tokens do not fit.
  virtual bool Admit(Sequence* sequence, CellOperations* operations) = 0;

  // Takes the slot back. With `keep` others may have what was computed.
  virtual void Release(Sequence* sequence, bool keep, CellOperations* operations) = 0;

  // Others may take over the prompt, which is now computed, while the sequence goes on.
  virtual void Share(Sequence* sequence, CellOperations* operations) = 0;

  // Whether the sequence takes part in any sharing.
  virtual bool Shares(const Sequence& sequence) const = 0;

  // Tokens that Admit() would find computed.
  virtual uint32_t CachedLength(const Sequence& sequence) const = 0;

  // Of the step that is being planned.
  virtual void BeginPlan(CellOperations* operations) = 0;
  // Cells that nobody has and that are not reserved.
  virtual uint32_t Free() const = 0;
  // Makes room for so many more tokens of a sequence, of what no running one needs. Returns how
  // many of them may be computed.
  virtual uint32_t Reserve(uint32_t tokens, CellOperations* operations) = 0;
  virtual void Unreserve(uint32_t tokens) = 0;
  virtual void EndPlan(CellOperations* operations) = 0;

  // Cells that sequences with a slot need, those that are shared once.
  virtual uint32_t used() const = 0;
  // Cells kept beside them.
  virtual uint32_t cached() const = 0;

  // The KV cache was emptied, and no sequence has a slot.
  virtual void Forget() = 0;

  // Throws std::logic_error when the counts do not add up. For tests.
  virtual void CheckIntegrity() const = 0;
};

// Where each slot has a row of cells, rows of neighbouring slots are computed in one pass over the
// weights; so many slots without a row of their own in a step may lie between two that have one.
inline constexpr int32_t kBridgedSlots = 4;

// A prompt is worth waiting or copying for only if that saves computing so many tokens.
inline constexpr uint32_t kWorthSharing = 32;

}  // namespace codellama
