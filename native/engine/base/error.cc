#include "engine/base/error.h"

#include <new>

namespace codellama {

const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kModelNotFound:
      return "MODEL_NOT_FOUND";
    case ErrorCode::kModelInvalid:
      return "MODEL_INVALID";
    case ErrorCode::kModelUnsupported:
      return "MODEL_UNSUPPORTED";
    case ErrorCode::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case ErrorCode::kContextOverflow:
      return "CONTEXT_OVERFLOW";
    case ErrorCode::kCapabilityMissing:
      return "CAPABILITY_MISSING";
    case ErrorCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorCode::kInvalidGrammar:
      return "INVALID_GRAMMAR";
    case ErrorCode::kQueueFull:
      return "QUEUE_FULL";
    case ErrorCode::kAborted:
      return "ABORTED";
    case ErrorCode::kClosed:
      return "CLOSED";
    case ErrorCode::kBackendFailed:
      return "BACKEND_FAILED";
  }
  return "BACKEND_FAILED";
}

Error CurrentError() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return {ErrorCode::kOutOfMemory, "no memory is free"};
  } catch (const std::length_error& error) {
    return {ErrorCode::kOutOfMemory, std::string("no memory is free for this: ") + error.what()};
  } catch (const std::exception& error) {
    return {ErrorCode::kBackendFailed, error.what()};
  } catch (...) {
    return {ErrorCode::kBackendFailed, "an exception that is not a std::exception"};
  }
}

}  // namespace codellama
