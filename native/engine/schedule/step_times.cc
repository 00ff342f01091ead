#include "engine/schedule/step_times.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace codellama {

namespace {

// Number of newer samples after which a bucket is out of date: caches were cold or short then.
constexpr uint64_t kStaleAfter = 512;

}  // namespace

StepTimes::Sample StepTimes::Bucket::Median() const {
  auto sorted = samples;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(count, kRemembered));
  const auto middle = sorted.begin() + (end - sorted.begin()) / 2;
  std::nth_element(sorted.begin(), middle, end, [](const Sample& left, const Sample& right) {
    return left.seconds / left.rows < right.seconds / right.rows;
  });
  return *middle;
}

void StepTimes::Add(uint32_t rows, double seconds) {
  if (rows == 0) return;
  const size_t index = std::min<size_t>(std::bit_width(rows) - 1, buckets_.size() - 1);
  Bucket& bucket = buckets_[index];
  if (count_ - bucket.last > kStaleAfter) bucket.count = 0;
  bucket.samples[bucket.count++ % kRemembered] = {static_cast<double>(rows), seconds};
  bucket.last = ++count_;
  DrawCurve();
}

void StepTimes::DrawCurve() {
  curve_.clear();
  double fastest = std::numeric_limits<double>::infinity();
  for (auto bucket = buckets_.rbegin(); bucket != buckets_.rend(); bucket++) {
    if (bucket->count == 0 || count_ - bucket->last > kStaleAfter) continue;
    const Sample median = bucket->Median();
    // Fewer rows are never slower. If they seem so, something else took the time.
    fastest = std::min(fastest, median.seconds);
    curve_.push_back({median.rows, fastest});
  }
  std::reverse(curve_.begin(), curve_.end());
}

double StepTimes::Seconds(uint32_t rows) const {
  Sample before;
  for (const Sample& point : curve_) {
    if (rows <= point.rows) {
      const double part = (rows - before.rows) / (point.rows - before.rows);
      return before.seconds + part * (point.seconds - before.seconds);
    }
    before = point;
  }
  return before.rows == 0 ? 0 : before.seconds * rows / before.rows;
}

uint32_t StepTimes::RowsWithin(double seconds) const {
  Sample before;
  for (const Sample& point : curve_) {
    if (seconds < point.seconds) {
      const double part = (seconds - before.seconds) / (point.seconds - before.seconds);
      return static_cast<uint32_t>(before.rows + part * (point.rows - before.rows));
    }
    before = point;
  }
  return before.seconds == 0 ? 0 : static_cast<uint32_t>(before.rows * seconds / before.seconds);
}

}  // namespace codellama
