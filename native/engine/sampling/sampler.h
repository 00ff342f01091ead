// Chooses the next token of one sequence from its logits.
#pragma once

#include <cstdint>
#include <random>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/base/options.h"
#include "engine/llama/sampler_chain.h"
#include "engine/sampling/nucleus.h"

namespace codellama {

class Model;

// Order of the filters, as in Meta's reference and in transformers: logit bias and penalties, then
// temperature, then topK, typicalP, topP, minP and XTC on the tempered distribution, then a draw.
// llama.cpp's own tools filter first and apply the temperature after. Mirostat replaces the
// filters.
class Sampler {
 public:
  // `prompt` begins the history of the penalties and of DRY. A look-back of -1 means `context_size`
  // tokens, and no look-back is longer.
  Sampler(const Model& model, const SamplingOptions& options, uint32_t context_size,
          const std::vector<Token>& prompt);

  // `logits` has the vocabulary's size. Throws kBackendFailed when a logit is not a number, and
  // kInvalidArgument when every token is forbidden.
  Token Choose(const float* logits);

  // Whether the options raise, lower or forbid the token.
  bool HasBias(Token token) const;

  // Adds a token to the history of the penalties.
  void Accept(Token token);

 private:
  // The logits after bias, penalties and DRY. Valid until the next call on this thread.
  const float* Shift(const float* logits) const;
  Token Filter(const float* logits, float best) const;
  bool IsForbidden(Token token) const;
  Token BestAllowed(const float* logits) const;

  const int32_t vocabulary_size_;
  std::vector<Token> forbidden_;
  // Added to the logits. llama.cpp's own bias sampler searches the candidates for each biased
  // token, which takes seconds per token for a bias on the whole vocabulary.
  std::vector<std::pair<Token, float>> bias_;
  // Penalties and DRY change only the logits of the tokens in `history_`. Empty without them.
  SamplerChain penalties_;
  std::unordered_set<Token> history_;
  // Greedy sampling: the best logit decides.
  bool argmax_ = false;
  Nucleus nucleus_;
  std::mt19937 random_;
  // Filters that need the whole distribution, with temperature and draw. Empty if the options use
  // none of them; then `nucleus_` does everything.
  SamplerChain filters_;
};

}  // namespace codellama
