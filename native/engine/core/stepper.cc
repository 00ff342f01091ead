#include "engine/core/stepper.h"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace codellama {

Stepper::Stepper(std::shared_ptr<const Model> model, const ModelOptions& model_options,
                 const ContextOptions& options, const Shared& shared)
    : shared_(shared),
      parts_(model, model_options, options, &shared.commands->closing(),
             &shared.commands->abort()) {}

void Stepper::Step() {
  try {
    TryStep();
  } catch (...) {
    // The state of the KV cache and of the plan is unknown.
    FailAll(CurrentError());
    parts_.scheduler.ForgetPrefixes();
    parts_.runner.Clear();
  }
}

void Stepper::TryStep() {
  const Plan plan = Schedule();
  if (plan.batch.empty()) return;
  switch (Run(plan)) {
    case RunStatus::kDone:
      TakeResults(plan);
      break;
    case RunStatus::kAborted:
      RollBack(plan);
      break;
    case RunStatus::kNoRoom:
      // The scheduler counts cells, so only a model with another kind of cache gets here.
      Fail(plan.batch.back().sequence->id,
           Error(ErrorCode::kOutOfMemory, "llama.cpp found no free cells in the KV cache"));
      break;
  }
}

Plan Stepper::Schedule() {
  // An empty cache starts at its first cell again. Rounding depends on the place of the cells, and
  // a request that runs alone must give the same text each time. Not during TakeResults(), where
  // the cells of later entries are not counted yet.
  if (parts_.scheduler.HoldsNoCells()) parts_.runner.Clear();
  parts_.speculation.Draft(DraftTargets(), pacer_);
  const Workload load = parts_.scheduler.workload();
  parts_.scheduler.SetPrefillChunk(pacer_.Chunk(load.streams, load.prompts));
  parts_.scheduler.SetLosableChunk(pacer_.LosableChunk());
  Plan plan = parts_.scheduler.Schedule();
  shared_.stats->Publish(Stats());  // now, because the computation may take long
  for (Sequence* sequence : parts_.cells.Apply(plan.operations)) {
    // The stored prompt could not be restored. The next steps compute it.
    sequence->num_computed = 0;
    std::erase_if(plan.batch, [&](const auto& each) { return each.sequence == sequence; });
  }
  return plan;
}

std::vector<DraftTarget> Stepper::DraftTargets() {
  std::vector<DraftTarget> targets;
  for (const auto& [_, request] : requests_) targets.push_back(request->AsDraftTarget());
  return targets;
}

RunStatus Stepper::Run(const Plan& plan) {
  const Clock::time_point start = Clock::now();
  for (const ScheduledTokens& each : plan.batch) RequestOf(each.sequence)->OnScheduled(start);
  shared_.commands->BeginComputing(plan.PromptOwner());
  parts_.runner.Use(parts_.kinds[plan.kind]);
  const RunStatus status = parts_.runner.Run(plan.batch);
  shared_.commands->EndComputing();
  if (status == RunStatus::kDone) {
    Measure(plan, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return status;
}

void Stepper::Measure(const Plan& plan, double seconds) {
  uint32_t prefill = 0;
  uint32_t streams = 0;
  uint32_t extra = 0;  // tokens of the streams beyond one each: forced tokens and drafts
  for (const ScheduledTokens& scheduled : plan.batch) {
    if (!scheduled.sequence->Decoding()) {
      prefill += scheduled.count;
      continue;
    }
    streams++;
    extra += scheduled.count - 1 + scheduled.drafted;
  }
  pacer_.OnStep(prefill + extra, streams, seconds);
  if (prefill > 0) prefill_throughput_.Add(prefill, seconds);
  step_seconds_ = seconds;
}

void Stepper::TakeResults(const Plan& plan) {
  std::vector<TokenChoice> choices;
  std::set<RequestId> searches;
  for (const ScheduledTokens& each : plan.batch) {
    if (RequestOf(each.sequence)->beams() != nullptr) searches.insert(each.sequence->id);
  }
  for (size_t entry = 0; entry < plan.batch.size(); entry++) {
    auto choice = TakeOutputs(plan.batch[entry], entry);
    if (choice) choices.push_back(std::move(*choice));
  }
  parts_.chooser.Choose(&choices);
  uint32_t decoded = 0;
  for (TokenChoice& choice : choices) {
    if (choice.is_decode) decoded += static_cast<uint32_t>(choice.delta.tokens.size());
    TakeTokens(std::move(choice));
  }
  if (decoded > 0) decode_throughput_.Add(decoded, step_seconds_);
  for (const RequestId id : searches) AdvanceBeams(id);
}

std::optional<TokenChoice> Stepper::TakeOutputs(const ScheduledTokens& scheduled, size_t entry) {
  Sequence* sequence = scheduled.sequence;
  ActiveRequest* request = RequestOf(sequence);
  const bool is_decode = sequence->Decoding();
  sequence->num_computed += scheduled.count;
  try {
    if (request->wants_embedding()) {
      TakeEmbeddings(scheduled, entry);
    } else if (sequence->all_outputs) {
      TakePromptLogits(scheduled, entry);
    }
  } catch (...) {
    Fail(sequence->id, CurrentError());
    return std::nullopt;
  }
  if (sequence->Remaining() > 0) return std::nullopt;
  if (sequence->CompletionTokens() == 0) {
    parts_.cells.Apply(parts_.scheduler.Share(sequence));
  }
  request->OnLogitsReady(Clock::now());
  if (request->beams() != nullptr) {
    request->beams()->OnLogits(parts_.runner.Logits(entry), sequence);
    return std::nullopt;
  }
  TokenChoice choice;
  choice.completion = request->completion();
  choice.sequence = sequence;
  choice.is_decode = is_decode;
  for (uint32_t drafted = 0; drafted <= scheduled.drafted; drafted++) {
    choice.rows.push_back(parts_.runner.Logits(entry, drafted));
  }
  return choice;
}

void Stepper::TakeEmbeddings(const ScheduledTokens& scheduled, size_t entry) {
  ActiveRequest* request = RequestOf(scheduled.sequence);
  for (uint32_t i = 0; i < scheduled.count; i++) {
    request->OnEmbedding(scheduled.first + i, parts_.runner.Embedding(entry, i));
  }
  if (scheduled.sequence->Remaining() == 0) Emit(request->Embedding());
}

void Stepper::TakePromptLogits(const ScheduledTokens& scheduled, size_t entry) {
  PromptScored scored = RequestOf(scheduled.sequence)
                            ->OnPromptLogits(
                                scheduled.first, scheduled.count,
                                [&](uint32_t i) { return parts_.runner.PromptLogits(entry, i); },
                                parts_.model->tokenizer());
  if (!scored.logprobs.empty()) Emit(std::move(scored));
}

void Stepper::TakeTokens(TokenChoice choice) {
  Sequence* sequence = choice.sequence;
  ActiveRequest* request = RequestOf(sequence);
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
    parts_.runner.Truncate(sequence->slot, sequence->num_computed);
  }
  request->OnVerified(drafted, choice.accepted, choice.forced);
  draft_tokens_ += drafted + choice.forced;
  accepted_tokens_ += choice.accepted + choice.forced;
  if (!choice.delta.tokens.empty()) Emit(std::move(choice.delta));
  if (choice.reason) Finish(request, *choice.reason);
}

PromptState Stepper::StateOf(const Sequence& sequence) const {
  std::vector<uint8_t> state = parts_.runner.State(sequence.slot);
  if (state.empty()) {
    throw Error(ErrorCode::kCapabilityMissing,
                "this model's memory cannot be saved in part (recurrent, or a sliding window)");
  }
  return {sequence.id, std::make_shared<std::vector<uint8_t>>(std::move(state))};
}

void Stepper::RollBack(const Plan& plan) {
  // Some micro-batches may be done, but their logits are lost. So the last token always remains to
  // be computed.
  for (const ScheduledTokens& scheduled : plan.batch) {
    Sequence* sequence = scheduled.sequence;
    const uint32_t last = static_cast<uint32_t>(sequence->tokens.size()) - 1;
    const uint32_t computed = std::min(parts_.runner.Computed(sequence->slot), last);
    sequence->num_computed = sequence->all_outputs ? scheduled.first : computed;
    if (!parts_.runner.Truncate(sequence->slot, sequence->num_computed)) {
      parts_.runner.Truncate(sequence->slot, 0);
      sequence->num_computed = 0;
    }
  }
}

}  // namespace codellama
