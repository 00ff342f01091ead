#include "engine/sampling/best_logit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"

namespace codellama {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Number of independent running maxima. With one maximum the compiler may not use vector
// instructions, because floating-point comparisons are not associative.
constexpr int32_t kLanes = 16;
constexpr int32_t kBlock = 32 * kLanes;

struct BlockResult {
  float highest;
  bool suspicious;  // some logit is not finite
};

BlockResult ScanBlock(const float* logits) {
  float highest[kLanes];
  float zero[kLanes] = {};
  std::fill_n(highest, kLanes, -kInfinity);
  for (int32_t i = 0; i < kBlock; i += kLanes) {
    for (int32_t lane = 0; lane < kLanes; lane++) {
      const float logit = logits[i + lane];
      highest[lane] = highest[lane] < logit ? logit : highest[lane];
      zero[lane] += logit * 0.0F;  // NaN if the logit is not finite
    }
  }
  float sum = 0.0F;
  for (const float lane : zero) sum += lane;
  return {*std::max_element(highest, highest + kLanes), std::isnan(sum)};
}

void RequireNumbers(const float* logits, int32_t size) {
  for (int32_t i = 0; i < size; i++) {
    if (std::isnan(logits[i]) || logits[i] == kInfinity) {
      throw Error(
          ErrorCode::kBackendFailed,
          "the model computed a logit that is not a number, for token " + std::to_string(i));
    }
  }
}

}  // namespace

BestLogit FindBestLogit(const float* logits, int32_t size) {
  float highest = -kInfinity;
  int32_t first = 0;  // start of the block with the highest logit
  bool suspicious = false;
  int32_t at = 0;
  for (; at + kBlock <= size; at += kBlock) {
    const BlockResult block = ScanBlock(logits + at);
    suspicious = suspicious || block.suspicious;
    if (block.highest > highest) {
      highest = block.highest;
      first = at;
    }
  }
  if (suspicious) RequireNumbers(logits, at);
  RequireNumbers(logits + at, size - at);
  for (; at < size; at++) {
    if (logits[at] > highest) {
      highest = logits[at];
      first = at;
    }
  }
  const float* best = std::find(logits + first, logits + size, highest);
  return {static_cast<Token>(best - logits), highest};
}

}  // namespace codellama
