#include "addon/job.h"

#include <utility>

namespace codellama {

Job::Job(Work work) : work_(std::move(work)) {}

void Job::Run() {
  if (const Work work = Take()) work(stop_);
}

void Job::Stop() {
  stop_ = true;
  Take();
}

Job::Work Job::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(work_, nullptr);
}

}  // namespace codellama
