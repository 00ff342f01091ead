#include "engine/schedule/prefill_pacer.h"

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

// Where prompts that wait are many beside the streams, these stop for longer. Each prompt weighs as
// much as so many streams: it waits for its first token, they for their next.
constexpr double kPromptWeight = 4;

// But for no longer than this: nobody who reads along notices.
constexpr double kUnnoticedSeconds = 0.1;

// Typing cancels a prompt every tenth of a second or so. A chunk of fewer tokens would read all
// weights for too little.
constexpr double kLosableSeconds = 0.1;
constexpr uint32_t kSmallestLosable = 32;

}  // namespace

void PrefillPacer::OnStep(uint32_t prompt_tokens, uint32_t stream_tokens, double seconds) {
  if (prompt_tokens == 0) {
    stream_steps_.Add(stream_tokens, seconds);
    return;
  }
  // A step may be faster than the median of streams alone.
  prompt_tokens_.Add(prompt_tokens,
                     std::max(seconds - stream_steps_.Seconds(stream_tokens), seconds / 10));
}

uint32_t PrefillPacer::Chunk(uint32_t streams, uint32_t prompts) const {
  if (!stream_steps_.known() || !prompt_tokens_.known()) return kFirstGuess;
  const double steps = kStreamSteps * stream_steps_.Seconds(std::max(streams, 1U));
  const double weighed = steps * kPromptWeight * prompts / std::max(streams, 1U);
  const double seconds = std::max(steps, std::min(weighed, kUnnoticedSeconds));
  return std::clamp(prompt_tokens_.RowsWithin(seconds), kSmallest, kLargest);
}

uint32_t PrefillPacer::LosableChunk() const {
  if (!prompt_tokens_.known()) return kFirstGuess;
  return std::clamp(prompt_tokens_.RowsWithin(kLosableSeconds), kSmallestLosable, kLargest);
}

}  // namespace codellama
