// The devices of llama.cpp's backends. Call InitializeBackends() first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct ggml_backend_device;

namespace codellama {

enum class DeviceKind { kCpu, kGpu, kIntegrated, kAccelerator };

// Public name of a kind, such as "gpu".
const char* DeviceKindName(DeviceKind kind);

struct Device {
  std::string name;         // such as "CUDA0"
  std::string description;  // such as "NVIDIA H200"
  std::string backend;      // such as "CUDA"
  DeviceKind kind = DeviceKind::kCpu;
  uint64_t total_memory = 0;  // bytes; 0 if the backend does not report it
  uint64_t free_memory = 0;
};

// All devices in llama.cpp's order. The first query of a GPU's memory may take a second.
std::vector<Device> ListDevices();

// Devices by name, in upper or lower case, or by index in ListDevices() ("0"). Leaves out CPUs,
// which are always used. Throws kInvalidArgument with the list of devices for an unknown name.
std::vector<ggml_backend_device*> FindDevices(const std::vector<std::string>& wanted);

// Whether some device is a GPU.
bool HasGpu();

}  // namespace codellama
