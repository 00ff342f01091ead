#include "engine/llama/thread_pools.h"

#include <future>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/machine.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "llama.h"

namespace codellama {

namespace {

// With all layers on a GPU the CPU only looks up embeddings. One thread does that faster than it
// can wake others.
int32_t DefaultThreads(const Model& model) {
  const int32_t on_gpu = model.placement().gpu_layers();
  return on_gpu > 0 && on_gpu >= model.facts().layers ? 1 : UsableCores();
}

// Starts and ends threads on trial, because ggml ends the process when it cannot start one.
void RequireThreads(int32_t count) {
  std::promise<void> tried;
  const std::shared_future<void> all_tried = tried.get_future().share();
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(count));
  std::optional<Error> error;
  try {
    for (int32_t i = 0; i < count; i++) threads.emplace_back([all_tried] { all_tried.wait(); });
  } catch (const std::system_error&) {
    error.emplace(ErrorCode::kBackendFailed,
                  "only " + std::to_string(threads.size()) + " of " + std::to_string(count) +
                      " threads can be started; load with fewer threads");
  }
  tried.set_value();
  for (std::thread& thread : threads) thread.join();
  if (error) throw *error;
}

// A function of the CPU backend by name, because the backend may be a library loaded at run time.
template <typename Function>
Function CpuFunction(const char* name) {
  ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) throw Error(ErrorCode::kBackendFailed, "the CPU backend is not loaded");
  void* function = ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name);
  if (function == nullptr) {
    throw Error(ErrorCode::kBackendFailed, std::string("the CPU backend lacks ") + name);
  }
  return reinterpret_cast<Function>(function);
}

}  // namespace

ThreadCounts ChooseThreads(const Model& model, const ContextOptions& options) {
  const int32_t decode = options.threads > 0 ? options.threads : DefaultThreads(model);
  return {decode, options.prefill_threads > 0 ? options.prefill_threads : decode};
}

void ThreadPools::Free::operator()(ggml_threadpool* pool) const {
  CpuFunction<decltype(&ggml_threadpool_free)>("ggml_threadpool_free")(pool);
}

void ThreadPools::Attach(const ThreadCounts& counts, llama_context* context) {
  // The engine thread is one thread of each pool.
  const bool two_pools = counts.prefill != counts.decode;
  RequireThreads(counts.decode - 1 + (two_pools ? counts.prefill - 1 : 0));
  const auto make = [](int32_t count) {
    ggml_threadpool_params params = ggml_threadpool_params_default(count);
    return CpuFunction<decltype(&ggml_threadpool_new)>("ggml_threadpool_new")(&params);
  };
  decode_.reset(make(counts.decode));
  if (two_pools) prefill_.reset(make(counts.prefill));
  llama_attach_threadpool(context, decode_.get(), prefill_.get());
}

}  // namespace codellama
