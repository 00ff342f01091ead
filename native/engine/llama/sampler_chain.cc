#include "engine/llama/sampler_chain.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "engine/llama/model.h"
#include "llama.h"

namespace codellama {

void SamplerChain::Free::operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }

void SamplerChain::Add(llama_sampler* sampler) {
  if (!chain_) {
    llama_sampler_chain_params params = llama_sampler_chain_default_params();
    params.no_perf = true;
    chain_.reset(llama_sampler_chain_init(params));
  }
  llama_sampler_chain_add(chain_.get(), sampler);
}

SamplerChain SamplerChain::Penalties(const Model& model, const SamplingOptions& options,
                                     uint32_t context_size) {
  // llama.cpp allocates the whole look-back at once.
  const auto most =
      static_cast<int32_t>(std::min<uint32_t>(context_size, std::numeric_limits<int32_t>::max()));
  const auto look_back = [most](int32_t last_n) {
    return last_n < 0 ? most : std::min(last_n, most);
  };
  SamplerChain chain;
  chain.Add(llama_sampler_init_penalties(model.tokenizer().size(),
                                         look_back(options.penalty_last_n), options.repeat_penalty,
                                         options.frequency_penalty, options.presence_penalty));
  if (options.dry.multiplier == 0.0F) return chain;
  std::vector<const char*> breakers;
  for (const std::string& breaker : options.dry.sequence_breakers) {
    breakers.push_back(breaker.c_str());
  }
  chain.Add(llama_sampler_init_dry(
      llama_model_get_vocab(model.get()), options.dry.multiplier, options.dry.base,
      options.dry.allowed_length, look_back(options.dry.last_n), breakers.data(), breakers.size()));
  return chain;
}

SamplerChain SamplerChain::Filters(const SamplingOptions& options, int32_t vocabulary_size) {
  SamplerChain chain;
  chain.Add(llama_sampler_init_temp(options.temperature));
  if (options.mirostat.version == 1) {
    constexpr int32_t kM = 100;  // m in the Mirostat paper
    chain.Add(llama_sampler_init_mirostat(vocabulary_size, options.seed, options.mirostat.tau,
                                          options.mirostat.eta, kM));
    return chain;
  }
  if (options.mirostat.version == 2) {
    chain.Add(
        llama_sampler_init_mirostat_v2(options.seed, options.mirostat.tau, options.mirostat.eta));
    return chain;
  }
  if (options.top_k > 0) chain.Add(llama_sampler_init_top_k(options.top_k));
  if (options.typical_p < 1.0F) chain.Add(llama_sampler_init_typical(options.typical_p, 1));
  if (options.top_p < 1.0F) chain.Add(llama_sampler_init_top_p(options.top_p, 1));
  if (options.min_p > 0.0F) chain.Add(llama_sampler_init_min_p(options.min_p, 1));
  if (options.xtc.probability > 0.0F) {
    chain.Add(
        llama_sampler_init_xtc(options.xtc.probability, options.xtc.threshold, 1, options.seed));
  }
  chain.Add(llama_sampler_init_dist(options.seed));
  return chain;
}

void SamplerChain::Accept(Token token) { llama_sampler_accept(chain_.get(), token); }

void SamplerChain::ApplyTo(const std::unordered_set<Token>& tokens, float* logits) const {
  thread_local std::vector<llama_token_data> changed;
  changed.clear();
  for (const Token token : tokens) changed.push_back({token, logits[token], 0.0F});
  llama_token_data_array array = {changed.data(), changed.size(), -1, false};
  llama_sampler_apply(chain_.get(), &array);
  for (size_t i = 0; i < array.size; i++) logits[array.data[i].id] = array.data[i].logit;
}

Token SamplerChain::Draw(const float* logits, int32_t vocabulary_size, float lowest) const {
  thread_local std::vector<llama_token_data> candidates;
  candidates.clear();
  candidates.reserve(static_cast<size_t>(vocabulary_size));
  for (Token token = 0; token < vocabulary_size; token++) {
    if (logits[token] >= lowest) candidates.push_back({token, logits[token], 0.0F});
  }
  llama_token_data_array array = {candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(chain_.get(), &array);
  const bool found = array.selected >= 0 && static_cast<size_t>(array.selected) < array.size;
  return found ? array.data[array.selected].id : kNoToken;
}

}  // namespace codellama
