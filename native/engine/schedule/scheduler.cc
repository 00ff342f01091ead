#include "engine/schedule/scheduler.h"

#include <algorithm>
#include <set>
#include <span>
#include <stdexcept>

#include "engine/base/common_length.h"

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
  std::erase(*sequences, sequence);
}

// Number of later requests that may overtake a waiting one before it rises by one priority.
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

Scheduler::Scheduler(SchedulerLimits limits, std::unique_ptr<KvCells> cells)
    : limits_(limits), cells_(std::move(cells)) {}

void Scheduler::Add(Sequence* sequence) { InsertSorted(&waiting_, sequence); }

CellOperations Scheduler::Remove(Sequence* sequence, bool keep) {
  CellOperations operations;
  Erase(&waiting_, sequence);
  Erase(&running_, sequence);
  // By its slot, because an exception may have left it with a slot in neither list.
  if (sequence->slot >= 0) cells_->Release(sequence, keep, &operations);
  sequence->status = SequenceStatus::kWaiting;
  return operations;
}

CellOperations Scheduler::Share(Sequence* sequence) {
  CellOperations operations;
  cells_->Share(sequence, &operations);
  return operations;
}

Plan Scheduler::Schedule() {
  Plan plan;
  planned_tokens_ = 0;
  row_budget_ = limits_.extra_rows;
  cells_->BeginPlan(&plan.operations);
  kind_ = NextKind();
  plan.kind = kind_;
  YieldPausedSlots(&plan);
  ScheduleDecodes(&plan);
  const uint32_t room = limits_.batch_tokens - planned_tokens_;
  prompt_budget_ = plan.batch.empty() ? room : std::min(limits_.prefill_chunk, room);
  SchedulePrefills(&plan);
  AdmitWaiting(nullptr, &plan);
  cells_->EndPlan(&plan.operations);
  return plan;
}

uint32_t Scheduler::NextKind() const {
  std::set<uint32_t> kinds;
  for (const Sequence* sequence : running_) {
    if (!sequence->paused) kinds.insert(sequence->kind);
  }
  for (const Sequence* sequence : waiting_) {
    if (!sequence->paused && cells_->free_slots() > 0) kinds.insert(sequence->kind);
  }
  const auto next = kinds.upper_bound(kind_);
  if (next != kinds.end()) return *next;
  return kinds.empty() ? kind_ : *kinds.begin();
}

bool Scheduler::TakesPart(const Sequence* sequence) const {
  return !sequence->paused && sequence->kind == kind_;
}

Workload Scheduler::workload() const {
  Workload load;
  for (const Sequence* sequence : running_) {
    if (!sequence->paused) (sequence->Decoding() ? load.streams : load.prompts)++;
  }
  const auto ready = std::count_if(waiting_.begin(), waiting_.end(), Unpaused);
  load.prompts += std::min(static_cast<uint32_t>(ready), cells_->free_slots());
  return load;
}

bool Scheduler::HasWork() const {
  return std::any_of(running_.begin(), running_.end(), Unpaused) ||
         std::any_of(waiting_.begin(), waiting_.end(), Unpaused);
}

void Scheduler::YieldPausedSlots(Plan* plan) {
  const auto next = std::find_if(waiting_.begin(), waiting_.end(), Unpaused);
  if (next == waiting_.end()) return;
  const auto ready = std::count_if(waiting_.begin(), waiting_.end(), Unpaused);
  bool needs_cells = !cells_->Fits(**next);
  while (needs_cells || cells_->free_slots() < static_cast<uint32_t>(ready)) {
    const auto paused = std::find_if_not(running_.rbegin(), running_.rend(), Unpaused);
    if (paused == running_.rend()) return;
    Preempt(*paused, plan);
    needs_cells = false;  // one per step, because its cells may suffice
  }
}

void Scheduler::ScheduleDecodes(Plan* plan) {
  // By index, because MakeRoom() removes sequences from the end of running_.
  for (size_t i = 0; i < running_.size() && planned_tokens_ < limits_.batch_tokens; i++) {
    Sequence* sequence = running_[i];
    if (!TakesPart(sequence) || !sequence->Decoding()) continue;
    if (MakeRoom(sequence, plan)) Take(sequence, 1, plan);
  }
  uint32_t budget = std::min(limits_.prefill_chunk, limits_.batch_tokens - planned_tokens_);
  for (ScheduledTokens& scheduled : plan->batch) TakeForced(&scheduled, &budget, plan);
  // Drafts come last, so that a guess never takes the place of a certain token.
  for (ScheduledTokens& scheduled : plan->batch) TakeDraft(&scheduled, plan);
}

void Scheduler::SchedulePrefills(Plan* plan) {
  // Over a copy: AdmitWaiting() adds sequences, and MakeRoom() removes them.
  for (Sequence* sequence : std::vector(running_)) {
    if (!TakesPart(sequence) || sequence->Decoding()) continue;
    AdmitWaiting(sequence, plan);
    if (prompt_budget_ == 0) return;
    if (sequence->status != SequenceStatus::kRunning) continue;
    if (MakeRoom(sequence, plan)) TakePrompt(sequence, plan);
  }
}

void Scheduler::AdmitWaiting(const Sequence* limit, Plan* plan) {
  for (size_t i = 0; i < waiting_.size() && prompt_budget_ > 0 && cells_->free_slots() > 0;) {
    Sequence* sequence = waiting_[i];
    if (limit != nullptr && sequence->priority >= limit->priority) return;
    if (!TakesPart(sequence) || WaitsForPrefix(sequence)) {
      i++;
      continue;
    }
    // A sequence that does not fit holds back the later ones. Otherwise it would starve.
    if (!cells_->Admit(sequence, &plan->operations)) break;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    sequence->status = SequenceStatus::kRunning;
    InsertSorted(&running_, sequence);
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
    cells_->Unreserve(scheduled.count + scheduled.drafted);
    return true;
  });
  Erase(&running_, sequence);
  cells_->Release(sequence, true, &plan->operations);
  sequence->status = SequenceStatus::kWaiting;
  InsertSorted(&waiting_, sequence);
}

bool Scheduler::WaitsForPrefix(const Sequence* sequence) const {
  if (!cells_->Shares(*sequence) || sequence->all_outputs) return false;
  // Waiting pays with at most this many cached tokens. Negative = it never pays.
  int64_t worth_waiting_up_to = -1;
  for (const Sequence* other : running_) {
    if (other->paused || other->kind != sequence->kind || !cells_->Shares(*other) ||
        other->num_computed >= other->num_prompt) {
      continue;
    }
    const bool same_group = sequence->group != 0 && sequence->group == other->group;
    // A sequence of lower priority may run late, and the waiting one would run late with it.
    if (other->priority > sequence->priority && !same_group) continue;
    const std::span<const Token> prompt(other->tokens.data(), other->num_prompt);
    // The last token is always computed, because its logits are needed.
    const size_t common =
        std::min(CommonLength(prompt, sequence->tokens), sequence->tokens.size() - 1);
    const int64_t worth = same_group ? 1 : kWorthSharing;
    worth_waiting_up_to = std::max(worth_waiting_up_to, static_cast<int64_t>(common) - worth);
  }
  return worth_waiting_up_to >= 0 && cells_->CachedLength(*sequence) <= worth_waiting_up_to;
}

bool Scheduler::MakeRoom(const Sequence* claimant, Plan* plan) {
  while (cells_->Reserve(1, &plan->operations) == 0) {
    Sequence* last = running_.back();
    Preempt(last, plan);
    if (last == claimant) return false;
  }
  cells_->Unreserve(1);
  return true;
}

void Scheduler::TakePrompt(Sequence* sequence, Plan* plan) {
  uint32_t count = std::min({sequence->Remaining(), prompt_budget_, LosableChunk(*sequence)});
  if (sequence->all_outputs) {
    count = std::min(count, row_budget_ + 1);
    row_budget_ -= count - 1;
  }
  prompt_budget_ -= Take(sequence, count, plan);
}

uint32_t Scheduler::LosableChunk(const Sequence& sequence) const {
  if (!cells_->Shares(sequence)) return UINT32_MAX;
  const uint32_t cached = std::min(sequence.num_cached, sequence.num_computed);
  return std::max(limits_.losable_chunk, sequence.num_computed - cached);
}

uint32_t Scheduler::Take(Sequence* sequence, uint32_t wanted, Plan* plan) {
  const uint32_t count = cells_->Reserve(wanted, &plan->operations);
  plan->batch.push_back({sequence, sequence->num_computed, count, 0});
  planned_tokens_ += count;
  return count;
}

void Scheduler::TakeForced(ScheduledTokens* scheduled, uint32_t* budget, Plan* plan) {
  const uint32_t wanted = scheduled->sequence->Remaining() - scheduled->count;
  const uint32_t count = cells_->Reserve(std::min(wanted, *budget), &plan->operations);
  scheduled->count += count;
  planned_tokens_ += count;
  *budget -= count;
}

void Scheduler::TakeDraft(ScheduledTokens* scheduled, Plan* plan) {
  // A draft follows the last token.
  if (scheduled->count < scheduled->sequence->Remaining()) return;
  const auto wanted = static_cast<uint32_t>(scheduled->sequence->draft.size());
  const uint32_t room = std::min(cells_->Free(), limits_.batch_tokens - planned_tokens_);
  scheduled->drafted = cells_->Reserve(std::min({wanted, row_budget_, room}), &plan->operations);
  row_budget_ -= scheduled->drafted;
  planned_tokens_ += scheduled->drafted;
}

void Scheduler::CheckIntegrity() const {
  const auto require = [](bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
  };
  require(running_.size() + cells_->free_slots() == cells_->slots(), "slots are lost or doubled");
  cells_->CheckIntegrity();
  require(std::is_sorted(running_.begin(), running_.end(), Before), "running is out of order");
  require(std::is_sorted(waiting_.begin(), waiting_.end(), Before), "waiting is out of order");
  std::vector<bool> taken(cells_->slots(), false);
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
