#include <cmath>
#include <string>
#include <vector>

#include "support/check.h"
#include "support/gguf_tiny_refusal.h"

namespace codellama::test {
namespace {

TEST(GgufCheckLetsGoodModelsPass) {
  CHECK_EQ(ModelRefusal(TinyLlama()), "");
  CHECK_EQ(WithUnsigneds("llama.attention.head_count", {4, 4}), "");
  CHECK_EQ(WithUnsigneds("llama.feed_forward_length", {96, 96}), "");
  CHECK_EQ(WithText("llama.rope.scaling.type", "yarn"), "");
  // llama.cpp ignores these special tokens when they are out of range, and so do models in use.
  CHECK_EQ(WithUnsigned("tokenizer.ggml.padding_token_id", 0xFFFFFFFF), "");
  // A model of an architecture that we know nothing about may look like anything.
  CHECK_EQ(After([](GgufDraft& draft) {
             for (DraftEntry& entry : draft.entries) {
               if (entry.key.starts_with("llama.")) entry.key.replace(0, 5, "mamba9");
             }
             draft.SetText("general.architecture", "mamba9");
             draft.SetUnsigned("mamba9.attention.head_count", 0);
             draft.tensors.resize(1);
           }),
           "");
}

TEST(GgufCheckWantsAnArchitecture) {
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

TEST(GgufCheckWantsAModelThatGenerates) {
  const std::string refusal =
      kUnsupported + "this model reads its text in both directions and cannot generate any";
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetBool("llama.attention.causal", false); }),
           refusal);
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetBool("llama.attention.causal", true); }), "");
  CHECK_EQ(WithText("general.architecture", "bert"), refusal);
}

TEST(GgufCheckBoundsLayers) {
  const std::string key = "llama.block_count";
  CHECK_EQ(WithUnsigned(key, 0), kInvalid + key + " is 0; it must be at least 1");
  CHECK_EQ(WithUnsigned(key, 513), kInvalid + key + " is 513; it must be at most 512");
  CHECK_EQ(WithUnsigned(key, 0xFFFFFFFF),
           kInvalid + key + " is 4294967295; it must be at most 512");
  CHECK_EQ(WithFloat(key, 2), kInvalid + key + " has the type f32; it must be u32");
  CHECK_EQ(Without(key), kInvalid + key + " is missing");
}

TEST(GgufCheckBoundsWidths) {
  CHECK_EQ(WithUnsigned("llama.context_length", 0),
           kInvalid + "llama.context_length is 0; it must be at least 1");
  CHECK_EQ(WithUnsigned("llama.embedding_length", 0),
           kInvalid + "llama.embedding_length is 0; it must be at least 1");
  CHECK_EQ(WithUnsigned("llama.embedding_length", 66),
           kInvalid +
               "llama.embedding_length is 66; it must be a multiple of "
               "llama.attention.head_count, which is 4");
  CHECK_EQ(WithUnsigned("llama.feed_forward_length", 0),
           kInvalid + "llama.feed_forward_length is 0; it must be at least 1");
  CHECK_EQ(Without("llama.feed_forward_length"), kInvalid + "llama.feed_forward_length is missing");
}

TEST(GgufCheckWantsHeadsThatDivide) {
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

TEST(GgufCheckWantsRopeThatFitsTheHeads) {
  CHECK_EQ(WithUnsigned("llama.rope.dimension_count", 15),
           kInvalid +
               "llama.rope.dimension_count is 15; it must be the length of an attention "
               "head, which is 16");
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

TEST(GgufCheckWantsLayersForASlidingWindow) {
  const auto with_pattern = [](const std::vector<uint32_t>& pattern) {
    return After([&](GgufDraft& draft) {
      draft.SetUnsigned("llama.attention.sliding_window", 64);
      draft.SetUnsigneds("llama.attention.sliding_window_pattern", pattern);
    });
  };
  CHECK_EQ(with_pattern({0, 1}), "");
  CHECK_EQ(with_pattern({0, 0}),
           kInvalid +
               "llama.attention.sliding_window_pattern leaves no layer with the sliding "
               "window");
}

TEST(GgufCheckWantsLayersWithoutASlidingWindowToo) {
  const auto with_pattern = [](const std::vector<uint32_t>& pattern) {
    return After([&](GgufDraft& draft) {
      draft.SetText("general.architecture", "dots3note");
      for (DraftEntry& entry : draft.entries) {
        if (entry.key.starts_with("llama.")) entry.key.replace(0, 5, "dots3note");
      }
      draft.SetUnsigned("dots3note.attention.sliding_window", 64);
      draft.SetUnsigneds("dots3note.attention.sliding_window_pattern", pattern);
    });
  };
  CHECK_EQ(with_pattern({0, 1}), "");
  CHECK_EQ(with_pattern({7, 1}),
           kInvalid +
               "dots3note.attention.sliding_window_pattern leaves no layer without the sliding "
               "window");
}

TEST(GgufCheckWantsNormsThatAreNotNegative) {
  const std::string key = "llama.attention.layer_norm_rms_epsilon";
  CHECK_EQ(WithFloat(key, -1), kInvalid + key + " is -1.000000; it must be at least 0");
  CHECK_EQ(WithFloat(key, NAN), kInvalid + key + " is nan; it must be at least 0");
  CHECK_EQ(Without(key), kInvalid + key + " is missing");
}

TEST(GgufCheckBoundsExperts) {
  const auto with_experts = [](uint32_t count, uint32_t used, uint32_t groups, uint32_t taken) {
    return After([&](GgufDraft& draft) {
      draft.SetUnsigned("llama.expert_count", count);
      draft.SetUnsigned("llama.expert_used_count", used);
      draft.SetUnsigned("llama.expert_group_count", groups);
      draft.SetUnsigned("llama.expert_group_used_count", taken);
    });
  };
  CHECK_EQ(with_experts(8, 2, 4, 2), "");
  CHECK_EQ(with_experts(1025, 2, 0, 0),
           kInvalid + "llama.expert_count is 1025; it must be at most 1024");
  CHECK_EQ(with_experts(8, 9, 0, 0),
           kInvalid +
               "llama.expert_used_count is 9; it must be at most llama.expert_count, which "
               "is 8");
  CHECK_EQ(with_experts(8, 0, 0, 0),
           kInvalid + "llama.expert_used_count is 0; it must be at least 1");
  CHECK_EQ(with_experts(8, 2, 8, 1),
           kInvalid +
               "llama.expert_group_count is 8; it must be less than llama.expert_count, "
               "which is 8");
  CHECK_EQ(with_experts(8, 2, 3, 1),
           kInvalid +
               "llama.expert_group_count is 3; it must divide llama.expert_count, which is "
               "8");
  CHECK_EQ(with_experts(8, 2, 4, 4),
           kInvalid +
               "llama.expert_group_used_count is 4; it must be at least 1 and less than "
               "llama.expert_group_count, which is 4");
  CHECK_EQ(with_experts(0, 0, 2, 1),
           kInvalid + "llama.expert_group_count is set, but llama.expert_count is 0");
}

TEST(GgufCheckWantsWeightsThatCanBeMultiplied) {
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

TEST(GgufCheckLetsHybridModelsMarkTheirLayers) {
  // Kimi Linear has queries in its recurrent layers too, and says 0 heads for keys and values.
  CHECK_EQ(After([](GgufDraft& draft) {
             for (DraftEntry& entry : draft.entries) {
               if (entry.key.starts_with("llama.")) entry.key.replace(0, 5, "kimi-linear");
             }
             draft.SetText("general.architecture", "kimi-linear");
             draft.SetUnsigneds("kimi-linear.attention.head_count_kv", {0, 1});
           }),
           "");
}

TEST(GgufCheckKnowsThePlaceOfNvfp4Scales) {
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

TEST(GgufCheckWantsWeightsThatCanBeMapped) {
  CHECK(After([](GgufDraft& draft) {
          draft.SetUnsigned("general.alignment", 1);
          draft.alignment = 1;
          draft.SetText("general.name", "odd");
        }).starts_with(kUnsupported + "tensor 'token_embd.weight' lies at byte "));
}

}  // namespace
}  // namespace codellama::test
