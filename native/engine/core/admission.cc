#include "engine/core/admission.h"

#include <string>

#include "engine/base/error.h"

namespace codellama {

void Admission::Enter(RequestId id) {
  const std::lock_guard lock(mutex_);
  if (present_.size() >= uint64_t{parallel_} + max_queue_) {
    throw Error(ErrorCode::kQueueFull, "the queue is full: " + std::to_string(parallel_) +
                                           " requests run (parallel) and " +
                                           std::to_string(max_queue_) +
                                           " wait (maxQueue); try again later");
  }
  present_.insert(id);
}

void Admission::Leave(RequestId id) {
  const std::lock_guard lock(mutex_);
  present_.erase(id);
}

}  // namespace codellama
