#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "engine/gguf_file.h"
#include "gguf_refusal.h"
#include "gguf_writer.h"
#include "tiny_llama.h"

namespace codellama::test {
namespace {

const std::string kInvalid = "MODEL_INVALID: ";
const std::string kUnsupported = "MODEL_UNSUPPORTED: ";

// The refusal of TinyLlama with something changed.
template <typename Change>
std::string After(const Change& change) {
  GgufDraft draft = TinyLlama();
  change(draft);
  return ModelRefusal(draft);
}

std::string WithUnsigned(const std::string& key, uint32_t value) {
  return After([&](GgufDraft& draft) { draft.SetUnsigned(key, value); });
}

std::string WithUnsigneds(const std::string& key, const std::vector<uint32_t>& values) {
  return After([&](GgufDraft& draft) { draft.SetUnsigneds(key, values); });
}

std::string WithFloat(const std::string& key, float value) {
  return After([&](GgufDraft& draft) { draft.SetFloat(key, value); });
}

std::string WithText(const std::string& key, const std::string& value) {
  return After([&](GgufDraft& draft) { draft.SetText(key, value); });
}

std::string Without(const std::string& key) {
  return After([&](GgufDraft& draft) { draft.Remove(key); });
}

// The refusal of TinyLlama with one token's text changed.
std::string WithToken(size_t id, const std::string& text) {
  return After([&](GgufDraft& draft) { draft.Entry("tokenizer.ggml.tokens").elements[id] = text; });
}

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
               "llama.attention.value_length is 32; it must be the length of an attention "
               "head, which is 16");
  CHECK_EQ(WithUnsigned("llama.attention.key_length", 15),
           kInvalid + "each attention head has a length of 15; RoPE needs an even number");
  CHECK_EQ(WithText("llama.rope.scaling.type", "spiral"),
           kUnsupported +
               "llama.rope.scaling.type is 'spiral'; it must be none, linear, yarn or "
               "longrope");
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

TEST(GgufCheckWantsEachTokenOnce) {
  CHECK_EQ(WithToken(270, "<s>"),
           kInvalid + "tokenizer.ggml.tokens holds the text '<s>' twice, as 1 and 270");
  // llama.cpp cuts texts at a NUL character, and gives the empty ones a name.
  CHECK_EQ(WithToken(270, std::string("<s>\0x", 5)),
           kInvalid + "tokenizer.ggml.tokens holds the text '<s>' twice, as 1 and 270");
  CHECK_EQ(After([](GgufDraft& draft) {
             auto& tokens = draft.Entry("tokenizer.ggml.tokens").elements;
             tokens[270] = "";
             tokens[271] = "[EMPTY_270]";
           }),
           kInvalid + "tokenizer.ggml.tokens holds the text '[EMPTY_270]' twice, as 270 and 271");
  CHECK_EQ(WithToken(270, ""), "");
}

TEST(GgufCheckWantsAVocabulary) {
  const std::string tokens = "tokenizer.ggml.tokens";
  CHECK_EQ(Without(tokens), kInvalid + tokens + " is missing");
  CHECK_EQ(After([&](GgufDraft& draft) { draft.SetTexts(tokens, {}); }),
           kInvalid + tokens + " is empty");
  CHECK_EQ(WithUnsigneds(tokens, {1, 2}),
           kInvalid + tokens + " has the type arr[u32]; it must be arr[str]");
  CHECK_EQ(WithToken(270, std::string(4097, 'x')),
           kInvalid + tokens + "[270] has 4097 bytes; at most 4096 are allowed");
  CHECK_EQ(Without("tokenizer.ggml.model"),
           kInvalid + "tokenizer.ggml.model is missing: the file has no tokenizer");
  CHECK_EQ(WithText("tokenizer.ggml.model", "none"),
           kUnsupported + "tokenizer.ggml.model is 'none': the file has no tokenizer");
  CHECK_EQ(WithText("tokenizer.ggml.model", "runes"),
           kUnsupported + "tokenizer.ggml.model is 'runes', which llama.cpp does not know");
}

TEST(GgufCheckBoundsVocabularies) {
  const auto with_tokens = [](std::vector<std::string> tokens) {
    return After(
        [&](GgufDraft& draft) { draft.SetTexts("tokenizer.ggml.tokens", std::move(tokens)); });
  };
  std::vector<std::string> long_texts;
  for (int i = 0; i < 20; ++i) long_texts.push_back(std::to_string(i) + std::string(4000, 'x'));
  CHECK(with_tokens(long_texts)
            .starts_with(kInvalid + "tokenizer.ggml.tokens holds 80030 bytes of text; no real "));
  CHECK_EQ(with_tokens(std::vector<std::string>((1 << 21) + 1)),
           kInvalid + "tokenizer.ggml.tokens has 2097153 elements; at most 2097152 are allowed");
}

TEST(GgufCheckWantsANumberForEachToken) {
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetFloats("tokenizer.ggml.scores", {0, 1}); }),
           kInvalid +
               "tokenizer.ggml.scores has 2 elements; it must have one for each of 275 "
               "tokens");
  CHECK_EQ(After([](GgufDraft& draft) { draft.SetIntegers("tokenizer.ggml.token_type", {1}); }),
           kInvalid +
               "tokenizer.ggml.token_type has 1 elements; it must have one for each of 275 "
               "tokens");
  CHECK_EQ(WithUnsigneds("tokenizer.ggml.token_type", {1}),
           kInvalid + "tokenizer.ggml.token_type has the type arr[u32]; it must be arr[i32]");
}

TEST(GgufCheckWantsSpecialTokensInRange) {
  for (const char* name : {"bos", "eos", "eot", "prefix", "fim_mid"}) {
    const std::string key = std::string("tokenizer.ggml.") + name + "_token_id";
    CHECK_EQ(WithUnsigned(key, 275), kInvalid + key + " is 275; it must be at most 274");
  }
  CHECK_EQ(WithText("tokenizer.ggml.bos_token_id", "<s>"),
           kInvalid + "tokenizer.ggml.bos_token_id has the type str; it must be u32");
}

TEST(GgufCheckWantsMergesOfTwoPieces) {
  const auto with_merge = [](const std::string& merge) {
    return After([&](GgufDraft& draft) {
      draft.SetText("tokenizer.ggml.model", "gpt2");
      draft.SetTexts("tokenizer.ggml.merges", {"t h", "i n", merge});
    });
  };
  CHECK_EQ(with_merge("  x"), "");
  CHECK_EQ(with_merge("the"),
           kInvalid +
               "tokenizer.ggml.merges[2] is 'the'; it must be two pieces with a space "
               "between");
  CHECK_EQ(with_merge(""),
           kInvalid + "tokenizer.ggml.merges[2] is ''; it must be two pieces with a space between");
}

TEST(GgufCheckKnowsWhatHangsOrEndsOtherTokenizers) {
  CHECK_EQ(WithText("tokenizer.ggml.model", "bert"),
           kInvalid + "tokenizer.ggml.token_type[3] says byte; a bert tokenizer has none");
  CHECK_EQ(WithText("tokenizer.ggml.model", "rwkv"),
           kInvalid +
               "tokenizer.ggml.tokens must hold every single byte that a longer token "
               "begins with");
  CHECK_EQ(After([](GgufDraft& draft) {
             draft.SetText("tokenizer.ggml.model", "plamo2");
             draft.Entry("tokenizer.ggml.tokens").elements[270] = "a\xFF";
           }),
           kInvalid +
               "tokenizer.ggml.tokens[270] is 'a\\xff'; a plamo2 tokenizer needs valid "
               "UTF-8");
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

// The parts of TinyLlama split in two: all metadata and the first tensors, then the rest.
std::vector<GgufDraft> SplitTiny() {
  std::vector<GgufDraft> parts = {TinyLlama(), GgufDraft()};
  auto& tensors = parts[0].tensors;
  parts[1].tensors.assign(tensors.begin() + 5, tensors.end());
  tensors.resize(5);
  for (uint16_t part = 0; part < 2; ++part) {
    parts[part].Set(DraftEntry::Numbers<uint16_t>("split.no", GgufType::kUint16, false, {part}));
    parts[part].Set(DraftEntry::Numbers<uint16_t>("split.count", GgufType::kUint16, false, {2}));
  }
  return parts;
}

TEST(GgufCheckFollowsSplitModels) {
  const std::vector<GgufDraft> parts = SplitTiny();
  const TemporaryFile first(parts[0].Serialize(), "tiny-00001-of-00002.gguf");
  const std::string second = first.folder() + "/tiny-00002-of-00002.gguf";
  const auto check = [](const std::string& path) {
    return RefusalOf(path, [&] { CheckModel(ReadGguf(path), path); });
  };
  const auto write_second = [&](const GgufDraft& draft) {
    const std::string bytes = draft.Serialize();
    std::ofstream(second, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
  };
  CHECK_EQ(check(first.path()), "MODEL_NOT_FOUND: part 2 of 2 of this split model is missing: " +
                                    second + ": there is no such file");
  write_second(parts[1]);
  CHECK_EQ(check(first.path()), "");
  GgufDraft bad = parts[1];
  bad.Tensor("blk.1.attn_norm.weight").type = 26;
  write_second(bad);
  CHECK_EQ(check(first.path()),
           kUnsupported + "tensor 'blk.1.attn_norm.weight' has the type I32; it must be F32");
  write_second(parts[0]);
  CHECK_EQ(check(first.path()), kInvalid + second + ": split.no is 0; it must be 1");
  write_second(GgufDraft());
  CHECK_EQ(check(first.path()),
           kInvalid + second + ": split.no is missing: this is no part of a split model");
}

TEST(GgufCheckSendsToTheFirstPart) {
  const TemporaryFile second(SplitTiny()[1].Serialize(), "tiny-00002-of-00002.gguf");
  GgufDraft whole = SplitTiny()[1];
  whole.SetText("general.architecture", "llama");
  const TemporaryFile named(whole.Serialize(), "tiny-00002-of-00002.gguf");
  const auto check = [](const std::string& path) {
    return RefusalOf(path, [&] { CheckModel(ReadGguf(path), path); });
  };
  const std::string advice = "this is part 2 of 2 of a split model; load the first part, ";
  CHECK_EQ(check(second.path()), kInvalid + advice + second.folder() + "/tiny-00001-of-00002.gguf");
  CHECK_EQ(check(named.path()), kInvalid + advice + named.folder() + "/tiny-00001-of-00002.gguf");
  const TemporaryFile renamed(whole.Serialize(), "tiny.gguf");
  CHECK_EQ(check(renamed.path()), kInvalid +
                                      "this is part 2 of 2 of a split model; its name must "
                                      "end with -00002-of-00002.gguf");
}

}  // namespace
}  // namespace codellama::test
