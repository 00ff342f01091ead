// Decides which device holds which layers of a model, before the weights are read.
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

// Share of the model on one device.
struct DeviceShare {
  std::string device;  // device name; "CPU" for the host
  int32_t layers = 0;
  uint64_t weight_bytes = 0;   // 0 = not measured, because all layers are on the host
  uint64_t context_bytes = 0;  // KV cache
  uint64_t compute_bytes = 0;
};

class Placement {
 public:
  // Fits open options to the free memory of the devices, by llama.cpp's rules. The file must have
  // passed CheckModel(). With layers on a GPU it measures the memory, which takes up to a second.
  // Throws kInvalidArgument for an unknown device, and kOutOfMemory if the options do not fit.
  Placement(const ModelOptions& model, const ContextOptions& context, int32_t layers);
  ~Placement();
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  // Sets devices, layers and splits. The params then point into this object, which must outlive the
  // model.
  void Apply(llama_model_params* params) const;

  // Context size that fits if layers are on a GPU and the options leave it open; else 0.
  uint32_t context_size() const { return context_size_; }
  int32_t gpu_layers() const;  // layers that are not on the CPU
  const std::vector<DeviceShare>& shares() const { return shares_; }
  // Reason why the CPU computes layers that a GPU might compute; empty if there is none.
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
  std::vector<ggml_backend_device*> devices_;  // ends with null; empty = llama.cpp's choice
  int32_t gpu_layers_ = -1;
  SplitMode split_mode_ = SplitMode::kLayer;
  int32_t main_gpu_ = 0;
  std::vector<float> tensor_split_;
  std::vector<llama_model_tensor_buft_override> overrides_;
  uint32_t context_size_ = 0;
  std::vector<DeviceShare> shares_;
  std::string reason_;
};

// Lock to hold while a model and its context are loaded. With a GPU only one load runs at a time:
// it must see the memory that the load before it left, and llama.cpp's fitting changes the log of
// the whole process. Waits for its turn, or until `closing` turns true; then the lock may not be
// held.
std::unique_lock<std::timed_mutex> TakeLoadingTurn(const std::atomic<bool>& closing);

}  // namespace codellama
