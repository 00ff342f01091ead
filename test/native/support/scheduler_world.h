// A scheduler with a pretended computation.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "engine/kv/shared_cells.h"
#include "engine/schedule/scheduler.h"
#include "support/check.h"

namespace codellama::test {

// Limits of a scheduler with shared cells.
struct Limits {
  uint32_t slots = 4;
  uint32_t cells = 4096;
  uint32_t batch_tokens = 2048;
  uint32_t prefill_chunk = 128;
  uint32_t cached_sequences = 0;

  std::unique_ptr<KvCells> Cells() const {
    return std::make_unique<SharedCells>(
        SharedCellLimits{.slots = slots, .cells = cells, .cached_sequences = cached_sequences});
  }
};

// A scheduler with a pretended computation: the tokens of a plan count as computed, and a sequence
// without remaining tokens gets one more token.
class World {
 public:
  explicit World(Limits limits) : World(limits, limits.Cells()) {}

  World(Limits limits, std::unique_ptr<KvCells> cells)
      : scheduler({.batch_tokens = limits.batch_tokens, .prefill_chunk = limits.prefill_chunk},
                  std::move(cells)) {}

  Sequence* Add(uint32_t prompt, Priority priority = Priority::kNormal) {
    return Add(std::vector<Token>(prompt, 1), priority);
  }

  Sequence* Add(std::vector<Token> prompt, Priority priority = Priority::kNormal) {
    Sequence& sequence = sequences_.emplace_back();
    sequence.id = static_cast<RequestId>(sequences_.size());
    sequence.arrival = sequences_.size();
    sequence.priority = priority;
    sequence.num_prompt = static_cast<uint32_t>(prompt.size());
    sequence.tokens = std::move(prompt);
    scheduler.Add(&sequence);
    return &sequence;
  }

  Plan Step() {
    Plan plan = scheduler.Schedule();
    for (const ScheduledTokens& scheduled : plan.batch) {
      CHECK_EQ(scheduled.first, scheduled.sequence->num_computed);
      CHECK(scheduled.count > 0);
      scheduled.sequence->num_computed += scheduled.count;
      if (scheduled.sequence->Remaining() > 0) continue;
      if (scheduled.sequence->CompletionTokens() == 0) scheduler.Share(scheduled.sequence);
      scheduled.sequence->tokens.push_back(2);
    }
    scheduler.CheckIntegrity();
    return plan;
  }

  Scheduler scheduler;

 private:
  std::deque<Sequence> sequences_;
};

inline uint32_t Count(const Plan& plan, const Sequence* sequence) {
  uint32_t count = 0;
  for (const ScheduledTokens& scheduled : plan.batch) {
    if (scheduled.sequence == sequence) count += scheduled.count;
  }
  return count;
}

}  // namespace codellama::test
