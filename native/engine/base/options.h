// Options and requests as plain data. lib/options/ checks their ranges and words the messages; the
// unit that uses an option checks what depends on the model.
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

class Grammar;
class StopPattern;

using Token = int32_t;

// A text of a prompt. Some vocabularies want a dummy space before a text. The tokenizer adds it to
// the first text and to each text after a control token, unless `inside` is set.
struct PromptText {
  std::string text;
  bool inside = false;   // the text continues another text: no dummy space
  bool special = false;  // names of control tokens in the text become these tokens
  bool joined = false;   // encoded together with the text before it, so pieces may span both
};

// A part of a prompt: a token id or a text.
using PromptPart = std::variant<Token, PromptText>;

struct LoraOptions {
  std::string path;
  float scale = 1.0F;
};

enum class SplitMode { kNone, kLayer, kRow, kTensor };

struct ModelOptions {
  std::string path;
  std::string draft_path;   // file of the draft model; empty = no draft model
  int32_t gpu_layers = -1;  // -1 = as many as fit
  SplitMode split_mode = SplitMode::kLayer;
  int32_t main_gpu = 0;             // index of the only GPU that SplitMode::kNone uses
  std::vector<float> tensor_split;  // share of each device; empty = by their free memory
  // Names or indexes in ListDevices(). Absent = all GPUs, empty = the CPU only.
  std::optional<std::vector<std::string>> devices;
  bool use_mmap = true;
  bool use_mlock = false;
  bool vocabulary_only = false;
  // Whether to rearrange weights for the CPU's matrix instructions, which needs memory of the
  // weights' size. Absent = only if twice that size is free.
  std::optional<bool> repack;
  std::vector<LoraOptions> loras;
};

enum class FlashAttention { kAuto, kOff, kOn };

// kShared: all sequences use one pool of KV cells. kSeparate: each slot has its own cells.
enum class KvLayout { kAuto, kShared, kSeparate };

enum class RopeScaling { kAsInFile, kNone, kLinear, kYarn };

// Rotary position settings. 0, and for the four YaRN factors any negative number, means the value
// in the model file.
struct RopeOptions {
  float base = 0.0F;
  float scale = 0.0F;  // frequency scale: 1 / the factor by which the context grows
  RopeScaling scaling = RopeScaling::kAsInFile;
  float extrapolation_factor = -1.0F;
  float attention_factor = -1.0F;
  float beta_fast = -1.0F;
  float beta_slow = -1.0F;
  uint32_t original_context = 0;
};

struct ContextOptions {
  // KV cells of all sequences together. 0 = the training length (with separate cells: for each
  // slot), capped by free memory.
  uint32_t context_size = 0;
  KvLayout kv_layout = KvLayout::kAuto;
  uint32_t parallel = 4;  // slots: sequences that run at the same time
  // Requests that may wait for a slot. The engine refuses further requests with kQueueFull.
  uint32_t max_queue = std::numeric_limits<uint32_t>::max();
  uint32_t batch_size = 2048;
  uint32_t micro_batch_size = 512;
  int32_t threads = 0;          // decode threads; 0 = UsableCores()
  int32_t prefill_threads = 0;  // 0 = same as threads
  uint32_t max_draft = 16;      // longest draft of one sequence; 0 = no speculation
  bool adaptive_draft = true;   // shortens drafts that do not pay; false = always max_draft
  // Rows of logits of one step beyond one row per sequence: for drafts and scored prompts. Each
  // row takes memory of the vocabulary's size.
  uint32_t ExtraRows() const { return std::max(max_draft * std::min(parallel, 4U), 32U); }
  std::string kv_type_k = "f16";
  std::string kv_type_v = "f16";
  FlashAttention flash_attention = FlashAttention::kAuto;
  RopeOptions rope;
  bool warmup = true;  // computes one token before the first request
  // KV cells that the prefix cache may keep beyond those of running sequences. 0 = no prefix cache.
  // Absent = 4,096 shared cells (1,024 without flash attention), or all separate cells. With shared
  // cells each decode step also reads the cached cells, so a larger cache slows every stream down.
  std::optional<uint32_t> prefix_cache_tokens;
  // Bytes of host memory for prompts that the KV cache evicted. 0 = keeps none.
  uint64_t prompt_cache_bytes = 0;
};

struct DryOptions {
  float multiplier = 0.0F;  // 0 = off
  float base = 1.75F;
  int32_t allowed_length = 2;
  int32_t last_n = -1;  // -1 = the whole context
  std::vector<std::string> sequence_breakers = {"\n", ":", "\"", "*"};
};

struct XtcOptions {
  float probability = 0.0F;  // 0 = off
  float threshold = 0.1F;
};

struct MirostatOptions {
  int32_t version = 0;  // 0 = off
  float tau = 5.0F;
  float eta = 0.1F;
};

struct SamplingOptions {
  float temperature = 0.2F;  // 0 = greedy
  int32_t top_k = 0;         // 0 = off
  float top_p = 0.95F;
  float min_p = 0.0F;
  float typical_p = 1.0F;
  float repeat_penalty = 1.0F;
  float frequency_penalty = 0.0F;
  float presence_penalty = 0.0F;
  int32_t penalty_last_n = 64;  // -1 = the whole context
  DryOptions dry;
  XtcOptions xtc;
  MirostatOptions mirostat;
  std::vector<std::pair<Token, float>> logit_bias;
  uint32_t seed = 0;
  bool ignore_eos = false;
};

// The scheduler serves lower values first.
enum class Priority : uint8_t { kInteractive, kNormal, kBackground };

using RequestId = uint32_t;

// How an embedding is made from hidden states: their mean over all tokens, or the last token's.
enum class Pooling : uint8_t { kMean, kLast };

// Beam search instead of sampling.
struct BeamOptions {
  uint32_t beams = 2;         // unfinished texts that the search keeps
  uint32_t answers = 1;       // best texts to return, at most `beams`
  double length_penalty = 1;  // the score is the log-probability divided by length ^ this
};

// What ends a text, besides its end tokens. The text excludes it.
struct StopConditions {
  std::vector<std::string> texts;
  std::vector<std::shared_ptr<const StopPattern>> patterns;
  // Present = the text ends at the first line that is indented less than its first line. The value
  // is the prompt's last line, which the text continues; "" if the prompt ends with a line break.
  std::optional<std::string> dedent_below;
};

struct Request {
  RequestId id = 0;
  std::vector<Token> tokens;         // the prompt
  std::optional<Pooling> embedding;  // present = the request wants an embedding, not new tokens
  // Scales of the model's LoRA adapters, in the order of ModelOptions::loras. Empty = the scales
  // there.
  std::vector<float> lora_scales;
  bool token_healing = false;
  uint32_t max_tokens = 0;   // new tokens at most; 0 = only compute the prompt
  uint32_t max_repeats = 0;  // times that a block of tokens may stand in a row; 0 = any number
  StopConditions stop;
  // Tokens that end the text in addition to the model's own end tokens. The text excludes them.
  std::vector<Token> stop_tokens;
  bool prefix_cache = true;  // takes cells of earlier prompts, and leaves its own to later ones
  Priority priority = Priority::kNormal;
  uint32_t timeout_ms = 0;  // from submission to the end; 0 = no limit
  // Requests of one group have the same prompt, which the engine computes once. 0 = no group.
  uint32_t group = 0;
  // Present = log-probabilities of new tokens, with this many alternatives for each token.
  std::optional<uint32_t> logprobs;
  bool prompt_logprobs = false;            // log-probabilities of the prompt's tokens
  bool prompt_state = false;               // a PromptState event with the prompt's KV cells
  std::shared_ptr<const Grammar> grammar;  // grammar that the text must follow; null = any text
  std::optional<BeamOptions> beams;        // present = beam search, without the sampling options
  SamplingOptions sampling;
};

}  // namespace codellama
