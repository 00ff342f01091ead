#include "engine/sampling/best_logit.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "engine/base/error.h"
#include "support/check.h"

using namespace codellama;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Token Best(const std::vector<float>& logits) {
  return FindBestLogit(logits.data(), static_cast<int32_t>(logits.size())).token;
}

}  // namespace

TEST(BestLogitIsTheFirstOfTheHighest) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; round++) {
    // Few different values, so that the highest occurs more than once.
    std::vector<float> logits(1 + random() % 3000);
    for (float& logit : logits) logit = static_cast<float>(random() % 50) - 40.0F;
    const auto expected = std::max_element(logits.begin(), logits.end()) - logits.begin();
    CHECK_EQ(Best(logits), static_cast<Token>(expected));
  }
}

TEST(BestLogitAcceptsMinusInfinity) {
  std::vector<float> logits(2000, -kInfinity);
  logits[1700] = -5.0F;
  CHECK_EQ(Best(logits), 1700);
  CHECK_EQ(Best(std::vector<float>(2000, -kInfinity)), 0);
}

TEST(BestLogitRefusesNanAndInfinity) {
  for (const float bad : {std::nanf(""), kInfinity}) {
    for (const size_t place : {size_t{0}, size_t{511}, size_t{512}, size_t{1023}, size_t{1099}}) {
      std::vector<float> logits(1100, 1.0F);
      logits[place] = bad;
      CHECK_THROWS_CODE(Best(logits), ErrorCode::kBackendFailed);
    }
  }
}
