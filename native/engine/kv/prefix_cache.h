// Which runs of tokens the KV cache holds beyond those at work: a radix tree. Pure: it counts
// cells and says what to do with them, and knows no llama.cpp.
//
// Each node is a run of tokens behind its parent's. Each leaf owns a sequence of the KV cache that
// holds the cells from the root to the leaf's end; siblings share their parents' cells, so that
// every node's cells are there once. Tokens of different kinds (see Sequence::kind) share nothing.
// Where prompts diverge inside a run the node is split; a node that has lost its last child takes
// over the child's sequence.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/base/options.h"
#include "engine/kv/cell_operation.h"

namespace codellama {

class PrefixCache {
 public:
  class Node;

  // Sequences [first_sequence, first_sequence + sequences) of the KV cache are the tree's.
  // With `keeps` every run that is cut is offered to be kept elsewhere.
  PrefixCache(int32_t first_sequence, uint32_t sequences, bool keeps = false);
  ~PrefixCache();
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  struct Match {
    Node* node = nullptr;  // ends where the match ends; null when nothing matches
    uint32_t length = 0;
  };

  // The longest cached beginning of the tokens, which counts as used now.
  Match Find(std::span<const Token> tokens, uint32_t kind = 0);

  // Its length alone; nothing counts as used.
  uint32_t MatchLength(std::span<const Token> tokens, uint32_t kind = 0) const;

  // A sequence that holds the cells from the root to the node's end.
  int32_t SequenceOf(const Node* node) const;

  // While locked, a node and those above it are not evicted. Null is allowed.
  void Lock(Node* node);
  void Unlock(Node* node);

  // Keeps the tokens, whose cells `sequence` holds, as far as there is a sequence for them.
  // Returns the node that ends with them, or the last one that is there.
  Match Insert(std::span<const Token> tokens, int32_t sequence, CellOperations* operations,
               uint32_t kind = 0);

  // Frees cells, the least recently used first; returns how many.
  uint32_t Evict(uint32_t cells, CellOperations* operations);

  // Forgets everything, locks too; the caller empties the KV cache.
  void Clear();

  bool enabled() const { return sequences_ > 0; }
  uint32_t cells() const { return cells_; }
  uint32_t locked_cells() const { return locked_cells_; }

  // Throws std::logic_error when the tree's counts do not add up. For tests.
  void CheckIntegrity() const;

 private:
  // By kind too below the root.
  static uint64_t Key(const Node* parent, Token token, uint32_t kind);
  Node* Child(const Node* node, Token token, uint32_t kind) const;
  Node* Split(Node* node, size_t length);
  Node* LeastRecentlyUsedLeaf() const;
  static std::vector<Token> TokensUpTo(const Node* node);
  static uint32_t KindOf(const Node* node);
  void CutLeaf(Node* leaf, uint32_t cells, CellOperations* operations);
  int32_t TakeSequence(Node* parent, CellOperations* operations);

  const int32_t first_sequence_;
  const uint32_t sequences_;
  const bool keeps_;
  std::unique_ptr<Node> root_;
  std::vector<int32_t> free_sequences_;
  uint32_t cells_ = 0;
  uint32_t locked_cells_ = 0;
  uint64_t clock_ = 0;
};

class PrefixCache::Node {
 private:
  friend class PrefixCache;

  uint32_t size() const { return static_cast<uint32_t>(tokens.size()); }
  uint32_t End() const { return parent == nullptr ? 0 : parent->End() + size(); }
  bool leaf() const { return children.empty(); }

  std::vector<Token> tokens;
  Node* parent = nullptr;
  uint64_t key = 0;  // of the parent's
  std::unordered_map<uint64_t, std::unique_ptr<Node>> children;
  uint32_t locks = 0;
  uint64_t last_used = 0;
  int32_t sequence = -1;  // a leaf's
  bool offered = false;   // to be kept elsewhere
};

}  // namespace codellama
