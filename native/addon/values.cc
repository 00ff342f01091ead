#include "addon/values.h"

#include <algorithm>
#include <cstring>

#include "engine/text/text_stream.h"

namespace codellama {

namespace {

const char* Name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kRepetition:
      return "repetition";
    case FinishReason::kTimeout:
      return "timeout";
    case FinishReason::kAbort:
      return "abort";
  }
  return "stop";
}

Napi::Object Tagged(Napi::Env env, const char* type) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("type", type);
  return object;
}

Napi::Array PlainArray(Napi::Env env, const std::vector<Token>& tokens) {
  Napi::Array array = Napi::Array::New(env, tokens.size());
  for (uint32_t i = 0; i < tokens.size(); i++) array.Set(i, tokens[i]);
  return array;
}

Napi::Object ToObject(Napi::Env env, const TokenLogprob& each) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("token", each.token);
  object.Set("text", each.text);
  // A JavaScript string would have U+FFFD in place of incomplete characters.
  if (!IsWholeText(each.text)) object.Set("bytes", BytesToValue(env, each.text));
  object.Set("logprob", each.logprob);
  return object;
}

Napi::Array ToArray(Napi::Env env, const std::vector<TokenLogprobs>& logprobs) {
  Napi::Array array = Napi::Array::New(env, logprobs.size());
  for (uint32_t i = 0; i < logprobs.size(); i++) {
    Napi::Object object = ToObject(env, logprobs[i].chosen);
    Napi::Array top = Napi::Array::New(env, logprobs[i].top.size());
    for (uint32_t j = 0; j < logprobs[i].top.size(); j++) {
      top.Set(j, ToObject(env, logprobs[i].top[j]));
    }
    object.Set("top", top);
    array.Set(i, object);
  }
  return array;
}

Napi::Array ToArray(Napi::Env env, const std::vector<BeamAnswer>& beams) {
  Napi::Array array = Napi::Array::New(env, beams.size());
  for (uint32_t i = 0; i < beams.size(); i++) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("finishReason", Name(beams[i].reason));
    object.Set("stopString", beams[i].stop_string);
    object.Set("text", beams[i].text);
    object.Set("tokens", PlainArray(env, beams[i].tokens));
    object.Set("logprobs", ToArray(env, beams[i].logprobs));
    array.Set(i, object);
  }
  return array;
}

struct EventToValue {
  Napi::Env env;

  Napi::Object operator()(const LoadProgress& event) const {
    Napi::Object object = Tagged(env, "progress");
    object.Set("fraction", event.fraction);
    return object;
  }

  Napi::Object operator()(const Loaded&) const { return Tagged(env, "loaded"); }

  Napi::Object operator()(const LoadFailed& event) const {
    Napi::Object object = Tagged(env, "loadFailed");
    object.Set("code", ErrorCodeName(event.code));
    object.Set("message", event.message);
    return object;
  }

  Napi::Object operator()(const PromptScored& event) const {
    Napi::Object object = Tagged(env, "promptScored");
    object.Set("id", event.id);
    object.Set("logprobs", ToArray(env, event.logprobs));
    return object;
  }

  Napi::Object operator()(const Embedded& event) const {
    Napi::Object object = Tagged(env, "embedded");
    object.Set("id", event.id);
    Napi::Float32Array embedding = Napi::Float32Array::New(env, event.embedding.size());
    std::copy(event.embedding.begin(), event.embedding.end(), embedding.Data());
    object.Set("embedding", embedding);
    return object;
  }

  Napi::Object operator()(const PromptState& event) const {
    Napi::Object object = Tagged(env, "promptState");
    object.Set("id", event.id);
    using Shared = std::shared_ptr<std::vector<uint8_t>>;
    auto* owner = new Shared(event.state);  // NOLINT: the finalizer owns it
    object.Set("state", Napi::Buffer<uint8_t>::NewOrCopy(
                            env, event.state->data(), event.state->size(),
                            [](Napi::Env, uint8_t*, Shared* shared) { delete shared; }, owner));
    return object;
  }

  Napi::Object operator()(const TextDelta& event) const {
    Napi::Object object = Tagged(env, "text");
    object.Set("id", event.id);
    object.Set("text", event.text);
    object.Set("tokens", PlainArray(env, event.tokens));
    if (!event.logprobs.empty()) object.Set("logprobs", ToArray(env, event.logprobs));
    return object;
  }

  Napi::Object operator()(const Finished& event) const {
    Napi::Object object = Tagged(env, "finished");
    object.Set("id", event.id);
    object.Set("finishReason", Name(event.reason));
    object.Set("stopString", event.stop_string);
    object.Set("promptTokens", event.usage.prompt_tokens);
    object.Set("cachedTokens", event.usage.cached_tokens);
    object.Set("completionTokens", event.usage.completion_tokens);
    object.Set("draftTokens", event.usage.draft_tokens);
    object.Set("acceptedTokens", event.usage.accepted_tokens);
    object.Set("queuedMs", event.timings.queued_ms);
    object.Set("prefillMs", event.timings.prefill_ms);
    object.Set("decodeMs", event.timings.decode_ms);
    if (!event.beams.empty()) object.Set("beams", ToArray(env, event.beams));
    return object;
  }

  Napi::Object operator()(const Failed& event) const {
    Napi::Object object = Tagged(env, "failed");
    object.Set("id", event.id);
    object.Set("code", ErrorCodeName(event.code));
    object.Set("message", event.message);
    return object;
  }

  Napi::Object operator()(const Closed& event) const {
    Napi::Object object = Tagged(env, "closed");
    if (event.failure) {
      object.Set("code", ErrorCodeName(event.failure->code()));
      object.Set("message", event.failure->what());
    }
    return object;
  }
};

void SetToken(Napi::Object* object, const char* name, Token token) {
  if (token != kNoToken) object->Set(name, token);
}

Napi::Object PlacementToValue(Napi::Env env, const Placement& placement) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array devices = Napi::Array::New(env);
  for (const DeviceShare& share : placement.shares()) {
    if (share.layers == 0 && share.device == "CPU" && devices.Length() > 0) continue;
    Napi::Object device = Napi::Object::New(env);
    device.Set("name", share.device);
    device.Set("layers", share.layers);
    device.Set("weightBytes", static_cast<double>(share.weight_bytes));
    device.Set("contextBytes", static_cast<double>(share.context_bytes));
    device.Set("computeBytes", static_cast<double>(share.compute_bytes));
    devices.Set(devices.Length(), device);
  }
  object.Set("devices", devices);
  if (!placement.reason().empty()) object.Set("reason", placement.reason());
  return object;
}

}  // namespace

Napi::Value ToValue(Napi::Env env, const Events& events) {
  Napi::Array array = Napi::Array::New(env, events.size());
  for (uint32_t i = 0; i < events.size(); i++) {
    array.Set(i, std::visit(EventToValue{env}, events[i]));
  }
  return array;
}

Napi::Value ToValue(Napi::Env env, const EngineStats& stats) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("running", stats.running);
  object.Set("queued", stats.queued);
  object.Set("kvCellsUsed", stats.kv_cells_used);
  object.Set("kvCellsCached", stats.kv_cells_cached);
  object.Set("kvCells", stats.kv_cells);
  object.Set("contextSize", stats.context_size);
  object.Set("promptCacheBytes", static_cast<double>(stats.prompt_cache_bytes));
  object.Set("draftTokens", static_cast<double>(stats.draft_tokens));
  object.Set("acceptedTokens", static_cast<double>(stats.accepted_tokens));
  object.Set("prefixHitTokens", static_cast<double>(stats.prefixes.hit_tokens));
  object.Set("prefixMissTokens", static_cast<double>(stats.prefixes.miss_tokens));
  object.Set("prefillTokensPerSecond", stats.prefill_tokens_per_second);
  object.Set("decodeTokensPerSecond", stats.decode_tokens_per_second);
  return object;
}

Napi::Value ToValue(Napi::Env env, const std::vector<Device>& devices) {
  Napi::Array array = Napi::Array::New(env, devices.size());
  for (uint32_t i = 0; i < devices.size(); i++) {
    const Device& device = devices[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", device.name);
    object.Set("description", device.description);
    object.Set("backend", device.backend);
    object.Set("kind", DeviceKindName(device.kind));
    object.Set("totalMemoryBytes", static_cast<double>(device.total_memory));
    object.Set("freeMemoryBytes", static_cast<double>(device.free_memory));
    array.Set(i, object);
  }
  return array;
}

Napi::Value ToValue(Napi::Env env, const std::vector<BackendLibrary>& libraries) {
  Napi::Array array = Napi::Array::New(env, libraries.size());
  for (uint32_t i = 0; i < libraries.size(); i++) {
    const BackendLibrary& library = libraries[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("path", library.path);
    if (!library.backend.empty()) object.Set("backend", library.backend);
    if (!library.error.empty()) object.Set("error", library.error);
    Napi::Array features = Napi::Array::New(env, library.features.size());
    for (uint32_t j = 0; j < library.features.size(); j++) features.Set(j, library.features[j]);
    object.Set("features", features);
    array.Set(i, object);
  }
  return array;
}

Napi::Value ToValue(Napi::Env env, const Model& model) {
  const ModelFacts& facts = model.facts();
  const SpecialTokens& special = model.tokenizer().special();
  Napi::Object object = Napi::Object::New(env);
  object.Set("architecture", facts.architecture);
  object.Set("name", facts.name);
  object.Set("finetune", facts.finetune);
  object.Set("fileType", facts.file_type);
  object.Set("chatTemplate", facts.chat_template);
  object.Set("parameters", static_cast<double>(facts.parameters));
  object.Set("sizeBytes", static_cast<double>(facts.size_bytes));
  object.Set("trainingContextSize", facts.training_context);
  object.Set("embeddingLength", facts.embedding_length);
  object.Set("layers", facts.layers);
  object.Set("vocabularySize", model.tokenizer().size());
  object.Set("addsBos", model.tokenizer().adds_bos());

  Napi::Object tokens = Napi::Object::New(env);
  SetToken(&tokens, "bos", special.bos);
  SetToken(&tokens, "eos", special.eos);
  SetToken(&tokens, "eot", special.eot);
  SetToken(&tokens, "pad", special.pad);
  SetToken(&tokens, "newline", special.newline);
  SetToken(&tokens, "prefix", special.prefix);
  SetToken(&tokens, "suffix", special.suffix);
  SetToken(&tokens, "middle", special.middle);
  SetToken(&tokens, "repository", special.repository);
  SetToken(&tokens, "fileSeparator", special.file_separator);
  SetToken(&tokens, "step", special.step);
  object.Set("specialTokens", tokens);
  object.Set("endOfGenerationTokens", PlainArray(env, model.tokenizer().end_of_generation()));
  object.Set("placement", PlacementToValue(env, model.placement()));
  return object;
}

Napi::Value ToValue(Napi::Env env, const std::vector<Token>& tokens) {
  Napi::Int32Array array = Napi::Int32Array::New(env, tokens.size());
  std::memcpy(array.Data(), tokens.data(), tokens.size() * sizeof(Token));
  return array;
}

Napi::Value BytesToValue(Napi::Env env, std::string_view bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), array.Data());
  return array;
}

Napi::Error ToJavaScriptError(Napi::Env env, const Error& error) {
  Napi::Error result = Napi::Error::New(env, error.what());
  result.Set("code", Napi::String::New(env, ErrorCodeName(error.code())));
  return result;
}

}  // namespace codellama
