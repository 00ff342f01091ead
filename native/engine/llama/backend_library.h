// The libraries that bring llama.cpp's backends: found, loaded, and told about.
#pragma once

#include <string>
#include <vector>

namespace codellama {

struct BackendLibrary {
  std::string path;
  std::string backend{};                // such as "CUDA"; empty when it was not loaded
  std::vector<std::string> features{};  // such as "AVX2", where the backend tells
  std::string error{};                  // why it was not loaded
};

// A folder to look for backends in, beside the one that this library is in. Without effect once
// the backends are loaded. Any thread.
void AddBackendFolder(const std::string& folder);

// Loads them, once a process: InitializeBackends() does.
void LoadBackendLibraries();

// Those that were loaded, in llama.cpp's order, then those that were not.
std::vector<BackendLibrary> ListBackendLibraries();

}  // namespace codellama
