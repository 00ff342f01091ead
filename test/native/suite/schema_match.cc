// schema_match   reads lines of tab-separated JSON texts: a schema, then any number of values.
// Prints a line for each: the word "refused", a tab and the reason, or a digit for each value. 1 =
// the grammar of the schema admits the text of the value.
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include "engine/grammar/grammar_automaton.h"
#include "engine/schema/schema_grammar.h"

namespace {

std::string_view TakeField(std::string_view* line) {
  const size_t end = std::min(line->find('\t'), line->size());
  const std::string_view field = line->substr(0, end);
  line->remove_prefix(std::min(end + 1, line->size()));
  return field;
}

std::string Answer(std::string_view line) {
  codellama::GrammarAutomaton automaton(codellama::CompileSchema(TakeField(&line), {}), nullptr);
  std::string answer;
  while (!line.empty()) {
    automaton.BeginQuery();
    const auto state = automaton.Next(automaton.start(), TakeField(&line));
    answer += automaton.IsComplete(state) ? '1' : '0';
  }
  return answer;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << Answer(line) << "\n";
    } catch (const std::exception& error) {
      std::cout << "refused\t" << error.what() << "\n";
    }
  }
}
