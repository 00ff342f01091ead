// Rounds up to whole blocks and to whole cache lines.
#pragma once

#include <cstdint>

namespace codellama::kernels {

constexpr int64_t DivideUp(int64_t number, int64_t by) { return (number + by - 1) / by; }

constexpr uintptr_t kCacheLine = 64;

constexpr uintptr_t RoundUpToCacheLine(uintptr_t address) {
  return (address + kCacheLine - 1) / kCacheLine * kCacheLine;
}

}  // namespace codellama::kernels
