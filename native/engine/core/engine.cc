#include "engine/core/engine.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/base/error.h"
#include "engine/core/live_engines.h"
#include "engine/llama/backend.h"

namespace codellama {

Engine::Engine(ModelOptions model, ContextOptions context, EventSink sink)
    : model_options_(std::move(model)),
      context_options_(std::move(context)),
      sink_(std::move(sink)),
      admission_(context_options_.parallel, context_options_.max_queue),
      thread_([this] { Run(); }) {
  AddLiveEngine(this);
}

Engine::~Engine() {
  Shutdown();
  RemoveLiveEngine(this);
}

bool Engine::Submit(Request request) {
  if (commands_.closing()) return false;
  const RequestId id = request.id;
  admission_.Enter(id);
  const bool posted = commands_.Post(SubmitCommand{std::move(request), Clock::now()});
  if (!posted) admission_.Leave(id);
  return posted;
}

void Engine::Cancel(RequestId id) {
  // The engine thread ends the request before it begins one that is submitted later.
  admission_.Leave(id);
  commands_.Post(CancelCommand{id});
}

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
  std::optional<Error> failure;
  try {
    if (Load()) Serve();
  } catch (...) {
    failure = CurrentError();
  }
  Close();
  try {
    End(std::move(failure));
  } catch (...) {
    // No memory is left even for the last events.
  }
}

void Engine::End(std::optional<Error> failure) {
  const Error reason = failure.value_or(Error(ErrorCode::kClosed, "the engine was closed"));
  for (const auto& [id, _] : requests_) Emit(Failed{id, reason.code(), reason.what()});
  requests_.clear();
  for (const Command& command : commands_.Take(true, {})) {
    const auto* submit = std::get_if<SubmitCommand>(&command);
    if (submit != nullptr) Emit(Failed{submit->request.id, reason.code(), reason.what()});
  }
  parts_.reset();
  {
    const std::lock_guard lock(mutex_);
    commands_.Settle();
    shared_model_.reset();
    stats_ = {};
  }
  model_.reset();
  Emit(Closed{std::move(failure)});
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
  } catch (...) {
    const Error error = CurrentError();
    Emit(LoadFailed{error.code(), model_options_.path + ": " + error.what()});
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
    const uint32_t kind =
        parts_->KindNumber(command.request.lora_scales, command.request.embedding.has_value());
    auto request =
        std::make_unique<ActiveRequest>(std::move(command.request), *model_, &parts_->grammars,
                                        parts_->runner.sequence_cells(), command.submitted);
    request->sequence()->arrival = arrivals_++;
    request->sequence()->kind = kind;
    Sequence* sequence = request->sequence();
    requests_.emplace(id, std::move(request));
    parts_->scheduler.Add(sequence);
  } catch (...) {
    const Error error = CurrentError();
    requests_.erase(id);
    admission_.Leave(id);
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
  try {
    parts_->prompts.Add({std::move(command.tokens), parts_->KindNumber(command.lora_scales, false),
                         std::move(command.state), true});
  } catch (...) {
    // The prompt is computed again.
  }
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

void Engine::FailAll(const Error& error) {
  while (!requests_.empty()) Fail(requests_.begin()->first, error);
}

void Engine::Release(RequestId id, bool keep) {
  parts_->cells.Apply(parts_->scheduler.Remove(requests_.at(id)->sequence(), keep));
  requests_.erase(id);
  admission_.Leave(id);
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
