// Chooses the next token of one sequence from its logits.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "options.h"

struct llama_sampler;
struct llama_vocab;

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

  void BuildChain(const Model& model, const SamplingOptions& options, uint32_t context_size);
  void Add(llama_sampler* sampler);
  bool IsForbidden(Token token) const;
  Token BestAllowed(const float* logits) const;

  const int32_t vocabulary_size_;
  std::vector<Token> forbidden_;
  // The best logit alone decides.
  bool argmax_ = false;
  // Logits that far below the best one have a probability that is 0 in single precision, so
  // leaving them out changes nothing but the time that sorting takes. 0 means keep all.
  float negligible_below_ = 0.0F;
  std::unique_ptr<llama_sampler, Free> chain_;
};

}  // namespace codellama
