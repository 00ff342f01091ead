#include "engine.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "backend.h"
#include "error.h"
#include "live_engines.h"

namespace codellama {

Engine::Engine(ModelOptions model, ContextOptions context, EventSink sink)
    : model_options_(std::move(model)),
      context_options_(std::move(context)),
      sink_(std::move(sink)),
      thread_([this] { Run(); }) {
  AddLiveEngine(this);
}

Engine::~Engine() {
  Shutdown();
  RemoveLiveEngine(this);
}

bool Engine::Submit(Request request) {
  return commands_.Post(SubmitCommand{std::move(request), Clock::now()});
}

void Engine::Cancel(RequestId id) { commands_.Post(CancelCommand{id}); }

void Engine::SetPaused(RequestId id, bool paused) { commands_.Post(PauseCommand{id, paused}); }

bool Engine::AddPrompt(std::vector<Token> tokens, std::vector<float> lora_scales,
                       std::vector<uint8_t> state) {
  return commands_.Post(
      AddPromptCommand{std::move(tokens), std::move(lora_scales), std::move(state)});
}

void Engine::Close() { commands_.Close(); }

void Engine::Shutdown() {
  Close();
  std::call_once(joined_, [this] { thread_.join(); });
}

std::shared_ptr<const Model> Engine::model() const {
  const std::lock_guard lock(mutex_);
  return shared_model_;
}

EngineStats Engine::stats() const {
  const std::lock_guard lock(mutex_);
  EngineStats stats = stats_;
  stats.queued += commands_.Submits();
  return stats;
}

void Engine::Run() {
  try {
    if (Load()) Serve();
  } catch (const std::exception& error) {
    FailAll(ErrorCode::kBackendFailed, error.what());
  }
  Close();
  FailAll(ErrorCode::kClosed, "the engine was closed");
  parts_.reset();
  {
    const std::lock_guard lock(mutex_);
    commands_.Settle();
    shared_model_.reset();
    stats_ = {};
  }
  model_.reset();
  Emit(Closed{});
  Flush();
}

bool Engine::Load() {
  float reported = -1.0F;
  const auto on_progress = [&](float fraction) {
    if (fraction >= reported + 0.01F || fraction >= 1.0F) {
      reported = fraction;
      Emit(LoadProgress{fraction});
      Flush();
    }
    return !commands_.closing();
  };
  InitializeBackends();
  StopEnginesAtExit();
  try {
    const auto turn = TakeLoadingTurn(commands_.closing());
    model_ = Model::Load(model_options_, context_options_, on_progress);
    if (!model_->vocabulary_only()) {
      parts_ = std::make_unique<EngineParts>(model_, model_options_, context_options_,
                                             &commands_.closing(), &commands_.abort());
    }
  } catch (const Error& error) {
    Emit(LoadFailed{error.code(), error.what()});
    return false;
  } catch (const std::bad_alloc&) {
    Emit(LoadFailed{ErrorCode::kOutOfMemory, model_options_.path + ": out of memory"});
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    shared_model_ = model_;
  }
  PublishStats();
  Emit(Loaded{});
  Flush();
  return true;
}

void Engine::Serve() {
  while (TakeCommands()) {
    FinishLate();
    if (parts_ && parts_->scheduler.HasWork()) Step();
    PublishStats();
    Flush();
  }
}

bool Engine::TakeCommands() {
  const bool has_work = parts_ && parts_->scheduler.HasWork();
  for (Command& command : commands_.Take(has_work, NextDeadline())) {
    std::visit([this](auto& each) { Apply(std::move(each)); }, command);
  }
  return !commands_.closing();
}

void Engine::Apply(SubmitCommand command) {
  const RequestId id = command.request.id;
  try {
    if (!parts_) {
      throw Error(ErrorCode::kCapabilityMissing,
                  "the model was loaded with vocabularyOnly and cannot generate");
    }
    const uint64_t present = parts_->scheduler.running() + parts_->scheduler.waiting();
    if (present >= uint64_t{context_options_.parallel} + context_options_.max_queue) {
      throw Error(ErrorCode::kQueueFull,
                  "the queue is full: " + std::to_string(context_options_.parallel) +
                      " requests run (parallel) and " + std::to_string(context_options_.max_queue) +
                      " wait (maxQueue); try again later");
    }
    const uint32_t kind =
        parts_->KindNumber(command.request.lora_scales, command.request.embedding.has_value());
    auto request =
        std::make_unique<ActiveRequest>(std::move(command.request), *model_, &parts_->grammars,
                                        parts_->runner.sequence_cells(), command.submitted);
    request->sequence()->arrival = arrivals_++;
    request->sequence()->kind = kind;
    parts_->scheduler.Add(request->sequence());
    requests_.emplace(id, std::move(request));
  } catch (const Error& error) {
    Emit(Failed{id, error.code(), error.what()});
  }
}

void Engine::Apply(CancelCommand command) {
  const auto found = requests_.find(command.id);
  if (found != requests_.end()) Finish(found->second.get(), FinishReason::kAbort);
}

void Engine::Apply(PauseCommand command) {
  const auto found = requests_.find(command.id);
  if (found != requests_.end()) found->second->sequence()->paused = command.paused;
}

void Engine::Apply(AddPromptCommand command) {
  if (!parts_) return;
  parts_->prompts.Add({std::move(command.tokens), parts_->KindNumber(command.lora_scales, false),
                       std::move(command.state), true});
}

void Engine::FinishLate() {
  const Clock::time_point now = Clock::now();
  std::vector<ActiveRequest*> late;
  for (const auto& [_, request] : requests_) {
    if (request->deadline() && *request->deadline() <= now) late.push_back(request.get());
  }
  for (ActiveRequest* request : late) Finish(request, FinishReason::kTimeout);
}

std::optional<Clock::time_point> Engine::NextDeadline() const {
  std::optional<Clock::time_point> next;
  for (const auto& [_, request] : requests_) {
    const auto deadline = request->deadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

void Engine::Step() {
  // An empty cache begins at its first cell again: sums depend on where cells lie, and a request
  // that runs alone shall give the same text each time. Not while a step's outcome is taken: what
  // it has computed of later entries is not counted yet.
  if (parts_->scheduler.HoldsNoCells()) parts_->runner.Clear();
  parts_->speculation.Draft(requests_, prefill_pacer_);
  const Workload load = parts_->scheduler.workload();
  parts_->scheduler.SetPrefillChunk(prefill_pacer_.Chunk(load.streams, load.prompts));
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
  try {
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
  } catch (const Error& error) {
    // What the cache holds now is unknown.
    FailAll(error.code(), error.what());
    parts_->scheduler.ForgetPrefixes();
    parts_->runner.Clear();
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
    if (sequence->all_outputs) TakePromptOutputs(scheduled, entry);
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

void Engine::TakePromptOutputs(const ScheduledTokens& scheduled, size_t entry) {
  ActiveRequest* request = requests_.at(scheduled.sequence->id).get();
  if (request->embeds()) {
    for (uint32_t i = 0; i < scheduled.count; i++) {
      request->OnEmbedding(scheduled.first + i, parts_->runner.Embedding(entry, i));
    }
    if (scheduled.sequence->Remaining() == 0) Emit(request->Embedding());
    return;
  }
  PromptScored scored = request->OnPromptLogits(
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
  } catch (const Error& error) {
    Fail(sequence->id, error);
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

void Engine::Finish(ActiveRequest* request, FinishReason reason) {
  const RequestId id = request->id();
  std::string rest = request->FlushText();
  if (!rest.empty()) Emit(TextDelta{id, std::move(rest), {}, {}});
  Emit(request->Result(reason, Clock::now()));
  Release(id, true);
}

void Engine::Fail(RequestId id, const Error& error) {
  Emit(Failed{id, error.code(), error.what()});
  Release(id, false);
}

void Engine::FailAll(ErrorCode code, const std::string& message) {
  const Error error(code, message);
  while (!requests_.empty()) Fail(requests_.begin()->first, error);
  if (code != ErrorCode::kClosed) return;
  for (const Command& command : commands_.Take(true, {})) {
    const auto* submit = std::get_if<SubmitCommand>(&command);
    if (submit != nullptr) Emit(Failed{submit->request.id, code, message});
  }
}

void Engine::Release(RequestId id, bool keep) {
  parts_->cells.Apply(parts_->scheduler.Remove(requests_.at(id)->sequence(), keep));
  requests_.erase(id);
}

void Engine::Emit(Event event) { events_.push_back(std::move(event)); }

void Engine::Flush() {
  if (!events_.empty()) sink_(std::exchange(events_, {}));
}

void Engine::PublishStats() {
  const std::lock_guard lock(mutex_);
  commands_.Settle();
  if (!parts_) return;
  stats_.running = parts_->scheduler.running();
  stats_.queued = parts_->scheduler.waiting();
  stats_.kv_cells_used = parts_->scheduler.cells_used();
  stats_.kv_cells_cached = parts_->scheduler.cells_cached();
  stats_.kv_cells = parts_->runner.cells();
  stats_.context_size = parts_->runner.sequence_cells();
  stats_.prompt_cache_bytes = parts_->prompts.bytes();
  stats_.draft_tokens = draft_tokens_;
  stats_.accepted_tokens = accepted_tokens_;
  stats_.prefixes = parts_->scheduler.prefix_counts();
  stats_.prefill_tokens_per_second = prefill_throughput_.PerSecond();
  stats_.decode_tokens_per_second = decode_throughput_.PerSecond();
}

}  // namespace codellama
