// Radix tree of the token runs that the KV cache holds beyond those of running sequences. It counts
// cells and returns cell operations; it knows no llama.cpp.
//
// Each node is a run of tokens after its parent's run. Each leaf owns a sequence of the KV cache
// that holds the cells from the root to the leaf's end. Siblings share the cells of their parents,
// so every run is in the KV cache once. Tokens of different kinds (see Sequence::kind) share
// nothing. A node is split where prompts diverge inside its run. A node that loses its last child
// takes over the child's sequence.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/base/options.h"
#include "engine/kv/cell_operation.h"

namespace codellama {

class PrefixNode;

class PrefixCache {
 public:
  // The tree owns the sequences [first_sequence, first_sequence + sequences) of the KV cache. With
  // `keeps` it offers every run that it cuts to the prompt store (KeepCells).
  PrefixCache(int32_t first_sequence, uint32_t sequences, bool keeps = false);
  ~PrefixCache();
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  struct Match {
    PrefixNode* node = nullptr;  // ends at the end of the match; null when nothing matches
    uint32_t length = 0;
  };

  // The longest cached beginning of the tokens. Marks it as used.
  Match Find(std::span<const Token> tokens, uint32_t kind = 0);

  // Length of the longest cached beginning. Marks nothing as used.
  uint32_t MatchLength(std::span<const Token> tokens, uint32_t kind = 0) const;

  // A sequence that holds the cells from the root to the node's end.
  int32_t SequenceOf(const PrefixNode* node) const;

  // A locked node and its ancestors are not evicted. Locks are counted. The node may be null.
  void Lock(PrefixNode* node);
  void Unlock(PrefixNode* node);

  // Caches the tokens, whose cells `sequence` holds. Returns the node that ends with them, or the
  // deepest matching node if no sequence is free for a new one.
  Match Insert(std::span<const Token> tokens, int32_t sequence, CellOperations* operations,
               uint32_t kind = 0);

  // Frees at least this many unlocked cells, if there are as many, least recently used first.
  // Returns the number of freed cells.
  uint32_t Evict(uint32_t cells, CellOperations* operations);

  // Removes all nodes, locked ones too. The caller clears the KV cache.
  void Clear();

  bool enabled() const { return sequences_ > 0; }
  uint32_t cells() const { return cells_; }
  uint32_t locked_cells() const { return locked_cells_; }

  // Throws std::logic_error when the tree's counts do not add up. For tests.
  void CheckIntegrity() const;

 private:
  // Key of a child by its first token. Below the root it includes the kind.
  static uint64_t Key(const PrefixNode* parent, Token token, uint32_t kind);
  PrefixNode* Child(const PrefixNode* node, Token token, uint32_t kind) const;
  // Splits a node after `length` tokens. Returns the new node, which is the first part. Pointers to
  // the old node now point to the second part.
  PrefixNode* Split(PrefixNode* node, size_t length);
  // The unlocked leaf that was used longest ago; null if all leaves are locked.
  PrefixNode* LeastRecentlyUsedLeaf() const;
  static std::vector<Token> TokensUpTo(const PrefixNode* node);
  static uint32_t KindOf(const PrefixNode* node);
  // Removes cells from the leaf's end. A leaf without cells goes.
  void CutLeaf(PrefixNode* leaf, uint32_t cells, CellOperations* operations);
  // A sequence for a new child that holds the cells up to the parent's end; -1 if none is free.
  int32_t TakeSequence(PrefixNode* parent, CellOperations* operations);

  const int32_t first_sequence_;
  const uint32_t sequences_;
  const bool keeps_;
  std::unique_ptr<PrefixNode> root_;
  std::vector<int32_t> free_sequences_;
  uint32_t cells_ = 0;
  uint32_t locked_cells_ = 0;
  uint64_t clock_ = 0;
};

class PrefixNode {
 private:
  friend class PrefixCache;

  uint32_t size() const { return static_cast<uint32_t>(tokens.size()); }
  uint32_t End() const { return parent == nullptr ? 0 : parent->End() + size(); }
  bool leaf() const { return children.empty(); }

  std::vector<Token> tokens;
  PrefixNode* parent = nullptr;
  uint64_t key = 0;  // key in the parent's children
  std::unordered_map<uint64_t, std::unique_ptr<PrefixNode>> children;
  uint32_t locks = 0;
  uint64_t last_used = 0;
  int32_t sequence = -1;  // the leaf's sequence in the KV cache; -1 for inner nodes
  bool offered = false;   // the prompt store was offered these cells
};

}  // namespace codellama
