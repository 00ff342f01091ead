#include "engine/kv/separate_cells.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include "engine/base/common_length.h"
#include "engine/base/sequence.h"

namespace codellama {

SeparateCells::SeparateCells(SeparateCellLimits limits, PromptStore* store)
    : limits_(limits), store_(store), slots_(limits.slots), free_slots_(limits.slots) {}

bool SeparateCells::Fits(const Sequence& sequence) const {
  return sequence.tokens.size() <= limits_.cells;
}

bool SeparateCells::Admit(Sequence* sequence, CellOperations* operations) {
  if (!Fits(*sequence)) return false;
  Match match = Find(*sequence);
  const int32_t slot = Choose(match);
  const bool in_place = slot == match.slot;
  if (!in_place && match.length < kWorthSharing && sequence->group == 0) match = {};

  PromptStore::Match stored;
  // llama.cpp restores at once but copies in the next llama_decode(). So a slot that is about to be
  // copied cannot be restored into.
  const bool is_copied = slots_[static_cast<size_t>(slot)].is_copied;
  if (store_ != nullptr && store_->enabled() && Shares(*sequence) && !sequence->all_outputs &&
      !is_copied) {
    stored = store_->Find({sequence->tokens.data(), sequence->tokens.size() - 1}, sequence->kind);
    if (stored.length < match.length + kWorthSharing) stored = {};
  }

  OfferToStore(slot, in_place && !stored.prompt ? match.length : 0, operations);
  if (stored.prompt) {
    operations->push_back(DropCells{slot, 0});
    operations->push_back(RestoreCells{sequence, stored.prompt, stored.length});
    match.length = stored.length;
  } else if (in_place) {
    operations->push_back(DropCells{slot, match.length});
  } else {
    operations->push_back(DropCells{slot, 0});
    if (match.length > 0) operations->push_back(ShareCells{match.slot, slot, 0, match.length});
  }
  if (match.slot >= 0) {
    Slot& source = slots_[static_cast<size_t>(match.slot)];
    source.last_used = ++clock_;
    source.is_copied = source.is_copied || !in_place;
  }
  slots_[static_cast<size_t>(slot)] = {sequence, {}, 0, ++clock_, false};
  free_slots_--;
  sequence->slot = slot;
  sequence->num_computed = match.length;
  return true;
}

void SeparateCells::Release(Sequence* sequence, bool keep, CellOperations* operations) {
  Slot& slot = slots_[static_cast<size_t>(sequence->slot)];
  slot = {nullptr, {}, sequence->kind, ++clock_, false};
  free_slots_++;
  if (keep && limits_.cached_cells > 0 && Shares(*sequence)) {
    const auto end = sequence->tokens.begin() + sequence->num_computed;
    slot.tokens.assign(sequence->tokens.begin(), end);
  } else {
    operations->push_back(DropCells{sequence->slot, 0});
  }
  sequence->num_computed = 0;
  sequence->slot = -1;
}

bool SeparateCells::Shares(const Sequence& sequence) const {
  return sequence.shares_cells && (limits_.cached_cells > 0 || sequence.group != 0);
}

uint32_t SeparateCells::CachedLength(const Sequence& sequence) const {
  return Find(sequence).length;
}

SeparateCells::Match SeparateCells::Find(const Sequence& sequence) const {
  Match best;
  if (!Shares(sequence) || sequence.all_outputs) return best;
  // The last token is always computed, because its logits are needed.
  const std::span<const Token> wanted(sequence.tokens.data(), sequence.tokens.size() - 1);
  for (size_t i = 0; i < slots_.size(); i++) {
    const Slot& slot = slots_[i];
    const Sequence* owner = slot.owner;
    if ((owner == nullptr ? slot.kind : owner->kind) != sequence.kind) continue;
    if (owner != nullptr && !Shares(*owner)) continue;
    const std::span<const Token> held =
        owner == nullptr ? std::span<const Token>(slot.tokens)
                         : std::span<const Token>(owner->tokens.data(), owner->num_computed);
    const auto length = static_cast<uint32_t>(CommonLength(wanted, held));
    // Among equal matches a free slot is better: the sequence can continue in place.
    const bool is_better = length > best.length || (length == best.length && owner == nullptr);
    if (length > 0 && is_better) best = {static_cast<int32_t>(i), length};
  }
  return best;
}

int32_t SeparateCells::Choose(const Match& match) const {
  const bool any_near = LeastRecentlyUsed(true) >= 0;
  if (match.slot >= 0) {
    const Slot& slot = slots_[static_cast<size_t>(match.slot)];
    // A long cached prompt is not given up for a short beginning of it.
    const bool uses_most = match.length * 2 >= slot.tokens.size();
    if (slot.owner == nullptr && uses_most && (!any_near || IsNearOwner(match.slot))) {
      return match.slot;
    }
  }
  return LeastRecentlyUsed(any_near);
}

// One pass computes the rows of slots that lie close together.
bool SeparateCells::IsNearOwner(int32_t slot) const {
  const int32_t first = std::max(slot - kBridgedSlots - 1, 0);
  const int32_t last = std::min(slot + kBridgedSlots + 1, static_cast<int32_t>(slots_.size()) - 1);
  for (int32_t other = first; other <= last; other++) {
    if (slots_[static_cast<size_t>(other)].owner != nullptr) return true;
  }
  return false;
}

int32_t SeparateCells::LeastRecentlyUsed(bool near_owners) const {
  int32_t best = -1;
  for (int32_t i = 0; i < static_cast<int32_t>(slots_.size()); i++) {
    const Slot& slot = slots_[static_cast<size_t>(i)];
    if (slot.owner != nullptr || (near_owners && !IsNearOwner(i))) continue;
    if (slot.tokens.empty()) return i;
    if (best < 0 || slot.last_used < slots_[static_cast<size_t>(best)].last_used) best = i;
  }
  return best;
}

void SeparateCells::OfferToStore(int32_t slot, uint32_t first, CellOperations* operations) {
  const Slot& holder = slots_[static_cast<size_t>(slot)];
  if (store_ == nullptr || !store_->keeps_evicted()) return;
  if (holder.tokens.size() < first + kWorthSharing) return;
  operations->push_back(KeepCells{slot, holder.kind, holder.tokens});
}

void SeparateCells::Empty(int32_t slot, CellOperations* operations) {
  OfferToStore(slot, 0, operations);
  slots_[static_cast<size_t>(slot)].tokens.clear();
  operations->push_back(DropCells{slot, 0});
}

void SeparateCells::BeginPlan(CellOperations*) {
  for (Slot& slot : slots_) slot.is_copied = false;
}

void SeparateCells::EndPlan(CellOperations* operations) {
  while (cached() > limits_.cached_cells) {
    int32_t oldest = -1;
    for (int32_t i = 0; i < static_cast<int32_t>(slots_.size()); i++) {
      const Slot& slot = slots_[static_cast<size_t>(i)];
      if (slot.tokens.empty()) continue;
      if (oldest < 0 || slot.last_used < slots_[static_cast<size_t>(oldest)].last_used) oldest = i;
    }
    Empty(oldest, operations);
  }
}

uint32_t SeparateCells::used() const {
  uint32_t cells = 0;
  for (const Slot& slot : slots_) cells += slot.owner == nullptr ? 0 : slot.owner->num_computed;
  return cells;
}

uint32_t SeparateCells::cached() const {
  size_t cells = 0;
  for (const Slot& slot : slots_) cells += slot.tokens.size();
  return static_cast<uint32_t>(cells);
}

void SeparateCells::Forget() {
  for (Slot& slot : slots_) slot.tokens.clear();
}

void SeparateCells::CheckIntegrity() const {
  const auto require = [](bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
  };
  uint32_t free = 0;
  for (const Slot& slot : slots_) {
    if (slot.owner == nullptr) {
      free++;
      continue;
    }
    require(slot.tokens.empty(), "a slot at work remembers another sequence");
    require(slot.owner->slot == &slot - slots_.data(), "a sequence thinks it has another slot");
    require(slot.owner->num_computed <= limits_.cells, "more cells used than the slot has");
  }
  require(free == free_slots_, "the free slots do not add up");
}

}  // namespace codellama
