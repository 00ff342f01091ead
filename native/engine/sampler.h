// Chooses the next token of one sequence from its logits.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <unordered_set>
#include <vector>

#include "nucleus.h"
#include "options.h"

struct llama_sampler;

namespace codellama {

class Model;

// The order of the filters is that of Meta's reference and of transformers: logit bias and
// penalties, then temperature, then topK, typicalP, topP, minP and XTC on the tempered
// distribution, then a draw. (llama.cpp's own tools filter first and temper after.) Mirostat
// replaces the filters.
class Sampler {
 public:
  // `prompt` primes the penalties and DRY. `context_size` is what a DRY range of -1 means.
  Sampler(const Model& model, const SamplingOptions& options, uint32_t context_size,
          const std::vector<Token>& prompt);

  // `logits` has the vocabulary's size. Throws kBackendFailed when they are not numbers, or leave
  // nothing to choose.
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

  void BuildShifts(const Model& model, const SamplingOptions& options, uint32_t context_size);
  void BuildFilters(const SamplingOptions& options);
  // The logits with bias, penalties and DRY, which change those of `shifted_` alone.
  const float* Shift(const float* logits) const;
  Token Filter(const float* logits, float best);
  bool IsForbidden(Token token) const;
  Token BestAllowed(const float* logits) const;

  const int32_t vocabulary_size_;
  std::vector<Token> forbidden_;
  bool uses_history_ = false;
  Chain shifts_;
  // Tokens with a bias, or in the history.
  std::unordered_set<Token> shifted_;
  // The best logit alone decides.
  bool argmax_ = false;
  Nucleus nucleus_;
  std::mt19937 random_;
  // The filters that look at the whole distribution, with temperature and draw; without any of
  // them the nucleus is all that is needed.
  Chain filters_;
};

}  // namespace codellama
