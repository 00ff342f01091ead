#include "engine/core/engine.h"

#include <chrono>
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
      stats_(&commands_),
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
  // The engine thread takes commands in order, so it ends this request before it begins a later
  // one.
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

bool Engine::Load() {
  InitializeBackends();
  StopEnginesAtExit();
  try {
    LoadModel();
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

void Engine::LoadModel() {
  float reported = -1.0F;
  const auto on_progress = [&](float fraction) {
    if (fraction >= reported + 0.01F || fraction >= 1.0F) {
      reported = fraction;
      Emit(LoadProgress{fraction});
      Flush();
    }
    return !commands_.closing();
  };
  const auto turn = TakeLoadingTurn(commands_.closing());
  model_ = Model::Load(model_options_, context_options_, on_progress);
  if (model_->vocabulary_only()) return;
  const Stepper::Shared shared = {&commands_, &admission_, &stats_, &events_};
  stepper_ = std::make_unique<Stepper>(model_, model_options_, context_options_, shared);
}

void Engine::Serve() {
  while (TakeCommands()) {
    if (stepper_) {
      stepper_->FinishLate();
      if (stepper_->HasWork()) stepper_->Step();
    }
    PublishStats();
    Flush();
  }
}

bool Engine::TakeCommands() {
  const bool has_work = stepper_ && stepper_->HasWork();
  const auto deadline = stepper_ ? stepper_->NextDeadline() : std::nullopt;
  for (Command& command : commands_.Take(has_work, deadline)) {
    std::visit([this](auto& each) { Apply(std::move(each)); }, command);
  }
  return !commands_.closing();
}

void Engine::Apply(SubmitCommand command) {
  if (stepper_) {
    stepper_->Add(std::move(command));
    return;
  }
  admission_.Leave(command.request.id);
  Emit(Failed{command.request.id, ErrorCode::kCapabilityMissing,
              "the model was loaded with vocabularyOnly and cannot generate"});
}

void Engine::Apply(CancelCommand command) {
  if (stepper_) stepper_->Cancel(command.id);
}

void Engine::Apply(PauseCommand command) {
  if (stepper_) stepper_->SetPaused(command.id, command.paused);
}

void Engine::Apply(AddPromptCommand command) {
  if (stepper_) stepper_->AddPrompt(std::move(command));
}

void Engine::End(std::optional<Error> failure) {
  const Error reason = failure.value_or(Error(ErrorCode::kClosed, "the engine was closed"));
  if (stepper_) stepper_->Abandon(reason);
  for (const Command& command : commands_.Take(true, {})) {
    const auto* submit = std::get_if<SubmitCommand>(&command);
    if (submit != nullptr) Emit(Failed{submit->request.id, reason.code(), reason.what()});
  }
  stepper_.reset();
  stats_.Publish({});
  {
    const std::lock_guard lock(mutex_);
    shared_model_.reset();
  }
  model_.reset();
  Emit(Closed{std::move(failure)});
  Flush();
}

void Engine::Flush() {
  if (!events_.empty()) sink_(std::exchange(events_, {}));
}

void Engine::PublishStats() { stats_.Publish(stepper_ ? stepper_->Stats() : EngineStats()); }

}  // namespace codellama
