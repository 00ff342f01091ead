#include "engine/gguf/gguf_file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <unordered_set>
#include <utility>

#include "engine/base/error.h"
#include "engine/gguf/file_bytes.h"
#include "engine/gguf/foreign_file.h"
#include "engine/gguf/gguf_text.h"
#include "engine/gguf/tensor_type.h"

namespace codellama {
namespace {

constexpr uint32_t kNewestVersion = 3;
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint32_t kMaxDimensions = 4;        // GGML_MAX_DIMS
constexpr uint64_t kMaxTensorNameBytes = 63;  // GGML_MAX_NAME without the final NUL
constexpr uint64_t kMaxKeyBytes = 65'535;     // the GGUF specification

// llama.cpp compares each key and each tensor name with all earlier ones, and uses many times the
// header's size in memory. No real model comes near these limits.
constexpr uint64_t kMaxKeys = 65'536;
constexpr uint64_t kMaxTensors = 65'536;
constexpr uint64_t kMaxHeaderBytes = uint64_t{128} << 20;

// Minimum sizes in bytes of a key with its value, of a tensor's description and of a string.
constexpr uint64_t kLeastKeyBytes = 14;
constexpr uint64_t kLeastTensorBytes = 25;
constexpr uint64_t kLeastStringBytes = 8;

constexpr uint64_t kMaxElements = std::numeric_limits<int64_t>::max();

class GgufReader {
 public:
  explicit GgufReader(const std::string& path) : bytes_(path) {}

  GgufFile Read() {
    file_.file_size = bytes_.size();
    ReadMagic();
    ReadVersion();
    const auto tensor_count = ReadNumber<uint64_t>("the tensor count");
    const auto key_count = ReadNumber<uint64_t>("the key count");
    CheckCount("keys", key_count, kMaxKeys, kLeastKeyBytes);
    CheckCount("tensors", tensor_count, kMaxTensors, kLeastTensorBytes);
    ReadMetadata(key_count);
    ReadAlignment();
    ReadTensors(tensor_count);
    PlaceTensors();
    return std::move(file_);
  }

 private:
  [[noreturn]] void Fail(const std::string& message,
                         ErrorCode code = ErrorCode::kModelInvalid) const {
    throw Error(code, bytes_.path() + ": " + message);
  }

  void ReadBytes(void* destination, uint64_t count, const std::string& what) {
    if (bytes_.Read(destination, count)) return;
    Fail("the file is truncated: it ends after " + std::to_string(bytes_.size()) +
         " bytes, inside " + what);
  }

  template <typename T>
  T ReadNumber(const std::string& what) {
    T number;
    ReadBytes(&number, sizeof(T), what);
    return number;
  }

  // Checks the length before it allocates memory.
  std::string ReadText(const std::string& what, uint64_t longest) {
    const auto length = ReadNumber<uint64_t>(what);
    if (length > bytes_.remaining()) {
      Fail(what + " claims " + std::to_string(length) + " bytes, but only " +
           std::to_string(bytes_.remaining()) + " are left in the file");
    }
    if (length > longest) {
      Fail(what + " has " + std::to_string(length) + " bytes; at most " + std::to_string(longest) +
           " are allowed");
    }
    std::string text(static_cast<size_t>(length), '\0');
    ReadBytes(text.data(), length, what);
    return text;
  }

  void CheckCount(const std::string& what, uint64_t count, uint64_t most, uint64_t least_bytes) {
    if (count > bytes_.remaining() / least_bytes) {
      Fail("the header claims " + std::to_string(count) + " " + what + ", but only " +
           std::to_string(bytes_.remaining()) + " bytes are left in the file");
    }
    if (count > most) {
      Fail("the header claims " + std::to_string(count) + " " + what + "; at most " +
           std::to_string(most) + " are allowed");
    }
  }

  void CheckHeaderSize() const {
    if (bytes_.position() <= kMaxHeaderBytes) return;
    Fail("the metadata takes more than " + std::to_string(kMaxHeaderBytes) + " bytes");
  }

  void ReadMagic() {
    if (bytes_.size() == 0) Fail("the file is empty");
    std::array<char, 4> magic;
    if (!bytes_.Read(magic.data(), magic.size())) {
      Fail("this is not a GGUF file: it has only " + std::to_string(bytes_.size()) + " bytes");
    }
    const std::string_view text(magic.data(), magic.size());
    if (text == "GGUF") return;
    for (const std::string_view old : {"lmgg", "fmgg", "tjgg"}) {
      if (text != old) continue;
      Fail("this is a GGML file from before August 2023; convert the original model to GGUF again",
           ErrorCode::kModelUnsupported);
    }
    std::string head(text);
    head.resize(static_cast<size_t>(std::min<uint64_t>(kForeignFileHead, bytes_.size())));
    ReadBytes(head.data() + text.size(), head.size() - text.size(), "its beginning");
    Fail("this is not a GGUF file: " + DescribeForeignFile(head));
  }

  void ReadVersion() {
    file_.version = ReadNumber<uint32_t>("the GGUF version");
    const std::string version = std::to_string(file_.version);
    if (file_.version == 0) Fail("the GGUF version is 0; it must be 2 or 3");
    if ((file_.version & 0xFFFF) == 0) {
      Fail("this GGUF file is big-endian; convert it to little-endian",
           ErrorCode::kModelUnsupported);
    }
    if (file_.version == 1) {
      Fail("GGUF version 1 is no longer supported; convert the original model to GGUF again",
           ErrorCode::kModelUnsupported);
    }
    if (file_.version > kNewestVersion) {
      Fail("GGUF version " + version + " is newer than this library knows (2 and 3)",
           ErrorCode::kModelUnsupported);
    }
  }

  void ReadMetadata(uint64_t count) {
    std::unordered_set<std::string> keys;
    for (uint64_t i = 0; i < count; ++i) {
      std::string key = ReadText("key number " + std::to_string(i + 1), kMaxKeyBytes);
      if (key.empty()) Fail("key number " + std::to_string(i + 1) + " is empty");
      if (!IsPlainUtf8(key)) Fail("the key " + Quote(key) + " is not valid UTF-8 text");
      if (!keys.insert(key).second) Fail("the key " + Quote(key) + " occurs twice");
      const std::string what = "the value of " + Quote(key);
      GgufValue value = ReadValue(what);
      file_.metadata.push_back({std::move(key), std::move(value)});
      CheckHeaderSize();
    }
  }

  GgufValue ReadValue(const std::string& what) {
    const auto type = ReadNumber<uint32_t>(what);
    if (type != static_cast<uint32_t>(GgufType::kArray)) return ReadElements(what, type, false, 1);
    const auto element_type = ReadNumber<uint32_t>(what);
    const auto count = ReadNumber<uint64_t>(what);
    if (element_type == static_cast<uint32_t>(GgufType::kArray)) {
      Fail(what + " is an array of arrays, which llama.cpp cannot read");
    }
    return ReadElements(what, element_type, true, count);
  }

  GgufValue ReadElements(const std::string& what, uint32_t type_number, bool is_array,
                         uint64_t count) {
    const auto type = static_cast<GgufType>(type_number);
    const uint64_t element_size = GgufTypeSize(type);
    const bool is_string = type == GgufType::kString;
    if (element_size == 0 && !is_string) {
      Fail(what + " has the unknown type " + std::to_string(type_number) + "; 0 to 12 are known");
    }
    if (count > bytes_.remaining() / (is_string ? kLeastStringBytes : element_size)) {
      Fail(what + " claims " + std::to_string(count) + " elements of type " + GgufTypeName(type) +
           ", but only " + std::to_string(bytes_.remaining()) + " bytes are left in the file");
    }
    if (is_string) return ReadStrings(what, is_array, count);
    if (count * element_size > kMaxHeaderBytes) Fail(what + " is too large for metadata");
    std::string numbers(static_cast<size_t>(count * element_size), '\0');
    ReadBytes(numbers.data(), numbers.size(), what);
    if (type == GgufType::kBool) {
      for (const char byte : numbers) {
        if (byte == 0 || byte == 1) continue;
        Fail(what + " holds the bool " + std::to_string(static_cast<uint8_t>(byte)) +
             "; it must be 0 or 1");
      }
    }
    return GgufValue::Numbers(type, is_array, std::move(numbers));
  }

  GgufValue ReadStrings(const std::string& what, bool is_array, uint64_t count) {
    if (count * kLeastStringBytes > kMaxHeaderBytes) Fail(what + " is too large for metadata");
    std::string text;
    std::vector<size_t> ends;
    ends.reserve(static_cast<size_t>(count));
    for (uint64_t i = 0; i < count; ++i) {
      const auto length = ReadNumber<uint64_t>(what);
      if (length > bytes_.remaining()) {
        Fail(what + " claims a string of " + std::to_string(length) + " bytes, but only " +
             std::to_string(bytes_.remaining()) + " are left in the file");
      }
      if (length > kMaxHeaderBytes - text.size()) Fail(what + " is too large for metadata");
      const size_t begin = text.size();
      text.resize(begin + static_cast<size_t>(length));
      ReadBytes(text.data() + begin, length, what);
      ends.push_back(text.size());
    }
    return GgufValue::Strings(is_array, std::move(text), std::move(ends));
  }

  void ReadAlignment() {
    file_.alignment = kDefaultAlignment;
    const GgufValue* value = file_.Find("general.alignment");
    if (!value) return;
    if (value->is_array() || value->type() != GgufType::kUint32) {
      Fail("general.alignment has the type " + value->TypeName() + "; it must be u32");
    }
    file_.alignment = static_cast<uint64_t>(value->IntegerAt(0));
    if (file_.alignment == 0 || (file_.alignment & (file_.alignment - 1)) != 0) {
      Fail("general.alignment is " + std::to_string(file_.alignment) +
           "; it must be a power of two");
    }
  }

  void ReadTensors(uint64_t count) {
    std::unordered_set<std::string> names;
    for (uint64_t i = 0; i < count; ++i) {
      const std::string what = "tensor number " + std::to_string(i + 1);
      GgufTensor tensor;
      tensor.name = ReadText("the name of " + what, kMaxTensorNameBytes);
      if (tensor.name.empty()) Fail(what + " has no name");
      if (!IsPlainUtf8(tensor.name)) {
        Fail("the tensor name " + Quote(tensor.name) + " is not valid UTF-8 text");
      }
      if (!names.insert(tensor.name).second) {
        Fail("the tensor " + Quote(tensor.name) + " occurs twice");
      }
      ReadShape(tensor);
      file_.tensors.push_back(std::move(tensor));
      CheckHeaderSize();
    }
  }

  void ReadShape(GgufTensor& tensor) {
    const std::string what = "tensor " + Quote(tensor.name);
    const auto dimension_count = ReadNumber<uint32_t>(what);
    if (dimension_count > kMaxDimensions) {
      Fail(what + " has " + std::to_string(dimension_count) + " dimensions; at most " +
           std::to_string(kMaxDimensions) + " are allowed");
    }
    uint64_t elements = 1;
    for (uint32_t i = 0; i < dimension_count; ++i) {
      const auto length = ReadNumber<uint64_t>(what);
      if (length == 0) Fail(what + " has a dimension of 0; it must be at least 1");
      if (length >= kMaxElements / elements) {
        Fail(what + " has too many elements: dimension " + std::to_string(i + 1) + " is " +
             std::to_string(length));
      }
      elements *= length;
      tensor.dimensions.push_back(length);
    }
    tensor.type = ReadNumber<uint32_t>(what);
    const TensorType* type = FindTensorType(tensor.type);
    if (!type) {
      Fail(what + " has the type " + std::to_string(tensor.type) + ", which llama.cpp cannot read",
           ErrorCode::kModelUnsupported);
    }
    const uint64_t row = tensor.dimensions.empty() ? 1 : tensor.dimensions[0];
    if (row % type->block_size != 0) {
      Fail(what + " has rows of " + std::to_string(row) + " elements; " + type->name +
           " needs a multiple of " + std::to_string(type->block_size));
    }
    const uint64_t blocks = elements / type->block_size;
    if (blocks > kMaxElements / type->block_bytes) Fail(what + " has too many elements");
    tensor.size_bytes = blocks * type->block_bytes;
    tensor.offset = ReadNumber<uint64_t>(what);
    file_.parameter_count += std::min(elements, kMaxElements - file_.parameter_count);
  }

  // llama.cpp requires the tensors in file order, each at the next aligned offset. So none overlap.
  void PlaceTensors() {
    const uint64_t alignment = file_.alignment;
    const auto align = [&](uint64_t offset) {
      return (offset + alignment - 1) / alignment * alignment;
    };
    file_.data_offset = align(bytes_.position());
    if (file_.tensors.empty()) return;
    if (file_.data_offset > file_.file_size) {
      Fail("the file is truncated: the tensor data begins at byte " +
           std::to_string(file_.data_offset) + ", but the file has " +
           std::to_string(file_.file_size) + " bytes");
    }
    const uint64_t data_bytes = file_.file_size - file_.data_offset;
    uint64_t expected = 0;
    for (const GgufTensor& tensor : file_.tensors) {
      const std::string what = "tensor " + Quote(tensor.name);
      if (tensor.offset % alignment != 0) {
        Fail(what + " has the offset " + std::to_string(tensor.offset) +
             ", which is not a multiple of the alignment " + std::to_string(alignment));
      }
      if (tensor.offset != expected) {
        Fail(what + " has the offset " + std::to_string(tensor.offset) +
             "; the tensors must follow each other, so it must be " + std::to_string(expected));
      }
      if (tensor.offset > data_bytes || tensor.size_bytes > data_bytes - tensor.offset) {
        Fail("the file is truncated: " + what + " needs " + std::to_string(tensor.size_bytes) +
             " bytes from byte " + std::to_string(file_.data_offset + tensor.offset) +
             ", but the file has " + std::to_string(file_.file_size) + " bytes; download it again");
      }
      expected = align(tensor.offset + tensor.size_bytes);
    }
  }

  FileBytes bytes_;
  GgufFile file_;
};

}  // namespace

GgufFile ReadGguf(const std::string& path) {
  try {
    return GgufReader(path).Read();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, path + ": not enough memory to read the header");
  }
}

}  // namespace codellama
