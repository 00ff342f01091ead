// The requests of a stepper: how they come and go.
#include <exception>
#include <utility>

#include "engine/core/stepper.h"

namespace codellama {

void Stepper::Add(SubmitCommand command) {
  const RequestId id = command.request.id;
  try {
    const uint32_t kind =
        parts_.KindNumber(command.request.lora_scales, command.request.embedding.has_value());
    auto request =
        std::make_unique<ActiveRequest>(std::move(command.request), *parts_.model, &parts_.grammars,
                                        parts_.runner.sequence_cells(), command.submitted);
    Sequence* sequence = request->sequence();
    sequence->arrival = arrivals_++;
    sequence->kind = kind;
    requests_.emplace(id, std::move(request));
    parts_.scheduler.Add(sequence);
  } catch (...) {
    const Error error = CurrentError();
    requests_.erase(id);
    shared_.admission->Leave(id);
    Emit(Failed{id, error.code(), error.what()});
  }
}

void Stepper::Cancel(RequestId id) {
  const auto found = requests_.find(id);
  if (found != requests_.end()) Finish(found->second.get(), FinishReason::kAbort);
}

void Stepper::SetPaused(RequestId id, bool paused) {
  const auto found = requests_.find(id);
  // A beam search pauses its sequences itself, and its reader gets no text before the end.
  if (found == requests_.end() || found->second->beams() != nullptr) return;
  found->second->sequence()->paused = paused;
}

void Stepper::AddPrompt(AddPromptCommand command) {
  try {
    parts_.prompts.Add({std::move(command.tokens), parts_.KindNumber(command.lora_scales, false),
                        std::move(command.state), true});
  } catch (...) {
    // Without the state the engine computes the prompt again.
  }
}

void Stepper::AdvanceBeams(RequestId id) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || !found->second->beams()->CanAdvance()) return;
  ActiveRequest* request = found->second.get();
  BeamChange change;
  try {
    change = request->beams()->Advance();
  } catch (...) {
    Fail(id, CurrentError());
    return;
  }
  if (change.is_over) {
    Finish(request, FinishReason::kLength);
    return;
  }
  for (Sequence* sequence : change.shared) {
    if (sequence->status != SequenceStatus::kRunning) continue;
    parts_.cells.Apply(parts_.scheduler.Share(sequence));
  }
  for (Sequence* sequence : change.removed) {
    parts_.cells.Apply(parts_.scheduler.Remove(sequence, false));
  }
  for (Sequence* sequence : change.added) parts_.scheduler.Add(sequence);
}

void Stepper::FinishLate() {
  const Clock::time_point now = Clock::now();
  std::vector<ActiveRequest*> late;
  for (const auto& [_, request] : requests_) {
    if (request->deadline() && *request->deadline() <= now) late.push_back(request.get());
  }
  for (ActiveRequest* request : late) Finish(request, FinishReason::kTimeout);
}

std::optional<Clock::time_point> Stepper::NextDeadline() const {
  std::optional<Clock::time_point> next;
  for (const auto& [_, request] : requests_) {
    const auto deadline = request->deadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

void Stepper::Finish(ActiveRequest* request, FinishReason reason) {
  const RequestId id = request->id();
  std::string rest = request->FlushText();
  if (!rest.empty()) Emit(TextDelta{id, std::move(rest), {}, {}});
  Emit(request->Result(reason, Clock::now()));
  Release(id, true);
}

void Stepper::Fail(RequestId id, const Error& error) {
  Emit(Failed{id, error.code(), error.what()});
  Release(id, false);
}

void Stepper::FailAll(const Error& error) {
  while (!requests_.empty()) Fail(requests_.begin()->first, error);
}

void Stepper::Abandon(const Error& error) {
  for (const auto& [id, _] : requests_) Emit(Failed{id, error.code(), error.what()});
}

void Stepper::Release(RequestId id, bool keep) {
  for (Sequence* sequence : requests_.at(id)->sequences()) {
    parts_.cells.Apply(parts_.scheduler.Remove(sequence, keep));
  }
  requests_.erase(id);
  shared_.admission->Leave(id);
}

EngineStats Stepper::Stats() const {
  EngineStats stats;
  stats.running = parts_.scheduler.running();
  stats.queued = parts_.scheduler.waiting();
  stats.kv_cells_used = parts_.scheduler.cells_used();
  stats.kv_cells_cached = parts_.scheduler.cells_cached();
  stats.kv_cells = parts_.runner.cells();
  stats.context_size = parts_.runner.sequence_cells();
  stats.prompt_cache_bytes = parts_.prompts.bytes();
  stats.draft_tokens = draft_tokens_;
  stats.accepted_tokens = accepted_tokens_;
  stats.prefixes = parts_.scheduler.prefix_counts();
  stats.prefill_tokens_per_second = prefill_throughput_.PerSecond();
  stats.decode_tokens_per_second = decode_throughput_.PerSecond();
  return stats;
}

}  // namespace codellama
