// The tokens that a grammar forces, in the scheduler's plans.
#include "engine/schedule/scheduler.h"
#include "support/check.h"
#include "support/scheduler_world.h"

using namespace codellama;
using namespace codellama::test;

namespace {

// Appends tokens after the last one, which need no logits.
void Force(Sequence* sequence, uint32_t count) {
  sequence->tokens.insert(sequence->tokens.end(), count, 3);
  sequence->num_forced = count;
}

}  // namespace

TEST(SchedulerComputesForcedTokensWithTheTokenBeforeThem) {
  World world({.slots = 2, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* forced = world.Add(10);
  Sequence* stream = world.Add(10);
  world.Step();
  Force(forced, 20);
  CHECK(forced->Decoding());
  const Plan plan = world.Step();
  CHECK_EQ(Count(plan, forced), 21U);
  CHECK_EQ(Count(plan, stream), 1U);
  CHECK_EQ(forced->Remaining(), 1U);
}

TEST(SchedulerComputesForcedTokensBesideAPromptOfHigherPriority) {
  World world({.slots = 2, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* forced = world.Add(10);
  world.Step();
  Sequence* prompt = world.Add(1000, Priority::kInteractive);
  Force(forced, 20);
  const Plan plan = world.Step();
  CHECK_EQ(Count(plan, forced), 21U);
  CHECK_EQ(Count(plan, prompt), 64U);
}

TEST(SchedulerSplitsForcedTokensAtTheChunk) {
  World world({.slots = 2, .batch_tokens = 512, .prefill_chunk = 16});
  Sequence* forced = world.Add(10);
  Sequence* other = world.Add(10);
  world.Step();
  Force(forced, 20);
  Force(other, 20);
  forced->draft = {7, 7};
  Plan plan = world.Step();
  CHECK_EQ(Count(plan, forced), 17U);
  CHECK_EQ(Count(plan, other), 1U);
  // A draft follows the last token, so it waits for the forced tokens.
  CHECK_EQ(plan.batch.front().drafted, 0U);
  plan = world.Step();
  CHECK_EQ(Count(plan, forced), 4U);
  CHECK_EQ(Count(plan, other), 14U);
}

TEST(SchedulerGivesForcedTokensTheCellsThatAreFree) {
  World world({.slots = 1, .cells = 30, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* forced = world.Add(10);
  world.Step();
  Force(forced, 19);
  CHECK_EQ(Count(world.Step(), forced), 20U);
  world.scheduler.Remove(forced, false);
  // A preempted sequence computes its forced tokens again like a prompt.
  World small({.slots = 2, .cells = 40, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* first = small.Add(10);
  Sequence* second = small.Add(10);
  small.Step();
  Force(first, 10);
  Force(second, 10);
  for (int i = 0; i < 8 && second->status == SequenceStatus::kRunning; i++) small.Step();
  CHECK(second->status == SequenceStatus::kWaiting);
  CHECK(!second->Decoding());
  small.scheduler.Remove(first, false);
  const uint32_t size = static_cast<uint32_t>(second->tokens.size());
  CHECK_EQ(Count(small.Step(), second), size);
}
