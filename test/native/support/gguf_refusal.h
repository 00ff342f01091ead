// Says how a file is refused, so that a test can state it in one line.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "engine/base/error.h"
#include "engine/gguf/gguf_file.h"
#include "support/gguf_writer.h"

namespace codellama::test {

// A file in the temporary folder. The destructor removes it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes, const std::string& name = "model.gguf") {
    folder_ =
        std::filesystem::temp_directory_path() / ("gguf-" + std::to_string(std::random_device()()));
    std::filesystem::create_directory(folder_);
    path_ = (folder_ / name).string();
    std::ofstream(path_, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  std::string folder() const { return folder_.string(); }

 private:
  std::filesystem::path folder_;
  std::string path_;
};

// The error of an action, as "CODE: message" without the leading path. "" = no error.
template <typename Action>
std::string RefusalOf(const std::string& path, const Action& action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    std::string message = error.what();
    if (message.starts_with(path + ": ")) message.erase(0, path.size() + 2);
    return std::string(ErrorCodeName(error.code())) + ": " + message;
  }
}

inline std::string ReadRefusal(const std::string& bytes) {
  const TemporaryFile file(bytes);
  return RefusalOf(file.path(), [&] { ReadGguf(file.path()); });
}

inline std::string ModelRefusal(const GgufDraft& draft) {
  const TemporaryFile file(draft.Serialize());
  return RefusalOf(file.path(), [&] { CheckModel(ReadGguf(file.path()), file.path()); });
}

inline std::string AdapterRefusal(const GgufDraft& draft) {
  const TemporaryFile file(draft.Serialize());
  return RefusalOf(file.path(), [&] { CheckAdapter(ReadGguf(file.path()), file.path()); });
}

}  // namespace codellama::test
