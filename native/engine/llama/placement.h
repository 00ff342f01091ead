// Which device holds which layers of a model, decided before its weights are read.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/options.h"

struct ggml_backend_device;
struct llama_model_params;
struct llama_model_tensor_buft_override;

namespace codellama {

// What a device was given.
struct DeviceShare {
  std::string device;  // its name; "CPU" for the host
  int32_t layers = 0;
  uint64_t weight_bytes = 0;   // 0 where it was not measured: on the host alone
  uint64_t context_bytes = 0;  // of the KV cache
  uint64_t compute_bytes = 0;
};

class Placement {
 public:
  // Fits what the caller left open to the devices' free memory, by llama.cpp's own rules; of a
  // file that CheckModel() let pass. With layers on a GPU this measures: up to a second. Throws
  // kInvalidArgument (no such device), kOutOfMemory (what was asked for does not fit).
  Placement(const ModelOptions& model, const ContextOptions& context, int32_t layers);
  ~Placement();
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  // Sets devices, layers and splits. They point into this object, which must outlive the model.
  void Apply(llama_model_params* params) const;

  // Tokens of context that fit, where layers are on a GPU and the caller named none; else 0.
  uint32_t context_size() const { return context_size_; }
  int32_t gpu_layers() const;  // on other devices than the CPU
  const std::vector<DeviceShare>& shares() const { return shares_; }
  // Why the CPU computes what might have been on a GPU, or "".
  const std::string& reason() const { return reason_; }

 private:
  struct Measurement;

  void ChooseDevices(const ModelOptions& model);
  void Fit(const ModelOptions& model, const ContextOptions& context);
  void StayOnCpu(const std::string& reason);
  Measurement Measure(const ModelOptions& model, const ContextOptions& context) const;
  void Share(const Measurement& measured);
  void ShareTensors();
  std::vector<std::string> GpuNames() const;

  const int32_t layers_;
  std::vector<ggml_backend_device*> devices_;  // ends with null; empty: llama.cpp's choice
  int32_t gpu_layers_ = -1;
  SplitMode split_mode_ = SplitMode::kLayer;
  int32_t main_gpu_ = 0;
  std::vector<float> tensor_split_;
  std::vector<llama_model_tensor_buft_override> overrides_;
  uint32_t context_size_ = 0;
  std::vector<DeviceShare> shares_;
  std::string reason_;
};

// Held while a model and its context are loaded, where there is a GPU: each load must see what the
// one before it left, and llama.cpp's fitting changes the log of the whole process meanwhile. Waits
// for its turn until `closing`.
std::unique_lock<std::timed_mutex> TakeLoadingTurn(const std::atomic<bool>& closing);

}  // namespace codellama
