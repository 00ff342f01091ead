#include "engine/sampling/sampler.h"

#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/llama/model.h"
#include "engine/sampling/best_logit.h"

namespace codellama {

namespace {

// exp(-x) is 0 in single precision from here on: the smallest denormal is about e^-103.3. Logits
// that far below the best one only make sorting slower.
constexpr float kZeroExponent = 104.0F;

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

bool HasPenalties(const SamplingOptions& options) {
  return options.repeat_penalty != 1.0F || options.frequency_penalty != 0.0F ||
         options.presence_penalty != 0.0F || options.dry.multiplier != 0.0F;
}

bool NeedsWholeDistribution(const SamplingOptions& options) {
  return options.mirostat.version != 0 || options.typical_p < 1.0F ||
         options.xtc.probability > 0.0F;
}

[[noreturn]] void ThrowNoTokenLeft() {
  throw Error(ErrorCode::kInvalidArgument,
              "no token is left to choose: logitBias, ignoreEos and the grammar together forbid "
              "every token of the vocabulary; forbid fewer");
}

}  // namespace

Sampler::Sampler(const Model& model, const SamplingOptions& options, uint32_t context_size,
                 const std::vector<Token>& prompt)
    : vocabulary_size_(model.tokenizer().size()),
      bias_(options.logit_bias),
      argmax_(options.temperature == 0.0F && options.mirostat.version == 0),
      nucleus_{options.temperature, options.top_k, options.top_p, options.min_p},
      random_(options.seed) {
  if (options.ignore_eos) forbidden_ = model.tokenizer().end_of_generation();
  if (HasPenalties(options)) penalties_ = SamplerChain::Penalties(model, options, context_size);
  // Greedy sampling of unchanged logits skips forbidden tokens itself, which saves a copy.
  if (!argmax_ || penalties_ || !bias_.empty()) {
    for (const Token token : forbidden_) bias_.emplace_back(token, kForbidden);
  }
  if (!argmax_ && NeedsWholeDistribution(options)) {
    filters_ = SamplerChain::Filters(options, vocabulary_size_);
  }
  for (const Token token : prompt) Accept(token);
}

bool Sampler::IsForbidden(Token token) const {
  return std::find(forbidden_.begin(), forbidden_.end(), token) != forbidden_.end();
}

bool Sampler::HasBias(Token token) const {
  return std::any_of(bias_.begin(), bias_.end(),
                     [token](const auto& each) { return each.first == token; });
}

Token Sampler::BestAllowed(const float* logits) const {
  Token best = kNoToken;
  float highest = kForbidden;
  for (Token token = 0; token < vocabulary_size_; token++) {
    if (logits[token] <= highest || IsForbidden(token)) continue;
    best = token;
    highest = logits[token];
  }
  if (best == kNoToken) ThrowNoTokenLeft();
  return best;
}

const float* Sampler::Shift(const float* logits) const {
  if (bias_.empty() && !penalties_) return logits;
  // One buffer per thread, because a thread samples many sequences.
  thread_local std::vector<float> result;
  result.assign(logits, logits + vocabulary_size_);
  for (const auto& [token, bias] : bias_) result[static_cast<size_t>(token)] += bias;
  if (penalties_) penalties_.ApplyTo(history_, result.data());
  return result.data();
}

Token Sampler::Choose(const float* logits) {
  const float* shifted = Shift(logits);
  const BestLogit best = FindBestLogit(shifted, vocabulary_size_);
  if (best.logit == kForbidden) ThrowNoTokenLeft();
  if (argmax_) return IsForbidden(best.token) ? BestAllowed(shifted) : best.token;
  if (filters_) return Filter(shifted, best.logit);
  return Draw(shifted, vocabulary_size_, best.logit, nucleus_, random_() * 0x1p-32);
}

Token Sampler::Filter(const float* logits, float best) const {
  const float lowest = best - kZeroExponent * nucleus_.temperature;
  const Token token = filters_.Draw(logits, vocabulary_size_, lowest);
  if (token == kNoToken) ThrowNoTokenLeft();
  return token;
}

void Sampler::Accept(Token token) {
  if (penalties_) {
    penalties_.Accept(token);
    history_.insert(token);
  }
  if (filters_) filters_.Accept(token);
}

}  // namespace codellama
