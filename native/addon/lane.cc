#include "addon/lane.h"

#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "addon/exit_guard.h"
#include "engine/base/error.h"

namespace codellama {

Lane& Lane::Text() {
  static auto* lane = new Lane(2);  // NOLINT: threads use it until the process ends
  return *lane;
}

Lane& Lane::Bulk() {
  static auto* lane = new Lane(2);  // NOLINT: as above
  return *lane;
}

Lane& Lane::Grammar() {
  static auto* lane = new Lane(2);  // NOLINT: as above
  return *lane;
}

Lane& Lane::System() {
  static auto* lane = new Lane(4);  // NOLINT: as above
  return *lane;
}

void Lane::Post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(work));
  if (running_ == threads_) return;
  try {
    StartThread();
  } catch (const std::system_error& error) {
    if (running_ > 0) return;
    waiting_.pop_back();
    throw Error(ErrorCode::kOutOfMemory, std::string("no thread can be started: ") + error.what());
  }
}

void Lane::StartThread() {
  GuardExit();
  // Counts as busy from before the thread starts until it ends.
  std::thread([this, busy = std::make_shared<const BusyThread>()] { Work(); }).detach();
  running_++;
}

void Lane::Work() {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty()) {
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
  running_--;
}

}  // namespace codellama
