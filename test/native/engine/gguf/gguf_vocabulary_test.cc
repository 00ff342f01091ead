#include <string>
#include <utility>
#include <vector>

#include "support/check.h"
#include "support/gguf_tiny_refusal.h"

namespace codellama::test {
namespace {

// The error for TinyLlama with another text for one token.
std::string WithToken(size_t id, const std::string& text) {
  return After([&](GgufDraft& draft) { draft.Entry("tokenizer.ggml.tokens").elements[id] = text; });
}

TEST(gguf_vocabulary_check_refuses_duplicate_tokens) {
  CHECK_EQ(WithToken(270, "<s>"),
           kInvalid + "tokenizer.ggml.tokens holds the text '<s>' twice, as 1 and 270");
  // llama.cpp cuts texts at a NUL character and gives empty texts a name.
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

TEST(gguf_vocabulary_check_requires_a_tokenizer) {
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

TEST(gguf_vocabulary_check_requires_a_bos_token_that_llama_cpp_always_adds) {
  const std::string refusal = After([](GgufDraft& draft) {
    draft.SetText("tokenizer.ggml.model", "gemma4");
    draft.SetTexts("tokenizer.ggml.merges", {});
    draft.SetBool("tokenizer.ggml.add_bos_token", false);
    draft.Remove("tokenizer.ggml.bos_token_id");
  });
  CHECK_EQ(refusal, kInvalid +
                        "tokenizer.ggml.bos_token_id is missing, and the tokenizer adds this token "
                        "to every text");
}

TEST(gguf_vocabulary_check_limits_the_size) {
  const auto with_tokens = [](std::vector<std::string> tokens) {
    return After(
        [&](GgufDraft& draft) { draft.SetTexts("tokenizer.ggml.tokens", std::move(tokens)); });
  };
  std::vector<std::string> long_texts;
  for (int i = 0; i < 20; ++i) long_texts.push_back(std::to_string(i) + std::string(4000, 'x'));
  CHECK(with_tokens(long_texts)
            .starts_with(kInvalid + "tokenizer.ggml.tokens holds 80030 bytes of text, more "));
  CHECK_EQ(with_tokens(std::vector<std::string>((1 << 21) + 1)),
           kInvalid + "tokenizer.ggml.tokens has 2097153 elements; at most 2097152 are allowed");
}

TEST(gguf_vocabulary_check_requires_a_score_and_type_per_token) {
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

TEST(gguf_vocabulary_check_requires_special_tokens_in_range) {
  for (const char* name : {"bos", "eos", "eot", "prefix", "fim_mid"}) {
    const std::string key = std::string("tokenizer.ggml.") + name + "_token_id";
    CHECK_EQ(WithUnsigned(key, 275), kInvalid + key + " is 275; it must be at most 274");
  }
  CHECK_EQ(WithText("tokenizer.ggml.bos_token_id", "<s>"),
           kInvalid + "tokenizer.ggml.bos_token_id has the type str; it must be u32");
}

TEST(gguf_vocabulary_check_requires_merges_of_two_pieces) {
  const auto with_merge = [](const std::string& merge) {
    return After([&](GgufDraft& draft) {
      draft.SetText("tokenizer.ggml.model", "gpt2");
      draft.SetTexts("tokenizer.ggml.merges", {"t h", "i n", merge});
    });
  };
  CHECK_EQ(with_merge("  x"), "");
  CHECK_EQ(with_merge("the"),
           kInvalid +
               "tokenizer.ggml.merges[2] is 'the'; it must be two pieces separated "
               "by a space");
  CHECK_EQ(with_merge(""),
           kInvalid + "tokenizer.ggml.merges[2] is ''; it must be two pieces separated by a space");
}

TEST(gguf_vocabulary_check_knows_other_tokenizers) {
  CHECK_EQ(
      WithText("tokenizer.ggml.model", "bert"),
      kInvalid +
          "tokenizer.ggml.token_type[3] is 6 (byte); a bert tokenizer must not have byte tokens");
  CHECK_EQ(WithText("tokenizer.ggml.model", "rwkv"),
           kInvalid +
               "tokenizer.ggml.tokens must hold a single-byte token for every first "
               "byte of a longer token");
  CHECK_EQ(After([](GgufDraft& draft) {
             draft.SetText("tokenizer.ggml.model", "plamo2");
             draft.Entry("tokenizer.ggml.tokens").elements[270] = "a\xFF";
           }),
           kInvalid +
               "tokenizer.ggml.tokens[270] is 'a\\xff'; a plamo2 tokenizer needs valid "
               "UTF-8");
}

}  // namespace
}  // namespace codellama::test
