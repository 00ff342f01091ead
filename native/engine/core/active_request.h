// A request inside the engine: its sequence, its sampler, its text so far and its clock.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/base/sequence.h"
#include "engine/core/embedding_pool.h"
#include "engine/grammar/grammar_cache.h"
#include "engine/grammar/grammar_matcher.h"
#include "engine/llama/model.h"
#include "engine/sampling/sampler.h"
#include "engine/speculate/draft_length.h"
#include "engine/speculate/drafter.h"
#include "engine/text/repetition.h"
#include "engine/text/text_stream.h"
#include "engine/text/token_healing.h"

namespace codellama {

using Clock = std::chrono::steady_clock;

class ActiveRequest {
 public:
  // `context_size` is the number of tokens that fit at all.
  // Throws kContextOverflow, kInvalidArgument, kInvalidGrammar.
  ActiveRequest(Request request, const Model& model, GrammarCache* grammars, uint32_t context_size,
                Clock::time_point submitted);

  RequestId id() const { return sequence_.id; }
  Sequence* sequence() { return &sequence_; }

  // When it ends, finished or not.
  std::optional<Clock::time_point> deadline() const { return deadline_; }

  // The sequence is part of a step for the first time.
  void OnScheduled(Clock::time_point now);

  // Takes the logits behind the prompt's tokens [first, first + count), one row each, and returns
  // how likely the next tokens of the prompt were, those that are not told yet.
  PromptScored OnPromptLogits(uint32_t first, uint32_t count,
                              const std::function<const float*(uint32_t)>& row,
                              const Tokenizer& tokenizer);

  // Takes the hidden state behind the prompt's token at `index`, of a request for an embedding.
  void OnEmbedding(uint32_t index, const float* state) { pool_->Add(index, state); }
  bool embeds() const { return pool_.has_value(); }
  bool has_grammar() const { return grammar_.has_value(); }
  bool wants_state() const { return wants_state_; }
  Embedded Embedding() const { return {sequence_.id, pool_->Result()}; }

  // Takes the logits after the sequence's last token: appends the next token and its text to
  // `delta`, and returns the reason when the request is complete. Throws kBackendFailed,
  // kInvalidGrammar.
  std::optional<FinishReason> OnLogits(const float* logits, const Tokenizer& tokenizer,
                                       TextDelta* delta);

  // Guesses what follows, if it is likely to pay, for the next step to verify.
  void Draft(const DraftCosts& costs, uint32_t longest);

  // How many tokens a draft model may guess where Draft() has found nothing.
  uint32_t DraftLengthOfModel(const DraftCosts& costs, uint32_t longest);

  // Of a draft, so many tokens turned out right.
  void OnVerified(uint32_t drafted, uint32_t accepted);

  // The rest of the text and the final event.
  std::string FlushText() { return text_.Finish(); }
  Finished Result(FinishReason reason, Clock::time_point now) const;

 private:
  // Of a draft model that nothing is known of yet.
  static constexpr double kHopedAcceptance = 0.7;

  Token Sample(const float* logits, const Tokenizer& tokenizer);
  bool Ends(Token token, const Tokenizer& tokenizer) const;
  bool MayDraft() const;
  // The last token of all is not worth a guess: nothing follows it.
  uint32_t TokensToGuess() const;

  std::optional<TokenHealing> healing_;  // before the sequence: it takes a token off the prompt
  Sequence sequence_;
  Sampler sampler_;
  std::optional<GrammarMatcher> grammar_;
  const std::vector<Token> stop_tokens_;
  TextStream text_;
  Repetition repetition_;
  Drafter drafter_;
  std::optional<EmbeddingPool> pool_;
  const std::optional<uint32_t> logprobs_;
  const bool wants_state_;
  uint32_t num_scored_ = 0;  // tokens of the prompt
  bool draft_is_models_ = false;
  double model_acceptance_ = kHopedAcceptance;
  uint32_t draft_tokens_ = 0;
  uint32_t accepted_tokens_ = 0;
  const uint32_t context_size_;
  const Clock::time_point submitted_;
  const std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> scheduled_;
  std::optional<Clock::time_point> first_token_;
};

}  // namespace codellama
