#include "engine/kv/shared_cells.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "engine/base/sequence.h"

namespace codellama {

SharedCells::SharedCells(SharedCellLimits limits, PromptStore* store)
    : limits_(limits),
      store_(store),
      prefixes_(static_cast<int32_t>(limits.slots), limits.cached_sequences,
                store != nullptr && store->keeps_evicted()),
      free_slots_(limits.slots) {
  // The lowest slot comes last and is taken first: llama.cpp works best with compact sequence ids.
  std::iota(free_slots_.rbegin(), free_slots_.rend(), 0);
}

bool SharedCells::Fits(const Sequence& sequence) const {
  return Claimed() + sequence.tokens.size() - sequence.num_shared <= limits_.cells;
}

bool SharedCells::Admit(Sequence* sequence, CellOperations* operations) {
  TakePrefix(sequence);
  if (!Fits(*sequence)) {
    GiveBackPrefix(sequence);
    return false;
  }
  sequence->slot = free_slots_.back();
  free_slots_.pop_back();
  holders_.push_back(sequence);
  TakeStored(sequence, operations);
  if (sequence->num_shared > 0) {
    operations->push_back(ShareCells{prefixes_.SequenceOf(sequence->prefix), sequence->slot, 0,
                                     sequence->num_shared});
  }
  // Evicts at once what the next steps would evict one by one, because each step reads idle cells
  // too.
  EvictFor(static_cast<uint32_t>(sequence->tokens.size()) - sequence->num_computed, operations);
  return true;
}

void SharedCells::Release(Sequence* sequence, bool keep, CellOperations* operations) {
  if (keep && limits_.cached_cells > 0 && Shares(*sequence) && sequence->num_computed > 0) {
    prefixes_.Insert({sequence->tokens.data(), sequence->num_computed}, sequence->slot, operations,
                     sequence->kind);
  }
  GiveBackPrefix(sequence);
  operations->push_back(DropCells{sequence->slot, 0});
  std::erase(holders_, sequence);
  free_slots_.push_back(sequence->slot);
  sequence->slot = -1;
}

void SharedCells::Share(Sequence* sequence, CellOperations* operations) {
  if (!Shares(*sequence)) return;
  const std::span<const Token> prompt(sequence->tokens.data(), sequence->num_computed);
  const PrefixCache::Match match =
      prefixes_.Insert(prompt, sequence->slot, operations, sequence->kind);
  if (match.length <= sequence->num_shared) return;
  // Another sequence has cached the same tokens meanwhile. Its cells replace our own.
  operations->push_back(ShareCells{prefixes_.SequenceOf(match.node), sequence->slot,
                                   sequence->num_shared, match.length});
  prefixes_.Lock(match.node);
  prefixes_.Unlock(sequence->prefix);
  sequence->prefix = match.node;
  sequence->num_shared = match.length;
}

bool SharedCells::Shares(const Sequence& sequence) const {
  return prefixes_.enabled() && sequence.shares_cells &&
         (limits_.cached_cells > 0 || sequence.group != 0);
}

uint32_t SharedCells::CachedLength(const Sequence& sequence) const {
  return prefixes_.MatchLength(sequence.tokens, sequence.kind);
}

void SharedCells::TakePrefix(Sequence* sequence) {
  if (!Shares(*sequence) || sequence->all_outputs) return;
  // The last token is always computed, because its logits are needed.
  const PrefixCache::Match match =
      prefixes_.Find({sequence->tokens.data(), sequence->tokens.size() - 1}, sequence->kind);
  prefixes_.Lock(match.node);
  sequence->prefix = match.node;
  sequence->num_shared = match.length;
  sequence->num_computed = match.length;
}

void SharedCells::GiveBackPrefix(Sequence* sequence) {
  prefixes_.Unlock(sequence->prefix);
  sequence->prefix = nullptr;
  sequence->num_shared = 0;
  sequence->num_computed = 0;
}

void SharedCells::TakeStored(Sequence* sequence, CellOperations* operations) {
  if (store_ == nullptr || !store_->enabled()) return;
  if (!Shares(*sequence) || sequence->all_outputs) return;
  const PromptStore::Match match =
      store_->Find({sequence->tokens.data(), sequence->tokens.size() - 1}, sequence->kind);
  if (match.length < sequence->num_shared + kWorthSharing) return;
  // The restore needs room for all cells of the stored prompt, even if only some are kept.
  const auto all = static_cast<uint32_t>(match.prompt->tokens.size());
  EvictFor(all, operations);
  if (Free() < all) return;
  GiveBackPrefix(sequence);
  sequence->num_computed = match.length;
  operations->push_back(RestoreCells{sequence, match.prompt, match.length});
}

void SharedCells::BeginPlan(CellOperations* operations) {
  reserved_ = 0;
  if (limits_.cached_cells == 0) Trim(operations);
}

uint32_t SharedCells::Free() const { return limits_.cells - used() - cached() - reserved_; }

uint32_t SharedCells::Reserve(uint32_t tokens, CellOperations* operations) {
  EvictFor(tokens, operations);
  const uint32_t granted = std::min(tokens, Free());
  reserved_ += granted;
  return granted;
}

uint32_t SharedCells::used() const {
  uint32_t cells = prefixes_.locked_cells();
  for (const Sequence* sequence : holders_) cells += sequence->OwnCells();
  return cells;
}

size_t SharedCells::Claimed() const {
  size_t cells = prefixes_.locked_cells();
  for (const Sequence* sequence : holders_) cells += sequence->tokens.size() - sequence->num_shared;
  return cells;
}

void SharedCells::Trim(CellOperations* operations) {
  if (cached() > limits_.cached_cells) {
    prefixes_.Evict(cached() - limits_.cached_cells, operations);
  }
}

void SharedCells::EvictFor(uint32_t cells, CellOperations* operations) {
  const uint32_t free = Free();
  if (free < cells) prefixes_.Evict(cells - free, operations);
}

void SharedCells::CheckIntegrity() const {
  if (used() + cached() > limits_.cells) throw std::logic_error("more cells used than there are");
  prefixes_.CheckIntegrity();
}

}  // namespace codellama
