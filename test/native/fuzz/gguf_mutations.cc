#include "fuzz/gguf_mutations.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/gguf/gguf_value.h"
#include "support/gguf_extremes.h"
#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

constexpr std::array<const char*, 14> kTexts = {
    "",       "llama", "gpt2", "bert",     "t5",        "rwkv",     "plamo2",
    "gemma4", "none",  "yarn", "longrope", "llama-bpe", "\xFF\xFE", "a b",
};

constexpr uint32_t kText = static_cast<uint32_t>(GgufType::kString);

class Mutator {
 public:
  Mutator(GgufDraft draft, const std::vector<std::string>& keys, std::mt19937& random)
      : draft_(std::move(draft)),
        keys_(keys),
        architecture_(draft_.Entry("general.architecture").elements[0]),
        random_(random) {}

  MutatedFile Run() {
    const size_t mutations = 1 + Below(Below(4) == 0 ? 4 : 2);
    for (size_t i = 0; i < mutations; ++i) MutateDraft();
    size_t header_bytes = 0;
    std::string bytes = draft_.Serialize(&header_bytes);
    if (Below(6) == 0) MutateBytes(bytes, header_bytes);
    return {std::move(bytes), std::move(description_)};
  }

 private:
  size_t Below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  template <typename List>
  auto& Pick(List& list) {
    return list[Below(list.size())];
  }

  void Note(const std::string& text) { description_ += text + "; "; }

  uint64_t Number() { return Below(8) == 0 ? random_() : Pick(kNumbers); }

  std::string NumberBytes(uint32_t type) {
    const auto kind = static_cast<GgufType>(type);
    const uint64_t number = Number();
    if (kind == GgufType::kFloat32) {
      return BytesOf(Pick(kFloats));
    }
    if (kind == GgufType::kBool)
      return BytesOf(static_cast<uint8_t>(Below(12) == 0 ? 2 : Below(2)));
    return BytesOf(number).substr(0, std::max<size_t>(GgufTypeSize(kind), 1));
  }

  std::string Text() {
    switch (Below(8)) {
      case 0:
        return std::string(Pick(kNumbers) % 6000, 'x');
      case 1:
        return std::string("a\0b", 3);
      case 2: {
        std::string text(Below(40), '\0');
        for (char& byte : text) byte = static_cast<char>(random_());
        return text;
      }
      default:
        return Pick(kTexts);
    }
  }

  std::string Element(uint32_t type) { return type == kText ? Text() : NumberBytes(type); }

  void MutateDraft() {
    switch (Below(18)) {
      case 0:
      case 1:
      case 2:
        return ChangeEntry();
      case 3:
      case 4:
        return ChangeArray();
      case 5:
      case 6:
        return AddKey();
      case 7:
        return DropOrDouble(draft_.entries, "key");
      case 8:
        return DropOrDouble(draft_.tensors, "tensor");
      case 9:
        return ChangeShape();
      case 10:
        return ChangeTensorType();
      case 11:
        return ChangeData();
      case 12:
        return ChangeType();
      case 13:
      case 14:
        return MoveNumber();
      case 15:
      case 16:
        return MakePerLayer();
      default:
        return ChangeFrame();
    }
  }

  void ChangeEntry() {
    DraftEntry& entry = Pick(draft_.entries);
    Note("set " + entry.key);
    if (entry.elements.empty()) return;
    Pick(entry.elements) = Element(entry.type);
  }

  // Changes a hyperparameter, but not one of the vocabulary.
  DraftEntry* PickNumber() {
    constexpr auto kUnsigned = static_cast<uint32_t>(GgufType::kUint32);
    std::vector<DraftEntry*> numbers;
    for (DraftEntry& entry : draft_.entries) {
      const bool is_own = entry.key.starts_with(architecture_ + ".");
      if (is_own && entry.type == kUnsigned && !entry.elements.empty()) numbers.push_back(&entry);
    }
    return numbers.empty() ? nullptr : Pick(numbers);
  }

  static uint32_t Read(const std::string& bytes) {
    uint32_t number = 0;
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof(number)));
    return number;
  }

  uint32_t Layers() const {
    for (const DraftEntry& entry : draft_.entries) {
      if (entry.key == architecture_ + ".block_count") return Read(entry.elements[0]);
    }
    return 0;
  }

  uint32_t Near(uint32_t number) {
    const uint32_t choices[] = {number + 1, number - 1, number * 2, number / 2, 0, 1, number};
    return choices[Below(std::size(choices))];
  }

  void MoveNumber() {
    DraftEntry* entry = PickNumber();
    if (entry == nullptr) return;
    std::string& element = Pick(entry->elements);
    const uint32_t number = Near(Read(element));
    Note("move " + entry->key + " to " + std::to_string(number));
    element = BytesOf(number);
  }

  // Replaces a number for all layers by an array with one number per layer.
  void MakePerLayer() {
    DraftEntry* entry = PickNumber();
    if (entry == nullptr || entry->key.ends_with("block_count")) return;
    const uint32_t number = Read(entry->elements[0]);
    const uint32_t layers = Layers();
    if (layers == 0 || layers > 64) return;
    entry->is_array = true;
    entry->elements.assign(layers, BytesOf(number));
    Pick(entry->elements) = BytesOf(Near(number));
    Note("per layer " + entry->key);
  }

  void ChangeArray() {
    std::vector<DraftEntry*> arrays;
    for (DraftEntry& entry : draft_.entries) {
      if (entry.is_array) arrays.push_back(&entry);
    }
    if (arrays.empty()) return;
    DraftEntry& entry = *Pick(arrays);
    auto& elements = entry.elements;
    const size_t way = Below(6);
    Note("array " + entry.key + " way " + std::to_string(way));
    if (way == 0) elements.resize(Below(elements.size() + 1));
    if (way == 1) elements.insert(elements.end(), 1 + Below(20), Element(entry.type));
    if (way == 2) entry.claimed_count = Number();
    if (way >= 3 && elements.empty()) return;
    if (way == 3) Pick(elements) = Pick(elements);
    if (way == 4) elements.erase(elements.begin() + static_cast<long>(Below(elements.size())));
    if (way == 5) {
      for (size_t i = 0; i < 8; ++i) Pick(elements) = Element(entry.type);
    }
  }

  void AddKey() {
    const std::string key = Pick(keys_);
    constexpr uint32_t kLikely[] = {4, 4, 4, 6, 6, 7, 8, 5, 2, 10};
    DraftEntry entry{key, kLikely[Below(std::size(kLikely))], Below(5) == 0, {}, std::nullopt};
    const size_t count = entry.is_array ? Below(2) == 0 ? 2 : Below(8) : 1;
    for (size_t i = 0; i < count; ++i) entry.elements.push_back(Element(entry.type));
    Note("add " + key + " type " + std::to_string(entry.type) + (entry.is_array ? "[]" : ""));
    draft_.Set(std::move(entry));
  }

  template <typename List>
  void DropOrDouble(List& list, const std::string& what) {
    if (list.empty()) return;
    const size_t place = Below(list.size());
    const bool drops = Below(3) != 0;
    Note((drops ? "drop " : "double ") + what + " " + std::to_string(place));
    if (drops) {
      list.erase(list.begin() + static_cast<long>(place));
    } else {
      const auto copy = list[place];
      list.push_back(copy);
    }
  }

  void ChangeShape() {
    if (draft_.tensors.empty()) return;
    DraftTensor& tensor = Pick(draft_.tensors);
    const size_t way = Below(6);
    Note("shape of " + tensor.name + " way " + std::to_string(way));
    auto& shape = tensor.dimensions;
    if (way == 0 && !shape.empty()) Pick(shape) = Number();
    if (way == 1) shape.push_back(1 + Below(2));
    if (way == 2 && !shape.empty()) shape.pop_back();
    if (way == 3) std::reverse(shape.begin(), shape.end());
    if (way == 4) tensor.claimed_offset = Number();
    if (way == 5) tensor.name = Pick(draft_.tensors).name + (Below(2) == 0 ? ".bias" : "");
    if (way < 3) Refill(tensor, tensor.type);
  }

  void Refill(DraftTensor& tensor, uint32_t type) {
    uint64_t elements = 1;
    for (const uint64_t dimension : tensor.dimensions) elements *= dimension;
    tensor.type = type;
    if (elements < 1'000'000) tensor.data = RandomWeights(type, elements, 1);
  }

  void ChangeTensorType() {
    if (draft_.tensors.empty()) return;
    DraftTensor& tensor = Pick(draft_.tensors);
    const auto type = static_cast<uint32_t>(Below(45));
    Note("type of " + tensor.name + " to " + std::to_string(type));
    Refill(tensor, type);
  }

  void ChangeData() {
    if (draft_.tensors.empty()) return;
    DraftTensor& tensor = Pick(draft_.tensors);
    Note("data of " + tensor.name);
    const bool is_uniform = Below(2) == 0;
    const char fill = Below(2) == 0 ? '\xFF' : '\x7F';
    for (char& byte : tensor.data) byte = is_uniform ? fill : static_cast<char>(random_());
  }

  void ChangeType() {
    DraftEntry& entry = Pick(draft_.entries);
    const auto type = static_cast<uint32_t>(Below(14));
    Note("type of " + entry.key + " to " + std::to_string(type));
    const bool keeps_bytes = Below(3) == 0;
    entry.type = type;
    if (Below(4) == 0) entry.is_array = !entry.is_array;
    if (keeps_bytes) return;
    for (std::string& element : entry.elements) element = Element(type);
  }

  void ChangeFrame() {
    const size_t way = Below(5);
    Note("frame way " + std::to_string(way));
    if (way == 0) draft_.claimed_key_count = Number();
    if (way == 1) draft_.claimed_tensor_count = Number();
    if (way == 2) draft_.version = static_cast<uint32_t>(Number());
    if (way >= 3) {
      constexpr uint32_t kAlignments[] = {0, 1, 2, 4, 8, 16, 64, 4096, 3};
      const uint32_t alignment = kAlignments[Below(std::size(kAlignments))];
      draft_.SetUnsigned("general.alignment", alignment);
      draft_.alignment = alignment;
    }
  }

  void MutateBytes(std::string& bytes, size_t header_bytes) {
    if (Below(4) == 0) {
      Note("cut");
      return bytes.resize(Below(bytes.size()));
    }
    const size_t flips = 1 + Below(4);
    for (size_t i = 0; i < flips; ++i) {
      const size_t place = Below(std::min(header_bytes, bytes.size()));
      Note("byte " + std::to_string(place));
      bytes[place] = static_cast<char>(Below(2) == 0 ? random_() : bytes[place] ^ (1 << Below(8)));
    }
  }

  GgufDraft draft_;
  const std::vector<std::string>& keys_;
  const std::string architecture_;
  std::mt19937& random_;
  std::string description_;
};

}  // namespace

MutatedFile Mutate(GgufDraft draft, const std::vector<std::string>& keys, std::mt19937& random) {
  return Mutator(std::move(draft), keys, random).Run();
}

}  // namespace codellama::test
