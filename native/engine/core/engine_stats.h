// Figures of a running engine.
#pragma once

#include <cstdint>
#include <mutex>

#include "engine/core/command_queue.h"
#include "engine/schedule/scheduler.h"

namespace codellama {

struct EngineStats {
  uint32_t running = 0;  // sequences with a slot
  uint32_t queued = 0;   // sequences that wait for a slot
  uint32_t kv_cells_used = 0;
  uint32_t kv_cells_cached = 0;
  uint32_t kv_cells = 0;
  uint32_t context_size = 0;  // cells that one sequence may have
  uint64_t prompt_cache_bytes = 0;
  PrefixCounts prefixes;
  uint64_t draft_tokens = 0;
  uint64_t accepted_tokens = 0;
  double prefill_tokens_per_second = 0;
  double decode_tokens_per_second = 0;
};

// The latest figures, which the engine thread publishes and any thread reads. Requests that the
// engine thread has not taken yet count as queued.
class StatsBoard {
 public:
  explicit StatsBoard(CommandQueue* commands) : commands_(commands) {}

  // The figures include the submissions of the last CommandQueue::Take(). Engine thread only.
  void Publish(const EngineStats& stats) {
    const std::lock_guard lock(mutex_);
    commands_->Settle();
    stats_ = stats;
  }

  EngineStats Read() const {
    const std::lock_guard lock(mutex_);
    EngineStats stats = stats_;
    stats.queued += commands_->Submits();
    return stats;
  }

 private:
  CommandQueue* const commands_;
  mutable std::mutex mutex_;
  EngineStats stats_;
};

}  // namespace codellama
