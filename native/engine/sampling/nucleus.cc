#include "engine/sampling/nucleus.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>
#include <vector>

namespace codellama {

namespace {

struct Candidate {
  Token token;
  float weight;  // probability divided by the highest probability
};

bool Before(const Candidate& left, const Candidate& right) {
  return left.weight != right.weight ? left.weight > right.weight : left.token < right.token;
}

// Lower limit of Exp(). Here 2^n has the exponent 0, which encodes the number 0.
constexpr float kZero = -88.0F;

// e^x for kZero <= x <= 0, accurate to 2 units in the last place; 0 at kZero. It has no branches
// and calls, so that the compiler can vectorize loops over it. Cephes' expf (Moshier, 1992): x = n
// ln 2 + r, and a polynomial for e^r.
inline float Exp(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves no fraction
  const float n = (x * 1.44269504F + kRound) - kRound;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float y = 1.9875691500e-4F;
  y = y * r + 1.3981999507e-3F;
  y = y * r + 8.3334519073e-3F;
  y = y * r + 4.1665795894e-2F;
  y = y * r + 1.6666665459e-1F;
  y = y * r + 5.0000001201e-1F;
  y = y * r * r + r + 1.0F;
  return y * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

// Number of independent sums. One sum alone cannot be vectorized.
constexpr int32_t kLanes = 16;

// Fills `weights` and returns their sum.
double Weigh(const float* logits, int32_t size, float best, float temperature, float* weights) {
  const float scale = 1.0F / std::max(temperature, std::numeric_limits<float>::min());
  for (int32_t i = 0; i < size; i++) weights[i] = std::max((logits[i] - best) * scale, kZero);
  for (int32_t i = 0; i < size; i++) weights[i] = Exp(weights[i]);
  float sums[kLanes] = {};
  int32_t at = 0;
  for (; at + kLanes <= size; at += kLanes) {
    for (int32_t lane = 0; lane < kLanes; lane++) sums[lane] += weights[at + lane];
  }
  return std::accumulate(sums, sums + kLanes, 0.0) +
         std::accumulate(weights + at, weights + size, 0.0);
}

using Candidates = std::vector<Candidate>;

double Sum(Candidates::const_iterator begin, Candidates::const_iterator end) {
  double sum = 0;
  for (; begin != end; begin++) sum += begin->weight;
  return sum;
}

void CollectFrom(float lowest, const float* weights, int32_t size, Candidates* candidates) {
  for (Token token = 0; token < size; token++) {
    if (weights[token] >= lowest && weights[token] > 0.0F) {
      candidates->push_back({token, weights[token]});
    }
  }
}

void KeepFirst(size_t count, Candidates* candidates) {
  if (candidates->size() <= count) return;
  const auto end = candidates->begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(candidates->begin(), end - 1, candidates->end(), Before);
  candidates->erase(end, candidates->end());
}

// Collects the `count` likeliest tokens. Skips tokens below the least of the best ones so far.
void CollectLikeliest(size_t count, const float* weights, int32_t size, Candidates* candidates) {
  const size_t many = 2 * count + 64;
  float lowest = 0.0F;
  for (Token token = 0; token < size; token++) {
    if (weights[token] <= lowest) continue;
    candidates->push_back({token, weights[token]});
    if (candidates->size() < many) continue;
    KeepFirst(count, candidates);
    lowest = candidates->back().weight;  // nth_element puts the least of them last
  }
  KeepFirst(count, candidates);
}

// Buckets of weights with the same exponent and the same first four bits of the fraction.
constexpr int kBucketShift = 19;
constexpr size_t kBuckets = (std::bit_cast<uint32_t>(1.0F) >> kBucketShift) + 1;

size_t BucketOf(const Candidate& candidate) {
  return std::bit_cast<uint32_t>(candidate.weight) >> kBucketShift;
}

// Keeps the fewest of the likeliest tokens with a total weight of `wanted`. The sums of the buckets
// give the bucket of the last token; halving that bucket gives the token. Nothing is sorted.
void KeepShare(double wanted, Candidates* candidates) {
  std::array<double, kBuckets> sums = {};
  for (const Candidate& each : *candidates) sums[BucketOf(each)] += each.weight;
  size_t bucket = kBuckets - 1;
  for (; bucket > 0 && sums[bucket] < wanted; bucket--) wanted -= sums[bucket];

  const auto is_above = [&](const Candidate& each) { return BucketOf(each) > bucket; };
  const auto is_inside = [&](const Candidate& each) { return BucketOf(each) == bucket; };
  auto begin = std::partition(candidates->begin(), candidates->end(), is_above);
  auto end = std::partition(begin, candidates->end(), is_inside);
  while (end - begin > 1) {
    const auto middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end, Before);
    const double upper = Sum(begin, middle);
    if (upper >= wanted) {
      end = middle;
    } else {
      wanted -= upper;
      begin = middle;
    }
  }
  candidates->erase(end, candidates->end());
}

}  // namespace

Token Draw(const float* logits, int32_t size, float best, const Nucleus& nucleus, double random) {
  // One buffer per thread, because a thread draws for many sequences.
  thread_local std::vector<float> weights;
  thread_local Candidates candidates;
  weights.resize(static_cast<size_t>(size));
  candidates.clear();

  double sum = Weigh(logits, size, best, nucleus.temperature, weights.data());
  if (nucleus.top_k > 0) {
    CollectLikeliest(static_cast<size_t>(nucleus.top_k), weights.data(), size, &candidates);
    sum = Sum(candidates.begin(), candidates.end());
  } else {
    // All tokens below this limit together have less than 1 - top_p, so none of them is needed.
    // Half of it, because sums are rounded.
    const double unneeded = 0.5 * (1.0 - nucleus.top_p) * sum / size;
    CollectFrom(std::max(static_cast<float>(unneeded), nucleus.min_p * 0.5F), weights.data(), size,
                &candidates);
  }
  if (nucleus.top_p < 1.0F) KeepShare(nucleus.top_p * sum, &candidates);
  if (nucleus.min_p > 0.0F) {
    std::erase_if(candidates, [&](const Candidate& each) { return each.weight < nucleus.min_p; });
  }

  double left = random * Sum(candidates.begin(), candidates.end());
  for (const Candidate& candidate : candidates) {
    left -= candidate.weight;
    if (left < 0) return candidate.token;
  }
  return candidates.back().token;  // rounding left a remainder
}

}  // namespace codellama
