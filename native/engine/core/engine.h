// One model at work for many requests: the thread that loads it, batches, computes, samples and
// reports. Nobody waits for it, and it waits for nobody.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/core/active_request.h"
#include "engine/core/admission.h"
#include "engine/core/command_queue.h"
#include "engine/core/engine_parts.h"
#include "engine/core/throughput.h"
#include "engine/llama/model.h"
#include "engine/schedule/prefill_pacer.h"

namespace codellama {

struct EngineStats {
  uint32_t running = 0;
  uint32_t queued = 0;
  uint32_t kv_cells_used = 0;
  uint32_t kv_cells_cached = 0;
  uint32_t kv_cells = 0;
  uint32_t context_size = 0;  // cells that one sequence may have
  uint64_t prompt_cache_bytes = 0;
  PrefixCounts prefixes;
  uint64_t draft_tokens = 0;
  uint64_t accepted_tokens = 0;
  double prefill_tokens_per_second = 0;
  double decode_tokens_per_second = 0;
};

// Events of one step, in order. Called on the engine thread; must not block.
using EventSink = std::function<void(Events)>;

// All public functions may be called from any thread, and return at once but for Shutdown() and
// the destructor. Every request gets exactly one Finished or Failed, whatever happens; Loaded or
// LoadFailed comes first, Closed last.
class Engine {
 public:
  Engine(ModelOptions model, ContextOptions context, EventSink sink);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // False, and no event, when the engine is closing. Throws kQueueFull, and no event either.
  bool Submit(Request request);

  // Keeps a prompt's KV cells, that a PromptState told of, for prompts that begin like it. False
  // when the engine is closing.
  bool AddPrompt(std::vector<Token> tokens, std::vector<float> lora_scales,
                 std::vector<uint8_t> state);

  // The request ends with FinishReason::kAbort, unless it has ended before. Its cells are free
  // before the next step.
  void Cancel(RequestId id);

  // While paused a request keeps its place but is not computed: its reader is behind.
  void SetPaused(RequestId id, bool paused);

  // Cancels loading, fails what is under way with kClosed and ends the thread, which frees the
  // model and reports Closed. Idempotent.
  void Close();

  // Close(), then waits for the thread: some milliseconds.
  void Shutdown();

  // Null before Loaded, and after the thread has ended.
  std::shared_ptr<const Model> model() const;
  EngineStats stats() const;

 private:
  void Run();
  bool Load();
  void Serve();
  // Fails what is under way, frees everything and reports Closed.
  void End(std::optional<Error> failure);

  // Waits for a command while there is nothing to compute. False when it is time to end.
  bool TakeCommands();
  void Apply(SubmitCommand command);
  void Apply(CancelCommand command);
  void Apply(PauseCommand command);
  void Apply(AddPromptCommand command);

  // Ends the requests whose time is over, whatever they are at.
  void FinishLate();
  std::optional<Clock::time_point> NextDeadline() const;

  // An exception fails the requests under way, and the engine goes on.
  void Step();
  void TakeStep();
  RunStatus Compute(const Plan& plan);
  void AfterStep(const Plan& plan);
  // False when the request has failed.
  bool TakePromptOutputs(const ScheduledTokens& scheduled, size_t entry);
  void TakeEmbeddings(const ScheduledTokens& scheduled, size_t entry);
  void TakePromptLogits(const ScheduledTokens& scheduled, size_t entry);
  void TakeTokens(TokenChoice choice);
  PromptState StateOf(const Sequence& sequence) const;
  void AfterAbort(const Plan& plan);
  void Measure(const Plan& plan, double seconds);

  void Finish(ActiveRequest* request, FinishReason reason);
  void Fail(RequestId id, const Error& error);
  void FailAll(const Error& error);
  void Release(RequestId id, bool keep);
  void Emit(Event event);
  void Flush();
  void PublishStats();

  const ModelOptions model_options_;
  const ContextOptions context_options_;
  const EventSink sink_;

  CommandQueue commands_;
  Admission admission_;

  // Any thread, under the mutex.
  mutable std::mutex mutex_;
  std::shared_ptr<const Model> shared_model_;
  EngineStats stats_;

  // The engine thread only.
  std::shared_ptr<const Model> model_;
  std::unique_ptr<EngineParts> parts_;  // null while loading, and for a vocabulary alone
  Speculation::Requests requests_;
  uint64_t arrivals_ = 0;
  Events events_;
  PrefillPacer prefill_pacer_;
  double step_seconds_ = 0;  // of the last step
  uint64_t draft_tokens_ = 0;
  uint64_t accepted_tokens_ = 0;
  Throughput prefill_throughput_;
  Throughput decode_throughput_;

  std::once_flag joined_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace codellama
