#include "engine/gguf/file_bytes.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "engine/base/error.h"
#include "engine/gguf/foreign_file.h"

namespace codellama {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 18;

std::filesystem::path PathFromUtf8(const std::string& path) {
  return std::filesystem::path(std::u8string(path.begin(), path.end()));
}

}  // namespace

FileBytes::FileBytes(const std::string& path) : path_(path) {
  // The system call would stop at a NUL byte and open another file.
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kModelNotFound, "the model's path is empty or holds a NUL character");
  }
  const std::filesystem::path file = PathFromUtf8(path);
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(file, failure);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw Error(ErrorCode::kModelNotFound,
                path + ": there is no such file" + AdviseOnMissingFile(path));
  }
  if (status.type() == std::filesystem::file_type::directory) {
    throw Error(ErrorCode::kModelInvalid, path + ": this is a folder, not a GGUF file");
  }
  if (!failure && status.type() != std::filesystem::file_type::regular) {
    throw Error(ErrorCode::kModelInvalid, path + ": this is not a regular file");
  }
  if (!failure) size_ = std::filesystem::file_size(file, failure);
  if (!failure) {
    errno = 0;
    stream_.open(file, std::ios::binary);
    if (!stream_) failure = std::error_code(errno != 0 ? errno : EIO, std::generic_category());
  }
  if (failure) {
    throw Error(ErrorCode::kModelNotFound, path + ": cannot be opened: " + failure.message());
  }
  buffer_.resize(kBufferBytes);
}

bool FileBytes::Read(void* destination, uint64_t count) {
  if (count > remaining()) return false;
  char* next = static_cast<char*>(destination);
  while (count > 0) {
    if (buffer_begin_ == buffer_end_ && !Refill()) return false;
    const size_t available = buffer_end_ - buffer_begin_;
    const size_t taken = static_cast<size_t>(std::min<uint64_t>(count, available));
    std::memcpy(next, buffer_.data() + buffer_begin_, taken);
    next += taken;
    buffer_begin_ += taken;
    position_ += taken;
    count -= taken;
  }
  return true;
}

bool FileBytes::Refill() {
  stream_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_begin_ = 0;
  buffer_end_ = static_cast<size_t>(stream_.gcount());
  if (buffer_end_ > 0) return true;
  // The file has become shorter since it was opened, or the device fails.
  size_ = position_;
  return false;
}

}  // namespace codellama
