#include "engine/llama/rope.h"

#include <cstdlib>
#include <limits>
#include <string>

#include "engine/base/error.h"
#include "llama.h"

namespace codellama {

namespace {

bool IsSet(const RopeOptions& options) {
  return options.base != 0 || options.scale != 0 || options.scaling != RopeScaling::kAsInFile;
}

llama_rope_scaling_type ScalingType(RopeScaling scaling) {
  switch (scaling) {
    case RopeScaling::kAsInFile:
      return LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED;
    case RopeScaling::kNone:
      return LLAMA_ROPE_SCALING_TYPE_NONE;
    case RopeScaling::kLinear:
      return LLAMA_ROPE_SCALING_TYPE_LINEAR;
    case RopeScaling::kYarn:
      return LLAMA_ROPE_SCALING_TYPE_YARN;
  }
  return LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED;
}

double OriginalContext(const RopeOptions& options, const Model& model) {
  if (options.original_context > 0) return options.original_context;
  const std::string text =
      model.Metadata(model.facts().architecture + ".rope.scaling.original_context_length");
  const double original = std::strtod(text.c_str(), nullptr);
  return original > 0 ? original : model.facts().training_context;
}

// llama.cpp computes the extended context length as a 32-bit number.
void CheckExtendedLength(const RopeOptions& options, const Model& model) {
  if (options.scaling != RopeScaling::kYarn || options.scale == 0) return;
  const double original = OriginalContext(options, model);
  if (original / options.scale <= std::numeric_limits<int32_t>::max()) return;
  throw Error(ErrorCode::kInvalidArgument,
              "rope: scale " + std::to_string(options.scale) + " extends the original context of " +
                  std::to_string(static_cast<int64_t>(original)) + " tokens to more than " +
                  std::to_string(std::numeric_limits<int32_t>::max()) +
                  " tokens; use a larger scale");
}

}  // namespace

void SetRope(const RopeOptions& options, const Model& model, llama_context_params* params) {
  if (!IsSet(options)) return;
  if (llama_model_rope_type(model.get()) == LLAMA_ROPE_TYPE_NONE) {
    throw Error(ErrorCode::kInvalidArgument, "rope: a model of the architecture " +
                                                 model.facts().architecture +
                                                 " has no rotary positions; leave the option out");
  }
  // llama.cpp asserts on it.
  if (model.facts().architecture == "deepseek2-ocr" && options.base != 0 &&
      options.base != 10'000) {
    throw Error(ErrorCode::kInvalidArgument,
                "rope: base must be 10000 for the architecture deepseek2-ocr");
  }
  CheckExtendedLength(options, model);
  params->rope_freq_base = options.base;
  params->rope_freq_scale = options.scale;
  params->rope_scaling_type = ScalingType(options.scaling);
  params->yarn_ext_factor = options.extrapolation_factor;
  params->yarn_attn_factor = options.attention_factor;
  params->yarn_beta_fast = options.beta_fast;
  params->yarn_beta_slow = options.beta_slow;
  params->yarn_orig_ctx = options.original_context;
}

}  // namespace codellama
