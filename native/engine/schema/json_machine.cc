#include "engine/schema/json_machine.h"

#include <algorithm>
#include <utility>

#include "engine/schema/plain_depth.h"

namespace codellama {

namespace {

constexpr GrammarMachine::State kUnknown = UINT32_MAX;
constexpr std::string_view kWords[] = {"null", "true", "false"};

// Admits the states of a name from which a label that may come next can be reached. Without it, the
// model could begin a name that it must not finish.
class LabelFilter : public StateFilter {
 public:
  LabelFilter(const KeyAutomaton& keys, const LabelSet& next) : keys_(keys), next_(next) {}
  bool MayEnter(uint32_t state) const override {
    return Intersects(keys_.reachable_from[state], next_);
  }

 private:
  const KeyAutomaton& keys_;
  const LabelSet& next_;
};

}  // namespace

size_t JsonMachine::KeyHash::operator()(const Key& key) const {
  uint64_t hash = static_cast<uint64_t>(key.kind);
  for (const uint32_t part : {key.a, key.b, key.c, key.d}) {
    hash = (hash ^ part) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 29;
  }
  return hash;
}

JsonMachine::JsonMachine(const SchemaPlan& plan, bool compact)
    : plan_(plan), compact_(compact), objects_(plan), arrays_(plan) {
  Intern({});
  // `d` is a value that AfterSpace() rejects: the text must not start with whitespace.
  start_ = Intern({Kind::kValue, 0, 0, 0, UINT32_MAX});
}

JsonMachine::State JsonMachine::Intern(const Key& key) {
  const auto [place, added] = states_.try_emplace(key, static_cast<State>(keys_.size()));
  if (added) {
    keys_.push_back(key);
    steps_.emplace_back();
    nodes_.emplace_back();
  }
  return place->second;
}

const JsonMachine::Node& JsonMachine::NodeOf(State state) {
  if (nodes_[state] == nullptr) {
    const Key key = keys_[state];
    auto node = std::make_unique<Node>(MakeNode(key));
    nodes_[state] = std::move(node);
  }
  return *nodes_[state];
}

JsonMachine::State JsonMachine::Next(State state, uint8_t byte) {
  if (steps_[state] == nullptr) {
    steps_[state] = std::make_unique<std::array<State, 256>>();
    steps_[state]->fill(kUnknown);
    tables_++;
  }
  const State known = (*steps_[state])[byte];
  if (known != kUnknown) return known;
  const Key key = keys_[state];
  const State found = Step(key, byte);
  (*steps_[state])[byte] = found;
  return found;
}

uint32_t JsonMachine::PlainCharacters(State state) {
  const Key key = keys_[state];
  if (key.kind == Kind::kKey && key.d == 0) return PlainInName(key);
  if (key.kind != Kind::kString || key.c != 0) return 0;
  const Dfa& dfa = *plan_.values[key.a].strings;
  const auto [place, added] = string_depths_.try_emplace(&dfa);
  if (added) place->second = PlainDepths(dfa, [](uint32_t /*state*/) { return true; });
  return place->second[key.b];
}

// A name may continue with any characters if it can still become a name of a group. Looks at few
// groups, because each needs a table; `additionalProperties` is among the last.
uint32_t JsonMachine::PlainInName(const Key& key) {
  const ObjectPlan& plan = plan_.objects[key.a];
  uint32_t most = 0;
  const uint32_t first = std::max(plan.named, plan.keys.labels - std::min(plan.keys.labels, 4U));
  for (uint32_t label = first; label < plan.keys.labels; label++) {
    if (!HasLabel(objects_.FactsOf(key.b).next, label)) continue;
    const auto [place, added] = name_depths_.try_emplace({key.a, label});
    if (added) {
      place->second = PlainDepths(plan.keys.dfa, [&](uint32_t state) {
        return HasLabel(plan.keys.reachable_from[state], label);
      });
    }
    most = std::max(most, place->second[key.c]);
  }
  return most;
}

size_t JsonMachine::bytes() const {
  constexpr size_t kStateBytes = 100;
  constexpr size_t kProgressBytes = 300;
  return keys_.size() * kStateBytes + tables_ * sizeof(std::array<State, 256>) +
         (objects_.size() + arrays_.size()) * kProgressBytes;
}

// Allows one space, or one or two line ends followed by at most 64 characters of indentation: the
// usual layouts of JSON. More is not allowed, because a model that may write whitespace forever
// sometimes does.
GrammarMachine::State JsonMachine::AfterSpace(Key key, uint8_t byte) {
  enum : uint32_t { kNone, kSpace, kLine, kTwoLines, kIndented };
  constexpr uint32_t kDeepest = 64;  // maximum indentation, in characters
  const bool in_line = key.d >= kLine && key.d < kIndented + kDeepest - 1;
  if (compact_) return kDead;
  if (byte == '\n' && (key.d == kNone || key.d == kLine)) {
    key.d = key.d == kNone ? kLine : kTwoLines;
  } else if (byte == ' ' && key.d == kNone) {
    key.d = kSpace;
  } else if ((byte == ' ' || byte == '\t') && in_line) {
    key.d = key.d < kIndented ? kIndented : key.d + 1;
  } else {
    return kDead;
  }
  return Intern(key);
}

JsonMachine::Node JsonMachine::MakeNode(const Key& key) {
  Node node;
  switch (key.kind) {
    case Kind::kValue: {
      // A single shape needs no extra state: StepValue() enters it directly.
      const ValuePlan& value = plan_.values[key.a];
      if (value.objects.size() > 1) {
        for (const uint32_t each : value.objects)
          node.free.push_back(Intern({Kind::kObject, each}));
      }
      if (value.arrays.size() > 1) {
        for (const uint32_t each : value.arrays) node.free.push_back(Intern({Kind::kArray, each}));
      }
      break;
    }
    case Kind::kNumber:
      node.accepting = plan_.values[key.a].numbers->states[key.b].accepting;
      break;
    case Kind::kEnd:
      node.accepting = true;
      node.reads = false;
      break;
    case Kind::kMember: {
      node.reads = false;
      for (const auto& [value, after] : objects_.Members(key.a, key.b, key.c)) {
        node.calls.push_back(
            {Intern({Kind::kValue, value}), Intern({Kind::kAfterMember, key.a, after})});
      }
      break;
    }
    case Kind::kArrayOpen:
    case Kind::kItem:
      // Whitespace in front of an item is read in the item's own rule, so no item starts after
      // whitespace in this state.
      if (key.d > 0) break;
      node.reads = key.kind == Kind::kArrayOpen;
      for (const auto& [value, text, after] : arrays_.NextItems(key.a, key.b)) {
        const Key item =
            value == kNoPlan ? Key{Kind::kText, key.a, text, 0} : Key{Kind::kValue, value};
        node.calls.push_back({Intern(item), Intern({Kind::kAfterItem, key.a, after})});
      }
      break;
    default:
      break;
  }
  return node;
}

JsonMachine::State JsonMachine::Step(const Key& key, uint8_t byte) {
  switch (key.kind) {
    case Kind::kValue:
      return byte == ' ' || byte == '\n' || byte == '\t' ? AfterSpace(key, byte)
                                                         : StepValue(key.a, byte);
    case Kind::kString: {
      const Dfa& dfa = *plan_.values[key.a].strings;
      if (byte == '"' && key.c == 0) {
        return dfa.states[key.b].accepting ? Intern({Kind::kEnd}) : kDead;
      }
      const StringPlace place = ReadStringByte(dfa, {key.b, key.c}, byte, nullptr);
      return place.state == Dfa::kDead ? kDead
                                       : Intern({Kind::kString, key.a, place.state, place.part});
    }
    case Kind::kNumber: {
      const uint32_t next = plan_.values[key.a].numbers->Next(key.b, byte);
      return next == Dfa::kDead ? kDead : Intern({Kind::kNumber, key.a, next});
    }
    case Kind::kWord:
    case Kind::kText: {
      const std::string_view text =
          key.kind == Kind::kWord ? kWords[key.a] : plan_.arrays[key.a].unique[key.b];
      const uint32_t read = key.kind == Kind::kWord ? key.b : key.c;
      if (static_cast<uint8_t>(text[read]) != byte) return kDead;
      if (read + 1 == text.size()) return Intern({Kind::kEnd});
      return key.kind == Kind::kWord ? Intern({Kind::kWord, key.a, read + 1})
                                     : Intern({Kind::kText, key.a, key.b, read + 1});
    }
    case Kind::kObject:
      return byte == '{' ? Intern({Kind::kObjectOpen, key.a, objects_.Start(key.a)}) : kDead;
    case Kind::kObjectOpen:
      if (byte == '}') return objects_.FactsOf(key.b).may_close ? Intern({Kind::kEnd}) : kDead;
      if (byte == '"')
        return objects_.HasNext(key.a, key.b) ? Intern({Kind::kKey, key.a, key.b, 0, 0}) : kDead;
      return AfterSpace(key, byte);
    case Kind::kKey:
      return StepKey(key, byte);
    case Kind::kColon:
      return byte == ':' ? Intern({Kind::kMember, key.a, key.b, key.c}) : AfterSpace(key, byte);
    case Kind::kAfterMember:
      if (byte == '}') return objects_.FactsOf(key.b).may_close ? Intern({Kind::kEnd}) : kDead;
      if (byte == ',')
        return objects_.HasNext(key.a, key.b) ? Intern({Kind::kNextKey, key.a, key.b}) : kDead;
      return AfterSpace(key, byte);
    case Kind::kNextKey:
      return byte == '"' ? Intern({Kind::kKey, key.a, key.b, 0, 0}) : AfterSpace(key, byte);
    case Kind::kArray:
      return byte == '[' ? Intern({Kind::kArrayOpen, key.a, arrays_.Start(key.a)}) : kDead;
    case Kind::kArrayOpen:
    case Kind::kAfterItem:
      return StepArray(key, byte);
    default:
      return kDead;
  }
}

JsonMachine::State JsonMachine::StepArray(const Key& key, uint8_t byte) {
  const bool may_close = arrays_.MayClose(key.a, key.b);
  if (byte == ']') return may_close ? Intern({Kind::kEnd}) : kDead;
  if (byte == ',' && key.kind == Kind::kAfterItem) {
    const State item = Intern({Kind::kItem, key.a, key.b});
    return NodeOf(item).calls.empty() ? kDead : item;
  }
  // The first item reads the whitespace in front of it, so here the whitespace precedes the end.
  return key.kind == Kind::kAfterItem || may_close ? AfterSpace(key, byte) : kDead;
}

JsonMachine::State JsonMachine::StepValue(uint32_t number, uint8_t byte) {
  const ValuePlan& value = plan_.values[number];
  switch (byte) {
    case '"':
      return value.strings->IsEmpty() ? kDead : Intern({Kind::kString, number, 0, 0});
    case '{':
      return value.objects.size() == 1 ? Step({Kind::kObject, value.objects[0]}, byte) : kDead;
    case '[':
      return value.arrays.size() == 1 ? Step({Kind::kArray, value.arrays[0]}, byte) : kDead;
    case 'n':
      return value.has_null ? Intern({Kind::kWord, 0, 1}) : kDead;
    case 't':
      return value.has_true ? Intern({Kind::kWord, 1, 1}) : kDead;
    case 'f':
      return value.has_false ? Intern({Kind::kWord, 2, 1}) : kDead;
    default: {
      const uint32_t next = value.numbers->Next(0, byte);
      return next == Dfa::kDead ? kDead : Intern({Kind::kNumber, number, next});
    }
  }
}

JsonMachine::State JsonMachine::StepKey(const Key& key, uint8_t byte) {
  const KeyAutomaton& keys = plan_.objects[key.a].keys;
  const LabelSet& next = objects_.FactsOf(key.b).next;
  if (byte == '"' && key.d == 0) {
    const uint32_t label = keys.label_of[key.c];
    const bool allowed = label != KeyAutomaton::kNoLabel && HasLabel(next, label);
    return allowed ? Intern({Kind::kColon, key.a, key.b, label}) : kDead;
  }
  const LabelFilter filter(keys, next);
  const StringPlace place = ReadStringByte(keys.dfa, {key.c, key.d}, byte, &filter);
  return place.state == Dfa::kDead ? kDead
                                   : Intern({Kind::kKey, key.a, key.b, place.state, place.part});
}

}  // namespace codellama
