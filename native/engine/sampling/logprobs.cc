#include "engine/sampling/logprobs.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/sampling/best_logit.h"
#include "engine/text/tokenizer.h"

namespace codellama {

namespace {

// Difference between a logit and its log-probability.
double LogNormalizer(const float* logits, int32_t size) {
  const double greatest = FindBestLogit(logits, size).logit;
  double sum = 0;
  for (int32_t i = 0; i < size; i++) sum += std::exp(static_cast<double>(logits[i]) - greatest);
  return greatest + std::log(sum);
}

std::vector<Token> LikeliestTokens(const float* logits, int32_t size, uint32_t count) {
  std::vector<Token> tokens(static_cast<size_t>(size));
  std::iota(tokens.begin(), tokens.end(), 0);
  const auto end =
      tokens.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(count, tokens.size()));
  std::partial_sort(tokens.begin(), end, tokens.end(), [logits](Token left, Token right) {
    return logits[left] != logits[right] ? logits[left] > logits[right] : left < right;
  });
  tokens.erase(end, tokens.end());
  return tokens;
}

}  // namespace

TokenLogprobs MeasureLogprobs(const float* logits, const Tokenizer& tokenizer, Token token,
                              uint32_t top) {
  const double normalizer = LogNormalizer(logits, tokenizer.size());
  const auto measure = [&](Token each) {
    return TokenLogprob{each, tokenizer.Piece(each), static_cast<float>(logits[each] - normalizer)};
  };
  TokenLogprobs result;
  result.chosen = measure(token);
  if (top == 0) return result;
  for (const Token each : LikeliestTokens(logits, tokenizer.size(), top)) {
    result.top.push_back(measure(each));
  }
  return result;
}

}  // namespace codellama
