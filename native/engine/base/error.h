// The error type that the engine throws and reports. Its codes are part of the public API:
// lib/errors.ts lists the same names.
#pragma once

#include <stdexcept>
#include <string>

namespace codellama {

enum class ErrorCode {
  kModelNotFound,
  kModelInvalid,
  kModelUnsupported,
  kOutOfMemory,
  kContextOverflow,
  kCapabilityMissing,
  kInvalidArgument,
  kInvalidGrammar,
  kQueueFull,
  kAborted,
  kClosed,
  kBackendFailed,
};

// Public name of a code, such as "MODEL_NOT_FOUND".
const char* ErrorCodeName(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// The current exception as an Error: an Error stays as it is, a failed allocation becomes
// kOutOfMemory, and anything else kBackendFailed. Call it inside a catch block.
Error CurrentError();

}  // namespace codellama
