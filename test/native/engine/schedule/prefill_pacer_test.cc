#include "engine/schedule/prefill_pacer.h"

#include "support/check.h"

using codellama::PrefillPacer;

namespace {

// Records steps of `seconds` with this many streams.
void Decode(PrefillPacer* pacer, uint32_t streams, double seconds) {
  for (int step = 0; step < 40; step++) pacer->OnStep(0, streams, seconds);
}

}  // namespace

TEST(PrefillPacerGuessesUntilItHasMeasured) {
  PrefillPacer pacer;
  CHECK_EQ(pacer.Chunk(1, 1), 128U);
  pacer.OnStep(0, 4, 0.01);
  CHECK_EQ(pacer.Chunk(4, 1), 128U);
}

TEST(PrefillPacerLosesAtMostATenthOfASecond) {
  PrefillPacer pacer;
  CHECK_EQ(pacer.LosableChunk(), 128U);
  pacer.OnStep(1000, 0, 1.0);
  CHECK_EQ(pacer.LosableChunk(), 100U);
  PrefillPacer slow;
  slow.OnStep(1000, 0, 100.0);
  CHECK_EQ(slow.LosableChunk(), 32U);
  PrefillPacer fast;
  fast.OnStep(1000, 0, 0.001);
  CHECK_EQ(fast.LosableChunk(), 2048U);
}

TEST(PrefillPacerKeepsAChunkBelowTwoStreamSteps) {
  PrefillPacer pacer;
  pacer.OnStep(1000, 0, 0.1);  // 100 microseconds a token
  Decode(&pacer, 4, 0.01);
  CHECK_EQ(pacer.Chunk(4, 1), 150U);
  // The time of the streams does not count as time of the prompt.
  for (int step = 0; step < 40; step++) pacer.OnStep(150, 4, 0.025);
  CHECK(pacer.Chunk(4, 1) >= 149 && pacer.Chunk(4, 1) <= 151);
}

TEST(PrefillPacerUsesTheMedianAndIgnoresOutliers) {
  PrefillPacer pacer;
  pacer.OnStep(1000, 0, 0.1);
  for (int step = 0; step < 40; step++) pacer.OnStep(0, 4, step % 10 == 0 ? 5 : 0.01);
  CHECK_EQ(pacer.Chunk(4, 1), 150U);
}

TEST(PrefillPacerStaysInBounds) {
  PrefillPacer pacer;
  Decode(&pacer, 1, 0.001);
  pacer.OnStep(100, 0, 10);
  CHECK_EQ(pacer.Chunk(8, 1), 8U);
  for (int step = 0; step < 100; step++) pacer.OnStep(100'000, 0, 0.001);
  CHECK_EQ(pacer.Chunk(1, 1), 2048U);
}

TEST(PrefillPacerHandlesTimesThatGrowSlowerThanTokens) {
  PrefillPacer pacer;
  Decode(&pacer, 1, 0.004);
  pacer.OnStep(64, 0, 0.010);
  pacer.OnStep(16, 1, 0.008);
  pacer.OnStep(512, 0, 0.050);
  // 64 tokens take 10 ms and 512 take 50 ms, so 24 ms are in between.
  CHECK(pacer.Chunk(1, 1) > 64 && pacer.Chunk(1, 1) < 512);
}

TEST(PrefillPacerWeighsWaitingPromptsAgainstStreams) {
  PrefillPacer pacer;
  pacer.OnStep(1000, 0, 0.1);
  Decode(&pacer, 2, 0.004);
  CHECK_EQ(pacer.Chunk(8, 1), pacer.Chunk(8, 2));
  CHECK_EQ(pacer.Chunk(2, 2), 240U);
  CHECK_EQ(pacer.Chunk(2, 4), 480U);
  // The streams wait at most a tenth of a second.
  CHECK_EQ(pacer.Chunk(2, 1000), 1000U);
  Decode(&pacer, 2, 0.4);
  CHECK_EQ(pacer.Chunk(2, 1000), 2048U);
}
