// One request's state while it waits and runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/kv/prefix_cache.h"

namespace codellama {

// kWaiting -> kRunning: the scheduler gave it a KV slot.
// kRunning -> kWaiting: it was preempted; its KV cells are gone, its tokens are kept, and it
//                       will be computed again from the first.
enum class SequenceStatus { kWaiting, kRunning };

// Token ranges, half open:
//   [0, num_shared)                in the KV cache, in cells of the prefix cache
//   [num_shared, num_computed)     in the KV cache, in cells of its own
//   [num_computed, tokens.size())  still to compute: the rest of the prompt, or the last sampled
//   [num_prompt, tokens.size())    the completion so far
// Prefill and decode are one thing: num_computed catches up with tokens.size(); when it does,
// the logits of the last token give the next one.
struct Sequence {
  RequestId id = 0;
  Priority priority = Priority::kNormal;
  uint64_t arrival = 0;  // order inside a priority
  SequenceStatus status = SequenceStatus::kWaiting;
  bool paused = false;  // its reader is behind
  uint32_t times_overtaken = 0;
  uint32_t group = 0;        // others of the group have the same prompt; 0 is none
  uint32_t kind = 0;         // sequences of different kinds share no batch and no cells
  bool shares_cells = true;  // others may take over what is computed
  bool all_outputs = false;  // every token of the prompt gives a row of output

  std::vector<Token> tokens;
  std::vector<Token> draft;  // guesses of what follows the tokens, to be verified in this step
  uint32_t num_prompt = 0;
  uint32_t num_computed = 0;
  uint32_t num_shared = 0;
  PrefixCache::Node* prefix = nullptr;  // ends at num_shared, and is locked
  uint32_t num_cached = 0;              // prompt tokens that were there when it first ran
  bool admitted = false;                // it has run before
  uint32_t max_tokens = 0;
  int32_t slot = -1;  // the KV cache's sequence id while running

  uint32_t Remaining() const { return static_cast<uint32_t>(tokens.size()) - num_computed; }
  uint32_t CompletionTokens() const { return static_cast<uint32_t>(tokens.size()) - num_prompt; }
  uint32_t OwnCells() const { return num_computed - num_shared; }
  bool Decoding() const { return Remaining() == 1 && CompletionTokens() > 0; }
};

}  // namespace codellama
