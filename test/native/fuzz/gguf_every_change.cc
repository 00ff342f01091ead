#include "fuzz/gguf_every_change.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "support/gguf_extremes.h"
#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

constexpr uint32_t kTensorTypes = 43;

class EveryChange {
 public:
  EveryChange(const GgufDraft& draft, const std::vector<std::string>& keys,
              const std::function<void(const MutatedFile&)>& use)
      : draft_(draft), keys_(keys.begin(), keys.end()), use_(use) {
    for (const DraftEntry& entry : draft.entries) keys_.insert(entry.key);
  }

  void Run() {
    for (const std::string& key : keys_) ChangeKey(key);
    for (size_t i = 0; i < draft_.tensors.size(); ++i) ChangeTensor(i);
  }

 private:
  template <typename Change>
  void With(const std::string& description, const Change& change) {
    GgufDraft changed = draft_;
    change(changed);
    use_({changed.Serialize(), description});
  }

  void ChangeKey(const std::string& key) {
    With("without " + key, [&](GgufDraft& draft) { draft.Remove(key); });
    for (const uint64_t number : kNumbers) {
      if (number > UINT32_MAX) continue;
      const auto value = static_cast<uint32_t>(number);
      const std::string what = key + " " + std::to_string(value);
      With(what, [&](GgufDraft& draft) { draft.SetUnsigned(key, value); });
      With(what + " for 2 layers",
           [&](GgufDraft& draft) { draft.SetUnsigneds(key, {value, value}); });
    }
    for (const float number : kFloats) {
      With(key + " " + std::to_string(number),
           [&](GgufDraft& draft) { draft.SetFloat(key, number); });
    }
    for (const bool value : {false, true}) {
      With(key + (value ? " true" : " false"),
           [&](GgufDraft& draft) { draft.SetBool(key, value); });
    }
    With(key + " text", [&](GgufDraft& draft) { draft.SetText(key, "longrope"); });
    With(key + " texts", [&](GgufDraft& draft) { draft.SetTexts(key, {"a", "b", "c d"}); });
    With(key + " no texts", [&](GgufDraft& draft) { draft.SetTexts(key, {}); });
  }

  void ChangeTensor(size_t place) {
    const std::string& name = draft_.tensors[place].name;
    With("without " + name, [&](GgufDraft& draft) {
      draft.tensors.erase(draft.tensors.begin() + static_cast<long>(place));
    });
    for (uint32_t type = 0; type < kTensorTypes; ++type) {
      With(name + " of type " + std::to_string(type),
           [&](GgufDraft& draft) { Refill(draft.tensors[place], type); });
    }
    With(name + " with a dimension more", [&](GgufDraft& draft) {
      draft.tensors[place].dimensions.push_back(2);
      Refill(draft.tensors[place], draft.tensors[place].type);
    });
    With(name + " with a dimension less", [&](GgufDraft& draft) {
      draft.tensors[place].dimensions.pop_back();
      Refill(draft.tensors[place], draft.tensors[place].type);
    });
    With(name + " of bytes 255", [&](GgufDraft& draft) {
      draft.tensors[place].data.assign(draft.tensors[place].data.size(), '\xFF');
    });
  }

  static void Refill(DraftTensor& tensor, uint32_t type) {
    uint64_t elements = 1;
    for (const uint64_t dimension : tensor.dimensions) elements *= dimension;
    tensor.type = type;
    tensor.data = RandomWeights(type, elements, 1);
  }

  const GgufDraft& draft_;
  std::set<std::string> keys_;
  const std::function<void(const MutatedFile&)>& use_;
};

}  // namespace

void ForEveryChange(const GgufDraft& draft, const std::vector<std::string>& keys,
                    const std::function<void(const MutatedFile&)>& use) {
  EveryChange(draft, keys, use).Run();
}

}  // namespace codellama::test
