// Sizes that llama.cpp divides by or asserts on, in architectures other than llama.
#include <string>
#include <vector>

#include "support/check.h"
#include "support/gguf_tiny_refusal.h"

namespace codellama::test {
namespace {

// The error for TinyLlama of another architecture after `change`, which gets the prefix of the
// keys, such as "rwkv6.".
template <typename Change>
std::string Of(const std::string& architecture, const Change& change) {
  return After([&](GgufDraft& draft) {
    RenameArchitecture(draft, architecture);
    change(draft, architecture + ".");
  });
}

std::string OfUnsigned(const std::string& architecture, const std::string& name, uint32_t value) {
  return Of(architecture, [&](GgufDraft& draft, const std::string& prefix) {
    draft.SetUnsigned(prefix + name, value);
  });
}

void CheckRefusedOf(const std::string& architecture, const std::string& name, uint32_t value,
                    const std::string& rule) {
  CHECK_EQ(OfUnsigned(architecture, name, value),
           InvalidNumber(architecture + "." + name, value, rule));
}

TEST(gguf_sizes_rwkv_heads_must_divide_the_width) {
  for (const std::string name : {"rwkv6", "rwkv7"}) {
    CheckRefusedOf(name, "wkv.head_size", 0, "at least 1");
    CHECK_EQ(OfUnsigned(name, "wkv.head_size", 48), kInvalid + name +
                                                        ".wkv.head_size is 48; it must divide " +
                                                        name + ".embedding_length, which is 64");
    CHECK_EQ(OfUnsigned(name, "wkv.head_size", 32), "");
  }
}

TEST(gguf_sizes_rwkv_token_shifts_must_fit_the_state) {
  CheckRefusedOf("rwkv6", "token_shift_count", 1, "at least 2");
  CheckRefusedOf("rwkv7", "token_shift_count", 3, "at most 2");
  CheckRefusedOf("rwkv6qwen2", "token_shift_count", 2, "at most 1");
  CHECK_EQ(Of("arwkv7", [](GgufDraft&, const std::string&) {}),
           kInvalid + "arwkv7.token_shift_count is missing");
}

TEST(gguf_sizes_recurrent_states_must_divide_evenly) {
  const auto refusal = [](const std::string& name, uint32_t rank, uint32_t groups) {
    return Of(name, [&](GgufDraft& draft, const std::string& prefix) {
      draft.SetUnsigned(prefix + "ssm.inner_size", 128);
      draft.SetUnsigned(prefix + "ssm.time_step_rank", rank);
      draft.SetUnsigned(prefix + "ssm.group_count", groups);
    });
  };
  for (const std::string name : {"mamba2", "falcon-h1", "granitehybrid", "nemotron_h", "qwen35"}) {
    const bool is_qwen = name == "qwen35";
    const std::string sections =
        is_qwen ? kInvalid + name + ".rope.dimension_sections is missing" : "";
    CHECK_EQ(refusal(name, 4, 2), sections);
    CHECK_EQ(refusal(name, 0, 2),
             kInvalid + name + ".ssm.time_step_rank is 0; it must be at least 1");
    CHECK_EQ(refusal(name, 4, 0), kInvalid + name + ".ssm.group_count is 0; it must be at least 1");
    CHECK_EQ(refusal(name, 4, 3),
             kInvalid + name + ".ssm.group_count is 3; it must divide " + name +
                 (is_qwen ? ".ssm.time_step_rank, which is 4" : ".ssm.inner_size, which is 128"));
  }
  CHECK_EQ(refusal("plamo2", 4, 2), kInvalid + "plamo2.ssm.group_count is 2; it must be at most 0");
}

TEST(gguf_sizes_deepstack_must_exclude_the_last_layer) {
  for (const std::string name : {"qwen3vl", "qwen3vlmoe"}) {
    CheckRefusedOf(name, "n_deepstack_layers", 2, "at most 1");
  }
}

TEST(gguf_sizes_mixture_architectures_must_have_experts) {
  for (const std::string name : {"smallthinker", "qwen3moe", "grovemoe"}) {
    CHECK_EQ(Of(name, [](GgufDraft&, const std::string&) {}),
             kInvalid + name + ".expert_count is missing");
    CHECK_EQ(OfUnsigned(name, "expert_count", 4),
             kInvalid + name + ".expert_used_count is 0; it must be at least 1");
  }
}

TEST(gguf_sizes_heads_of_keys_and_values_must_be_equal) {
  for (const std::string name : {"phi2", "smallthinker", "exaone4", "dots1", "nemotron"}) {
    const std::string refusal = Of(name, [](GgufDraft& draft, const std::string& prefix) {
      draft.SetUnsigned(prefix + "expert_count", 4);
      draft.SetUnsigned(prefix + "expert_used_count", 2);
      draft.SetUnsigned(prefix + "attention.key_length", 16);
      draft.SetUnsigned(prefix + "attention.value_length", 8);
    });
    CHECK_EQ(refusal, kInvalid +
                          "the attention heads have a length of 16 for keys and of 8 for values; "
                          "they must be equal");
  }
  CHECK_EQ(Of("smallthinker",
              [](GgufDraft& draft, const std::string& prefix) {
                draft.SetUnsigned(prefix + "expert_count", 4);
                draft.SetUnsigned(prefix + "expert_used_count", 2);
                draft.SetUnsigneds(prefix + "attention.head_count_kv", {2, 4});
              }),
           kInvalid +
               "smallthinker.attention.head_count_kv is 2 for layer 0 and 4 for layer 1; this "
               "architecture needs the same for all layers");
}

TEST(gguf_sizes_other_limits) {
  CheckRefusedOf("lfm2", "shortconv.l_cache", 1, "at least 2");
  CheckRefusedOf("ernie4_5-moe", "interleave_moe_layer_step", 0, "at least 1");
  CHECK_EQ(OfUnsigned("qwen2vl", "rope.freq_base_unused", 1),
           kInvalid + "qwen2vl.rope.dimension_sections is missing");
}

}  // namespace
}  // namespace codellama::test
