#include "engine/core/command_queue.h"

#include <algorithm>
#include <utility>

namespace codellama {

bool CommandQueue::Post(Command command) {
  const std::lock_guard lock(mutex_);
  if (closing_) return false;
  const auto* cancel = std::get_if<CancelCommand>(&command);
  if (cancel != nullptr && cancel->id == owner_) abort_ = true;
  if (std::holds_alternative<SubmitCommand>(command)) submits_++;
  commands_.push_back(std::move(command));
  wake_.notify_one();
  return true;
}

void CommandQueue::Close() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  abort_ = true;
  wake_.notify_one();
}

uint32_t CommandQueue::Submits() const {
  const std::lock_guard lock(mutex_);
  return submits_;
}

std::vector<Command> CommandQueue::Take(
    bool has_work, std::optional<std::chrono::steady_clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  const auto awake = [&] { return closing_ || has_work || !commands_.empty(); };
  if (deadline) {
    wake_.wait_until(lock, *deadline, awake);
  } else {
    wake_.wait(lock, awake);
  }
  taken_submits_ = submits_;
  return std::exchange(commands_, {});
}

void CommandQueue::Settle() {
  const std::lock_guard lock(mutex_);
  submits_ -= std::exchange(taken_submits_, 0);
}

void CommandQueue::BeginComputing(RequestId owner) {
  const std::lock_guard lock(mutex_);
  owner_ = owner;
  // A cancel command since the last Take() found no owner yet.
  abort_ = closing_ || CancelWaits(owner);
}

void CommandQueue::EndComputing() {
  const std::lock_guard lock(mutex_);
  owner_ = 0;
}

bool CommandQueue::CancelWaits(RequestId id) const {
  return std::any_of(commands_.begin(), commands_.end(), [id](const Command& command) {
    const auto* cancel = std::get_if<CancelCommand>(&command);
    return cancel != nullptr && cancel->id == id;
  });
}

}  // namespace codellama
