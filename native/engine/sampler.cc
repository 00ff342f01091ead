#include "sampler.h"

#include <algorithm>
#include <limits>

#include "best_logit.h"
#include "error.h"
#include "llama.h"
#include "model.h"

namespace codellama {

namespace {

// exp(-x) is 0 in single precision from here on (the smallest denormal is about e^-103.3).
constexpr float kZeroExponent = 104.0F;

bool UsesHistory(const SamplingOptions& options) {
  return options.repeat_penalty != 1.0F || options.frequency_penalty != 0.0F ||
         options.presence_penalty != 0.0F || options.dry.multiplier != 0.0F;
}

[[noreturn]] void ThrowNothingLeft() {
  throw Error(ErrorCode::kBackendFailed, "no token is left to choose: every one is forbidden");
}

}  // namespace

void Sampler::Free::operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }

Sampler::Sampler(const Model& model, const SamplingOptions& options, uint32_t context_size,
                 const std::vector<Token>& prompt)
    : vocabulary_size_(model.tokenizer().size()) {
  const bool shifts_logits = UsesHistory(options) || !options.logit_bias.empty();
  if (options.ignore_eos) forbidden_ = model.tokenizer().end_of_generation();
  argmax_ = options.temperature == 0.0F && options.mirostat.version == 0 && !shifts_logits;
  if (argmax_) return;
  if (!shifts_logits && options.mirostat.version == 0) {
    negligible_below_ = kZeroExponent * options.temperature;
  }
  BuildChain(model, options, context_size);
  if (UsesHistory(options)) {
    for (const Token token : prompt) llama_sampler_accept(chain_.get(), token);
  }
}

void Sampler::Add(llama_sampler* sampler) { llama_sampler_chain_add(chain_.get(), sampler); }

void Sampler::BuildChain(const Model& model, const SamplingOptions& options,
                         uint32_t context_size) {
  const llama_vocab* vocabulary = llama_model_get_vocab(model.get());
  llama_sampler_chain_params params = llama_sampler_chain_default_params();
  params.no_perf = true;
  chain_.reset(llama_sampler_chain_init(params));

  std::vector<llama_logit_bias> bias;
  for (const auto& [token, value] : options.logit_bias) bias.push_back({token, value});
  for (const Token token : forbidden_) {
    bias.push_back({token, -std::numeric_limits<float>::infinity()});
  }
  if (!bias.empty()) {
    Add(llama_sampler_init_logit_bias(vocabulary_size_, static_cast<int32_t>(bias.size()),
                                      bias.data()));
  }
  Add(llama_sampler_init_penalties(vocabulary_size_, options.penalty_last_n, options.repeat_penalty,
                                   options.frequency_penalty, options.presence_penalty));
  if (options.dry.multiplier != 0.0F) {
    std::vector<const char*> breakers;
    for (const std::string& breaker : options.dry.sequence_breakers) {
      breakers.push_back(breaker.c_str());
    }
    const int32_t last_n =
        options.dry.last_n < 0 ? static_cast<int32_t>(context_size) : options.dry.last_n;
    Add(llama_sampler_init_dry(vocabulary, options.dry.multiplier, options.dry.base,
                               options.dry.allowed_length, last_n, breakers.data(),
                               breakers.size()));
  }
  if (options.temperature == 0.0F && options.mirostat.version == 0) {
    Add(llama_sampler_init_greedy());
    return;
  }
  Add(llama_sampler_init_temp(options.temperature));
  if (options.mirostat.version == 1) {
    // 100 is the paper's m.
    Add(llama_sampler_init_mirostat(vocabulary_size_, options.seed, options.mirostat.tau,
                                    options.mirostat.eta, 100));
    return;
  }
  if (options.mirostat.version == 2) {
    Add(llama_sampler_init_mirostat_v2(options.seed, options.mirostat.tau, options.mirostat.eta));
    return;
  }
  if (options.top_k > 0) Add(llama_sampler_init_top_k(options.top_k));
  if (options.typical_p < 1.0F) Add(llama_sampler_init_typical(options.typical_p, 1));
  if (options.top_p < 1.0F) Add(llama_sampler_init_top_p(options.top_p, 1));
  if (options.min_p > 0.0F) Add(llama_sampler_init_min_p(options.min_p, 1));
  if (options.xtc.probability > 0.0F) {
    Add(llama_sampler_init_xtc(options.xtc.probability, options.xtc.threshold, 1, options.seed));
  }
  Add(llama_sampler_init_dist(options.seed));
}

bool Sampler::IsForbidden(Token token) const {
  return std::find(forbidden_.begin(), forbidden_.end(), token) != forbidden_.end();
}

Token Sampler::BestAllowed(const float* logits) const {
  Token best = kNoToken;
  for (Token token = 0; token < vocabulary_size_; token++) {
    if ((best == kNoToken || logits[token] > logits[best]) && !IsForbidden(token)) best = token;
  }
  return best;
}

Token Sampler::Choose(const float* logits) {
  const BestLogit best = FindBestLogit(logits, vocabulary_size_);
  if (best.logit == -std::numeric_limits<float>::infinity()) ThrowNothingLeft();
  if (argmax_) return IsForbidden(best.token) ? BestAllowed(logits) : best.token;

  // One engine thread samples all sequences, so they share the room for candidates.
  thread_local std::vector<llama_token_data> candidates;
  candidates.clear();
  candidates.reserve(static_cast<size_t>(vocabulary_size_));
  const float lowest = negligible_below_ > 0.0F ? best.logit - negligible_below_
                                                : -std::numeric_limits<float>::infinity();
  for (Token token = 0; token < vocabulary_size_; token++) {
    if (logits[token] >= lowest) candidates.push_back({token, logits[token], 0.0F});
  }
  llama_token_data_array array = {candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(chain_.get(), &array);
  if (array.selected < 0 || static_cast<size_t>(array.selected) >= array.size) {
    ThrowNothingLeft();
  }
  return array.data[array.selected].id;
}

void Sampler::Accept(Token token) {
  if (chain_) llama_sampler_accept(chain_.get(), token);
}

}  // namespace codellama
