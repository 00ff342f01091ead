// Chooses the next token of one sequence from its logits.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/base/options.h"
#include "engine/sampling/nucleus.h"

struct llama_sampler;

namespace codellama {

class Model;

// The order of the filters is that of Meta's reference and of transformers: logit bias and
// penalties, then temperature, then topK, typicalP, topP, minP and XTC on the tempered
// distribution, then a draw. (llama.cpp's own tools filter first and temper after.) Mirostat
// replaces the filters.
class Sampler {
 public:
  // `prompt` primes the penalties and DRY. No look-back is longer than `context_size` tokens, which
  // is also what a look-back of -1 means.
  Sampler(const Model& model, const SamplingOptions& options, uint32_t context_size,
          const std::vector<Token>& prompt);

  // `logits` has the vocabulary's size. Throws kBackendFailed when they are not numbers,
  // kInvalidArgument when every token is forbidden.
  Token Choose(const float* logits);

  // The token becomes part of the history that penalties look at.
  void Accept(Token token);

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const;
  };
  // llama.cpp's samplers, one after the other.
  class Chain {
   public:
    void Add(llama_sampler* sampler);
    llama_sampler* get() const { return chain_.get(); }
    explicit operator bool() const { return chain_ != nullptr; }

   private:
    std::unique_ptr<llama_sampler, Free> chain_;
  };

  void BuildPenalties(const Model& model, const SamplingOptions& options, uint32_t context_size);
  void BuildFilters(const SamplingOptions& options);
  // The logits with bias, penalties and DRY.
  const float* Shift(const float* logits) const;
  void ApplyPenalties(float* logits) const;
  Token Filter(const float* logits, float best);
  bool IsForbidden(Token token) const;
  Token BestAllowed(const float* logits) const;

  const int32_t vocabulary_size_;
  std::vector<Token> forbidden_;
  bool uses_history_ = false;
  // Added to logits. llama.cpp's own sampler searches the candidates for each biased token, which
  // takes seconds a token for a bias on the whole vocabulary.
  std::vector<std::pair<Token, float>> bias_;
  // Penalties and DRY. They change the logits of `history_` alone.
  Chain penalties_;
  std::unordered_set<Token> history_;
  // The best logit alone decides.
  bool argmax_ = false;
  Nucleus nucleus_;
  std::mt19937 random_;
  // The filters that look at the whole distribution, with temperature and draw; without any of
  // them the nucleus is all that is needed.
  Chain filters_;
};

}  // namespace codellama
