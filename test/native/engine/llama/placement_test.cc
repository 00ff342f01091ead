// Not on Windows, because the test device uses POSIX sockets.
#ifndef _WIN32

#include "engine/llama/placement.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/base/error.h"
#include "engine/llama/backend.h"
#include "engine/llama/device.h"
#include "engine/llama/model.h"
#include "engine/llama/model_runner.h"
#include "ggml-backend.h"
#include "support/check.h"
#include "support/tiny_llama.h"

using namespace codellama;
using namespace codellama::test;

namespace {

constexpr int32_t kLayers = 2;

class TinyFile {
 public:
  TinyFile() : path_(std::filesystem::temp_directory_path() / Name()) {
    std::ofstream(path_, std::ios::binary) << TinyLlama().Serialize();
  }
  ~TinyFile() { std::filesystem::remove(path_); }
  TinyFile(const TinyFile&) = delete;
  TinyFile& operator=(const TinyFile&) = delete;

  ModelOptions Options() const {
    ModelOptions options;
    options.path = path_.string();
    return options;
  }

 private:
  static std::string Name() { return "placement_test_" + std::to_string(getpid()) + ".gguf"; }

  const std::filesystem::path path_;
};

ContextOptions SmallContext() {
  ContextOptions options;
  options.context_size = 256;
  options.threads = 1;
  return options;
}

bool Listens(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected =
      connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(descriptor);
  return connected;
}

// llama.cpp's RPC backend offers the CPU of a server process as a device for layers, like a GPU.
// Here the server runs in this process.
void AddRemoteDevice() {
  static bool added = false;
  if (added) return;
  added = true;
  ggml_backend_reg_t rpc = ggml_backend_reg_by_name("RPC");
  using Start = void (*)(const char*, const char*, size_t, size_t, ggml_backend_dev_t*);
  using AddServer = ggml_backend_reg_t (*)(const char*);
  const auto start = reinterpret_cast<Start>(
      ggml_backend_reg_get_proc_address(rpc, "ggml_backend_rpc_start_server"));
  const auto add_server = reinterpret_cast<AddServer>(
      ggml_backend_reg_get_proc_address(rpc, "ggml_backend_rpc_add_server"));
  static ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  const int port = 20000 + getpid() % 20000;
  static const std::string endpoint = "127.0.0.1:" + std::to_string(port);
  std::thread([start] { start(endpoint.c_str(), nullptr, 1, 1, &cpu); }).detach();
  while (!Listens(port)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ggml_backend_register(add_server(endpoint.c_str()));
}

template <typename Function>
std::string CodeOf(Function function) {
  try {
    function();
    return "none";
  } catch (const Error& error) {
    return ErrorCodeName(error.code());
  }
}

}  // namespace

TEST(PlacementWithoutGpuUsesTheCpuAndGivesTheReason) {
  InitializeBackends();
  if (HasGpu()) return;  // then the tests of placement on a device say more
  const TinyFile file;
  const Placement placement(file.Options(), SmallContext(), kLayers);
  CHECK_EQ(placement.gpu_layers(), 0);
  CHECK_EQ(placement.shares().size(), 1U);
  CHECK_EQ(placement.shares().back().layers, kLayers);
  CHECK_EQ(placement.reason(), std::string("no backend sees a GPU"));
}

TEST(PlacementMovesAllFittingLayersAndTheModelRunsThere) {
  InitializeBackends();
  AddRemoteDevice();
  const TinyFile file;
  ContextOptions context = SmallContext();
  const auto model = Model::Load(file.Options(), context, [](float) { return true; });
  const Placement& placement = model->placement();
  CHECK_EQ(placement.gpu_layers(), kLayers);
  CHECK_EQ(placement.shares().front().device.substr(0, 3), std::string("RPC"));
  CHECK(placement.shares().front().weight_bytes > 0);
  CHECK(placement.shares().front().context_bytes > 0);
  CHECK_EQ(placement.reason(), std::string());
  const std::atomic<bool> abort = false;
  const ModelRunner runner(model, context, &abort);  // warms up, and so computes there
  CHECK_EQ(runner.cells(), 256U);
}

TEST(PlacementFitsTheContextBesideTheLayers) {
  InitializeBackends();
  AddRemoteDevice();
  const TinyFile file;
  ContextOptions context = SmallContext();
  context.context_size = 0;
  const Placement placement(file.Options(), context, kLayers);
  CHECK(placement.context_size() > 0);
}

TEST(PlacementUsesTheRequestedNumberOfLayers) {
  InitializeBackends();
  AddRemoteDevice();
  const TinyFile file;
  ModelOptions options = file.Options();
  options.gpu_layers = 2;  // the output counts as one
  const Placement some(options, SmallContext(), kLayers);
  CHECK_EQ(some.gpu_layers(), 1);
  CHECK_EQ(some.shares().back().layers, 1);
  options.gpu_layers = 0;
  const Placement none(options, SmallContext(), kLayers);
  CHECK_EQ(none.gpu_layers(), 0);
  CHECK_EQ(none.reason(), std::string());
}

TEST(PlacementRefusesAContextLargerThanTheMemory) {
  InitializeBackends();
  AddRemoteDevice();
  const TinyFile file;
  ModelOptions options = file.Options();
  ContextOptions context = SmallContext();
  context.context_size = 2'000'000'000;
  options.gpu_layers = 3;
  CHECK_EQ(CodeOf([&] { Placement(options, context, kLayers); }), std::string("OUT_OF_MEMORY"));
  options.gpu_layers = -1;
  CHECK_EQ(CodeOf([&] { Placement(options, context, kLayers); }), std::string("OUT_OF_MEMORY"));
}

TEST(PlacementUsesTheRequestedDevices) {
  InitializeBackends();
  AddRemoteDevice();
  const TinyFile file;
  ModelOptions options = file.Options();
  options.devices.emplace();
  const Placement none(options, SmallContext(), kLayers);
  CHECK_EQ(none.gpu_layers(), 0);
  CHECK_EQ(none.reason(), std::string("devices names none but the CPU"));
  const std::vector<Device> devices = ListDevices();
  options.devices = {devices.back().name, "CPU"};
  const Placement named(options, SmallContext(), kLayers);
  CHECK_EQ(named.gpu_layers(), kLayers);
  options.devices = {std::to_string(devices.size() - 1)};
  const Placement numbered(options, SmallContext(), kLayers);
  CHECK_EQ(numbered.gpu_layers(), kLayers);
  const auto code = [&] { return CodeOf([&] { Placement(options, SmallContext(), kLayers); }); };
  options.devices = {"CUDA7"};
  CHECK_EQ(code(), std::string("INVALID_ARGUMENT"));
  options.devices = {"99"};
  CHECK_EQ(code(), std::string("INVALID_ARGUMENT"));
  options.devices.reset();
  options.tensor_split.assign(devices.size(), 1.0F);  // the last of them is the CPU
  CHECK_EQ(code(), std::string("INVALID_ARGUMENT"));
  options.tensor_split.clear();
  options.split_mode = SplitMode::kNone;
  options.main_gpu = static_cast<int32_t>(devices.size());
  CHECK_EQ(code(), std::string("INVALID_ARGUMENT"));
  options.main_gpu = 0;
  const Placement alone(options, SmallContext(), kLayers);
  CHECK_EQ(alone.gpu_layers(), kLayers);
}

#endif  // _WIN32
