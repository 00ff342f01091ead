#include "engine/llama/placement.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "engine/base/error.h"
#include "engine/base/machine.h"
#include "engine/llama/backend.h"
#include "engine/llama/device.h"
#include "engine/llama/flash_attention.h"
#include "engine/llama/kv_type.h"
#include "fit.h"
#include "ggml-backend.h"
#include "llama.h"

namespace codellama {

// Memory of a model and its context by device. The host's share is the last.
struct Placement::Measurement {
  std::vector<ggml_backend_dev_t> devices;
  common_device_memory_data_vec memory;
};

namespace {

// llama.cpp's own margin and floor: the memory to leave to the driver and other programs, and the
// smallest context before layers stay on the CPU.
constexpr size_t kMarginBytes = size_t{1024} << 20;
constexpr uint32_t kLeastContext = 4096;

// Number of parts into which the sequences divide the cells; 1 = they share all cells.
uint32_t Divisions(const ContextOptions& options) {
  return MayWantSeparateCells(options) ? options.parallel : 1;
}

// The context params that ModelRunner will use.
llama_context_params ContextParams(const ContextOptions& options) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = options.context_size;
  params.n_batch = options.batch_size;
  params.n_ubatch = std::min(options.micro_batch_size, options.batch_size);
  params.n_seq_max = Divisions(options);
  params.n_outputs_max = options.parallel + options.ExtraRows();
  params.type_k = ParseKvType(options.kv_type_k);
  params.type_v = ParseKvType(options.kv_type_v);
  params.kv_unified = Divisions(options) == 1;
  params.no_perf = true;
  params.flash_attn_type =
      options.flash_attention == FlashAttention::kOn    ? LLAMA_FLASH_ATTN_TYPE_ENABLED
      : options.flash_attention == FlashAttention::kOff ? LLAMA_FLASH_ATTN_TYPE_DISABLED
                                                        : LLAMA_FLASH_ATTN_TYPE_AUTO;
  return params;
}

llama_split_mode SplitModeOf(SplitMode mode) {
  switch (mode) {
    case SplitMode::kNone:
      return LLAMA_SPLIT_MODE_NONE;
    case SplitMode::kLayer:
      return LLAMA_SPLIT_MODE_LAYER;
    case SplitMode::kRow:
      return LLAMA_SPLIT_MODE_ROW;
    case SplitMode::kTensor:
      return LLAMA_SPLIT_MODE_TENSOR;
  }
  return LLAMA_SPLIT_MODE_LAYER;
}

std::string Megabytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

// Memory to leave free on each device. A draft model is loaded later and needs room too.
size_t Margin(const ModelOptions& model) {
  if (model.draft_path.empty()) return kMarginBytes;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(model.draft_path, error);
  return error ? kMarginBytes : kMarginBytes + bytes + bytes / 4;
}

// llama.cpp keeps a record of each cell (position, sequences) in host memory, wherever the cells
// are. A measurement allocates the records too.
void RequireCellRecords(uint32_t cells) {
  constexpr uint64_t kRecordBytes = 64;
  const uint64_t needed = cells * kRecordBytes;
  const auto available = AvailableMemory();
  if (!available || needed <= *available / 2) return;
  throw Error(ErrorCode::kOutOfMemory, "contextSize " + std::to_string(cells) + " needs " +
                                           Megabytes(needed) + " of host memory, and only " +
                                           Megabytes(*available) + " are free");
}

// The first device that would be fuller than it is, or "".
std::string Shortage(const std::vector<ggml_backend_dev_t>& devices,
                     const common_device_memory_data_vec& memory) {
  for (size_t i = 0; i < devices.size(); i++) {
    const uint64_t needed = memory[i].model + memory[i].context + memory[i].compute;
    const auto free = static_cast<uint64_t>(std::max<int64_t>(memory[i].free, 0));
    if (memory[i].total == 0 || needed <= free) continue;
    return std::string(ggml_backend_dev_name(devices[i])) + " would hold " + Megabytes(needed) +
           " (weights " + Megabytes(memory[i].model) + ", KV cache " +
           Megabytes(memory[i].context) + ", computing " + Megabytes(memory[i].compute) +
           "), but only " + Megabytes(free) + " of its memory are free";
  }
  return "";
}

}  // namespace

Placement::Placement(const ModelOptions& model, const ContextOptions& context, int32_t layers)
    : layers_(layers),
      gpu_layers_(model.gpu_layers),
      split_mode_(model.split_mode),
      main_gpu_(model.main_gpu),
      tensor_split_(llama_max_devices(), 0.0F) {
  ChooseDevices(model);
  if (gpu_layers_ == 0 || model.vocabulary_only) {
    gpu_layers_ = 0;
    Share({});
  } else if (split_mode_ == SplitMode::kTensor) {
    ShareTensors();
  } else {
    Fit(model, context);
  }
}

Placement::~Placement() = default;

void Placement::ChooseDevices(const ModelOptions& model) {
  if (model.devices) {
    devices_ = FindDevices(*model.devices);
    if (devices_.empty()) {
      if (gpu_layers_ != 0) StayOnCpu("devices names none but the CPU");
      return;
    }
    devices_.push_back(nullptr);
  } else if (!HasGpu()) {
    if (gpu_layers_ != 0) StayOnCpu("no backend sees a GPU");
    return;
  }
  const std::vector<std::string> names = GpuNames();
  const auto require = [&](bool holds, const std::string& what) {
    if (holds) return;
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::kInvalidArgument, what + ", and the devices are " + list);
  };
  require(split_mode_ != SplitMode::kNone || static_cast<size_t>(main_gpu_) < names.size(),
          "mainGpu is " + std::to_string(main_gpu_));
  require(model.tensor_split.size() <= std::min(names.size(), tensor_split_.size()),
          "tensorSplit has " + std::to_string(model.tensor_split.size()) + " parts");
  std::copy(model.tensor_split.begin(), model.tensor_split.end(), tensor_split_.begin());
}

std::vector<std::string> Placement::GpuNames() const {
  std::vector<std::string> names;
  for (ggml_backend_dev_t device : devices_) {
    if (device != nullptr) names.emplace_back(ggml_backend_dev_name(device));
  }
  if (!names.empty()) return names;
  for (const Device& device : ListDevices()) {
    if (device.kind == DeviceKind::kGpu) names.push_back(device.name);
  }
  if (!names.empty()) return names;
  for (const Device& device : ListDevices()) {
    if (device.kind == DeviceKind::kIntegrated) names.push_back(device.name);
  }
  return names;
}

void Placement::Fit(const ModelOptions& model, const ContextOptions& context) {
  RequireCellRecords(context.context_size);
  llama_model_params model_params = llama_model_default_params();
  Apply(&model_params);
  llama_context_params context_params = ContextParams(context);
  LogCapture log;
  overrides_.resize(llama_max_tensor_buft_overrides());
  std::vector<size_t> margins(llama_max_devices(), Margin(model));
  // If it fails, it may still have found the context size. The measurement below finds the
  // shortage.
  common_fit_params(model.path.c_str(), &model_params, &context_params, tensor_split_.data(),
                    overrides_.data(), margins.data(),
                    std::max(kLeastContext / Divisions(context), 256U), nullptr,
                    GGML_LOG_LEVEL_ERROR);
  gpu_layers_ = model_params.n_gpu_layers;
  context_size_ = context_params.n_ctx;
  ContextOptions fitted = context;
  fitted.context_size = context_size_;
  Measurement measured;
  try {
    measured = Measure(model, fitted);
  } catch (const std::exception& error) {
    const std::string reason = log.text().empty() ? error.what() : log.text();
    if (model.gpu_layers >= 0) throw Error(ErrorCode::kBackendFailed, model.path + ": " + reason);
    return StayOnCpu(reason);
  }
  const std::string shortage = Shortage(measured.devices, measured.memory);
  if (!shortage.empty()) {
    if (model.gpu_layers >= 0) {
      throw Error(ErrorCode::kOutOfMemory,
                  model.path + ": " + shortage +
                      "; gpuLayers: \"auto\", fewer layers or a smaller contextSize need less");
    }
    return StayOnCpu(shortage);
  }
  Share(measured);
}

Placement::Measurement Placement::Measure(const ModelOptions& model,
                                          const ContextOptions& context) const {
  llama_model_params model_params = llama_model_default_params();
  Apply(&model_params);
  const llama_context_params context_params = ContextParams(context);
  Measurement measured;
  uint32_t layers = 0;
  uint32_t training_context = 0;
  uint32_t experts = 0;
  measured.memory = common_get_device_memory_data(model.path.c_str(), &model_params,
                                                  &context_params, measured.devices, layers,
                                                  training_context, experts, GGML_LOG_LEVEL_ERROR);
  return measured;
}

void Placement::StayOnCpu(const std::string& reason) {
  gpu_layers_ = 0;
  context_size_ = 0;
  overrides_.clear();
  devices_.clear();
  std::fill(tensor_split_.begin(), tensor_split_.end(), 0.0F);
  reason_ = reason;
  OnLog(GGML_LOG_LEVEL_INFO, ("all layers stay on the CPU: " + reason + "\n").c_str());
  Share({});
}

// llama.cpp's rule: the last layers and the output go to the devices, in proportion to the split.
void Placement::Share(const Measurement& measured) {
  shares_.clear();
  const size_t count = measured.devices.size();
  std::vector<float> bounds(tensor_split_.begin(),
                            tensor_split_.begin() + static_cast<std::ptrdiff_t>(count));
  if (std::all_of(bounds.begin(), bounds.end(), [](float part) { return part == 0.0F; })) {
    for (size_t i = 0; i < count; i++) {
      bounds[i] = std::max(static_cast<float>(measured.memory[i].free), 1.0F);
    }
    // llama.cpp gets the same split. It would measure again and might see other values.
    std::copy(bounds.begin(), bounds.end(), tensor_split_.begin());
  }
  for (size_t i = 1; i < count; i++) bounds[i] += bounds[i - 1];
  for (size_t i = 0; i < count; i++) {
    const auto& memory = measured.memory[i];
    shares_.push_back({ggml_backend_dev_name(measured.devices[i]), 0, memory.model, memory.context,
                       memory.compute});
  }
  DeviceShare host = {.device = "CPU"};
  if (!measured.memory.empty()) {
    const auto& memory = measured.memory.back();
    host.weight_bytes = memory.model;
    host.context_bytes = memory.context;
    host.compute_bytes = memory.compute;
  }
  const int32_t offloaded = count == 0        ? 0
                            : gpu_layers_ < 0 ? layers_ + 1
                                              : std::min(gpu_layers_, layers_ + 1);
  const int32_t first = std::max(layers_ + 1 - offloaded, 0);
  for (int32_t layer = 0; layer < layers_; layer++) {
    if (layer < first || offloaded == 0) {
      host.layers++;
      continue;
    }
    const float part = bounds.back() * static_cast<float>(layer - first) / offloaded;
    const auto place = std::upper_bound(bounds.begin(), bounds.end() - 1, part) - bounds.begin();
    shares_[static_cast<size_t>(place)].layers++;
  }
  shares_.push_back(host);
}

// Every device has a part of every layer. llama.cpp can neither fit nor measure this split.
void Placement::ShareTensors() {
  for (const std::string& name : GpuNames()) shares_.push_back({.device = name, .layers = layers_});
  shares_.push_back({.device = "CPU"});
}

int32_t Placement::gpu_layers() const { return layers_ - shares_.back().layers; }

void Placement::Apply(llama_model_params* params) const {
  // Null rather than an empty list, which would mean all devices to llama.cpp.
  params->devices = devices_.empty() ? nullptr : const_cast<ggml_backend_dev_t*>(devices_.data());
  params->n_gpu_layers = gpu_layers_;
  params->split_mode = SplitModeOf(split_mode_);
  params->main_gpu = main_gpu_;
  params->tensor_split = tensor_split_.data();
  const bool overrides = !overrides_.empty() && overrides_.front().pattern != nullptr;
  params->tensor_buft_overrides = overrides ? overrides_.data() : nullptr;
  if (gpu_layers_ == 0) {
    // No device at all, so that llama.cpp sends no computation to one either.
    params->split_mode = LLAMA_SPLIT_MODE_NONE;
    params->main_gpu = -1;
  }
}

std::unique_lock<std::timed_mutex> TakeLoadingTurn(const std::atomic<bool>& closing) {
  static std::timed_mutex mutex;
  std::unique_lock<std::timed_mutex> lock(mutex, std::defer_lock);
  while (HasGpu() && !closing && !lock.try_lock_for(std::chrono::milliseconds(20))) {
  }
  return lock;
}

}  // namespace codellama
