// What a caller may ask for, in plain data. Ranges are checked in lib/options.ts, where the
// messages are made; what depends on the model is checked in the unit that uses it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace codellama {

struct Grammar;

using Token = int32_t;

// Text of a prompt. The first text, and each behind a control token, is encoded with the dummy
// space in front that some vocabularies want, unless it is `inside` another text.
struct PromptText {
  std::string text;
  bool inside = false;
  bool special = false;  // control tokens spelled out in it are taken as such
  bool joined = false;   // encoded together with the text before it: pieces may reach across
};

// A piece of a prompt: a token as it is, or text.
using PromptPart = std::variant<Token, PromptText>;

struct LoraOptions {
  std::string path;
  float scale = 1.0F;
};

enum class SplitMode { kNone, kLayer, kRow, kTensor };

struct ModelOptions {
  std::string path;
  std::string draft_path;   // a smaller model that guesses for this one; "" is none
  int32_t gpu_layers = -1;  // -1 means as many as fit
  SplitMode split_mode = SplitMode::kLayer;
  int32_t main_gpu = 0;             // the one device of SplitMode::kNone, by its place among them
  std::vector<float> tensor_split;  // parts of the devices; empty: by their free memory
  // Names or places in ListDevices(); nothing means all GPUs, none means the CPU alone.
  std::optional<std::vector<std::string>> devices;
  bool use_mmap = true;
  bool use_mlock = false;
  bool vocabulary_only = false;
  // Rearranges weights for the CPU's matrix instructions; costs memory of the weights' size.
  // Nothing means: if at least twice that is free.
  std::optional<bool> repack;
  std::vector<LoraOptions> loras;
};

enum class FlashAttention { kAuto, kOff, kOn };

// Whether all sequences share one pool of KV cells, or each has cells of its own.
enum class KvLayout { kAuto, kShared, kSeparate };

enum class RopeScaling { kAsInFile, kNone, kLinear, kYarn };

// How positions turn into angles. Zeros, and the YaRN numbers below zero, mean: as in the file.
struct RopeOptions {
  float base = 0.0F;
  float scale = 0.0F;  // of the frequencies: 1 / the factor by which the context grows
  RopeScaling scaling = RopeScaling::kAsInFile;
  float extrapolation_factor = -1.0F;
  float attention_factor = -1.0F;
  float beta_fast = -1.0F;
  float beta_slow = -1.0F;
  uint32_t original_context = 0;
};

struct ContextOptions {
  // KV cells of all sequences together. 0 means the training length, or with separate cells that
  // of each sequence, bounded by free memory.
  uint32_t context_size = 0;
  KvLayout kv_layout = KvLayout::kAuto;
  uint32_t parallel = 4;  // sequences that run at once
  // Requests that may wait for one of those places; more are refused.
  uint32_t max_queue = std::numeric_limits<uint32_t>::max();
  uint32_t batch_size = 2048;
  uint32_t micro_batch_size = 512;
  int32_t threads = 0;          // decode; 0 means the physical cores at hand
  int32_t prefill_threads = 0;  // 0 means the same as threads
  uint32_t max_draft = 16;      // tokens that a step may guess for one sequence; 0 is off
  bool adaptive_draft = true;   // only as long as it pays; else always the whole
  // Rows of logits that a step may give beyond one for each sequence: for drafts, and for prompts
  // that are scored. Each is of the vocabulary's size.
  uint32_t ExtraRows() const { return std::max(max_draft * std::min(parallel, 4U), 32U); }
  std::string kv_type_k = "f16";
  std::string kv_type_v = "f16";
  FlashAttention flash_attention = FlashAttention::kAuto;
  RopeOptions rope;
  bool warmup = true;  // computes a token before the first request comes
  // KV cells that no running sequence needs and that are kept for prompts to come. Where cells are
  // shared every step of every stream looks at them in passing, so more is not always better. 0 is
  // off; by default 4,096, a quarter of that without flash attention, where the look costs more,
  // and all there are where cells are separate.
  std::optional<uint32_t> prefix_cache_tokens;
  // Bytes of host memory for cells that the KV cache had no room for. 0 keeps none.
  uint64_t prompt_cache_bytes = 0;
};

struct DryOptions {
  float multiplier = 0.0F;  // 0 is off
  float base = 1.75F;
  int32_t allowed_length = 2;
  int32_t last_n = -1;  // -1 means the whole context
  std::vector<std::string> sequence_breakers = {"\n", ":", "\"", "*"};
};

struct XtcOptions {
  float probability = 0.0F;  // 0 is off
  float threshold = 0.1F;
};

struct MirostatOptions {
  int32_t version = 0;  // 0 is off
  float tau = 5.0F;
  float eta = 0.1F;
};

struct SamplingOptions {
  float temperature = 0.2F;  // 0 is greedy
  int32_t top_k = 0;         // 0 is off
  float top_p = 0.95F;
  float min_p = 0.0F;
  float typical_p = 1.0F;
  float repeat_penalty = 1.0F;
  float frequency_penalty = 0.0F;
  float presence_penalty = 0.0F;
  int32_t penalty_last_n = 64;  // -1 is the whole context
  DryOptions dry;
  XtcOptions xtc;
  MirostatOptions mirostat;
  std::vector<std::pair<Token, float>> logit_bias;
  uint32_t seed = 0;
  bool ignore_eos = false;
};

// Lower values go first.
enum class Priority : uint8_t { kInteractive, kNormal, kBackground };

using RequestId = uint32_t;

// What an embedding is made of: the hidden states behind all tokens, or behind the last.
enum class Pooling : uint8_t { kMean, kLast };

struct Request {
  RequestId id = 0;
  std::vector<Token> tokens;         // the prompt
  std::optional<Pooling> embedding;  // asked for instead of new tokens
  // Scales of the model's LoRA adapters, in their order; none means those of the load.
  std::vector<float> lora_scales;
  bool token_healing = false;
  uint32_t max_tokens = 0;   // 0 means until the context is full
  uint32_t max_repeats = 0;  // of a block of tokens in a row; 0 means any number
  std::vector<std::string> stop;
  std::vector<Token>
      stop_tokens;           // end the text beside the model's own ends; they are not part of it
  bool prefix_cache = true;  // takes cells of earlier prompts, and leaves its own to later ones
  Priority priority = Priority::kNormal;
  uint32_t timeout_ms = 0;  // from submit to the end; 0 is none
  // Requests of one group have one prompt, which is computed once. 0 is none.
  uint32_t group = 0;
  std::optional<uint32_t> logprobs;  // of new tokens, with so many of the likeliest beside each
  bool prompt_logprobs = false;      // of the prompt's tokens as well
  bool prompt_state = false;         // the prompt's KV cells are wanted as bytes
  std::shared_ptr<const Grammar> grammar;  // that the text follows; null is none
  SamplingOptions sampling;
};

}  // namespace codellama
