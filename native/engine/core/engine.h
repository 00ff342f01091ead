// An engine: one thread that loads a model and then computes steps until it is closed. JavaScript
// never waits for this thread, and the thread never waits for JavaScript.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/core/admission.h"
#include "engine/core/command_queue.h"
#include "engine/core/engine_stats.h"
#include "engine/core/stepper.h"
#include "engine/llama/model.h"

namespace codellama {

// Takes the events of one step, in order. Called on the engine thread; must not block.
using EventSink = std::function<void(Events)>;

// All public functions may be called from any thread. All except Shutdown() and the destructor
// return at once. Every accepted request gets exactly one Finished or Failed event. Loaded or
// LoadFailed is the first event besides LoadProgress, and Closed the last.
class Engine {
 public:
  Engine(ModelOptions model, ContextOptions context, EventSink sink);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Returns false when the engine is closing; the request then gets no event. Throws kQueueFull,
  // also without an event.
  bool Submit(Request request);

  // Stores a prompt's KV cells, which a PromptState event gave, for later prompts that begin like
  // it. Returns false when the engine is closing.
  bool AddPrompt(std::vector<Token> tokens, std::vector<float> lora_scales,
                 std::vector<uint8_t> state);

  // Ends the request with FinishReason::kAbort, unless it has ended. Its cells are free before the
  // next step.
  void Cancel(RequestId id);

  // A paused request keeps its place but is not computed, because its reader is behind.
  void SetPaused(RequestId id, bool paused);

  // Cancels loading, fails all requests with kClosed and ends the thread. The thread frees the
  // model and reports Closed. Idempotent.
  void Close();

  // Close(), then waits for the thread: some milliseconds.
  void Shutdown();

  // Null before Loaded, and after the thread has ended.
  std::shared_ptr<const Model> model() const;
  EngineStats stats() const { return stats_.Read(); }

 private:
  // The engine thread: Load(), Serve(), End().
  void Run();
  // Returns false after a LoadFailed event.
  bool Load();
  void LoadModel();
  void Serve();
  // Fails all requests, frees everything and reports Closed. Empty = the engine was closed.
  void End(std::optional<Error> failure);

  // Takes the commands. Waits for one while there is nothing to compute. Returns false when the
  // engine is closing.
  bool TakeCommands();
  void Apply(SubmitCommand command);
  void Apply(CancelCommand command);
  void Apply(PauseCommand command);
  void Apply(AddPromptCommand command);

  void Emit(Event event) { events_.push_back(std::move(event)); }
  void Flush();
  void PublishStats();

  const ModelOptions model_options_;
  const ContextOptions context_options_;
  const EventSink sink_;

  // Any thread.
  CommandQueue commands_;
  Admission admission_;
  StatsBoard stats_;

  // Any thread, under the mutex.
  mutable std::mutex mutex_;
  std::shared_ptr<const Model> shared_model_;

  // The engine thread only.
  std::shared_ptr<const Model> model_;
  Events events_;
  std::unique_ptr<Stepper> stepper_;  // null while loading and for a vocabulary-only model

  std::once_flag joined_;
  std::thread thread_;  // last, because the thread uses all other members
};

}  // namespace codellama
