#include "engine/sampling/nucleus.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "support/check.h"

using namespace codellama;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int kDraws = 4000;

using Shares = std::map<Token, double>;

// Reference filters: a sorted vocabulary in double precision.
Shares Expected(const std::vector<float>& logits, const Nucleus& nucleus) {
  const double best = *std::max_element(logits.begin(), logits.end());
  std::vector<std::pair<double, Token>> sorted;  // by minus the weight, then by the token
  for (size_t i = 0; i < logits.size(); i++) {
    const double weight = std::exp((logits[i] - best) / nucleus.temperature);
    sorted.push_back({-weight, static_cast<Token>(i)});
  }
  std::sort(sorted.begin(), sorted.end());
  if (nucleus.top_k > 0) {
    sorted.resize(std::min(sorted.size(), static_cast<size_t>(nucleus.top_k)));
  }
  double sum = 0;
  for (const auto& [weight, _] : sorted) sum -= weight;
  double share = 0;
  size_t kept = 0;
  while (kept < sorted.size() && (kept == 0 || share < nucleus.top_p)) {
    share -= sorted[kept++].first / sum;
  }
  if (nucleus.top_p < 1) sorted.resize(kept);
  std::erase_if(sorted, [&](const auto& each) { return -each.first < nucleus.min_p; });
  Shares shares;
  double left = 0;
  for (const auto& [weight, _] : sorted) left -= weight;
  for (const auto& [weight, token] : sorted) shares[token] = -weight / left;
  return shares;
}

// Draws with evenly spaced numbers, so that each token comes as often as expected, up to one draw
// at each end of its share.
Shares Drawn(const std::vector<float>& logits, const Nucleus& nucleus) {
  const float best = *std::max_element(logits.begin(), logits.end());
  Shares shares;
  for (int i = 0; i < kDraws; i++) {
    const double random = (i + 0.5) / kDraws;
    const auto size = static_cast<int32_t>(logits.size());
    shares[Draw(logits.data(), size, best, nucleus, random)] += 1.0 / kDraws;
  }
  return shares;
}

void CheckShares(const std::vector<float>& logits, const Nucleus& nucleus) {
  const Shares expected = Expected(logits, nucleus);
  const Shares drawn = Drawn(logits, nucleus);
  for (const auto& [token, share] : drawn) {
    // Rounding may let in one more token if the sum lies on the edge. None of these sums does.
    CHECK(expected.contains(token));
  }
  for (const auto& [token, share] : expected) {
    const auto found = drawn.find(token);
    const double got = found == drawn.end() ? 0 : found->second;
    CHECK(std::abs(got - share) < 2.0 / kDraws);
  }
}

std::vector<float> RandomLogits(size_t size, float spread, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

}  // namespace

TEST(NucleusDrawsTokensInProportionToTheirProbability) {
  const std::vector<Nucleus> all = {
      {},
      {.temperature = 0.2F},
      {.temperature = 0.2F, .top_p = 0.95F},
      {.top_k = 5},
      {.top_k = 40, .top_p = 0.8F},
      {.top_p = 0.5F},
      {.min_p = 0.1F},
      {.temperature = 3.0F, .top_k = 90, .top_p = 0.9F, .min_p = 0.2F},
  };
  for (const Nucleus& nucleus : all) {
    for (uint32_t seed = 0; seed < 5; seed++) {
      for (const float spread : {0.1F, 1.0F, 6.0F}) {
        CheckShares(RandomLogits(60 + 37 * seed, spread, seed), nucleus);
      }
    }
  }
}

TEST(NucleusWithTopPZeroIsTheLikeliestToken) {
  const auto logits = RandomLogits(2000, 0.1F, 3);
  const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
  for (const Nucleus& nucleus : {Nucleus{.top_p = 0.0F}, Nucleus{.min_p = 1.0F},
                                 Nucleus{.top_k = 1}, Nucleus{.temperature = 1e-30F}}) {
    for (const auto& [token, share] : Drawn(logits, nucleus)) {
      CHECK_EQ(token, static_cast<Token>(best));
    }
  }
}

TEST(NucleusCountsLowerIdsAsLikelierAmongEquals) {
  const std::vector<float> logits(3000, 1.5F);
  for (const auto& [token, share] : Drawn(logits, {.top_k = 7})) CHECK(token < 7);
  for (const auto& [token, share] : Drawn(logits, {.top_p = 0.01F})) CHECK(token < 30);
  const Shares drawn = Drawn(logits, {.top_p = 0.01F});
  CHECK_EQ(drawn.size(), size_t{30});
}

TEST(NucleusNeverDrawsForbiddenTokens) {
  auto logits = RandomLogits(1000, 1.0F, 8);
  for (size_t i = 0; i < logits.size(); i++) {
    if (i % 3 != 0) logits[i] = -kInfinity;
  }
  for (const Nucleus& nucleus : {Nucleus{}, Nucleus{.temperature = 1000.0F, .top_k = 900},
                                 Nucleus{.temperature = 1000.0F, .top_p = 0.99F}}) {
    for (const auto& [token, share] : Drawn(logits, nucleus)) CHECK_EQ(token % 3, 0);
  }
}
