// Tokens per second over the recent past. The weight of a step halves every five seconds.
#pragma once

#include <cmath>
#include <cstdint>

namespace codellama {

class Throughput {
 public:
  void Add(uint32_t tokens, double seconds) {
    const double keep = std::exp2(-seconds / kHalfLifeSeconds);
    tokens_ = tokens_ * keep + tokens;
    seconds_ = seconds_ * keep + seconds;
  }

  double PerSecond() const { return seconds_ > 0 ? tokens_ / seconds_ : 0; }

 private:
  static constexpr double kHalfLifeSeconds = 5;

  double tokens_ = 0;
  double seconds_ = 0;
};

}  // namespace codellama
