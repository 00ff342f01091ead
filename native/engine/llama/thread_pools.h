// The compute threads of a context.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/options.h"
#include "engine/llama/model.h"

struct ggml_threadpool;
struct llama_context;

namespace codellama {

struct ThreadCounts {
  int32_t decode = 1;
  int32_t prefill = 1;
};

// Numbers of threads as the options say. By default all usable cores, or 1 if a GPU computes all
// layers.
ThreadCounts ChooseThreads(const Model& model, const ContextOptions& options);

// Detach the context with llama_detach_threadpool() before the pools are destroyed.
class ThreadPools {
 public:
  // Starts the threads and attaches them to the context. Throws kBackendFailed if the system
  // refuses a thread.
  void Attach(const ThreadCounts& counts, llama_context* context);

 private:
  struct Free {
    void operator()(ggml_threadpool* pool) const;
  };

  std::unique_ptr<ggml_threadpool, Free> decode_;
  std::unique_ptr<ggml_threadpool, Free> prefill_;  // null if one pool serves both
};

}  // namespace codellama
