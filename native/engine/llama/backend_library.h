// Finds, loads and lists the libraries of llama.cpp's backends.
#pragma once

#include <string>
#include <vector>

namespace codellama {

struct BackendLibrary {
  std::string path;
  std::string backend{};                // such as "CUDA"; empty if it was not loaded
  std::vector<std::string> features{};  // such as "AVX2"; empty if the backend reports none
  std::string error{};                  // reason if it was not loaded, else empty
};

// Adds a folder to search for backends, besides the folder of this library. No effect after the
// backends are loaded. Any thread.
void AddBackendFolder(const std::string& folder);

// Loads the backend libraries. Only InitializeBackends() calls it, once per process.
void LoadBackendLibraries();

// The loaded libraries in llama.cpp's order, then the libraries that failed to load.
std::vector<BackendLibrary> ListBackendLibraries();

}  // namespace codellama
