// The step of the engine: schedule a batch, run it, take the results. It owns the requests at work.
// Engine thread only.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/core/active_request.h"
#include "engine/core/admission.h"
#include "engine/core/command_queue.h"
#include "engine/core/engine_parts.h"
#include "engine/core/engine_stats.h"
#include "engine/core/throughput.h"
#include "engine/schedule/prefill_pacer.h"

namespace codellama {

class Stepper {
 public:
  // What the stepper shares with the engine; all outlive the stepper.
  struct Shared {
    CommandQueue* commands;
    Admission* admission;
    StatsBoard* stats;
    Events* events;
  };

  // Makes the context, and loads the draft model. Throws as EngineParts does.
  Stepper(std::shared_ptr<const Model> model, const ModelOptions& model_options,
          const ContextOptions& options, const Shared& shared);

  // Takes over a request, or emits its Failed event.
  void Add(SubmitCommand command);
  void Cancel(RequestId id);
  void SetPaused(RequestId id, bool paused);
  void AddPrompt(AddPromptCommand command);

  bool HasWork() const { return parts_.scheduler.HasWork(); }

  // Computes one batch. An exception fails all requests, and the stepper stays usable.
  void Step();

  // Finishes the requests whose deadline has passed.
  void FinishLate();
  // The earliest deadline of all requests; empty if none has one.
  std::optional<Clock::time_point> NextDeadline() const;

  // Emits Failed for every request. The stepper must not be used afterwards.
  void Abandon(const Error& error);

  EngineStats Stats() const;

 private:
  using Requests = std::unordered_map<RequestId, std::unique_ptr<ActiveRequest>>;

  void TryStep();
  Plan Schedule();
  std::vector<DraftTarget> DraftTargets();
  RunStatus Run(const Plan& plan);
  void Measure(const Plan& plan, double seconds);

  void TakeResults(const Plan& plan);
  // Advances the entry's sequence. Returns its rows of logits if the step computed its last token.
  std::optional<TokenChoice> TakeOutputs(const ScheduledTokens& scheduled, size_t entry);
  void TakeEmbeddings(const ScheduledTokens& scheduled, size_t entry);
  void TakePromptLogits(const ScheduledTokens& scheduled, size_t entry);
  void TakeTokens(TokenChoice choice);
  // Advances the request's beam search if all its logits are computed.
  void AdvanceBeams(RequestId id);
  PromptState StateOf(const Sequence& sequence) const;

  // Sets the sequences back to the tokens that the aborted batch has computed.
  void RollBack(const Plan& plan);

  ActiveRequest* RequestOf(const Sequence* sequence) { return requests_.at(sequence->id).get(); }
  void Finish(ActiveRequest* request, FinishReason reason);
  void Fail(RequestId id, const Error& error);
  void FailAll(const Error& error);
  // `keep`: the prefix cache may keep the computed cells.
  void Release(RequestId id, bool keep);
  void Emit(Event event) { shared_.events->push_back(std::move(event)); }

  const Shared shared_;
  EngineParts parts_;
  Requests requests_;
  uint64_t arrivals_ = 0;
  PrefillPacer pacer_;
  double step_seconds_ = 0;  // duration of the last step
  uint64_t draft_tokens_ = 0;
  uint64_t accepted_tokens_ = 0;
  Throughput prefill_throughput_;
  Throughput decode_throughput_;
};

}  // namespace codellama
