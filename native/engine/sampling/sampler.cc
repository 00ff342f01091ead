#include "engine/sampling/sampler.h"

#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/llama/model.h"
#include "engine/sampling/best_logit.h"
#include "llama.h"

namespace codellama {

namespace {

// exp(-x) is 0 in single precision from here on (the smallest denormal is about e^-103.3), so that
// logits that far below the best one change nothing but the time that sorting takes.
constexpr float kZeroExponent = 104.0F;

constexpr float kNever = -std::numeric_limits<float>::infinity();

bool UsesHistory(const SamplingOptions& options) {
  return options.repeat_penalty != 1.0F || options.frequency_penalty != 0.0F ||
         options.presence_penalty != 0.0F || options.dry.multiplier != 0.0F;
}

bool FiltersAll(const SamplingOptions& options) {
  return options.mirostat.version != 0 || options.typical_p < 1.0F ||
         options.xtc.probability > 0.0F;
}

[[noreturn]] void ThrowNothingLeft() {
  throw Error(ErrorCode::kInvalidArgument,
              "no token is left to choose: logitBias, ignoreEos and the grammar together forbid "
              "every token of the vocabulary; forbid fewer");
}

}  // namespace

void Sampler::Free::operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }

void Sampler::Chain::Add(llama_sampler* sampler) {
  if (!chain_) {
    llama_sampler_chain_params params = llama_sampler_chain_default_params();
    params.no_perf = true;
    chain_.reset(llama_sampler_chain_init(params));
  }
  llama_sampler_chain_add(chain_.get(), sampler);
}

Sampler::Sampler(const Model& model, const SamplingOptions& options, uint32_t context_size,
                 const std::vector<Token>& prompt)
    : vocabulary_size_(model.tokenizer().size()),
      uses_history_(UsesHistory(options)),
      argmax_(options.temperature == 0.0F && options.mirostat.version == 0),
      nucleus_{options.temperature, options.top_k, options.top_p, options.min_p},
      random_(options.seed) {
  if (options.ignore_eos) forbidden_ = model.tokenizer().end_of_generation();
  bias_ = options.logit_bias;
  // The best of all logits is found without a change to them.
  if (!argmax_ || uses_history_ || !bias_.empty()) {
    for (const Token token : forbidden_) bias_.emplace_back(token, kNever);
  }
  if (uses_history_) BuildPenalties(model, options, context_size);
  if (!argmax_ && FiltersAll(options)) BuildFilters(options);
  for (const Token token : prompt) Accept(token);
}

void Sampler::BuildPenalties(const Model& model, const SamplingOptions& options,
                             uint32_t context_size) {
  // llama.cpp allocates the whole look-back at once.
  const auto most =
      static_cast<int32_t>(std::min<uint32_t>(context_size, std::numeric_limits<int32_t>::max()));
  const auto look_back = [most](int32_t last_n) {
    return last_n < 0 ? most : std::min(last_n, most);
  };
  penalties_.Add(llama_sampler_init_penalties(vocabulary_size_, look_back(options.penalty_last_n),
                                              options.repeat_penalty, options.frequency_penalty,
                                              options.presence_penalty));
  if (options.dry.multiplier == 0.0F) return;
  std::vector<const char*> breakers;
  for (const std::string& breaker : options.dry.sequence_breakers) {
    breakers.push_back(breaker.c_str());
  }
  penalties_.Add(llama_sampler_init_dry(
      llama_model_get_vocab(model.get()), options.dry.multiplier, options.dry.base,
      options.dry.allowed_length, look_back(options.dry.last_n), breakers.data(), breakers.size()));
}

void Sampler::BuildFilters(const SamplingOptions& options) {
  filters_.Add(llama_sampler_init_temp(options.temperature));
  if (options.mirostat.version == 1) {
    // 100 is the paper's m.
    filters_.Add(llama_sampler_init_mirostat(vocabulary_size_, options.seed, options.mirostat.tau,
                                             options.mirostat.eta, 100));
    return;
  }
  if (options.mirostat.version == 2) {
    filters_.Add(
        llama_sampler_init_mirostat_v2(options.seed, options.mirostat.tau, options.mirostat.eta));
    return;
  }
  if (options.top_k > 0) filters_.Add(llama_sampler_init_top_k(options.top_k));
  if (options.typical_p < 1.0F) filters_.Add(llama_sampler_init_typical(options.typical_p, 1));
  if (options.top_p < 1.0F) filters_.Add(llama_sampler_init_top_p(options.top_p, 1));
  if (options.min_p > 0.0F) filters_.Add(llama_sampler_init_min_p(options.min_p, 1));
  if (options.xtc.probability > 0.0F) {
    filters_.Add(
        llama_sampler_init_xtc(options.xtc.probability, options.xtc.threshold, 1, options.seed));
  }
  filters_.Add(llama_sampler_init_dist(options.seed));
}

bool Sampler::IsForbidden(Token token) const {
  return std::find(forbidden_.begin(), forbidden_.end(), token) != forbidden_.end();
}

Token Sampler::BestAllowed(const float* logits) const {
  Token best = kNoToken;
  float highest = kNever;
  for (Token token = 0; token < vocabulary_size_; token++) {
    if (logits[token] <= highest || IsForbidden(token)) continue;
    best = token;
    highest = logits[token];
  }
  if (best == kNoToken) ThrowNothingLeft();
  return best;
}

const float* Sampler::Shift(const float* logits) const {
  if (bias_.empty() && !uses_history_) return logits;
  // A thread samples many sequences, which share the room.
  thread_local std::vector<float> result;
  result.assign(logits, logits + vocabulary_size_);
  for (const auto& [token, bias] : bias_) result[static_cast<size_t>(token)] += bias;
  if (uses_history_) ApplyPenalties(result.data());
  return result.data();
}

void Sampler::ApplyPenalties(float* logits) const {
  thread_local std::vector<llama_token_data> changed;
  changed.clear();
  for (const Token token : history_) changed.push_back({token, logits[token], 0.0F});
  llama_token_data_array array = {changed.data(), changed.size(), -1, false};
  llama_sampler_apply(penalties_.get(), &array);
  for (size_t i = 0; i < array.size; i++) logits[array.data[i].id] = array.data[i].logit;
}

Token Sampler::Choose(const float* logits) {
  const float* shifted = Shift(logits);
  const BestLogit best = FindBestLogit(shifted, vocabulary_size_);
  if (best.logit == kNever) ThrowNothingLeft();
  if (argmax_) return IsForbidden(best.token) ? BestAllowed(shifted) : best.token;
  if (filters_) return Filter(shifted, best.logit);
  return Draw(shifted, vocabulary_size_, best.logit, nucleus_, random_() * 0x1p-32);
}

Token Sampler::Filter(const float* logits, float best) {
  thread_local std::vector<llama_token_data> candidates;
  candidates.clear();
  candidates.reserve(static_cast<size_t>(vocabulary_size_));
  const float lowest = best - kZeroExponent * nucleus_.temperature;
  for (Token token = 0; token < vocabulary_size_; token++) {
    if (logits[token] >= lowest) candidates.push_back({token, logits[token], 0.0F});
  }
  llama_token_data_array array = {candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(filters_.get(), &array);
  if (array.selected < 0 || static_cast<size_t>(array.selected) >= array.size) ThrowNothingLeft();
  return array.data[array.selected].id;
}

void Sampler::Accept(Token token) {
  if (uses_history_) {
    llama_sampler_accept(penalties_.get(), token);
    history_.insert(token);
  }
  if (filters_) llama_sampler_accept(filters_.get(), token);
}

}  // namespace codellama
