#include "prefill_pacer.h"

#include <algorithm>

namespace codellama {

namespace {

// Until both speeds are known.
constexpr uint32_t kFirstGuess = 128;

// Smaller chunks would cost more in overhead than they save the streams.
constexpr uint32_t kSmallest = 8;
constexpr uint32_t kLargest = 2048;

// A step with a chunk takes as long as its streams and so many of their steps more.
constexpr double kStreamSteps = 1.5;

// Of the newest measurement in the running mean.
constexpr double kWeight = 0.25;

}  // namespace

void PrefillPacer::OnStep(uint32_t prompt_tokens, uint32_t stream_tokens, double seconds) {
  if (prompt_tokens == 0) {
    stream_steps_[stream_steps_seen_++ % kStepsRemembered] = seconds;
    return;
  }
  const double streams = stream_tokens > 0 ? MedianStreamStep() : 0;
  // A step may be faster than the median of streams alone.
  const double measured = std::max(seconds - streams, seconds / 10) / prompt_tokens;
  double& mean = seconds_per_prompt_token_;
  mean = mean == 0 ? measured : mean + kWeight * (measured - mean);
}

uint32_t PrefillPacer::Chunk() const {
  if (stream_steps_seen_ == 0 || seconds_per_prompt_token_ == 0) return kFirstGuess;
  const double tokens = kStreamSteps * MedianStreamStep() / seconds_per_prompt_token_;
  return static_cast<uint32_t>(std::clamp<double>(tokens, kSmallest, kLargest));
}

double PrefillPacer::MedianStreamStep() const {
  auto steps = stream_steps_;
  const size_t count = std::min(stream_steps_seen_, kStepsRemembered);
  if (count == 0) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(steps.begin(), middle, steps.begin() + static_cast<std::ptrdiff_t>(count));
  return *middle;
}

}  // namespace codellama
