#include "pattern.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "pattern_tree.h"

namespace codellama {
namespace {

using Kind = PatternNode::Kind;
using Step = PatternStep::Kind;

bool CanBeEmpty(const PatternNode& node) {
  const auto& children = node.children;
  switch (node.kind) {
    case Kind::kUnit:
      return false;
    case Kind::kSequence:
      return std::all_of(children.begin(), children.end(), CanBeEmpty);
    case Kind::kChoice:
      return std::any_of(children.begin(), children.end(), CanBeEmpty);
    case Kind::kRepeat:
      return node.least == 0 || CanBeEmpty(children[0]);
    case Kind::kLook:
    case Kind::kEnd:
      return true;
  }
  return true;
}

class Compiler {
 public:
  Pattern Compile(const PatternNode& root) {
    Emit(root);
    Add({Step::kAccept});
    return std::move(pattern_);
  }

 private:
  uint32_t Here() const { return static_cast<uint32_t>(pattern_.steps.size()); }

  uint32_t Add(const PatternStep& step) {
    pattern_.steps.push_back(step);
    return Here() - 1;
  }

  void Emit(const PatternNode& node) {
    switch (node.kind) {
      case Kind::kUnit:
        return EmitUnits(node.set, 1, 1);
      case Kind::kSequence:
        for (const PatternNode& child : node.children) Emit(child);
        return;
      case Kind::kChoice:
        return EmitChoice(node);
      case Kind::kRepeat:
        return EmitRepeat(node);
      case Kind::kLook:
        return EmitLook(node);
      case Kind::kEnd:
        Add({Step::kEnd});
        return;
    }
  }

  void EmitUnits(const UnitSet& set, uint32_t least, uint32_t most) {
    PatternStep step{Step::kUnits};
    step.set = static_cast<uint32_t>(pattern_.sets.size());
    step.least = least;
    step.most = most;
    pattern_.sets.push_back(set);
    Add(step);
  }

  void EmitChoice(const PatternNode& node) {
    std::vector<uint32_t> jumps;
    for (size_t i = 0; i < node.children.size(); ++i) {
      const bool is_last = i + 1 == node.children.size();
      const uint32_t split = is_last ? 0 : Add({Step::kSplit});
      Emit(node.children[i]);
      if (is_last) break;
      jumps.push_back(Add({Step::kJump}));
      pattern_.steps[split].target = Here();
    }
    for (const uint32_t jump : jumps) pattern_.steps[jump].target = Here();
  }

  void EmitRepeat(const PatternNode& node) {
    const PatternNode& body = node.children[0];
    if (body.kind == Kind::kUnit) return EmitUnits(body.set, node.least, node.most);
    for (uint32_t i = 0; i < node.least; ++i) Emit(body);
    if (node.most == PatternStep::kUnbounded) {
      // PatternMatcher would never leave such a loop.
      if (CanBeEmpty(body))
        throw std::runtime_error(
            "pre-tokenizer pattern: a repeated group must not match the empty text");
      const uint32_t loop = Add({Step::kLoop});
      Emit(body);
      Add({Step::kJump, loop});
      pattern_.steps[loop].target = Here();
      return;
    }
    std::vector<uint32_t> splits;
    for (uint32_t i = node.least; i < node.most; ++i) {
      splits.push_back(Add({Step::kSplit}));
      Emit(body);
    }
    for (const uint32_t split : splits) pattern_.steps[split].target = Here();
  }

  void EmitLook(const PatternNode& node) {
    const uint32_t look = Add({Step::kLook});
    pattern_.steps[look].is_negative = node.is_negative;
    Emit(node.children[0]);
    Add({Step::kAccept});
    pattern_.steps[look].target = Here();
  }

  Pattern pattern_;
};

}  // namespace

Pattern CompilePattern(const std::u32string& text) {
  return Compiler().Compile(ParsePattern(text));
}

}  // namespace codellama
