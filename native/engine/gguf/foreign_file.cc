#include "engine/gguf/foreign_file.h"

#include <filesystem>
#include <system_error>

#include "engine/gguf/gguf_text.h"

namespace codellama {
namespace {

struct Format {
  std::string_view beginning;
  std::string_view what;
};

constexpr std::string_view kConvert =
    "convert the model with llama.cpp's convert_hf_to_gguf.py, or download it as GGUF";

// Browsers and curl save an HTML page, such as an error page, under the model's name.
constexpr Format kDownloads[] = {
    {"<", "it is a web page; download the file itself from the link that contains /resolve/"},
    {"version https://git-lfs", "it is a Git LFS pointer; fetch the file with git lfs pull"},
    {"\x1F\x8B", "it is compressed with gzip; unpack it first"},
};

bool IsSafetensors(std::string_view head) {
  // The file starts with the length of the JSON header, eight bytes.
  return head.size() > 9 && head[7] == '\0' && head[8] == '{';
}

}  // namespace

std::string DescribeForeignFile(std::string_view head) {
  if (IsSafetensors(head)) return "it is a safetensors file; " + std::string(kConvert);
  if (head.starts_with("PK\x03\x04")) {
    return "it is a zip archive, probably a PyTorch checkpoint; " + std::string(kConvert);
  }
  for (const Format& format : kDownloads) {
    if (head.starts_with(format.beginning)) return std::string(format.what);
  }
  return "it begins with " + Quote(head.substr(0, 16)) + ", not 'GGUF'";
}

std::string AdviseOnMissingFile(const std::string& path) {
  if (path.starts_with("http://") || path.starts_with("https://")) {
    return "; this is a URL: download the file and pass its path";
  }
  if (path.starts_with("file://")) return "; pass fileURLToPath(url) of node:url";
  if (path.starts_with("~")) return "; only shells expand ~: pass the whole path";
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::current_path(failure);
  const std::u8string relative(path.begin(), path.end());
  if (failure || std::filesystem::path(relative).is_absolute()) return "";
  const std::u8string text = folder.u8string();
  return " in " + std::string(text.begin(), text.end());
}

}  // namespace codellama
