#include "engine/sampling/completion.h"

#include <algorithm>

#include "engine/sampling/logprobs.h"

namespace codellama {

namespace {

std::optional<TokenHealing> Heal(Request* request, const Tokenizer& tokenizer) {
  if (!request->token_healing) return std::nullopt;
  return std::make_optional<TokenHealing>(tokenizer, &request->tokens);
}

}  // namespace

Completion::Completion(Request* request, const Model& model, GrammarCache* grammars,
                       uint32_t context_size)
    : tokenizer_(model.tokenizer()),
      context_size_(context_size),
      healing_(Heal(request, tokenizer_)),
      sampler_(model, request->sampling, context_size, request->tokens),
      stop_tokens_(request->stop_tokens),
      text_(request->stop),
      repetition_(request->max_repeats),
      logprobs_(request->logprobs) {
  if (request->grammar) grammar_.emplace(grammars->Find(request->grammar));
}

std::optional<FinishReason> Completion::OnLogits(const float* logits, Sequence* sequence,
                                                 TextDelta* delta) {
  if (sequence->max_tokens == 0) return FinishReason::kLength;
  if (forced_.empty()) FindForced();
  const Token token = forced_.empty() ? Sample(logits) : TakeForced();
  sequence->num_forced = 0;
  if (IsEnd(token)) return FinishReason::kStop;
  auto reason = Append(token, logits, sequence, delta);
  if (forced_.empty() && !reason) FindForced();
  while (!reason && !forced_.empty() && !logprobs_) {
    reason = Append(TakeForced(), nullptr, sequence, delta);
    sequence->num_forced++;
  }
  return reason;
}

std::optional<FinishReason> Completion::Append(Token token, const float* logits, Sequence* sequence,
                                               TextDelta* delta) {
  sequence->tokens.push_back(token);
  delta->tokens.push_back(token);
  sampler_.Accept(token);
  if (logprobs_) {
    delta->logprobs.push_back(MeasureLogprobs(logits, tokenizer_, token, *logprobs_));
  }
  const std::string piece = tokenizer_.Piece(token);
  delta->text += text_.Append(is_healing() ? healing_->Accept(piece) : piece);
  if (grammar_) grammar_->Append(piece);
  if (grammar_ && grammar_->IsOver()) return FinishReason::kStop;
  if (text_.stopped()) return FinishReason::kStop;
  if (repetition_.Append(token)) return FinishReason::kRepetition;
  const bool is_full = sequence->tokens.size() >= context_size_;
  if (is_full || sequence->CompletionTokens() >= sequence->max_tokens) return FinishReason::kLength;
  return std::nullopt;
}

void Completion::FindForced() {
  if (!grammar_ || is_healing()) return;
  for (const Token token : grammar_->ForcedTokens(tokenizer_)) {
    if (sampler_.HasBias(token) || IsEnd(token)) return;
    forced_.push_back(token);
  }
}

Token Completion::TakeForced() {
  const Token token = forced_.front();
  forced_.erase(forced_.begin());
  return token;
}

// The grammar usually allows the model's own choice, and checking one token is much cheaper than
// finding all allowed tokens. Only a forbidden choice is repeated with masked logits.
Token Completion::Sample(const float* logits) {
  if (is_healing()) logits = healing_->Allow(logits);
  const Token token = sampler_.Choose(logits);
  if (!grammar_ || grammar_->Allows(token, tokenizer_.Piece(token), tokenizer_)) return token;
  return sampler_.Choose(grammar_->Mask(logits, tokenizer_));
}

bool Completion::IsEnd(Token token) const {
  return tokenizer_.IsEndOfGeneration(token) ||
         std::find(stop_tokens_.begin(), stop_tokens_.end(), token) != stop_tokens_.end();
}

uint32_t Completion::LongestDraft(const Sequence& sequence) const {
  if (is_healing()) return 0;
  const auto size = static_cast<uint32_t>(sequence.tokens.size());
  return std::min(sequence.max_tokens - sequence.CompletionTokens(), context_size_ - size) - 1;
}

}  // namespace codellama
