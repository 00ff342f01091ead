// Reads a file from front to back. Reads past the end fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace codellama {

class FileBytes {
 public:
  // Opens the regular file at `path` (UTF-8). Throws Error with MODEL_NOT_FOUND or MODEL_INVALID.
  explicit FileBytes(const std::string& path);

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  uint64_t position() const { return position_; }
  uint64_t remaining() const { return size_ - position_; }

  // Copies the next `count` bytes. False = fewer are left; nothing is consumed.
  bool Read(void* destination, uint64_t count);

 private:
  bool Refill();

  std::string path_;
  std::ifstream stream_;
  uint64_t size_ = 0;
  uint64_t position_ = 0;
  std::vector<char> buffer_;
  size_t buffer_begin_ = 0;
  size_t buffer_end_ = 0;
};

}  // namespace codellama
