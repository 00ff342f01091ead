// Counts the requests of an engine. It refuses a request at once when the queue is full, because
// the engine thread may be in the middle of a long step. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_set>

#include "engine/base/options.h"

namespace codellama {

class Admission {
 public:
  Admission(uint32_t parallel, uint32_t max_queue) : parallel_(parallel), max_queue_(max_queue) {}

  // Throws kQueueFull when the engine has `parallel` + `max_queue` requests.
  void Enter(RequestId id);

  // The request ended or was cancelled. Idempotent.
  void Leave(RequestId id);

 private:
  const uint32_t parallel_;
  const uint32_t max_queue_;
  std::mutex mutex_;
  std::unordered_set<RequestId> present_;
};

}  // namespace codellama
