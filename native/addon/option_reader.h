// Reads the plain objects that lib/ hands over. lib/options/ has checked them; what is wrong
// here is a mistake in lib/, and throws a TypeError that names the property.
#pragma once

#include <napi.h>

#include "engine/base/options.h"

namespace codellama {

ModelOptions ReadModelOptions(const Napi::Object& object);
ContextOptions ReadContextOptions(const Napi::Object& object);
// Reads the properties `stop`, `stopPatterns` and `dedentBelow` of a request.
StopConditions ReadStopConditions(const Napi::Object& object);
Request ReadRequest(const Napi::Object& object);
// UTF-16 units of a prompt's texts, which are not read.
size_t PromptUnits(const Napi::Array& parts);
std::vector<PromptPart> ReadPrompt(const Napi::Array& parts);
std::vector<float> ReadScales(const Napi::Value& value);
std::vector<Token> ReadTokens(const Napi::Value& value);

}  // namespace codellama
