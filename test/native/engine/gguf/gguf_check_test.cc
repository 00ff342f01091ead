#include <cmath>
#include <string>
#include <vector>

#include "support/check.h"
#include "support/gguf_tiny_refusal.h"

namespace codellama::test {
namespace {

TEST(gguf_check_accepts_valid_models) {
  CHECK_EQ(ModelRefusal(TinyLlama()), "");
  CHECK_EQ(WithUnsigneds("llama.attention.head_count", {4, 4}), "");
  CHECK_EQ(WithUnsigneds("llama.feed_forward_length", {96, 96}), "");
  CHECK_EQ(WithText("llama.rope.scaling.type", "yarn"), "");
  // llama.cpp ignores these special tokens when they are out of range. Models in use have such
  // values.
  CHECK_EQ(WithUnsigned("tokenizer.ggml.padding_token_id", 0xFFFFFFFF), "");
  // Models of unknown architectures may have any values.
  CHECK_EQ(After([](GgufDraft& draft) {
             RenameArchitecture(draft, "mamba9");
             draft.SetUnsigned("mamba9.attention.head_count", 0);
             draft.tensors.resize(1);
           }),
           "");
}

TEST(gguf_check_requires_an_architecture) {
  const std::string key = "general.architecture";
  CHECK_EQ(Without(key), kInvalid + key + " is missing");
  CHECK_EQ(WithText(key, ""), kInvalid + key + " is ''; it must be a name");
  CHECK_EQ(WithText(key, std::string("llama\0x", 7)),
           kInvalid + key + " is 'llama\\x00x'; it must be a name");
  CHECK_EQ(WithUnsigned(key, 1), kInvalid + key + " has the type u32; it must be str");
  CHECK_EQ(WithText(key, "clip"),
           kUnsupported + "this is a multimodal projector, not a language model");
  CHECK_EQ(WithText("general.type", "adapter"),
           kUnsupported + "this is an adapter, not a model; load it on top of one");
}

TEST(gguf_check_refuses_bidirectional_models) {
  const std::string refusal =
      kUnsupported + "this model reads text in both directions and cannot generate text";
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetBool("llama.attention.causal", false); }),
           refusal);
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetBool("llama.attention.causal", true); }), "");
  CHECK_EQ(WithText("general.architecture", "bert"), refusal);
}

TEST(gguf_check_limits_the_number_of_layers) {
  const std::string key = "llama.block_count";
  CheckRefused(key, 0, "at least 1");
  CheckRefused(key, 513, "at most 512");
  CheckRefused(key, 0xFFFFFFFF, "at most 512");
  CHECK_EQ(WithFloat(key, 2), kInvalid + key + " has the type f32; it must be u32");
  CHECK_EQ(Without(key), kInvalid + key + " is missing");
}

TEST(gguf_check_limits_widths) {
  CheckRefused("llama.context_length", 0, "at least 1");
  CheckRefused("llama.embedding_length", 0, "at least 1");
  CheckRefused("llama.embedding_length", 66,
               "a multiple of llama.attention.head_count, which is 4");
  CheckRefused("llama.feed_forward_length", 0, "at least 1");
  CHECK_EQ(Without("llama.feed_forward_length"), kInvalid + "llama.feed_forward_length is missing");
}

TEST(gguf_check_requires_valid_head_counts) {
  const std::string heads = "llama.attention.head_count";
  const std::string kv_heads = "llama.attention.head_count_kv";
  CHECK_EQ(WithUnsigned(heads, 0), kInvalid + heads + " of layer 0 is 0; it must be at least 1");
  CHECK_EQ(WithUnsigneds(heads, {4, 0}),
           kInvalid + heads + " of layer 1 is 0; it must be at least 1");
  CHECK_EQ(WithUnsigned(kv_heads, 0),
           kInvalid + kv_heads + " of layer 0 is 0; it must be at least 1");
  CHECK_EQ(WithUnsigned(kv_heads, 3),
           kInvalid + kv_heads + " of layer 0 is 3; it must divide " + heads + ", which is 4");
  CHECK_EQ(WithUnsigneds(heads, {4, 8}),
           kInvalid + heads + " is 4 for layer 0 and 8 for layer 1; this architecture needs the " +
               "same for all layers");
  CHECK_EQ(WithUnsigneds(heads, {4}),
           kInvalid + heads + " has 1 elements; it must have one for each of 2 layers");
  CHECK_EQ(WithUnsigned("llama.attention.key_length", 0xFFFFFFFE),
           kInvalid + heads + " is 4 with a head length of 4294967294; that is too large");
}

TEST(gguf_check_requires_rope_dimensions_that_fit_the_heads) {
  CheckRefused("llama.rope.dimension_count", 15, "the length of an attention head, which is 16");
  CHECK_EQ(WithUnsigned("llama.attention.value_length", 32),
           kInvalid +
               "the attention heads have a length of 16 for keys and of 32 for values; "
               "they must be equal");
  CHECK_EQ(After([](GgufDraft& draft) {
             draft.SetUnsigned("llama.attention.key_length", 15);
             draft.SetUnsigned("llama.attention.value_length", 15);
           }),
           kInvalid + "each attention head has a length of 15; RoPE needs an even number");
  CHECK_EQ(WithText("llama.rope.scaling.type", "spiral"),
           kUnsupported +
               "llama.rope.scaling.type is 'spiral'; it must be none, linear, yarn or "
               "longrope");
}

// TinyLlama of another architecture with a sliding window in the layers of `pattern`.
std::string WithWindowPattern(const std::string& architecture,
                              const std::vector<uint32_t>& pattern) {
  return After([&](GgufDraft& draft) {
    RenameArchitecture(draft, architecture);
    draft.SetUnsigned(architecture + ".attention.sliding_window", 64);
    draft.SetUnsigneds(architecture + ".attention.sliding_window_pattern", pattern);
  });
}

TEST(gguf_check_requires_layers_with_and_without_the_sliding_window) {
  const std::string key = ".attention.sliding_window_pattern leaves no layer ";
  for (const std::string name : {"llama", "dots3note"}) {
    CHECK_EQ(WithWindowPattern(name, {0, 1}), "");
    CHECK_EQ(WithWindowPattern(name, {0, 0}), kInvalid + name + key + "with the sliding window");
  }
  CHECK_EQ(WithWindowPattern("dots3note", {7, 1}),
           kInvalid + "dots3note" + key + "without the sliding window");
}

TEST(gguf_check_refuses_negative_epsilons) {
  const std::string key = "llama.attention.layer_norm_rms_epsilon";
  CHECK_EQ(WithFloat(key, -1), kInvalid + key + " is -1.000000; it must be at least 0");
  CHECK_EQ(WithFloat(key, NAN), kInvalid + key + " is nan; it must be at least 0");
  CHECK_EQ(Without(key), kInvalid + key + " is missing");
}

TEST(gguf_check_limits_experts) {
  struct Case {
    uint32_t count, used, groups, groups_used;
    std::string error;
  };
  const Case cases[] = {
      {8, 2, 4, 2, ""},
      {1025, 2, 0, 0, "expert_count is 1025; it must be at most 1024"},
      {8, 9, 0, 0, "expert_used_count is 9; it must be at most llama.expert_count, which is 8"},
      {8, 0, 0, 0, "expert_used_count is 0; it must be at least 1"},
      {8, 2, 8, 1, "expert_group_count is 8; it must be less than llama.expert_count, which is 8"},
      {8, 2, 3, 1, "expert_group_count is 3; it must divide llama.expert_count, which is 8"},
      {8, 2, 4, 4,
       "expert_group_used_count is 4; it must be at least 1 and less than "
       "llama.expert_group_count, which is 4"},
      {0, 0, 2, 1, "expert_group_count is set, but llama.expert_count is 0"},
  };
  for (const Case& c : cases) {
    const std::string result = After([&](GgufDraft& draft) {
      draft.SetUnsigned("llama.expert_count", c.count);
      draft.SetUnsigned("llama.expert_used_count", c.used);
      draft.SetUnsigned("llama.expert_group_count", c.groups);
      draft.SetUnsigned("llama.expert_group_used_count", c.groups_used);
    });
    CHECK_EQ(result, c.error.empty() ? "" : kInvalid + "llama." + c.error);
  }
}

TEST(gguf_check_refuses_unusable_weight_types) {
  const auto with_type = [](const std::string& name, uint32_t type) {
    return After([&](GgufDraft& draft) {
      DraftTensor& tensor = draft.Tensor(name);
      tensor.type = type;
      tensor.data = RandomWeights(type, tensor.dimensions.size() == 1 ? 64 : 64 * 32, 1);
    });
  };
  constexpr uint32_t kInt32 = 26;
  constexpr uint32_t kFloat16 = 1;
  CHECK_EQ(with_type("blk.0.attn_k.weight", kFloat16), "");
  CHECK_EQ(with_type("blk.0.attn_k.weight", kInt32),
           kUnsupported +
               "tensor 'blk.0.attn_k.weight' has the type I32; it must be a type of "
               "weight matrices");
  CHECK_EQ(with_type("blk.0.attn_norm.weight", kFloat16),
           kUnsupported + "tensor 'blk.0.attn_norm.weight' has the type F16; it must be F32");
}

TEST(gguf_check_accepts_hybrid_models) {
  // Kimi Linear also has query tensors in recurrent layers, which it marks with 0 KV heads.
  CHECK_EQ(After([](GgufDraft& draft) {
             RenameArchitecture(draft, "kimi-linear");
             draft.SetUnsigneds("kimi-linear.attention.head_count_kv", {0, 1});
           }),
           "");
}

TEST(gguf_check_refuses_nvfp4_weights_with_scale_and_bias) {
  constexpr uint32_t kNvfp4 = 40;
  CHECK_EQ(After([](GgufDraft& draft) {
             AddTensor(draft, "blk.2.ffn_up.weight", {64, 96}, kNvfp4);
             AddTensor(draft, "blk.2.ffn_up.bias", {96});
           }),
           "");
  CHECK_EQ(After([](GgufDraft& draft) {
             AddTensor(draft, "blk.2.ffn_up.weight", {64, 96}, kNvfp4);
             AddTensor(draft, "blk.2.ffn_up.bias", {96});
             AddTensor(draft, "blk.2.ffn_up.scale", {1});
           }),
           kUnsupported + "tensor 'blk.2.ffn_up.weight' is NVFP4 and has both .scale and .bias");
}

TEST(gguf_check_refuses_unaligned_tensors) {
  CHECK(After([](GgufDraft& draft) {
          draft.SetUnsigned("general.alignment", 1);
          draft.alignment = 1;
          draft.SetText("general.name", "odd");
        }).starts_with(kUnsupported + "tensor 'token_embd.weight' lies at byte "));
}

}  // namespace
}  // namespace codellama::test
