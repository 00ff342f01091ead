#include "engine/llama/backend_library.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "engine/llama/backend.h"
#include "ggml-backend.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace codellama {

namespace {

namespace fs = std::filesystem;

#ifdef _WIN32
constexpr const char* kPrefix = "ggml-";
constexpr const char* kEnding = ".dll";
#else
constexpr const char* kPrefix = "libggml-";
constexpr const char* kEnding = ".so";  // on macOS too
#endif

std::mutex mutex;
std::vector<std::string> folders;
std::vector<BackendLibrary> failures;

// Path of the library that contains an address; empty if unknown.
fs::path LibraryOf(const void* address) {
#ifdef _WIN32
  HMODULE module = nullptr;
  GetModuleHandleExA(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      static_cast<LPCSTR>(address), &module);
  wchar_t path[MAX_PATH] = {};
  GetModuleFileNameW(module, path, MAX_PATH);
  return path;
#else
  Dl_info info = {};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  return info.dli_fname;
#endif
}

std::string Utf8(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

// Kind of a backend library by its file name: "cuda" for libggml-cuda.so; empty for other files.
std::string KindOf(const fs::path& file) {
  const std::string name = Utf8(file.filename());
  const std::string prefix = kPrefix;
  if (!name.starts_with(prefix) || !name.ends_with(kEnding)) return "";
  return name.substr(prefix.size(), name.size() - prefix.size() - std::string(kEnding).size());
}

bool IsLoaded(const std::string& kind) {
  for (size_t i = 0; i < ggml_backend_reg_count(); i++) {
    std::string name = ggml_backend_reg_name(ggml_backend_reg_get(i));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == kind) return true;
  }
  return false;
}

void Load(const fs::path& file, const std::string& kind) {
  BackendLibrary library = {.path = Utf8(file)};
  if (IsLoaded(kind)) {
    library.error = "another library has loaded this backend";
  } else {
    LogCapture log;
    if (ggml_backend_load(library.path.c_str()) != nullptr) return;
    library.error = log.text().empty() ? "it does not support this machine" : log.text();
  }
  failures.push_back(std::move(library));
}

// `own`: the folder of this library. llama.cpp has loaded libraries there, but does not report
// failures.
void LoadFolder(const fs::path& folder, bool own) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string kind = KindOf(file);
    const bool is_cpu = kind.starts_with("cpu");
    if (kind.empty() || is_cpu || (own && IsLoaded(kind))) continue;
    Load(file, kind);
  }
}

std::vector<std::string> FeaturesOf(ggml_backend_reg_t backend) {
  const auto get_features = reinterpret_cast<ggml_backend_get_features_t>(
      ggml_backend_reg_get_proc_address(backend, "ggml_backend_get_features"));
  std::vector<std::string> features;
  if (get_features == nullptr) return features;
  for (const ggml_backend_feature* each = get_features(backend); each->name != nullptr; each++) {
    const std::string value = each->value;
    features.push_back(value == "1" ? each->name : each->name + ("=" + value));
  }
  return features;
}

}  // namespace

void AddBackendFolder(const std::string& folder) {
  const std::lock_guard lock(mutex);
  if (std::find(folders.begin(), folders.end(), folder) == folders.end()) folders.push_back(folder);
}

void LoadBackendLibraries() {
  const std::lock_guard lock(mutex);
#ifdef GGML_BACKEND_DL
  const fs::path own = LibraryOf(reinterpret_cast<const void*>(&AddBackendFolder)).parent_path();
  ggml_backend_load_all_from_path(Utf8(own).c_str());
  LoadFolder(own, true);
#endif
  for (const std::string& folder : folders) {
    LoadFolder(fs::path(std::u8string(folder.begin(), folder.end())), false);
  }
}

std::vector<BackendLibrary> ListBackendLibraries() {
  const std::lock_guard lock(mutex);
  std::vector<BackendLibrary> libraries;
  for (size_t i = 0; i < ggml_backend_reg_count(); i++) {
    ggml_backend_reg_t backend = ggml_backend_reg_get(i);
    libraries.push_back({.path = Utf8(LibraryOf(backend)),
                         .backend = ggml_backend_reg_name(backend),
                         .features = FeaturesOf(backend)});
  }
  libraries.insert(libraries.end(), failures.begin(), failures.end());
  return libraries;
}

}  // namespace codellama
