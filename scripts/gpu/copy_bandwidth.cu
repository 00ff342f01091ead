// Prints the bytes per second that a copy within the GPU's memory reads and writes. It is the upper limit for a
// computation that only waits for memory.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr size_t kBytes = size_t{4} << 30;
constexpr int kCopies = 20;

void Check(cudaError_t error) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(error));
  std::exit(1);
}

}  // namespace

int main() {
  void* from = nullptr;
  void* to = nullptr;
  Check(cudaMalloc(&from, kBytes));
  Check(cudaMalloc(&to, kBytes));
  Check(cudaMemset(from, 1, kBytes));
  cudaEvent_t start;
  cudaEvent_t end;
  Check(cudaEventCreate(&start));
  Check(cudaEventCreate(&end));
  float best = 1e9F;
  for (int i = 0; i < kCopies; i++) {
    Check(cudaEventRecord(start));
    Check(cudaMemcpyAsync(to, from, kBytes, cudaMemcpyDeviceToDevice));
    Check(cudaEventRecord(end));
    Check(cudaEventSynchronize(end));
    float milliseconds = 0;
    Check(cudaEventElapsedTime(&milliseconds, start, end));
    best = std::min(best, milliseconds);
  }
  std::printf("%.0f\n", 2.0 * kBytes / (best / 1000));
  return 0;
}
