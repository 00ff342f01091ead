#include "engine/schedule/scheduler.h"

#include <algorithm>
#include <random>

#include "support/check.h"
#include "support/scheduler_world.h"

using namespace codellama;
using namespace codellama::test;

namespace {

// Slots that the operations empty.
int Freed(const Plan& plan) {
  return static_cast<int>(
      std::count_if(plan.operations.begin(), plan.operations.end(), [](const auto& operation) {
        const auto* drop = std::get_if<DropCells>(&operation);
        return drop != nullptr && drop->first == 0;
      }));
}

}  // namespace

TEST(SchedulerComputesAPromptThenOneTokenPerStep) {
  World world({.slots = 2, .cells = 1000, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* sequence = world.Add(100);
  CHECK_EQ(Count(world.Step(), sequence), 100U);
  CHECK(sequence->Decoding());
  CHECK_EQ(Count(world.Step(), sequence), 1U);
  CHECK_EQ(sequence->CompletionTokens(), 2U);
}

TEST(SchedulerSplitsAPromptLongerThanTheBatch) {
  World world({.slots = 1, .cells = 5000, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* sequence = world.Add(1100);
  CHECK_EQ(Count(world.Step(), sequence), 512U);
  CHECK_EQ(Count(world.Step(), sequence), 512U);
  CHECK_EQ(Count(world.Step(), sequence), 76U);
  CHECK_EQ(sequence->CompletionTokens(), 1U);
}

TEST(SchedulerLosesAtMostAsMuchAsItHasComputed) {
  World world({.slots = 2, .cells = 5000, .batch_tokens = 512, .cached_sequences = 8});
  world.scheduler.SetLosableChunk(50);
  Sequence* prompt = world.Add(1100);
  for (const uint32_t count : {50U, 50U, 100U, 200U, 400U, 300U}) {
    CHECK_EQ(Count(world.Step(), prompt), count);
  }
  world.scheduler.Remove(prompt, true);
  // Cached tokens do not count, because a cancel does not lose them.
  Sequence* longer = world.Add(std::vector<Token>(1300, 1));
  CHECK_EQ(Count(world.Step(), longer), 50U);
  CHECK(longer->num_cached >= 1100);
}

TEST(SchedulerHasNoLosableLimitWithoutSharing) {
  World world({.slots = 2, .cells = 5000, .batch_tokens = 512});
  world.scheduler.SetLosableChunk(50);
  CHECK_EQ(Count(world.Step(), world.Add(500)), 500U);
}

TEST(SchedulerKeepsStreamsRunningDuringALongPrompt) {
  World world({.slots = 2, .cells = 5000, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* stream = world.Add(10);
  world.Step();
  Sequence* prompt = world.Add(300);
  for (int step = 0; step < 4; step++) {
    const Plan plan = world.Step();
    CHECK_EQ(Count(plan, stream), 1U);
    CHECK_EQ(Count(plan, prompt), 64U);
  }
}

TEST(SchedulerComputesSeveralPromptsInOneBatch) {
  World world({.slots = 4, .cells = 5000, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* first = world.Add(100);
  Sequence* second = world.Add(100);
  const Plan plan = world.Step();
  CHECK_EQ(Count(plan, first), 100U);
  CHECK_EQ(Count(plan, second), 100U);
}

TEST(SchedulerOrdersByPriorityThenArrival) {
  World world({.slots = 1, .cells = 1000, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* background = world.Add(10, Priority::kBackground);
  Sequence* normal = world.Add(10);
  Sequence* interactive = world.Add(10, Priority::kInteractive);
  Sequence* later = world.Add(10, Priority::kInteractive);
  for (Sequence* expected : {interactive, later, normal, background}) {
    CHECK_EQ(Count(world.Step(), expected), 10U);
    world.scheduler.Remove(expected, true);
  }
  CHECK(!world.scheduler.HasWork());
}

TEST(SchedulerLetsNoRequestStarve) {
  World world({.slots = 1, .cells = 1000, .batch_tokens = 512, .prefill_chunk = 64});
  world.Step();
  Sequence* background = world.Add(10, Priority::kBackground);
  int overtaken = 0;
  while (background->status == SequenceStatus::kWaiting && overtaken < 1000) {
    Sequence* interactive = world.Add(10, Priority::kInteractive);
    world.Step();
    if (interactive->status == SequenceStatus::kRunning) overtaken++;
    world.scheduler.Remove(interactive, false);
  }
  CHECK_EQ(overtaken, 64);
}

TEST(SchedulerAdmitsOnlySequencesThatFit) {
  World world({.slots = 4, .cells = 100, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* first = world.Add(80);
  Sequence* second = world.Add(50);
  Sequence* small = world.Add(5);
  world.Step();
  CHECK(first->status == SequenceStatus::kRunning);
  CHECK(second->status == SequenceStatus::kWaiting);
  // It would fit, but overtaking could starve the one before it.
  CHECK(small->status == SequenceStatus::kWaiting);
  world.scheduler.Remove(first, true);
  world.Step();
  CHECK(second->status == SequenceStatus::kRunning);
  CHECK(small->status == SequenceStatus::kRunning);
}

TEST(SchedulerPreemptsTheNewestWhenCellsRunOut) {
  World world({.slots = 2, .cells = 64, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* first = world.Add(30);
  Sequence* second = world.Add(30);
  int freed = 0;
  while (second->status == SequenceStatus::kRunning || second->num_computed == 0) {
    freed += Freed(world.Step());
    if (freed > 0) break;
  }
  CHECK_EQ(freed, 1);
  CHECK(second->status == SequenceStatus::kWaiting);
  CHECK_EQ(second->num_computed, 0U);
  CHECK(first->status == SequenceStatus::kRunning);
  // The preempted sequence keeps its tokens and continues when there is room.
  const size_t tokens = second->tokens.size();
  CHECK(tokens > 30);
  world.scheduler.Remove(first, true);
  CHECK_EQ(Count(world.Step(), second), tokens);
}

TEST(SchedulerRemovesAPreemptedStreamFromThePlan) {
  // The prompt of the first needs the cell that the lower stream was just given.
  World world({.slots = 2, .cells = 20, .batch_tokens = 8, .prefill_chunk = 4});
  Sequence* stream = world.Add(4, Priority::kBackground);
  world.Step();
  Sequence* prompt = world.Add(14, Priority::kInteractive);
  for (int step = 0; step < 12; step++) {
    const Plan plan = world.Step();
    if (Freed(plan) > 0) CHECK_EQ(Count(plan, stream), 0U);
  }
  CHECK(prompt->CompletionTokens() > 0);
}

TEST(SchedulerSkipsPausedSequences) {
  World world({.slots = 2, .cells = 100, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* paused = world.Add(10);
  Sequence* other = world.Add(10);
  world.Step();
  paused->paused = true;
  const Plan plan = world.Step();
  CHECK_EQ(Count(plan, paused), 0U);
  CHECK_EQ(Count(plan, other), 1U);
  other->paused = true;
  CHECK(!world.scheduler.HasWork());
  paused->paused = false;
  CHECK_EQ(Count(world.Step(), paused), 1U);
}

TEST(SchedulerGivesTheSlotOfAPausedSequenceToAWaitingOne) {
  World world({.slots = 1, .cells = 100, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* paused = world.Add(10);
  world.Step();
  paused->paused = true;
  Sequence* other = world.Add(10);
  const Plan plan = world.Step();
  CHECK_EQ(Freed(plan), 1);
  CHECK_EQ(Count(plan, other), 10U);
  CHECK(paused->status == SequenceStatus::kWaiting);
}

TEST(SchedulerKeepsAPausedSequenceWhileThereIsRoom) {
  World world({.slots = 2, .cells = 100, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* paused = world.Add(10);
  world.Step();
  paused->paused = true;
  world.Add(10);
  CHECK_EQ(Freed(world.Step()), 0);
  CHECK(paused->status == SequenceStatus::kRunning);
}

TEST(SchedulerReusesTheLowestSlotFirst) {
  World world({.slots = 3, .cells = 100, .batch_tokens = 512, .prefill_chunk = 64});
  Sequence* first = world.Add(5);
  Sequence* second = world.Add(5);
  world.Step();
  CHECK_EQ(first->slot, 0);
  CHECK_EQ(second->slot, 1);
  world.scheduler.Remove(first, true);
  Sequence* third = world.Add(5);
  world.Step();
  CHECK_EQ(third->slot, 0);
}

TEST(SchedulerStaysConsistentUnderRandomLoad) {
  std::mt19937 random(7);
  const auto pick = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  for (int round = 0; round < 50; round++) {
    World world({.slots = 1 + pick(5),
                 .cells = 64 + pick(200),
                 .batch_tokens = 8 + pick(64),
                 .prefill_chunk = 1 + pick(8),
                 .cached_sequences = pick(2) * pick(10)});
    std::vector<Sequence*> live;
    uint32_t finished = 0;
    uint32_t added = 0;
    for (int step = 0; step < 3000 && (added < 40 || !live.empty()); step++) {
      if (added < 40 && pick(4) == 0) {
        live.push_back(world.Add(1 + pick(60), static_cast<Priority>(pick(3))));
        added++;
      }
      world.Step();
      if (pick(5) == 0 && !live.empty()) {
        Sequence* sequence = live[pick(static_cast<uint32_t>(live.size()))];
        sequence->paused = added < 40 && !sequence->paused;
      }
      if (added == 40) {
        for (Sequence* sequence : live) sequence->paused = false;
      }
      std::erase_if(live, [&](Sequence* sequence) {
        // 64 cells hold any single sequence.
        if (sequence->tokens.size() < 63 && sequence->CompletionTokens() < 20) return false;
        world.scheduler.Remove(sequence, true);
        finished++;
        return true;
      });
    }
    CHECK_EQ(finished, 40U);
    CHECK_EQ(world.scheduler.cells_used(), 0U);
  }
}

TEST(SchedulerUsesTheCachedBeginningOfAPrompt) {
  World world(
      {.slots = 2, .cells = 1000, .batch_tokens = 512, .prefill_chunk = 64, .cached_sequences = 4});
  Sequence* first = world.Add(100);
  world.Step();
  world.scheduler.Remove(first, true);
  CHECK_EQ(world.scheduler.cells_used(), 0U);
  CHECK_EQ(world.scheduler.cells_cached(), 100U);
  // The last token is computed again, because its logits are needed.
  Sequence* same = world.Add(100);
  CHECK_EQ(Count(world.Step(), same), 1U);
  CHECK_EQ(same->num_cached, 99U);
  CHECK_EQ(world.scheduler.cells_used(), 100U);
}

TEST(SchedulerComputesACommonBeginningOnce) {
  World world(
      {.slots = 4, .cells = 1000, .batch_tokens = 512, .prefill_chunk = 64, .cached_sequences = 8});
  std::vector<Sequence*> sequences;
  for (Token last = 10; last < 14; last++) {
    std::vector<Token> prompt(100, 1);
    prompt.push_back(last);
    sequences.push_back(world.Add(std::move(prompt)));
  }
  CHECK_EQ(Count(world.Step(), sequences[0]), 101U);
  const Plan plan = world.Step();
  for (size_t i = 1; i < sequences.size(); i++) {
    CHECK_EQ(Count(plan, sequences[i]), 1U);
    CHECK_EQ(sequences[i]->num_cached, 100U);
  }
}

TEST(SchedulerLetsNoPromptWaitForALowerPriority) {
  World world(
      {.slots = 4, .cells = 1000, .batch_tokens = 512, .prefill_chunk = 64, .cached_sequences = 8});
  world.Add(5);
  world.Step();  // a stream, so that prompts are computed in chunks
  Sequence* background = world.Add(std::vector<Token>(300, 3), Priority::kBackground);
  CHECK_EQ(Count(world.Step(), background), 64U);
  Sequence* interactive = world.Add(std::vector<Token>(200, 3), Priority::kInteractive);
  const Plan plan = world.Step();
  CHECK_EQ(Count(plan, interactive), 64U);
  CHECK_EQ(Count(plan, background), 0U);
}

TEST(SchedulerEvictsCachedCellsForNewPrompts) {
  World world(
      {.slots = 1, .cells = 100, .batch_tokens = 512, .prefill_chunk = 64, .cached_sequences = 4});
  Sequence* first = world.Add(std::vector<Token>(80, 1));
  world.Step();
  world.scheduler.Remove(first, true);
  Sequence* second = world.Add(std::vector<Token>(90, 2));
  CHECK_EQ(Count(world.Step(), second), 90U);
  CHECK(world.scheduler.cells_cached() <= 10);
}
