#include "engine/text/control_token.h"

#include <algorithm>
#include <iterator>

namespace codellama {

namespace {

struct Marks {
  std::string_view begin;
  std::string_view end;
};

constexpr Marks kMarks[] = {{"<|", ">"},      {"<", "|>"},         {"<\uff5c", ">"},
                            {"<", "\uff5c>"}, {"<fim_", ">"},      {"<fim-", ">"},
                            {"<unused", ">"}, {"<start_of_", ">"}, {"<end_of_", ">"}};

constexpr std::string_view kNames[] = {
    "<s>",         "</s>",        "<bos>",   "<eos>",       "<pad>",   "<mask>",      "<2mass>",
    "<EOT>",       "\u2581<EOT>", "<PRE>",   "\u2581<PRE>", "<SUF>",   "\u2581<SUF>", "<MID>",
    "\u2581<MID>", "<step>",      "[@BOS@]", "[INST]",      "[/INST]", "[BOS]",       "[EOS]",
    "[EOT]",       "[e~[",        "]~b]",    "]~!b["};

}  // namespace

bool IsControlToken(const Vocabulary& vocabulary, Token token) {
  if (vocabulary.IsControl(token)) return true;
  return vocabulary.IsUserDefined(token) && IsControlName(vocabulary.Text(token));
}

bool IsControlName(std::string_view name) {
  const auto has = [name](const Marks& marks) {
    return name.size() > marks.begin.size() + marks.end.size() && name.starts_with(marks.begin) &&
           name.ends_with(marks.end);
  };
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
         std::any_of(std::begin(kMarks), std::end(kMarks), has);
}

}  // namespace codellama
