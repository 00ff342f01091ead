// A chain of llama.cpp's samplers: the penalties over a history, or the filters over the whole
// distribution.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_set>

#include "engine/base/options.h"

struct llama_sampler;

namespace codellama {

class Model;

class SamplerChain {
 public:
  // An empty chain, which must not be used.
  SamplerChain() = default;

  // Repetition penalties and DRY. No look-back is longer than `context_size` tokens.
  static SamplerChain Penalties(const Model& model, const SamplingOptions& options,
                                uint32_t context_size);

  // Temperature, the filters that the options ask for, and the final draw. Mirostat replaces the
  // filters.
  static SamplerChain Filters(const SamplingOptions& options, int32_t vocabulary_size);

  explicit operator bool() const { return chain_ != nullptr; }

  // Adds a token to the history of the samplers.
  void Accept(Token token);

  // Changes the logits of these tokens. `logits` has the vocabulary's size.
  void ApplyTo(const std::unordered_set<Token>& tokens, float* logits) const;

  // Draws a token among the tokens with a logit of at least `lowest`. Returns -1 if the filters
  // leave no token.
  Token Draw(const float* logits, int32_t vocabulary_size, float lowest) const;

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const;
  };

  void Add(llama_sampler* sampler);

  std::unique_ptr<llama_sampler, Free> chain_;
};

}  // namespace codellama
