#include "engine/core/active_request.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/sampling/logprobs.h"

namespace codellama {

namespace {

void CheckPrompt(const std::vector<Token>& tokens, const Tokenizer& tokenizer,
                 uint32_t context_size) {
  tokenizer.CheckTokens(tokens);
  if (tokens.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "prompt is empty; it must hold at least one token");
  }
  if (tokens.size() >= context_size) {
    throw Error(ErrorCode::kContextOverflow,
                "the prompt has " + std::to_string(tokens.size()) +
                    " tokens, but the context holds " + std::to_string(context_size) +
                    " and needs room for at least one new token; shorten the prompt or load with "
                    "a larger contextSize");
  }
}

Sequence MakeSequence(Request* request, const Tokenizer& tokenizer, uint32_t context_size,
                      std::optional<TokenHealing>* healing) {
  CheckPrompt(request->tokens, tokenizer, context_size);
  if (request->token_healing) healing->emplace(tokenizer, &request->tokens);
  Sequence sequence;
  sequence.id = request->id;
  sequence.priority = request->priority;
  sequence.max_tokens = request->max_tokens;
  sequence.group = request->group;
  sequence.all_outputs = request->prompt_logprobs || request->embedding;
  // Nobody computes the same kind as an embedding without outputs.
  sequence.shares_cells = request->prefix_cache && !request->embedding;
  sequence.tokens = std::move(request->tokens);
  sequence.num_prompt = static_cast<uint32_t>(sequence.tokens.size());
  return sequence;
}

std::optional<Clock::time_point> Deadline(uint32_t timeout_ms, Clock::time_point submitted) {
  if (timeout_ms == 0) return std::nullopt;
  return submitted + std::chrono::milliseconds(timeout_ms);
}

double Milliseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

ActiveRequest::ActiveRequest(Request request, const Model& model, GrammarCache* grammars,
                             uint32_t context_size, Clock::time_point submitted)
    : sequence_(MakeSequence(&request, model.tokenizer(), context_size, &healing_)),
      sampler_(model, request.sampling, context_size, sequence_.tokens),
      stop_tokens_(std::move(request.stop_tokens)),
      text_(std::move(request.stop)),
      repetition_(request.max_repeats),
      logprobs_(request.logprobs),
      wants_state_(request.prompt_state),
      context_size_(context_size),
      submitted_(submitted),
      deadline_(Deadline(request.timeout_ms, submitted)) {
  if (request.embedding) {
    pool_.emplace(*request.embedding, static_cast<uint32_t>(model.facts().embedding_length));
  }
  if (request.grammar) grammar_.emplace(grammars->Find(request.grammar));
}

void ActiveRequest::OnScheduled(Clock::time_point now) {
  if (!scheduled_) scheduled_ = now;
}

PromptScored ActiveRequest::OnPromptLogits(uint32_t first, uint32_t count,
                                           const std::function<const float*(uint32_t)>& row,
                                           const Tokenizer& tokenizer) {
  PromptScored scored;
  scored.id = sequence_.id;
  // A sequence that was put back computes its prompt again.
  const uint32_t begin = std::max(first, num_scored_);
  const uint32_t end = std::min(first + count, sequence_.num_prompt - 1);
  for (uint32_t i = begin; i < end; i++) {
    scored.logprobs.push_back(
        MeasureLogprobs(row(i - first), tokenizer, sequence_.tokens[i + 1], logprobs_.value_or(0)));
  }
  num_scored_ = std::max(num_scored_, end);
  return scored;
}

std::optional<FinishReason> ActiveRequest::OnLogits(const float* logits, const Tokenizer& tokenizer,
                                                    TextDelta* delta) {
  if (!first_token_) first_token_ = Clock::now();
  if (sequence_.max_tokens == 0) return FinishReason::kLength;
  const bool healing = healing_ && !healing_->done();
  const Token token = Sample(healing ? healing_->Allow(logits) : logits, tokenizer);
  if (Ends(token, tokenizer)) return FinishReason::kStop;
  sequence_.tokens.push_back(token);
  delta->tokens.push_back(token);
  if (logprobs_) delta->logprobs.push_back(MeasureLogprobs(logits, tokenizer, token, *logprobs_));
  const std::string piece = tokenizer.Piece(token);
  delta->text += text_.Append(healing ? healing_->Accept(piece) : piece);
  if (grammar_) grammar_->Append(piece);
  if (grammar_ && grammar_->IsOver()) return FinishReason::kStop;
  if (text_.stopped()) return FinishReason::kStop;
  if (repetition_.Append(token)) return FinishReason::kRepetition;
  const bool full = sequence_.tokens.size() >= context_size_;
  if (full || sequence_.CompletionTokens() >= sequence_.max_tokens) return FinishReason::kLength;
  return std::nullopt;
}

// The model mostly keeps to the grammar by itself, and to find all allowed tokens takes much longer
// than to look at one. The second choice is made from those that are allowed.
Token ActiveRequest::Sample(const float* logits, const Tokenizer& tokenizer) {
  Token token = sampler_.Choose(logits);
  if (grammar_ && !grammar_->Allows(token, tokenizer.Piece(token), tokenizer)) {
    token = sampler_.Choose(grammar_->Mask(logits, tokenizer.size()));
  }
  sampler_.Accept(token);
  return token;
}

bool ActiveRequest::Ends(Token token, const Tokenizer& tokenizer) const {
  return tokenizer.IsEndOfGeneration(token) ||
         std::find(stop_tokens_.begin(), stop_tokens_.end(), token) != stop_tokens_.end();
}

bool ActiveRequest::MayDraft() const {
  return !sequence_.paused && sequence_.Decoding() && (!healing_ || healing_->done());
}

uint32_t ActiveRequest::TokensToGuess() const {
  const auto size = static_cast<uint32_t>(sequence_.tokens.size());
  return std::min(sequence_.max_tokens - sequence_.CompletionTokens(), context_size_ - size) - 1;
}

void ActiveRequest::Draft(const DraftCosts& costs, uint32_t longest) {
  sequence_.draft.clear();
  draft_is_models_ = false;
  if (!MayDraft()) return;
  drafter_.Follow(sequence_.tokens);
  if (!drafter_.HasGuess()) return;
  const uint32_t length =
      BestDraftLength(costs, drafter_.acceptance(), std::min(longest, TokensToGuess()));
  sequence_.draft = drafter_.Propose(sequence_.tokens, length);
}

uint32_t ActiveRequest::DraftLengthOfModel(const DraftCosts& costs, uint32_t longest) {
  if (!MayDraft() || !sequence_.draft.empty()) return 0;
  const uint32_t length =
      BestDraftLength(costs, model_acceptance_, std::min(longest, TokensToGuess()));
  draft_is_models_ = length > 0;
  // One that did badly is tried again some time.
  constexpr double kForgiveness = 0.01;
  if (length == 0) model_acceptance_ += kForgiveness * (kHopedAcceptance - model_acceptance_);
  return length;
}

void ActiveRequest::OnVerified(uint32_t drafted, uint32_t accepted) {
  draft_tokens_ += drafted;
  accepted_tokens_ += accepted;
  if (!draft_is_models_ || drafted == 0) return;
  constexpr double kWeight = 0.1;
  const uint32_t guesses = std::min(drafted, accepted + 1);  // those behind a wrong one count not
  for (uint32_t i = 0; i < guesses; i++) {
    model_acceptance_ += kWeight * ((i < accepted ? 1.0 : 0.0) - model_acceptance_);
  }
}

Finished ActiveRequest::Result(FinishReason reason, Clock::time_point now) const {
  Finished finished;
  finished.id = sequence_.id;
  finished.reason = reason;
  finished.stop_string = text_.matched();
  finished.usage.prompt_tokens = sequence_.num_prompt;
  finished.usage.cached_tokens = sequence_.num_cached;
  finished.usage.completion_tokens = sequence_.CompletionTokens();
  finished.usage.draft_tokens = draft_tokens_;
  finished.usage.accepted_tokens = accepted_tokens_;
  const Clock::time_point scheduled = scheduled_.value_or(now);
  const Clock::time_point first_token = first_token_.value_or(now);
  finished.timings.queued_ms = Milliseconds(submitted_, scheduled);
  finished.timings.prefill_ms = Milliseconds(scheduled, first_token);
  finished.timings.decode_ms = Milliseconds(first_token, now);
  return finished;
}

}  // namespace codellama
