// Decides which sequences get how many tokens of the next batch. Pure: it knows sequences and
// numbers, not llama.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "sequence.h"

namespace codellama {

struct SchedulerLimits {
  uint32_t slots = 4;            // sequences that run at once
  uint32_t cells = 4096;         // KV cells, shared by all sequences
  uint32_t batch_tokens = 2048;  // tokens of one batch
  // Prompt tokens of one batch while a stream is decoding: a long prompt holds no stream up for
  // longer than these take.
  uint32_t prefill_chunk = 128;
};

// Tokens [first, first + count) of the sequence are computed in this step.
struct ScheduledTokens {
  Sequence* sequence = nullptr;
  uint32_t first = 0;
  uint32_t count = 0;
};

struct Plan {
  std::vector<ScheduledTokens> batch;
  // Slots whose cells must be emptied before the batch runs.
  std::vector<int32_t> freed_slots;
};

// Policy, in this order:
//   1. One token for every stream that decodes. Where no cell is left, the sequence that comes
//      last (lowest priority, then newest) is put back into the queue until one is.
//   2. Prompt tokens, by priority, then arrival, up to the chunk; then new sequences while a slot
//      is free and their whole prompt fits beside what runs.
//   3. A sequence whose reader is behind is skipped, and gives its slot up when another waits.
// A request that cannot fit even alone must not be added; the engine refuses it.
class Scheduler {
 public:
  explicit Scheduler(SchedulerLimits limits);

  // The sequence stays the caller's and must outlive its Remove().
  void Add(Sequence* sequence);

  // Returns the slot it held, whose cells are the caller's to empty, or -1.
  int32_t Remove(Sequence* sequence);

  Plan Schedule();

  uint32_t running() const { return static_cast<uint32_t>(running_.size()); }
  uint32_t waiting() const { return static_cast<uint32_t>(waiting_.size()); }
  uint32_t cells_used() const;

  // Whether Schedule() would find anything to do.
  bool HasWork() const;

  // Throws std::logic_error when slots, cells and statuses do not add up. For tests.
  void CheckIntegrity() const;

 private:
  void ScheduleDecodes(Plan* plan);
  void SchedulePrefills(Plan* plan);
  void AdmitWaiting(Plan* plan);
  void YieldPausedSlots(Plan* plan);
  void Preempt(Sequence* sequence, Plan* plan);
  // Makes room for one more cell; false when `claimant` itself had to give way.
  bool MakeRoom(const Sequence* claimant, Plan* plan);
  // Cells that the running sequences need for the tokens they already have.
  size_t ClaimedCells() const;
  uint32_t FreeCells() const;
  void TakePrompt(Sequence* sequence, Plan* plan);
  void Take(Sequence* sequence, uint32_t count, Plan* plan);

  const SchedulerLimits limits_;
  std::vector<Sequence*> waiting_;  // sorted by Before()
  std::vector<Sequence*> running_;  // sorted by Before()
  std::vector<int32_t> free_slots_;

  // Of the plan being made.
  uint32_t planned_tokens_ = 0;
  uint32_t prompt_budget_ = 0;
};

}  // namespace codellama
