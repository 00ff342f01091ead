#include "scheduler.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

namespace codellama {

namespace {

// First come, first served inside a priority.
bool Before(const Sequence* left, const Sequence* right) {
  if (left->priority != right->priority) return left->priority < right->priority;
  return left->arrival < right->arrival;
}

void InsertSorted(std::vector<Sequence*>* sequences, Sequence* sequence) {
  sequences->insert(std::upper_bound(sequences->begin(), sequences->end(), sequence, Before),
                    sequence);
}

void Erase(std::vector<Sequence*>* sequences, const Sequence* sequence) {
  sequences->erase(std::find(sequences->begin(), sequences->end(), sequence));
}

// A prompt waits for another only if that saves computing at least so many tokens.
constexpr size_t kWorthWaitingFor = 32;

// So many later requests may go first before a waiting one rises by one priority.
constexpr uint32_t kPatience = 32;

bool Unpaused(const Sequence* sequence) { return !sequence->paused; }

}  // namespace

RequestId Plan::PromptOwner() const {
  uint32_t total = 0;
  for (const ScheduledTokens& scheduled : batch) total += scheduled.count;
  for (const ScheduledTokens& scheduled : batch) {
    if (scheduled.count * 2 > total && !scheduled.sequence->Decoding()) {
      return scheduled.sequence->id;
    }
  }
  return 0;
}

Scheduler::Scheduler(SchedulerLimits limits, PromptStore* store)
    : limits_(limits),
      free_slots_(limits.slots),
      store_(store),
      prefixes_(static_cast<int32_t>(limits.slots), limits.cached_sequences,
                store != nullptr && store->keeps_evicted()) {
  // Lowest slot last, so that it is taken first: llama.cpp works best with compact ids.
  std::iota(free_slots_.rbegin(), free_slots_.rend(), 0);
}

void Scheduler::Add(Sequence* sequence) { InsertSorted(&waiting_, sequence); }

CellOperations Scheduler::Remove(Sequence* sequence, bool keep) {
  CellOperations operations;
  if (sequence->status == SequenceStatus::kWaiting) {
    Erase(&waiting_, sequence);
  } else {
    Erase(&running_, sequence);
    Retire(sequence, keep, &operations);
  }
  return operations;
}

CellOperations Scheduler::SharePrompt(Sequence* sequence) {
  CellOperations operations;
  if (!SharesPrefixes(sequence)) return operations;
  const std::span<const Token> prompt(sequence->tokens.data(), sequence->num_computed);
  const PrefixCache::Match match =
      prefixes_.Insert(prompt, sequence->slot, &operations, sequence->kind);
  if (match.length <= sequence->num_shared) return operations;
  // What another had computed meanwhile takes the place of our own.
  operations.push_back(ShareCells{prefixes_.SequenceOf(match.node), sequence->slot,
                                  sequence->num_shared, match.length});
  prefixes_.Lock(match.node);
  prefixes_.Unlock(sequence->prefix);
  sequence->prefix = match.node;
  sequence->num_shared = match.length;
  return operations;
}

Plan Scheduler::Schedule() {
  Plan plan;
  planned_tokens_ = 0;
  row_budget_ = limits_.extra_rows;
  if (limits_.cached_cells == 0) TrimCache(&plan);
  kind_ = NextKind();
  plan.kind = kind_;
  YieldPausedSlots(&plan);
  ScheduleDecodes(&plan);
  const uint32_t room = limits_.batch_tokens - planned_tokens_;
  prompt_budget_ = plan.batch.empty() ? room : std::min(limits_.prefill_chunk, room);
  SchedulePrefills(&plan);
  AdmitWaiting(nullptr, &plan);
  TrimCache(&plan);
  return plan;
}

uint32_t Scheduler::NextKind() const {
  std::set<uint32_t> kinds;
  for (const Sequence* sequence : running_) {
    if (!sequence->paused) kinds.insert(sequence->kind);
  }
  for (const Sequence* sequence : waiting_) {
    if (!sequence->paused && !free_slots_.empty()) kinds.insert(sequence->kind);
  }
  const auto next = kinds.upper_bound(kind_);
  if (next != kinds.end()) return *next;
  return kinds.empty() ? kind_ : *kinds.begin();
}

bool Scheduler::TakesPart(const Sequence* sequence) const {
  return !sequence->paused && sequence->kind == kind_;
}

uint32_t Scheduler::cells_used() const {
  uint32_t cells = prefixes_.locked_cells();
  for (const Sequence* sequence : running_) cells += sequence->OwnCells();
  return cells;
}

bool Scheduler::HasWork() const {
  return std::any_of(running_.begin(), running_.end(), Unpaused) ||
         std::any_of(waiting_.begin(), waiting_.end(), Unpaused);
}

void Scheduler::YieldPausedSlots(Plan* plan) {
  const auto next = std::find_if(waiting_.begin(), waiting_.end(), Unpaused);
  if (next == waiting_.end()) return;
  const bool fits = ClaimedCells() + (*next)->tokens.size() <= limits_.cells;
  if (fits && !free_slots_.empty()) return;
  const auto paused = std::find_if_not(running_.rbegin(), running_.rend(), Unpaused);
  if (paused != running_.rend()) Preempt(*paused, plan);
}

void Scheduler::ScheduleDecodes(Plan* plan) {
  // By index: making room takes sequences off the end of running_.
  for (size_t i = 0; i < running_.size() && planned_tokens_ < limits_.batch_tokens; i++) {
    Sequence* sequence = running_[i];
    if (!TakesPart(sequence) || !sequence->Decoding()) continue;
    if (MakeRoom(sequence, plan)) Take(sequence, 1, plan);
  }
  // After all, so that no guess takes the place of a token that is sure.
  for (ScheduledTokens& scheduled : plan->batch) TakeDraft(&scheduled);
}

void Scheduler::SchedulePrefills(Plan* plan) {
  // A copy: the admitted get their turn at once, and making room takes sequences off the end.
  for (Sequence* sequence : std::vector(running_)) {
    if (!TakesPart(sequence) || sequence->Decoding()) continue;
    AdmitWaiting(sequence, plan);
    if (prompt_budget_ == 0) return;
    if (sequence->status != SequenceStatus::kRunning) continue;
    if (MakeRoom(sequence, plan)) TakePrompt(sequence, plan);
  }
}

void Scheduler::AdmitWaiting(const Sequence* limit, Plan* plan) {
  for (size_t i = 0; i < waiting_.size() && prompt_budget_ > 0 && !free_slots_.empty();) {
    Sequence* sequence = waiting_[i];
    if (limit != nullptr && sequence->priority >= limit->priority) return;
    if (!TakesPart(sequence) || WaitsForPrefix(sequence)) {
      i++;
      continue;
    }
    TakePrefix(sequence);
    // The first that does not fit holds the later ones back, or it would starve.
    if (ClaimedCells() + sequence->tokens.size() - sequence->num_shared > limits_.cells) {
      GiveBackPrefix(sequence);
      break;
    }
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    sequence->status = SequenceStatus::kRunning;
    sequence->slot = free_slots_.back();
    free_slots_.pop_back();
    InsertSorted(&running_, sequence);
    TakeStored(sequence, plan);
    if (sequence->num_shared > 0) {
      plan->operations.push_back(ShareCells{prefixes_.SequenceOf(sequence->prefix), sequence->slot,
                                            0, sequence->num_shared});
    }
    Overtake(sequence);
    if (!sequence->admitted) sequence->num_cached = sequence->num_computed;
    if (!sequence->admitted) prefix_counts_.Add(*sequence);
    sequence->admitted = true;
    TakePrompt(sequence, plan);
  }
}

void Scheduler::Overtake(const Sequence* admitted) {
  for (Sequence* sequence : waiting_) {
    if (sequence->paused || sequence->arrival > admitted->arrival ||
        sequence->priority == Priority::kInteractive || ++sequence->times_overtaken < kPatience) {
      continue;
    }
    sequence->times_overtaken = 0;
    sequence->priority = static_cast<Priority>(static_cast<uint8_t>(sequence->priority) - 1);
  }
  std::sort(waiting_.begin(), waiting_.end(), Before);
}

void Scheduler::Preempt(Sequence* sequence, Plan* plan) {
  std::erase_if(plan->batch, [&](const ScheduledTokens& scheduled) {
    if (scheduled.sequence != sequence) return false;
    planned_tokens_ -= scheduled.count + scheduled.drafted;
    return true;
  });
  Erase(&running_, sequence);
  Retire(sequence, true, &plan->operations);
  sequence->status = SequenceStatus::kWaiting;
  InsertSorted(&waiting_, sequence);
}

void Scheduler::Retire(Sequence* sequence, bool keep, CellOperations* operations) {
  if (keep && limits_.cached_cells > 0 && SharesPrefixes(sequence) && sequence->num_computed > 0) {
    prefixes_.Insert({sequence->tokens.data(), sequence->num_computed}, sequence->slot, operations,
                     sequence->kind);
  }
  GiveBackPrefix(sequence);
  operations->push_back(DropCells{sequence->slot, 0});
  free_slots_.push_back(sequence->slot);
  sequence->slot = -1;
}

bool Scheduler::SharesPrefixes(const Sequence* sequence) const {
  return prefixes_.enabled() && sequence->shares_cells &&
         (limits_.cached_cells > 0 || sequence->group != 0);
}

void Scheduler::TakePrefix(Sequence* sequence) {
  if (!SharesPrefixes(sequence) || sequence->all_outputs) return;
  // The last token is always computed, for its logits.
  const PrefixCache::Match match =
      prefixes_.Find({sequence->tokens.data(), sequence->tokens.size() - 1}, sequence->kind);
  prefixes_.Lock(match.node);
  sequence->prefix = match.node;
  sequence->num_shared = match.length;
  sequence->num_computed = match.length;
}

void Scheduler::TakeStored(Sequence* sequence, Plan* plan) {
  if (store_ == nullptr || !store_->enabled()) return;
  if (!SharesPrefixes(sequence) || sequence->all_outputs) return;
  const PromptStore::Match match =
      store_->Find({sequence->tokens.data(), sequence->tokens.size() - 1}, sequence->kind);
  if (match.length < sequence->num_shared + kWorthWaitingFor) return;
  // For a moment all of the stored prompt's cells are there.
  const auto all = static_cast<uint32_t>(match.prompt->tokens.size());
  EvictFor(all, plan);
  if (FreeCells() < all) return;
  GiveBackPrefix(sequence);
  sequence->num_computed = match.length;
  plan->operations.push_back(RestoreCells{sequence, match.prompt, match.length});
}

void Scheduler::GiveBackPrefix(Sequence* sequence) {
  prefixes_.Unlock(sequence->prefix);
  sequence->prefix = nullptr;
  sequence->num_shared = 0;
  sequence->num_computed = 0;
}

bool Scheduler::WaitsForPrefix(const Sequence* sequence) const {
  if (!SharesPrefixes(sequence) || sequence->all_outputs) return false;
  const auto begins_alike = [&](const Sequence* other) {
    if (other->paused || other->kind != sequence->kind || !SharesPrefixes(other) ||
        other->num_computed >= other->num_prompt) {
      return false;
    }
    const bool same_group = sequence->group != 0 && sequence->group == other->group;
    // One of lower priority gets its turn late, which must not be passed on.
    if (other->priority > sequence->priority && !same_group) return false;
    const auto end = other->tokens.begin() + other->num_prompt;
    const auto differs =
        std::mismatch(other->tokens.begin(), end, sequence->tokens.begin(), sequence->tokens.end());
    // The last token is computed in any case.
    const size_t common = std::min(static_cast<size_t>(differs.first - other->tokens.begin()),
                                   sequence->tokens.size() - 1);
    const size_t worth = same_group ? 1 : kWorthWaitingFor;
    return common >= prefixes_.MatchLength(sequence->tokens, sequence->kind) + worth;
  };
  return std::any_of(running_.begin(), running_.end(), begins_alike);
}

bool Scheduler::MakeRoom(const Sequence* claimant, Plan* plan) {
  EvictFor(1, plan);
  while (FreeCells() == 0) {
    Sequence* last = running_.back();
    Preempt(last, plan);
    if (last == claimant) return false;
    EvictFor(1, plan);
  }
  return true;
}

size_t Scheduler::ClaimedCells() const {
  size_t cells = prefixes_.locked_cells();
  for (const Sequence* sequence : running_) cells += sequence->tokens.size() - sequence->num_shared;
  return cells;
}

uint32_t Scheduler::FreeCells() const {
  return limits_.cells - cells_used() - cells_cached() - planned_tokens_;
}

void Scheduler::TrimCache(Plan* plan) {
  if (cells_cached() <= limits_.cached_cells) return;
  prefixes_.Evict(cells_cached() - limits_.cached_cells, &plan->operations);
}

void Scheduler::EvictFor(uint32_t cells, Plan* plan) {
  const uint32_t free = FreeCells();
  if (free < cells) prefixes_.Evict(cells - free, &plan->operations);
}

void Scheduler::TakePrompt(Sequence* sequence, Plan* plan) {
  EvictFor(std::min(sequence->Remaining(), prompt_budget_), plan);
  uint32_t count = std::min({sequence->Remaining(), prompt_budget_, FreeCells()});
  if (sequence->all_outputs) {
    count = std::min(count, row_budget_ + 1);
    row_budget_ -= count - 1;
  }
  prompt_budget_ -= count;
  Take(sequence, count, plan);
}

void Scheduler::Take(Sequence* sequence, uint32_t count, Plan* plan) {
  plan->batch.push_back({sequence, sequence->num_computed, count, 0});
  planned_tokens_ += count;
}

void Scheduler::TakeDraft(ScheduledTokens* scheduled) {
  const auto wanted = static_cast<uint32_t>(scheduled->sequence->draft.size());
  scheduled->drafted =
      std::min({wanted, row_budget_, FreeCells(), limits_.batch_tokens - planned_tokens_});
  row_budget_ -= scheduled->drafted;
  planned_tokens_ += scheduled->drafted;
}

void Scheduler::CheckIntegrity() const {
  const auto require = [](bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
  };
  require(running_.size() + free_slots_.size() == limits_.slots, "slots are lost or doubled");
  require(cells_used() + cells_cached() <= limits_.cells, "more cells used than there are");
  prefixes_.CheckIntegrity();
  require(std::is_sorted(running_.begin(), running_.end(), Before), "running is out of order");
  require(std::is_sorted(waiting_.begin(), waiting_.end(), Before), "waiting is out of order");
  std::vector<bool> taken(limits_.slots, false);
  for (const int32_t slot : free_slots_) taken[static_cast<size_t>(slot)] = true;
  for (const Sequence* sequence : running_) {
    require(sequence->status == SequenceStatus::kRunning, "a running sequence has another status");
    require(!taken.at(static_cast<size_t>(sequence->slot)), "two sequences hold one slot");
    taken[static_cast<size_t>(sequence->slot)] = true;
  }
  for (const Sequence* sequence : waiting_) {
    require(sequence->status == SequenceStatus::kWaiting && sequence->slot == -1 &&
                sequence->num_computed == 0 && sequence->prefix == nullptr,
            "a waiting sequence holds cells");
  }
}

}  // namespace codellama
