#include "support/dead_ends.h"

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace codellama {

namespace {

using State = GrammarMachine::State;

// The states of a machine that can be reached from its start, by their own numbers.
class States {
 public:
  explicit States(const Grammar& grammar) : machine_(grammar.NewMachine()) {}

  // Visits all states that can be reached. Returns false if there are more than `limit`.
  bool Visit(size_t limit) {
    Reach(machine_->start(), "");
    for (size_t at = 0; at < found_.size(); at++) {
      if (found_.size() > limit) return false;
      const State state = found_[at].state;
      const GrammarMachine::Node node = machine_->NodeOf(state);
      Place place{node.accepting, {}, node.calls};
      const std::string text = found_[at].text;
      for (const State next : node.free) place.next.push_back(Reach(next, text));
      for (const auto& [callee, after] : node.calls) {
        Reach(callee, "");
        Reach(after, text + "…");
      }
      for (int byte = 0; node.reads && byte < 256; byte++) {
        const State next = machine_->Next(state, static_cast<uint8_t>(byte));
        if (next != GrammarMachine::kDead) {
          place.next.push_back(Reach(next, text + static_cast<char>(byte)));
        }
      }
      found_[at].place = std::move(place);
    }
    return true;
  }

  // A state that cannot reach the end of its rule.
  std::optional<std::string> DeadEnd() const {
    std::vector<bool> ends(found_.size(), false);
    const auto can_end = [&](const Place& place) {
      if (place.accepting) return true;
      for (const size_t next : place.next) {
        if (ends[next]) return true;
      }
      for (const auto& [callee, after] : place.calls) {
        if (ends[numbers_.at(callee)] && ends[numbers_.at(after)]) return true;
      }
      return false;
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t at = found_.size(); at-- > 0;) {
        if (ends[at] || !can_end(found_[at].place)) continue;
        ends[at] = changed = true;
      }
    }
    for (size_t at = 0; at < found_.size(); at++) {
      if (!ends[at]) return found_[at].text;
    }
    return std::nullopt;
  }

 private:
  struct Place {
    bool accepting = false;
    std::vector<size_t> next;                 // states after one byte, or without reading a byte
    std::vector<GrammarMachine::Call> calls;  // inner rules
  };
  struct Found {
    State state = GrammarMachine::kDead;
    std::string text;  // bytes from the start of the rule
    Place place;
  };

  size_t Reach(State state, std::string text) {
    const auto [number, added] = numbers_.try_emplace(state, found_.size());
    if (added) found_.push_back({state, std::move(text), {}});
    return number->second;
  }

  std::unique_ptr<GrammarMachine> machine_;
  std::unordered_map<State, size_t> numbers_;
  std::vector<Found> found_;
};

}  // namespace

std::optional<std::string> FindDeadEnd(const Grammar& grammar, size_t limit) {
  States states(grammar);
  if (!states.Visit(limit)) return std::nullopt;
  return states.DeadEnd();
}

}  // namespace codellama
