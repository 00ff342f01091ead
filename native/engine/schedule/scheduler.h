// Decides which sequences get how many tokens of the next batch. Pure: it knows sequences and
// numbers, not llama.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/sequence.h"
#include "engine/kv/cell_operation.h"
#include "engine/kv/kv_cells.h"

namespace codellama {

struct SchedulerLimits {
  uint32_t batch_tokens = 2048;  // tokens of one batch
  // Prompt tokens of one batch while a stream is decoding: a long prompt holds no stream up for
  // longer than these take. See SetPrefillChunk().
  uint32_t prefill_chunk = 128;
  // Prompt tokens of one sequence in one batch, beyond as many as were computed for it before: a
  // cancelled step loses no more. Without effect where no later prompt could have the cells.
  uint32_t losable_chunk = UINT32_MAX;
  // Rows of logits of one batch beyond one for each sequence: for drafts and scored prompts.
  uint32_t extra_rows = 0;
};

// Tokens [first, first + count) of the sequence are computed in this step.
struct ScheduledTokens {
  Sequence* sequence = nullptr;
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t drafted = 0;  // and as many of the sequence's draft behind them
};

// Of all prompts so far.
struct PrefixCounts {
  uint64_t hit_tokens = 0;   // found in the prefix cache
  uint64_t miss_tokens = 0;  // not found

  void Add(const Sequence& sequence) {
    hit_tokens += sequence.num_cached;
    miss_tokens += sequence.num_prompt - sequence.num_cached;
  }
};

// What the next step could compute.
struct Workload {
  uint32_t streams = 0;  // sequences that decode
  uint32_t prompts = 0;  // others that run, or wait and find a free slot
};

struct Plan {
  uint32_t kind = 0;  // of all its sequences
  std::vector<ScheduledTokens> batch;
  CellOperations operations;  // to be done before the batch runs

  // The request whose prompt is most of the batch, or 0.
  RequestId PromptOwner() const;
};

// Policy, in this order:
//   1. One token for every stream that decodes, and its draft as far as there is room. Where no
//   cell is left, the sequence that comes
//      last (lowest priority, then newest) is put back into the queue until one is.
//   2. Prompt tokens up to the chunk, by priority; inside one, prompts that were begun come first.
//      New sequences begin while a slot is free and their whole prompt fits beside what runs.
//   3. A prompt takes over what is cached of it, and waits for a running one that
//      computes more of the same beginning, unless that one has a lower priority.
//   4. A sequence that was overtaken often enough rises in priority, so that none waits for ever.
//   5. Sequences of several kinds take turns, step by step.
//   6. A sequence whose reader is behind is skipped, and gives its slot up when another waits.
// A request that cannot fit even alone must not be added; the engine refuses it.
class Scheduler {
 public:
  Scheduler(SchedulerLimits limits, std::unique_ptr<KvCells> cells);

  // The sequence stays the caller's and must outlive its Remove().
  void Add(Sequence* sequence);

  // `keep` lets prompts to come have what is computed. Returns what is to be done to the cells.
  CellOperations Remove(Sequence* sequence, bool keep);

  // Lets others share the prompt, which is now computed, while this sequence goes on.
  CellOperations SharePrompt(Sequence* sequence);

  // The KV cache was emptied, and nothing runs.
  void ForgetPrefixes() { cells_->Forget(); }

  Plan Schedule();

  void SetPrefillChunk(uint32_t tokens) { limits_.prefill_chunk = tokens; }
  void SetLosableChunk(uint32_t tokens) { limits_.losable_chunk = tokens; }

  uint32_t running() const { return static_cast<uint32_t>(running_.size()); }
  uint32_t waiting() const { return static_cast<uint32_t>(waiting_.size()); }
  // Cells that running sequences need, those of shared prefixes once.
  uint32_t cells_used() const { return cells_->used(); }
  bool HoldsNoCells() const { return cells_used() == 0 && cells_cached() == 0; }
  // Cells that are kept beside them for prompts to come.
  uint32_t cells_cached() const { return cells_->cached(); }

  Workload workload() const;

  const PrefixCounts& prefix_counts() const { return prefix_counts_; }

  // Whether Schedule() would find anything to do.
  bool HasWork() const;

  // Throws std::logic_error when slots, cells and statuses do not add up. For tests.
  void CheckIntegrity() const;

 private:
  // The kind whose turn it is.
  uint32_t NextKind() const;
  bool TakesPart(const Sequence* sequence) const;
  void ScheduleDecodes(Plan* plan);
  void SchedulePrefills(Plan* plan);
  // Those of higher priority than `limit`, or all when it is null.
  void AdmitWaiting(const Sequence* limit, Plan* plan);
  // The sequence is admitted before those that came earlier; their patience ends some time.
  void Overtake(const Sequence* admitted);
  void YieldPausedSlots(Plan* plan);
  void Preempt(Sequence* sequence, Plan* plan);
  // Whether a running sequence is about to compute more of the same beginning than is cached.
  bool WaitsForPrefix(const Sequence* sequence) const;
  // Makes room for one more cell; false when `claimant` itself had to give way.
  bool MakeRoom(const Sequence* claimant, Plan* plan);
  void TakePrompt(Sequence* sequence, Plan* plan);
  uint32_t LosableChunk(const Sequence& sequence) const;
  // Returns how many of them there was room for.
  uint32_t Take(Sequence* sequence, uint32_t wanted, Plan* plan);
  void TakeDraft(ScheduledTokens* scheduled, Plan* plan);

  SchedulerLimits limits_;
  std::vector<Sequence*> waiting_;  // sorted by Before()
  std::vector<Sequence*> running_;  // sorted by Before()
  const std::unique_ptr<KvCells> cells_;
  PrefixCounts prefix_counts_;

  // Of the plan being made.
  uint32_t kind_ = 0;
  uint32_t planned_tokens_ = 0;
  uint32_t prompt_budget_ = 0;
  uint32_t row_budget_ = 0;
};

}  // namespace codellama
