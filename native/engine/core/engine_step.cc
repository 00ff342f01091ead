// A step of the engine: what is computed together, and what each request gets of it.
#include <algorithm>
#include <exception>
#include <utility>

#include "engine/base/error.h"
#include "engine/core/engine.h"

namespace codellama {

void Engine::Step() {
  try {
    TakeStep();
  } catch (...) {
    // The state of the cache and of the plan is unknown.
    const Error error = CurrentError();
    FailAll(error);
    parts_->scheduler.ForgetPrefixes();
    parts_->runner.Clear();
  }
}

void Engine::TakeStep() {
  // An empty cache begins at its first cell again: sums depend on where cells lie, and a request
  // that runs alone shall give the same text each time. Not while a step's outcome is taken: what
  // it has computed of later entries is not counted yet.
  if (parts_->scheduler.HoldsNoCells()) parts_->runner.Clear();
  parts_->speculation.Draft(requests_, prefill_pacer_);
  const Workload load = parts_->scheduler.workload();
  parts_->scheduler.SetPrefillChunk(prefill_pacer_.Chunk(load.streams, load.prompts));
  parts_->scheduler.SetLosableChunk(prefill_pacer_.LosableChunk());
  Plan plan = parts_->scheduler.Schedule();
  PublishStats();  // the computing may take long
  for (Sequence* sequence : parts_->cells.Apply(plan.operations)) {
    // It is computed in the next steps as if nothing had been stored.
    sequence->num_computed = 0;
    std::erase_if(plan.batch, [&](const auto& each) { return each.sequence == sequence; });
  }
  if (plan.batch.empty()) return;

  const Clock::time_point start = Clock::now();
  for (const ScheduledTokens& scheduled : plan.batch) {
    requests_.at(scheduled.sequence->id)->OnScheduled(start);
  }
  switch (Compute(plan)) {
    case RunStatus::kDone:
      Measure(plan, std::chrono::duration<double>(Clock::now() - start).count());
      AfterStep(plan);
      break;
    case RunStatus::kAborted:
      AfterAbort(plan);
      break;
    case RunStatus::kNoRoom:
      // The scheduler counts cells, so this takes a model with a cache of another kind.
      Fail(plan.batch.back().sequence->id,
           Error(ErrorCode::kOutOfMemory, "llama.cpp found no free cells in the KV cache"));
      break;
  }
}

RunStatus Engine::Compute(const Plan& plan) {
  commands_.BeginComputing(plan.PromptOwner());
  parts_->runner.Use(parts_->kinds[plan.kind]);
  const RunStatus status = parts_->runner.Run(plan.batch);
  commands_.EndComputing();
  return status;
}

void Engine::Measure(const Plan& plan, double seconds) {
  uint32_t prefill = 0;
  uint32_t decode = 0;
  uint32_t drafted = 0;
  for (const ScheduledTokens& scheduled : plan.batch) {
    (scheduled.sequence->Decoding() ? decode : prefill) += scheduled.count;
    drafted += scheduled.drafted;
  }
  prefill_pacer_.OnStep(prefill + drafted, decode, seconds);
  if (prefill > 0) prefill_throughput_.Add(prefill, seconds);
  step_seconds_ = seconds;
}

void Engine::AfterStep(const Plan& plan) {
  std::vector<TokenChoice> choices;
  for (size_t entry = 0; entry < plan.batch.size(); entry++) {
    const ScheduledTokens& scheduled = plan.batch[entry];
    Sequence* sequence = scheduled.sequence;
    const bool decoding = sequence->Decoding();
    sequence->num_computed += scheduled.count;
    if (sequence->all_outputs && !TakePromptOutputs(scheduled, entry)) continue;
    if (sequence->Remaining() > 0) continue;
    if (sequence->CompletionTokens() == 0)
      parts_->cells.Apply(parts_->scheduler.SharePrompt(sequence));
    TokenChoice& choice = choices.emplace_back();
    choice.request = requests_.at(sequence->id).get();
    choice.decoding = decoding;
    for (uint32_t drafted = 0; drafted <= scheduled.drafted; drafted++) {
      choice.rows.push_back(parts_->runner.Logits(entry, drafted));
    }
  }
  parts_->chooser.Choose(&choices);
  uint32_t gained = 0;
  for (TokenChoice& choice : choices) {
    if (choice.decoding) gained += static_cast<uint32_t>(choice.delta.tokens.size());
    TakeTokens(std::move(choice));
  }
  if (gained > 0) decode_throughput_.Add(gained, step_seconds_);
}

bool Engine::TakePromptOutputs(const ScheduledTokens& scheduled, size_t entry) {
  const RequestId id = scheduled.sequence->id;
  try {
    if (requests_.at(id)->embeds()) {
      TakeEmbeddings(scheduled, entry);
    } else {
      TakePromptLogits(scheduled, entry);
    }
    return true;
  } catch (...) {
    Fail(id, CurrentError());
    return false;
  }
}

void Engine::TakeEmbeddings(const ScheduledTokens& scheduled, size_t entry) {
  ActiveRequest* request = requests_.at(scheduled.sequence->id).get();
  for (uint32_t i = 0; i < scheduled.count; i++) {
    request->OnEmbedding(scheduled.first + i, parts_->runner.Embedding(entry, i));
  }
  if (scheduled.sequence->Remaining() == 0) Emit(request->Embedding());
}

void Engine::TakePromptLogits(const ScheduledTokens& scheduled, size_t entry) {
  PromptScored scored =
      requests_.at(scheduled.sequence->id)
          ->OnPromptLogits(
              scheduled.first, scheduled.count,
              [&](uint32_t index) { return parts_->runner.PromptLogits(entry, index); },
              model_->tokenizer());
  if (!scored.logprobs.empty()) Emit(std::move(scored));
}

void Engine::TakeTokens(TokenChoice choice) {
  ActiveRequest* request = choice.request;
  Sequence* sequence = request->sequence();
  try {
    if (choice.failure) std::rethrow_exception(choice.failure);
    if (request->wants_state()) Emit(StateOf(*sequence));
  } catch (...) {
    Fail(sequence->id, CurrentError());
    return;
  }
  const auto drafted = static_cast<uint32_t>(choice.rows.size()) - 1;
  sequence->num_computed += choice.accepted;
  if (choice.accepted < drafted) {
    parts_->runner.Truncate(sequence->slot, sequence->num_computed);
  }
  request->OnVerified(drafted, choice.accepted);
  draft_tokens_ += drafted;
  accepted_tokens_ += choice.accepted;
  if (!choice.delta.tokens.empty()) Emit(std::move(choice.delta));
  if (choice.reason) Finish(request, *choice.reason);
}

PromptState Engine::StateOf(const Sequence& sequence) const {
  std::vector<uint8_t> state = parts_->runner.State(sequence.slot);
  if (state.empty()) {
    throw Error(ErrorCode::kCapabilityMissing,
                "this model's memory cannot be saved in part (recurrent, or a sliding window)");
  }
  return {sequence.id, std::make_shared<std::vector<uint8_t>>(std::move(state))};
}

void Engine::AfterAbort(const Plan& plan) {
  // Some micro-batches may be done, but their logits are lost: the last token is always left to
  // compute again.
  for (const ScheduledTokens& scheduled : plan.batch) {
    Sequence* sequence = scheduled.sequence;
    const uint32_t last = static_cast<uint32_t>(sequence->tokens.size()) - 1;
    const uint32_t computed = std::min(parts_->runner.Computed(sequence->slot), last);
    sequence->num_computed = sequence->all_outputs ? scheduled.first : computed;
    if (!parts_->runner.Truncate(sequence->slot, sequence->num_computed)) {
      parts_->runner.Truncate(sequence->slot, 0);
      sequence->num_computed = 0;
    }
  }
}

}  // namespace codellama
