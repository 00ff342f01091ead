// State of one sequence while it waits for a slot and while it runs.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

class PrefixNode;

// kWaiting -> kRunning: the scheduler gave it a slot.
// kRunning -> kWaiting: the scheduler preempted it. Its KV cells are gone, its tokens stay, and
//                       the engine computes them again.
enum class SequenceStatus { kWaiting, kRunning };

// Token ranges, half open:
//   [0, num_shared)                in KV cells that the prefix cache owns
//   [num_shared, num_computed)     in KV cells that the sequence owns
//   [num_computed, tokens.size())  not computed yet: the rest of the prompt, or the last new tokens
//   [num_prompt, tokens.size())    the completion so far
// Prefill and decode are the same operation: num_computed catches up with tokens.size(). Then the
// logits after the last token give the next token. A grammar may force tokens after it, which need
// no logits.
struct Sequence {
  RequestId id = 0;
  Priority priority = Priority::kNormal;
  uint64_t arrival = 0;  // order inside a priority
  SequenceStatus status = SequenceStatus::kWaiting;
  bool paused = false;  // the scheduler skips it: its reader or its beam search is behind
  uint32_t times_overtaken = 0;
  uint32_t group = 0;        // sequences of one group have the same prompt; 0 = no group
  uint32_t kind = 0;         // sequences of different kinds share neither batches nor KV cells
  bool shares_cells = true;  // uses the prefix cache and fills it
  bool all_outputs = false;  // every prompt token gives a row of output

  std::vector<Token> tokens;
  std::vector<Token> draft;  // guesses after the tokens; the next step verifies them
  uint32_t num_forced = 0;   // last tokens that were appended without logits
  uint32_t num_prompt = 0;
  uint32_t num_computed = 0;
  uint32_t num_shared = 0;
  PrefixNode* prefix = nullptr;  // locked node that ends at num_shared; null when num_shared is 0
  uint32_t num_cached = 0;       // prompt tokens that were in the KV cache at the first admission
  bool admitted = false;         // it has had a slot before
  uint32_t max_tokens = 0;
  int32_t slot = -1;  // sequence id in the KV cache while running, else -1

  uint32_t Remaining() const { return static_cast<uint32_t>(tokens.size()) - num_computed; }
  uint32_t CompletionTokens() const { return static_cast<uint32_t>(tokens.size()) - num_prompt; }
  uint32_t OwnCells() const { return num_computed - num_shared; }
  // Whether only the last new token, and the forced tokens after it, are not computed yet.
  bool Decoding() const {
    return CompletionTokens() > 0 && Remaining() > 0 && Remaining() <= 1 + num_forced;
  }
};

}  // namespace codellama
