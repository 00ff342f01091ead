// The one error that the engine throws and reports. Its code is part of the public API:
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

// The code's public name, such as "MODEL_NOT_FOUND".
const char* ErrorCodeName(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// The exception that a catch block handles: an Error as it is, a failed allocation as kOutOfMemory,
// anything else as kBackendFailed.
Error CurrentError();

}  // namespace codellama
