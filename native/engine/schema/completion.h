// Decides whether a partly written object or array can still be completed. The machine allows a
// property or item only if that is so, so a model never gets stuck.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace codellama {

// Remembers its answers. `Written` describes what is written so far, reduced to what later
// decisions need.
template <typename Written>
class Completion {
 public:
  virtual ~Completion() = default;

  // Whether something can be appended, or nothing, so that the value may end. False also if the
  // search takes too much work.
  bool CanComplete(const Written& written) {
    const std::optional<bool> decided = Decide(written);
    if (decided) return *decided;
    const auto known = known_.find(written);
    return known != known_.end() ? known->second : Search(written);
  }
  // Whether a search took too much work.
  bool gave_up() const { return gave_up_; }
  // Number of remembered answers, for memory estimates.
  size_t size() const { return known_.size(); }

 protected:
  // The answer, if it can be computed directly. Nullopt = only a search can tell.
  virtual std::optional<bool> Decide(const Written& written) const = 0;
  // What `written` may become with one more property or item, the most useful first. May omit
  // continuations if others reach an end whenever the omitted ones do.
  virtual std::vector<Written> Continuations(const Written& written) const = 0;

 private:
  // Maximum number of values that one search tries: a few milliseconds.
  static constexpr size_t kMaxTries = 20'000;

  // Depth-first search for a value that may end. Every value on the way is entered as one that
  // cannot be completed. If the search succeeds, it corrects the values on the path to the end.
  bool Search(const Written& start) {
    struct Step {
      typename std::map<Written, bool>::iterator place;
      std::vector<Written> next;
      size_t tried = 0;
    };
    std::vector<Step> path;
    const auto enter = [&](const Written& written) {
      path.push_back({known_.emplace(written, false).first, Continuations(written)});
    };
    const auto succeed = [&] {
      for (const Step& step : path) step.place->second = true;
      return true;
    };
    enter(start);
    for (size_t tries = 0; !path.empty(); tries++) {
      gave_up_ = gave_up_ || tries > kMaxTries;
      if (tries > kMaxTries) return false;
      Step& step = path.back();
      if (step.tried == step.next.size()) {
        path.pop_back();
        continue;
      }
      const Written next = step.next[step.tried++];
      const std::optional<bool> decided = Decide(next);
      const auto known = known_.find(next);
      if (decided == true || (known != known_.end() && known->second)) return succeed();
      if (decided == false || known != known_.end()) continue;
      enter(next);
    }
    return false;
  }

  std::map<Written, bool> known_;
  bool gave_up_ = false;
};

}  // namespace codellama
