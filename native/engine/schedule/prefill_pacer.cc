#include "engine/schedule/prefill_pacer.h"

#include <algorithm>

namespace codellama {

namespace {

// Budget until both speeds are measured.
constexpr uint32_t kFirstGuess = 128;

// Smaller chunks cost more overhead than they save the streams.
constexpr uint32_t kSmallest = 8;
constexpr uint32_t kLargest = 2048;

// Time of a chunk, in steps of the streams alone.
constexpr double kStreamSteps = 1.5;

// Weight of a waiting prompt relative to a stream. Many waiting prompts beside few streams get more
// time: a prompt waits for its first token, a stream only for its next.
constexpr double kPromptWeight = 4;

// Longest delay of a stream by waiting prompts. A reader does not notice it.
constexpr double kUnnoticedSeconds = 0.1;

// Time and least size of a chunk that a cancel may lose. Typing cancels a prompt about every tenth
// of a second. A smaller chunk would read all weights for too few tokens.
constexpr double kLosableSeconds = 0.1;
constexpr uint32_t kSmallestLosable = 32;

}  // namespace

void PrefillPacer::OnStep(uint32_t prompt_tokens, uint32_t stream_tokens, double seconds) {
  if (prompt_tokens == 0) {
    stream_steps_.Add(stream_tokens, seconds);
    return;
  }
  // A step with prompt tokens may be faster than the median step of the streams alone.
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
