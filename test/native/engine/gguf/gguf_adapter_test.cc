#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "support/check.h"
#include "support/gguf_refusal.h"
#include "support/gguf_writer.h"
#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

const std::string kInvalid = "MODEL_INVALID: ";
const std::string kWeight = "blk.0.attn_q.weight";

template <typename Change>
std::string After(const Change& change) {
  GgufDraft draft = TinyAdapter();
  change(draft);
  return AdapterRefusal(draft);
}

// The header of a draft after writing and reading it.
GgufFile Reread(const GgufDraft& draft) {
  const TemporaryFile file(draft.Serialize());
  return ReadGguf(file.path());
}

TEST(gguf_adapter_check_accepts_a_valid_adapter) {
  CHECK_EQ(AdapterRefusal(TinyAdapter()), "");
  CHECK_EQ(
      RefusalOf("a.gguf",
                [] { CheckAdapterFits(Reread(TinyAdapter()), "a.gguf", Reread(TinyLlama())); }),
      "");
}

TEST(gguf_adapter_check_requires_the_adapter_keys) {
  CHECK_EQ(AdapterRefusal(TinyLlama()),
           kInvalid + "general.type is missing; this is not a LoRA adapter");
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetText("adapter.type", "control_vector"); }),
           kInvalid + "adapter.type is 'control_vector'; a LoRA adapter has 'lora'");
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetUnsigned("general.architecture", 3); }),
           kInvalid + "general.architecture has the type u32; it must be str");
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetUnsigned("adapter.lora.alpha", 3); }),
           kInvalid + "adapter.lora.alpha has the type u32; it must be f32");
}

TEST(gguf_adapter_check_requires_both_factors) {
  CHECK_EQ(After([](GgufDraft& draft) { draft.tensors.clear(); }),
           kInvalid + "the adapter has no tensors");
  CHECK_EQ(After([](GgufDraft& draft) { draft.tensors.pop_back(); }),
           kInvalid + "tensor '" + kWeight + "' has no .lora_b in this adapter");
  CHECK_EQ(After([](GgufDraft& draft) { draft.tensors[0].name = kWeight; }),
           kInvalid + "tensor '" + kWeight +
               "' does not belong to a LoRA adapter; its name must end " +
               "with .lora_a or .lora_b");
}

TEST(gguf_adapter_check_requires_matching_factors) {
  CHECK_EQ(After([](GgufDraft& draft) { draft.tensors[1].dimensions = {8, 32}; }),
           kInvalid + "the LoRA of tensor '" + kWeight +
               "' has rank 4 in .lora_a and 8 in "
               ".lora_b; they must be equal");
  CHECK_EQ(After([](GgufDraft& draft) { draft.tensors[0].dimensions = {32, 4, 2}; }),
           kInvalid + "tensor '" + kWeight + ".lora_a' has 3 dimensions; at most 2 are allowed");
  constexpr uint32_t kInt32 = 26;
  CHECK_EQ(After([](GgufDraft& draft) { draft.tensors[0].type = kInt32; }),
           "MODEL_UNSUPPORTED: tensor '" + kWeight +
               ".lora_a' has the type I32; it must be a "
               "type of weight matrices");
  CHECK_EQ(After([](GgufDraft& draft) {
             draft.tensors.clear();
             AddTensor(draft, "token_embd.weight.lora_a", {4, 275});
             AddTensor(draft, "token_embd.weight.lora_b", {8, 64});
           }),
           kInvalid +
               "the LoRA of tensor 'token_embd.weight' has rank 4 in .lora_a and 8 in "
               ".lora_b; they must be equal");
}

TEST(gguf_adapter_check_compares_adapter_and_model) {
  const GgufFile model = Reread(TinyLlama());
  GgufDraft other = TinyAdapter();
  other.SetText("general.architecture", "qwen2");
  CHECK_EQ(RefusalOf("a.gguf", [&] { CheckAdapterFits(Reread(other), "a.gguf", model); }),
           kInvalid + "this adapter is for the architecture 'qwen2', but the model has 'llama'");
  GgufDraft experts = TinyAdapter();
  experts.tensors.clear();
  AddTensor(experts, "blk.0.ffn_up_exps.weight.lora_a", {64, 4, 8});
  AddTensor(experts, "blk.0.ffn_up_exps.weight.lora_b", {4, 96, 8});
  CHECK_EQ(AdapterRefusal(experts), "");
  CHECK_EQ(RefusalOf("a.gguf", [&] { CheckAdapterFits(Reread(experts), "a.gguf", model); }),
           kInvalid +
               "the LoRA of tensor 'blk.0.ffn_up_exps.weight' is for 8 experts, but the "
               "model has 0");
}

}  // namespace
}  // namespace codellama::test
