#include "engine/kv/prefix_cache.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include "engine/base/common_length.h"

namespace codellama {

namespace {

// Fewest cells to cut from one leaf. Otherwise a full cache would evict in every step.
constexpr uint32_t kEvictionStep = 32;

}  // namespace

PrefixCache::PrefixCache(int32_t first_sequence, uint32_t sequences, bool keeps)
    : first_sequence_(first_sequence), sequences_(sequences), keeps_(keeps) {
  Clear();
}

PrefixCache::~PrefixCache() = default;

void PrefixCache::Clear() {
  root_ = std::make_unique<PrefixNode>();
  free_sequences_.clear();
  for (uint32_t i = sequences_; i > 0; i--) {
    free_sequences_.push_back(first_sequence_ + static_cast<int32_t>(i) - 1);
  }
  cells_ = 0;
  locked_cells_ = 0;
}

uint64_t PrefixCache::Key(const PrefixNode* parent, Token token, uint32_t kind) {
  const bool is_root = parent->parent == nullptr;
  return uint64_t{is_root ? kind : 0} << 32 | static_cast<uint32_t>(token);
}

PrefixNode* PrefixCache::Child(const PrefixNode* node, Token token, uint32_t kind) const {
  const auto found = node->children.find(Key(node, token, kind));
  return found == node->children.end() ? nullptr : found->second.get();
}

PrefixCache::Match PrefixCache::Find(std::span<const Token> tokens, uint32_t kind) {
  clock_++;
  PrefixNode* node = root_.get();
  size_t length = 0;
  while (length < tokens.size()) {
    PrefixNode* child = Child(node, tokens[length], kind);
    if (child == nullptr) break;
    const size_t common = CommonLength(child->tokens, tokens.subspan(length));
    node = common < child->tokens.size() ? Split(child, common) : child;
    node->last_used = clock_;
    length += common;
  }
  return {node == root_.get() ? nullptr : node, static_cast<uint32_t>(length)};
}

uint32_t PrefixCache::MatchLength(std::span<const Token> tokens, uint32_t kind) const {
  const PrefixNode* node = root_.get();
  size_t length = 0;
  while (length < tokens.size()) {
    node = Child(node, tokens[length], kind);
    if (node == nullptr) break;
    const size_t common = CommonLength(node->tokens, tokens.subspan(length));
    length += common;
    if (common < node->tokens.size()) break;
  }
  return static_cast<uint32_t>(length);
}

PrefixNode* PrefixCache::Split(PrefixNode* node, size_t length) {
  const auto cut = node->tokens.begin() + static_cast<std::ptrdiff_t>(length);
  auto first = std::make_unique<PrefixNode>();
  first->tokens.assign(node->tokens.begin(), cut);
  first->parent = node->parent;
  first->key = node->key;
  first->locks = node->locks;
  first->last_used = node->last_used;
  node->tokens.erase(node->tokens.begin(), cut);
  node->parent = first.get();

  PrefixNode* result = first.get();
  std::unique_ptr<PrefixNode>& place = first->parent->children.at(first->key);
  std::swap(place, first);
  node->key = Key(result, node->tokens.front(), 0);
  result->children.emplace(node->key, std::move(first));
  return result;
}

int32_t PrefixCache::SequenceOf(const PrefixNode* node) const {
  while (!node->leaf()) node = node->children.begin()->second.get();
  return node->sequence;
}

void PrefixCache::Lock(PrefixNode* node) {
  for (; node != nullptr && node != root_.get(); node = node->parent) {
    if (node->locks++ == 0) locked_cells_ += node->size();
  }
}

void PrefixCache::Unlock(PrefixNode* node) {
  for (; node != nullptr && node != root_.get(); node = node->parent) {
    if (--node->locks == 0) locked_cells_ -= node->size();
  }
}

PrefixCache::Match PrefixCache::Insert(std::span<const Token> tokens, int32_t sequence,
                                       CellOperations* operations, uint32_t kind) {
  if (!enabled()) return {};
  const Match match = Find(tokens, kind);
  if (match.length == tokens.size()) return match;
  PrefixNode* parent = match.node == nullptr ? root_.get() : match.node;

  Lock(match.node);
  const int32_t own = TakeSequence(parent, operations);
  Unlock(match.node);
  if (own < 0) return match;
  const auto end = static_cast<uint32_t>(tokens.size());
  operations->push_back(ShareCells{sequence, own, match.length, end});

  auto leaf = std::make_unique<PrefixNode>();
  const auto rest = tokens.subspan(match.length);
  leaf->tokens.assign(rest.begin(), rest.end());
  leaf->parent = parent;
  leaf->key = Key(parent, leaf->tokens.front(), kind);
  leaf->last_used = clock_;
  leaf->sequence = own;
  cells_ += leaf->size();
  PrefixNode* node = leaf.get();
  parent->children.emplace(leaf->key, std::move(leaf));
  return {node, end};
}

int32_t PrefixCache::TakeSequence(PrefixNode* parent, CellOperations* operations) {
  while (free_sequences_.empty() && (parent == root_.get() || !parent->leaf())) {
    PrefixNode* leaf = LeastRecentlyUsedLeaf();
    if (leaf == nullptr) return -1;
    CutLeaf(leaf, leaf->size(), operations);
  }
  if (parent != root_.get() && parent->leaf()) return std::exchange(parent->sequence, -1);
  const int32_t sequence = free_sequences_.back();
  free_sequences_.pop_back();
  if (parent != root_.get()) {
    operations->push_back(ShareCells{SequenceOf(parent), sequence, 0, parent->End()});
  }
  return sequence;
}

uint32_t PrefixCache::Evict(uint32_t cells, CellOperations* operations) {
  uint32_t freed = 0;
  while (freed < cells) {
    PrefixNode* leaf = LeastRecentlyUsedLeaf();
    if (leaf == nullptr) break;
    const uint32_t cut = std::min(leaf->size(), std::max(cells - freed, kEvictionStep));
    CutLeaf(leaf, cut, operations);
    freed += cut;
  }
  return freed;
}

PrefixNode* PrefixCache::LeastRecentlyUsedLeaf() const {
  PrefixNode* least = nullptr;
  const std::function<void(PrefixNode*)> visit = [&](PrefixNode* node) {
    if (node->leaf() && node->locks == 0 && node != root_.get() &&
        (least == nullptr || node->last_used < least->last_used)) {
      least = node;
    }
    for (const auto& [_, child] : node->children) visit(child.get());
  };
  visit(root_.get());
  return least;
}

std::vector<Token> PrefixCache::TokensUpTo(const PrefixNode* node) {
  std::vector<Token> tokens;
  for (; node->parent != nullptr; node = node->parent) {
    tokens.insert(tokens.begin(), node->tokens.begin(), node->tokens.end());
  }
  return tokens;
}

uint32_t PrefixCache::KindOf(const PrefixNode* node) {
  while (node->parent->parent != nullptr) node = node->parent;
  return static_cast<uint32_t>(node->key >> 32);
}

void PrefixCache::CutLeaf(PrefixNode* leaf, uint32_t cells, CellOperations* operations) {
  cells_ -= cells;
  const int32_t sequence = leaf->sequence;
  if (keeps_ && !leaf->offered) {
    operations->push_back(KeepCells{sequence, KindOf(leaf), TokensUpTo(leaf)});
    leaf->offered = true;
  }
  if (cells < leaf->size()) {
    leaf->tokens.resize(leaf->size() - cells);
    operations->push_back(DropCells{sequence, leaf->End()});
    return;
  }
  PrefixNode* parent = leaf->parent;
  parent->offered = parent->offered || leaf->offered;  // the offer included the parent's cells
  const uint64_t key = leaf->key;                      // erase() destroys the leaf
  parent->children.erase(key);
  if (parent != root_.get() && parent->leaf()) {
    parent->sequence = sequence;
    operations->push_back(DropCells{sequence, parent->End()});
  } else {
    free_sequences_.push_back(sequence);
    operations->push_back(DropCells{sequence, 0});
  }
}

void PrefixCache::CheckIntegrity() const {
  const auto require = [](bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
  };
  uint32_t cells = 0;
  uint32_t locked = 0;
  std::vector<int32_t> owned = free_sequences_;
  const std::function<void(const PrefixNode*)> visit = [&](const PrefixNode* node) {
    if (node != root_.get()) {
      require(!node->tokens.empty(), "a cached run is empty");
      require(node->leaf() == (node->sequence >= 0), "only leaves own sequences");
      cells += node->size();
      if (node->locks > 0) locked += node->size();
      if (node->leaf()) owned.push_back(node->sequence);
    }
    for (const auto& [key, child] : node->children) {
      require(child->parent == node, "a run has another parent");
      require(child->key == key && static_cast<Token>(key) == child->tokens.front(),
              "a run is filed under another token");
      require(node == root_.get() || child->locks <= node->locks, "a lock does not reach the root");
      visit(child.get());
    }
  };
  visit(root_.get());
  require(cells == cells_, "the cached cells do not add up");
  require(locked == locked_cells_, "the locked cells do not add up");
  std::sort(owned.begin(), owned.end());
  require(owned.size() == sequences_, "sequences are lost or doubled");
  require(std::adjacent_find(owned.begin(), owned.end()) == owned.end(), "a sequence is doubled");
}

}  // namespace codellama
