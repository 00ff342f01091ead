// A request in the engine: its sequence, its completion, its drafts and its clock.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/base/sequence.h"
#include "engine/core/beam_group.h"
#include "engine/core/embedding_pool.h"
#include "engine/sampling/completion.h"
#include "engine/speculate/sequence_drafter.h"
#include "engine/speculate/speculation.h"

namespace codellama {

using Clock = std::chrono::steady_clock;

class ActiveRequest {
 public:
  // `context_size`: tokens that one sequence may have. Throws kContextOverflow, kInvalidArgument,
  // kInvalidGrammar.
  ActiveRequest(Request request, const Model& model, GrammarCache* grammars, uint32_t context_size,
                Clock::time_point submitted);

  RequestId id() const { return sequence_.id; }
  Sequence* sequence() { return &sequence_; }
  Completion* completion() { return &completion_; }

  // The request's beam search; null without one.
  BeamGroup* beams() { return beams_ ? &*beams_ : nullptr; }

  // All sequences that the scheduler has for the request.
  std::vector<Sequence*> sequences();

  // Time at which the request ends, finished or not. Empty = no limit.
  std::optional<Clock::time_point> deadline() const { return deadline_; }

  // The sequence is part of a step. Only the first call counts.
  void OnScheduled(Clock::time_point now);

  // The logits for a new token are computed. Only the first call counts.
  void OnLogitsReady(Clock::time_point now);

  // Takes the rows of logits after the prompt's tokens [first, first + count). Returns the
  // log-probabilities of the tokens after them, without those that an earlier call returned.
  PromptScored OnPromptLogits(uint32_t first, uint32_t count,
                              const std::function<const float*(uint32_t)>& row,
                              const Tokenizer& tokenizer);

  // Takes the hidden state after the prompt's token at `index`. Only for embedding requests.
  void OnEmbedding(uint32_t index, const float* state) { pool_->Add(index, state); }
  bool wants_embedding() const { return pool_.has_value(); }
  bool wants_state() const { return wants_state_; }
  Embedded Embedding() const { return {sequence_.id, pool_->Result()}; }

  // The request as a target for a draft of the next step.
  DraftTarget AsDraftTarget();

  // Records that the model accepted the first `accepted` tokens of a draft of `drafted` tokens, and
  // that the grammar forced `forced` tokens after them.
  void OnVerified(uint32_t drafted, uint32_t accepted, uint32_t forced) {
    drafter_.OnVerified(drafted, accepted);
    drafter_.OnForced(forced);
  }

  // The rest of the text and the final event.
  std::string FlushText() { return completion_.Flush(); }
  Finished Result(FinishReason reason, Clock::time_point now) const;

 private:
  Completion completion_;  // first: token healing removes a token of the prompt
  Sequence sequence_;
  SequenceDrafter drafter_;
  std::optional<BeamGroup> beams_;
  std::optional<EmbeddingPool> pool_;
  const std::optional<uint32_t> logprobs_;
  const bool wants_state_;
  uint32_t num_scored_ = 0;  // prompt tokens whose log-probabilities were reported
  const Clock::time_point submitted_;
  const std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> scheduled_;
  std::optional<Clock::time_point> first_token_;
};

}  // namespace codellama
