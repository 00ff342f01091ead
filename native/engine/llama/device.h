// The devices that llama.cpp's backends see. InitializeBackends() comes first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct ggml_backend_device;

namespace codellama {

enum class DeviceKind { kCpu, kGpu, kIntegrated, kAccelerator };

// The kind's public name, such as "gpu".
const char* DeviceKindName(DeviceKind kind);

struct Device {
  std::string name;         // such as "CUDA0"
  std::string description;  // such as "NVIDIA H200"
  std::string backend;      // such as "CUDA"
  DeviceKind kind = DeviceKind::kCpu;
  uint64_t total_memory = 0;  // bytes; 0 where the backend does not tell
  uint64_t free_memory = 0;
};

// All of them, in llama.cpp's order. Asking a GPU for its memory may take a second at first.
std::vector<Device> ListDevices();

// Devices by name (in any case) or by place in that list ("0"), CPUs left out: they are always
// used. Throws kInvalidArgument, naming those there are.
std::vector<ggml_backend_device*> FindDevices(const std::vector<std::string>& wanted);

// Whether there is a device that takes layers off the CPU.
bool HasGpu();

}  // namespace codellama
