// Reads the plain objects that lib/ hands over. lib/options.ts has checked them; what is wrong
// here is a mistake in lib/, and throws a TypeError that names the property.
#pragma once

#include <napi.h>

#include "engine/options.h"

namespace codellama {

ModelOptions ReadModelOptions(const Napi::Object& object);
ContextOptions ReadContextOptions(const Napi::Object& object);
Request ReadRequest(const Napi::Object& object);
std::vector<PromptPart> ReadPrompt(const Napi::Array& parts);
std::vector<float> ReadScales(const Napi::Value& value);
std::vector<Token> ReadTokens(const Napi::Value& value);

}  // namespace codellama
