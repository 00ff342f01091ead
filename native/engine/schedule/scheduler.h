// Decides how many tokens of each sequence the next batch computes. It knows sequences and numbers,
// no llama.cpp.
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
  // Prompt tokens of one batch that also decodes streams. It bounds the delay of the streams by a
  // long prompt. See SetPrefillChunk().
  uint32_t prefill_chunk = 128;
  // Prompt tokens of one sequence in one batch, or as many as the sequence has computed before if
  // that is more. It bounds what a cancelled step loses. No limit for sequences that do not share
  // cells.
  uint32_t losable_chunk = UINT32_MAX;
  // Rows of logits of one batch beyond one row per sequence: for drafts and scored prompts.
  uint32_t extra_rows = 0;
};

// The step computes the tokens [first, first + count) of the sequence.
struct ScheduledTokens {
  Sequence* sequence = nullptr;
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t drafted = 0;  // number of tokens of its draft that the step also computes
};

// Prompt tokens of all admitted sequences so far.
struct PrefixCounts {
  uint64_t hit_tokens = 0;   // found in the prefix cache
  uint64_t miss_tokens = 0;  // not found

  void Add(const Sequence& sequence) {
    hit_tokens += sequence.num_cached;
    miss_tokens += sequence.num_prompt - sequence.num_cached;
  }
};

// Work for the next step.
struct Workload {
  uint32_t streams = 0;  // sequences that decode
  uint32_t prompts = 0;  // sequences in prefill, and waiting sequences that find a free slot
};

struct Plan {
  uint32_t kind = 0;  // kind of all its sequences
  std::vector<ScheduledTokens> batch;
  CellOperations operations;  // to apply before the batch runs

  // The request whose prompt is most of the batch; 0 if none is.
  RequestId PromptOwner() const;
};

// Policy, in this order:
//   1. Every decoding stream gets one token. If no cell is left, the last sequence (lowest
//      priority, then newest) returns to the queue until a cell is free. Then streams get their
//      forced tokens up to the chunk, and their drafts if there is room.
//   2. Prompts get tokens up to the chunk, by priority. Inside a priority, started prompts come
//      first. A new sequence starts when a slot is free and its whole prompt fits beside the
//      running ones.
//   3. A prompt takes its cached beginning from the prefix cache. It waits for a running prompt
//      that computes more of the same beginning, unless that one has a lower priority.
//   4. A sequence that was overtaken often enough rises in priority, so that no sequence waits for
//      ever.
//   5. Sequences of different kinds take turns, step by step.
//   6. A paused sequence is skipped. It gives up its slot when another sequence waits.
// The engine refuses requests that do not fit even alone.
class Scheduler {
 public:
  Scheduler(SchedulerLimits limits, std::unique_ptr<KvCells> cells);

  // The caller keeps the sequence, which must live until Remove().
  void Add(Sequence* sequence);

  // Idempotent. With `keep` later sequences may use the computed cells. Returns the operations that
  // free the cells.
  CellOperations Remove(Sequence* sequence, bool keep);

  // Lets other sequences use the computed cells while this running sequence goes on.
  CellOperations Share(Sequence* sequence);

  // The caller has cleared the KV cache, and no sequence runs.
  void ForgetPrefixes() { cells_->Forget(); }

  Plan Schedule();

  void SetPrefillChunk(uint32_t tokens) { limits_.prefill_chunk = tokens; }
  void SetLosableChunk(uint32_t tokens) { limits_.losable_chunk = tokens; }

  uint32_t running() const { return static_cast<uint32_t>(running_.size()); }
  uint32_t waiting() const { return static_cast<uint32_t>(waiting_.size()); }
  // Cells of running sequences. Shared cells count once.
  uint32_t cells_used() const { return cells_->used(); }
  bool HoldsNoCells() const { return cells_used() == 0 && cells_cached() == 0; }
  // Cells that only the prefix cache keeps.
  uint32_t cells_cached() const { return cells_->cached(); }

  Workload workload() const;

  const PrefixCounts& prefix_counts() const { return prefix_counts_; }

  // Whether Schedule() would find work.
  bool HasWork() const;

  // Throws std::logic_error when slots, cells and statuses do not add up. For tests.
  void CheckIntegrity() const;

 private:
  // The kind of the next step.
  uint32_t NextKind() const;
  bool TakesPart(const Sequence* sequence) const;
  void ScheduleDecodes(Plan* plan);
  void SchedulePrefills(Plan* plan);
  // Admits waiting sequences with a higher priority than `limit`; null = all.
  void AdmitWaiting(const Sequence* limit, Plan* plan);
  // Counts that `admitted` overtook the sequences that came earlier, and raises their priority when
  // they have waited long enough.
  void Overtake(const Sequence* admitted);
  void YieldPausedSlots(Plan* plan);
  void Preempt(Sequence* sequence, Plan* plan);
  // Whether a running sequence will compute more of the same beginning than is cached.
  bool WaitsForPrefix(const Sequence* sequence) const;
  // Frees one cell by preemption if needed. Returns false if `claimant` itself was preempted.
  bool MakeRoom(const Sequence* claimant, Plan* plan);
  void TakePrompt(Sequence* sequence, Plan* plan);
  uint32_t LosableChunk(const Sequence& sequence) const;
  // Adds up to `wanted` tokens to the batch. Returns the number of tokens that had room.
  uint32_t Take(Sequence* sequence, uint32_t wanted, Plan* plan);
  // Adds forced tokens after the sequence's first token, up to `budget`.
  void TakeForced(ScheduledTokens* scheduled, uint32_t* budget, Plan* plan);
  void TakeDraft(ScheduledTokens* scheduled, Plan* plan);

  SchedulerLimits limits_;
  std::vector<Sequence*> waiting_;  // sorted by Before()
  std::vector<Sequence*> running_;  // sorted by Before()
  const std::unique_ptr<KvCells> cells_;
  PrefixCounts prefix_counts_;

  // State of the plan that Schedule() makes.
  uint32_t kind_ = 0;
  uint32_t planned_tokens_ = 0;
  uint32_t prompt_budget_ = 0;
  uint32_t row_budget_ = 0;
};

}  // namespace codellama
