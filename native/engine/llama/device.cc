#include "engine/llama/device.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/base/machine.h"
#include "ggml-backend.h"

namespace codellama {

namespace {

DeviceKind KindOf(ggml_backend_dev_t device) {
  switch (ggml_backend_dev_type(device)) {
    case GGML_BACKEND_DEVICE_TYPE_CPU:
      return DeviceKind::kCpu;
    case GGML_BACKEND_DEVICE_TYPE_GPU:
      return DeviceKind::kGpu;
    case GGML_BACKEND_DEVICE_TYPE_IGPU:
      return DeviceKind::kIntegrated;
    default:
      return DeviceKind::kAccelerator;
  }
}

Device Describe(ggml_backend_dev_t device) {
  size_t free = 0;
  size_t total = 0;
  ggml_backend_dev_memory(device, &free, &total);
  const DeviceKind kind = KindOf(device);
  // llama.cpp reports all memory as free and ignores the limits of containers.
  if (kind == DeviceKind::kCpu) free = std::min<uint64_t>(total, AvailableMemory().value_or(free));
  return {.name = ggml_backend_dev_name(device),
          .description = ggml_backend_dev_description(device),
          .backend = ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)),
          .kind = kind,
          .total_memory = total,
          .free_memory = free};
}

ggml_backend_dev_t FindDevice(const std::string& wanted) {
  const bool is_number =
      wanted.size() < 6 && !wanted.empty() &&
      std::all_of(wanted.begin(), wanted.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return ggml_backend_dev_by_name(wanted.c_str());
  const auto index = static_cast<size_t>(std::atoi(wanted.c_str()));
  return index < ggml_backend_dev_count() ? ggml_backend_dev_get(index) : nullptr;
}

std::string Names() {
  std::string names;
  for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
    names += (i == 0 ? "" : ", ") + std::to_string(i) + " is " +
             ggml_backend_dev_name(ggml_backend_dev_get(i));
  }
  return names;
}

}  // namespace

const char* DeviceKindName(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::kCpu:
      return "cpu";
    case DeviceKind::kGpu:
      return "gpu";
    case DeviceKind::kIntegrated:
      return "integrated";
    case DeviceKind::kAccelerator:
      return "accelerator";
  }
  return "accelerator";
}

std::vector<Device> ListDevices() {
  std::vector<Device> devices;
  for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
    devices.push_back(Describe(ggml_backend_dev_get(i)));
  }
  return devices;
}

std::vector<ggml_backend_device*> FindDevices(const std::vector<std::string>& wanted) {
  std::vector<ggml_backend_device*> devices;
  for (const std::string& name : wanted) {
    ggml_backend_dev_t device = FindDevice(name);
    if (device == nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  "devices: no device is named \"" + name + "\" (" + Names() + ")");
    }
    const bool is_new = std::find(devices.begin(), devices.end(), device) == devices.end();
    if (is_new && KindOf(device) != DeviceKind::kCpu) devices.push_back(device);
  }
  return devices;
}

bool HasGpu() {
  return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) != nullptr ||
         ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_IGPU) != nullptr;
}

}  // namespace codellama
