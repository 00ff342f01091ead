#include "engine/prefill_pacer.h"

#include "check.h"

using codellama::PrefillPacer;

TEST(PrefillPacerGuessesUntilItHasMeasured) {
  PrefillPacer pacer;
  CHECK_EQ(pacer.Chunk(), 128U);
  pacer.OnStep(0, 4, 0.01);
  CHECK_EQ(pacer.Chunk(), 128U);
}

TEST(PrefillPacerKeepsAChunkBelowTwoStreamSteps) {
  PrefillPacer pacer;
  pacer.OnStep(1000, 0, 0.1);  // 100 microseconds a token
  for (int step = 0; step < 40; step++) pacer.OnStep(0, 4, 0.01);
  CHECK_EQ(pacer.Chunk(), 150U);
  // The streams' own part of a step is not the prompt's.
  for (int step = 0; step < 40; step++) pacer.OnStep(150, 4, 0.025);
  CHECK(pacer.Chunk() >= 149 && pacer.Chunk() <= 151);
}

TEST(PrefillPacerFollowsTheMedianNotTheOutlier) {
  PrefillPacer pacer;
  pacer.OnStep(1000, 0, 0.1);
  for (int step = 0; step < 40; step++) pacer.OnStep(0, 4, step % 10 == 0 ? 5 : 0.01);
  CHECK_EQ(pacer.Chunk(), 150U);
}

TEST(PrefillPacerStaysInBounds) {
  PrefillPacer pacer;
  for (int step = 0; step < 40; step++) pacer.OnStep(0, 1, 0.001);
  pacer.OnStep(100, 0, 10);
  CHECK_EQ(pacer.Chunk(), 8U);
  for (int step = 0; step < 100; step++) pacer.OnStep(100'000, 0, 0.001);
  CHECK_EQ(pacer.Chunk(), 2048U);
}
