#include "addon/option_reader.h"

#include <string>

#include "addon/grammar_handle.h"
#include "addon/stop_handle.h"

namespace codellama {

namespace {

[[noreturn]] void ThrowType(Napi::Env env, const std::string& what) {
  throw Napi::TypeError::New(env, "node-codellama: " + what);
}

// Properties of one object; absent ones leave the field at its default.
class Reader {
 public:
  explicit Reader(const Napi::Object& object) : object_(object) {}

  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void Read(const char* name, Number* field) const {
    const Napi::Value value = Get(name);
    if (value.IsUndefined()) return;
    if constexpr (std::is_same_v<Number, bool>) {
      if (!value.IsBoolean()) ThrowType(object_.Env(), std::string(name) + " is not a boolean");
      *field = value.As<Napi::Boolean>();
    } else {
      if (!value.IsNumber()) ThrowType(object_.Env(), std::string(name) + " is not a number");
      *field = static_cast<Number>(value.As<Napi::Number>().DoubleValue());
    }
  }

  template <typename Value>
  void Read(const char* name, std::optional<Value>* field) const {
    if (Get(name).IsUndefined()) return;
    Value value{};
    Read(name, &value);
    *field = value;
  }

  void Read(const char* name, std::string* field) const {
    const Napi::Value value = Get(name);
    if (value.IsUndefined()) return;
    if (!value.IsString()) ThrowType(object_.Env(), std::string(name) + " is not a string");
    *field = value.As<Napi::String>();
  }

  void Read(const char* name, std::vector<std::string>* field) const {
    const Napi::Value value = Get(name);
    if (value.IsUndefined()) return;
    const Napi::Array array = AsArray(name, value);
    field->clear();
    for (uint32_t i = 0; i < array.Length(); i++) {
      field->push_back(array.Get(i).ToString().Utf8Value());
    }
  }

  // Calls `read` with a Reader of the nested object, when there is one.
  template <typename Function>
  void Nested(const char* name, Function read) const {
    const Napi::Value value = Get(name);
    if (value.IsUndefined()) return;
    if (!value.IsObject()) ThrowType(object_.Env(), std::string(name) + " is not an object");
    read(Reader(value.As<Napi::Object>()));
  }

  // Calls `read` with each element of the array, when there is one.
  template <typename Function>
  void Each(const char* name, Function read) const {
    const Napi::Value value = Get(name);
    if (value.IsUndefined()) return;
    const Napi::Array array = AsArray(name, value);
    for (uint32_t i = 0; i < array.Length(); i++) {
      const Napi::Value element = array.Get(i);
      read(element);
    }
  }

  // Own properties alone: anybody may put others into Object.prototype.
  Napi::Value Get(const char* name) const {
    return object_.HasOwnProperty(name) ? object_.Get(name) : object_.Env().Undefined();
  }

 private:
  Napi::Array AsArray(const char* name, const Napi::Value& value) const {
    if (!value.IsArray()) ThrowType(object_.Env(), std::string(name) + " is not an array");
    return value.As<Napi::Array>();
  }

  Napi::Object object_;
};

FlashAttention ReadFlashAttention(const Napi::Value& value) {
  if (!value.IsBoolean()) return FlashAttention::kAuto;
  return value.As<Napi::Boolean>() ? FlashAttention::kOn : FlashAttention::kOff;
}

SplitMode ReadSplitMode(const std::string& name) {
  if (name == "none") return SplitMode::kNone;
  if (name == "row") return SplitMode::kRow;
  if (name == "tensor") return SplitMode::kTensor;
  return SplitMode::kLayer;
}

RopeScaling ReadRopeScaling(const std::string& name) {
  if (name == "none") return RopeScaling::kNone;
  if (name == "linear") return RopeScaling::kLinear;
  if (name == "yarn") return RopeScaling::kYarn;
  return RopeScaling::kAsInFile;
}

RopeOptions ReadRope(const Reader& reader) {
  RopeOptions options;
  std::string type;
  reader.Read("type", &type);
  options.scaling = ReadRopeScaling(type);
  reader.Read("base", &options.base);
  reader.Read("scale", &options.scale);
  reader.Nested("yarn", [&](const Reader& yarn) {
    yarn.Read("extFactor", &options.extrapolation_factor);
    yarn.Read("attnFactor", &options.attention_factor);
    yarn.Read("betaFast", &options.beta_fast);
    yarn.Read("betaSlow", &options.beta_slow);
    yarn.Read("origContext", &options.original_context);
  });
  return options;
}

Priority ReadPriority(const std::string& name) {
  if (name == "interactive") return Priority::kInteractive;
  if (name == "background") return Priority::kBackground;
  return Priority::kNormal;
}

SamplingOptions ReadSampling(const Reader& reader) {
  SamplingOptions options;
  reader.Read("temperature", &options.temperature);
  reader.Read("topK", &options.top_k);
  reader.Read("topP", &options.top_p);
  reader.Read("minP", &options.min_p);
  reader.Read("typicalP", &options.typical_p);
  reader.Read("repeatPenalty", &options.repeat_penalty);
  reader.Read("frequencyPenalty", &options.frequency_penalty);
  reader.Read("presencePenalty", &options.presence_penalty);
  reader.Read("penaltyLastN", &options.penalty_last_n);
  reader.Read("seed", &options.seed);
  reader.Read("ignoreEos", &options.ignore_eos);
  reader.Nested("dry", [&](const Reader& dry) {
    dry.Read("multiplier", &options.dry.multiplier);
    dry.Read("base", &options.dry.base);
    dry.Read("allowedLength", &options.dry.allowed_length);
    dry.Read("lastN", &options.dry.last_n);
    dry.Read("sequenceBreakers", &options.dry.sequence_breakers);
  });
  reader.Nested("xtc", [&](const Reader& xtc) {
    xtc.Read("probability", &options.xtc.probability);
    xtc.Read("threshold", &options.xtc.threshold);
  });
  reader.Nested("mirostat", [&](const Reader& mirostat) {
    mirostat.Read("version", &options.mirostat.version);
    mirostat.Read("tau", &options.mirostat.tau);
    mirostat.Read("eta", &options.mirostat.eta);
  });
  reader.Each("logitBias", [&](const Napi::Value& pair) {
    const auto array = pair.As<Napi::Array>();
    options.logit_bias.emplace_back(array.Get(0U).ToNumber().Int32Value(),
                                    array.Get(1U).ToNumber().FloatValue());
  });
  return options;
}

}  // namespace

ModelOptions ReadModelOptions(const Napi::Object& object) {
  const Reader reader(object);
  ModelOptions options;
  reader.Read("modelPath", &options.path);
  reader.Read("draftModelPath", &options.draft_path);
  reader.Read("gpuLayers", &options.gpu_layers);
  std::string split_mode;
  reader.Read("splitMode", &split_mode);
  options.split_mode = ReadSplitMode(split_mode);
  reader.Read("mainGpu", &options.main_gpu);
  reader.Each("tensorSplit", [&](const Napi::Value& part) {
    options.tensor_split.push_back(part.ToNumber().FloatValue());
  });
  reader.Read("devices", &options.devices);
  reader.Read("useMmap", &options.use_mmap);
  reader.Read("useMlock", &options.use_mlock);
  reader.Read("vocabularyOnly", &options.vocabulary_only);
  reader.Read("repack", &options.repack);
  reader.Each("loras", [&](const Napi::Value& value) {
    const Reader lora(value.As<Napi::Object>());
    LoraOptions each;
    lora.Read("path", &each.path);
    lora.Read("scale", &each.scale);
    options.loras.push_back(std::move(each));
  });
  return options;
}

ContextOptions ReadContextOptions(const Napi::Object& object) {
  const Reader reader(object);
  ContextOptions options;
  reader.Read("contextSize", &options.context_size);
  reader.Read("parallel", &options.parallel);
  reader.Read("maxQueue", &options.max_queue);
  reader.Read("batchSize", &options.batch_size);
  reader.Read("microBatchSize", &options.micro_batch_size);
  reader.Read("threads", &options.threads);
  reader.Read("prefillThreads", &options.prefill_threads);
  reader.Read("kvTypeK", &options.kv_type_k);
  reader.Read("kvTypeV", &options.kv_type_v);
  reader.Read("warmup", &options.warmup);
  reader.Read("maxDraft", &options.max_draft);
  reader.Read("adaptiveDraft", &options.adaptive_draft);
  reader.Read("prefixCacheTokens", &options.prefix_cache_tokens);
  reader.Read("promptCacheBytes", &options.prompt_cache_bytes);
  reader.Nested("rope", [&](const Reader& rope) { options.rope = ReadRope(rope); });
  options.flash_attention = ReadFlashAttention(reader.Get("flashAttention"));
  std::optional<bool> kv_unified;
  reader.Read("kvUnified", &kv_unified);
  if (kv_unified) options.kv_layout = *kv_unified ? KvLayout::kShared : KvLayout::kSeparate;
  return options;
}

StopConditions ReadStopConditions(const Napi::Object& object) {
  const Reader reader(object);
  StopConditions stop;
  reader.Read("stop", &stop.texts);
  reader.Each("stopPatterns",
              [&](const Napi::Value& handle) { stop.patterns.push_back(ReadStopPattern(handle)); });
  reader.Read("dedentBelow", &stop.dedent_below);
  return stop;
}

Request ReadRequest(const Napi::Object& object) {
  const Reader reader(object);
  Request request;
  reader.Read("id", &request.id);
  request.tokens = ReadTokens(reader.Get("prompt"));
  reader.Read("tokenHealing", &request.token_healing);
  reader.Read("maxTokens", &request.max_tokens);
  reader.Read("maxRepeats", &request.max_repeats);
  request.stop = ReadStopConditions(object);
  const Napi::Value stop_tokens = reader.Get("stopTokens");
  if (!stop_tokens.IsUndefined()) request.stop_tokens = ReadTokens(stop_tokens);
  reader.Read("prefixCache", &request.prefix_cache);
  std::string priority;
  reader.Read("priority", &priority);
  request.priority = ReadPriority(priority);
  reader.Read("timeoutMs", &request.timeout_ms);
  std::string pooling;
  reader.Read("embedding", &pooling);
  if (!pooling.empty()) request.embedding = pooling == "last" ? Pooling::kLast : Pooling::kMean;
  request.lora_scales = ReadScales(reader.Get("loraScales"));
  reader.Read("promptState", &request.prompt_state);
  reader.Read("group", &request.group);
  reader.Read("logprobs", &request.logprobs);
  if (!reader.Get("grammar").IsUndefined()) request.grammar = ReadGrammar(reader.Get("grammar"));
  reader.Read("promptLogprobs", &request.prompt_logprobs);
  reader.Nested("beamSearch", [&](const Reader& beams) {
    request.beams.emplace();
    beams.Read("beams", &request.beams->beams);
    beams.Read("n", &request.beams->answers);
    beams.Read("lengthPenalty", &request.beams->length_penalty);
  });
  request.sampling = ReadSampling(reader);
  return request;
}

size_t PromptUnits(const Napi::Array& parts) {
  size_t units = 0;
  for (uint32_t i = 0; i < parts.Length(); i++) {
    const Napi::Value part = parts.Get(i);
    if (!part.IsObject()) continue;
    const Napi::Value text = part.As<Napi::Object>().Get("text");
    size_t length = 0;
    // With no buffer it gives the length, and copies nothing.
    if (napi_get_value_string_utf16(text.Env(), text, nullptr, 0, &length) == napi_ok) {
      units += length;
    }
  }
  return units;
}

std::vector<PromptPart> ReadPrompt(const Napi::Array& parts) {
  std::vector<PromptPart> prompt;
  for (uint32_t i = 0; i < parts.Length(); i++) {
    const Napi::Value part = parts.Get(i);
    if (part.IsNumber()) {
      prompt.emplace_back(part.ToNumber().Int32Value());
      continue;
    }
    const Reader reader(part.As<Napi::Object>());
    PromptText text;
    reader.Read("text", &text.text);
    reader.Read("inside", &text.inside);
    reader.Read("special", &text.special);
    reader.Read("joined", &text.joined);
    prompt.emplace_back(std::move(text));
  }
  return prompt;
}

std::vector<float> ReadScales(const Napi::Value& value) {
  std::vector<float> scales;
  if (!value.IsArray()) return scales;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    scales.push_back(array.Get(i).ToNumber().FloatValue());
  }
  return scales;
}

std::vector<Token> ReadTokens(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    ThrowType(value.Env(), "tokens are not an Int32Array");
  }
  const auto array = value.As<Napi::Int32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

}  // namespace codellama
