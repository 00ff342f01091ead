// Errors about a keyword of a schema.
#pragma once

#include <optional>
#include <string>

#include "engine/base/error.h"

namespace codellama {

// A keyword that is malformed or cannot be enforced. what() names the JSON pointer of the schema,
// the keyword and the problem.
class KeywordError : public Error {
 public:
  enum class Kind {
    kMalformed,     // the value of the keyword is not allowed
    kUnenforceable  // the keyword is valid, but this compiler cannot enforce it
  };

  // `problem` continues a sentence that starts with the keyword.
  KeywordError(Kind kind, const std::string& keyword, const std::string& problem)
      : KeywordError(kind, std::nullopt, keyword, problem) {}

  Kind kind() const { return kind_; }
  // JSON pointer of the schema that has the keyword. Nullopt = not known yet.
  const std::optional<std::string>& pointer() const { return pointer_; }
  const std::string& keyword() const { return keyword_; }
  const std::string& problem() const { return problem_; }

  // The same error with the pointer of the schema.
  KeywordError At(const std::string& pointer) const { return {kind_, pointer, keyword_, problem_}; }

 private:
  KeywordError(Kind kind, const std::optional<std::string>& pointer, const std::string& keyword,
               const std::string& problem)
      : Error(ErrorCode::kInvalidGrammar, Place(pointer) + "\"" + keyword + "\" " + problem),
        kind_(kind),
        pointer_(pointer),
        keyword_(keyword),
        problem_(problem) {}

  static std::string Place(const std::optional<std::string>& pointer) {
    if (!pointer) return "";
    return (pointer->empty() ? "/" : *pointer) + ": ";
  }

  Kind kind_;
  std::optional<std::string> pointer_;
  std::string keyword_;
  std::string problem_;
};

[[noreturn]] inline void RefuseMalformed(const std::string& keyword, const std::string& problem) {
  throw KeywordError(KeywordError::Kind::kMalformed, keyword, problem);
}

[[noreturn]] inline void RefuseUnenforceable(const std::string& keyword,
                                             const std::string& problem) {
  throw KeywordError(KeywordError::Kind::kUnenforceable, keyword, "cannot be enforced " + problem);
}

// Runs `read`, which reads a keyword. An error that names no keyword becomes a KeywordError.
template <typename Read>
auto ReadingKeyword(const std::string& keyword, Read&& read) {
  try {
    return read();
  } catch (const KeywordError&) {
    throw;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidGrammar) throw;
    throw KeywordError(KeywordError::Kind::kUnenforceable, keyword,
                       std::string("cannot be enforced: ") + error.what());
  }
}

}  // namespace codellama
