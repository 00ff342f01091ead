// Lets each allocation on the engine thread fail in turn, and checks what happens to the requests.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "engine/core/engine.h"
#include "support/check.h"
#include "support/gguf_refusal.h"
#include "support/tiny_llama.h"

namespace {

// Number of allocations until one fails, on threads that are not exempt; 0 = none fails.
std::atomic<int64_t> failing = 0;
thread_local bool exempt = false;

void* Allocate(size_t size) {
  if (!exempt && failing > 0 && --failing == 0) throw std::bad_alloc();
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace codellama {

namespace {

// Collects the engine's events for the test's thread.
class Listener {
 public:
  void Take(Events events) {
    exempt = true;
    {
      const std::lock_guard lock(mutex_);
      for (Event& event : events) events_.push_back(std::move(event));
      came_.notify_one();
    }
    exempt = false;
  }

  // The first event that `wanted` accepts; empty if none comes within a minute.
  template <typename Wanted>
  std::optional<Event> Await(Wanted wanted) {
    std::unique_lock lock(mutex_);
    size_t seen = 0;
    const auto is_there = [&] {
      for (; seen < events_.size(); seen++) {
        if (wanted(events_[seen])) return true;
      }
      return false;
    };
    if (!came_.wait_for(lock, std::chrono::seconds(60), is_there)) return std::nullopt;
    Event event = events_[seen];
    events_.clear();
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  Events events_;
};

Request MakeRequest(RequestId id) {
  Request request;
  request.id = id;
  for (Token token = 0; token < 40; token++) request.tokens.push_back(3 + (token * id) % 200);
  request.max_tokens = 3;
  request.logprobs = 2;
  request.stop.texts = {"never"};
  request.sampling.repeat_penalty = 1.1F;
  request.sampling.dry.multiplier = 1;
  return request;
}

bool Ends(const Event& event, RequestId id) {
  const auto* finished = std::get_if<Finished>(&event);
  const auto* failed = std::get_if<Failed>(&event);
  return (finished != nullptr && finished->id == id) || (failed != nullptr && failed->id == id) ||
         std::holds_alternative<Closed>(event);
}

}  // namespace

namespace {

// Submits `request` until no allocation is left to fail.
void FailEachAllocation(Request request) {
  exempt = true;
  const test::TemporaryFile file(test::TinyLlama().Serialize());
  Listener listener;
  ModelOptions model;
  model.path = file.path();
  model.gpu_layers = 0;
  ContextOptions context;
  context.context_size = 256;
  context.parallel = 2;
  context.threads = 1;
  Engine engine(model, context, [&](Events events) { listener.Take(std::move(events)); });
  const auto loaded =
      listener.Await([](const Event& event) { return std::holds_alternative<Loaded>(event); });
  CHECK(loaded.has_value());
  if (!loaded) return;

  RequestId id = 0;
  uint32_t failures = 0;
  for (int64_t allocation = 1;; allocation++) {
    failing = allocation;
    request.id = ++id;
    engine.Submit(request);
    const auto ended = listener.Await([&](const Event& event) { return Ends(event, id); });
    const bool was_reached = failing.exchange(0) <= 0;
    CHECK(ended.has_value() && !std::holds_alternative<Closed>(*ended));
    if (!ended || std::holds_alternative<Closed>(*ended)) return;
    if (std::holds_alternative<Failed>(*ended)) {
      failures++;
      const ErrorCode code = std::get<Failed>(*ended).code;
      CHECK(code == ErrorCode::kOutOfMemory || code == ErrorCode::kBackendFailed);
    }
    // The next request works as usual.
    engine.Submit(MakeRequest(++id));
    const auto next = listener.Await([&](const Event& event) { return Ends(event, id); });
    CHECK(next.has_value() && std::holds_alternative<Finished>(*next));
    if (!next || !std::holds_alternative<Finished>(*next)) return;
    if (!was_reached) break;
  }
  CHECK(failures > 10);
  engine.Shutdown();
}

}  // namespace

TEST(engine_survives_every_failed_allocation) { FailEachAllocation(MakeRequest(1)); }

TEST(engine_survives_every_failed_allocation_of_a_beam_search) {
  Request request = MakeRequest(1);
  request.group = 1;
  request.beams = {.beams = 3, .answers = 2, .length_penalty = 1};
  FailEachAllocation(request);
}

}  // namespace codellama
