// Stop patterns for JavaScript: compileStopPattern(source, flags) and newTextStop(options).
#pragma once

#include <napi.h>

#include <memory>

#include "engine/text/stop_pattern.h"

namespace codellama {

// Compiles a regular expression on another thread. Returns an object of Tasks::RunCancellable().
// `result` resolves with a handle for `stopPatterns`, or rejects with INVALID_GRAMMAR.
Napi::Value CompileStopPatternLater(const Napi::CallbackInfo& info);

// The pattern of a handle. Throws a TypeError for any other value.
std::shared_ptr<const StopPattern> ReadStopPattern(const Napi::Value& handle);

// Returns a function that takes the next piece of a text, or null at its end. It returns the text
// to show as `text`, and the matched text as `matched` ("" if nothing has matched yet).
Napi::Value NewTextStop(const Napi::CallbackInfo& info);

}  // namespace codellama
