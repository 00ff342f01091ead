// Runs batches on a llama_context: owns the KV cache and the computation. It knows sequences and
// batches, no requests. One thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/options.h"
#include "engine/llama/model.h"
#include "engine/llama/thread_pools.h"
#include "engine/schedule/batch_kind.h"
#include "engine/schedule/scheduler.h"

struct llama_context;

namespace codellama {

enum class RunStatus {
  kDone,
  kAborted,  // the abort flag was set; Computed() says how many tokens the cache holds
  kNoRoom,   // no KV cell is free; the cache is unchanged
};

class ModelRunner {
 public:
  // `abort`: flag that ends Run() early on the CPU; a GPU finishes its batch. Throws kOutOfMemory,
  // kInvalidArgument, kModelInvalid, kModelUnsupported, kBackendFailed.
  ModelRunner(std::shared_ptr<const Model> model, const ContextOptions& options,
              const std::atomic<bool>* abort);
  ~ModelRunner();
  ModelRunner(const ModelRunner&) = delete;
  ModelRunner& operator=(const ModelRunner&) = delete;

  // Sets the kind of the next batches: the scales of the LoRA adapters, and whether rows give
  // embeddings. Throws kBackendFailed.
  void Use(const BatchKind& kind);

  // Computes the batch. Its rows continue the tokens in their slots. Keeps logits of the last token
  // of each entry and of its draft. Throws kBackendFailed; the caller must then clear the cache.
  RunStatus Run(const std::vector<ScheduledTokens>& batch);

  // Logits after the entry's last token, or after the first `drafted` tokens of its draft. They
  // have the vocabulary's size and are valid until the next Run(). Throws kBackendFailed if
  // llama.cpp has none.
  const float* Logits(size_t entry, uint32_t drafted = 0) const;

  // Logits after the entry's token at `index`. Only for sequences with `all_outputs`.
  const float* PromptLogits(size_t entry, uint32_t index) const;

  // Hidden state of the entry's token at `index`, of the model's embedding length. Only for batches
  // of an embedding kind.
  const float* Embedding(size_t entry, uint32_t index) const;

  void Apply(const ShareCells& share);
  void Apply(const DropCells& drop);

  // Bytes of a sequence's cells; empty if the model's memory cannot be split by sequences. Throws
  // kOutOfMemory.
  std::vector<uint8_t> State(int32_t sequence) const;

  // Restores the first `length` cells of a stored prompt. Returns false, and the sequence has no
  // cells, if the state does not fit this model and its options.
  bool SetState(int32_t sequence, const StoredPrompt& prompt, uint32_t length);

  // Number of tokens in the slot's cells.
  uint32_t Computed(int32_t slot) const;

  // Drops the slot's cells from position `first` on. Returns false if the model cannot drop a part
  // of its state; dropping from 0 always works.
  bool Truncate(int32_t slot, uint32_t first);

  void Clear();

  // Number of sequences of the KV cache, after the slots, that can share cells with the slots. 0 if
  // the model cannot share cells, or each slot has its own.
  uint32_t cached_sequences() const { return cached_sequences_; }
  // KV cells of all sequences together, and of one sequence at most.
  uint32_t cells() const { return cells_; }
  uint32_t sequence_cells() const { return sequence_cells_; }
  // Whether each slot has its own cells.
  bool separate() const { return separate_; }
  uint32_t batch_size() const { return batch_size_; }

 private:
  struct FreeContext {
    void operator()(llama_context* context) const;
  };
  struct Batch;

  // Adds rows for the entry's tokens [from, to). Its draft follows its tokens.
  void AddRows(const std::vector<ScheduledTokens>& batch, size_t entry, uint32_t from, uint32_t to);
  int32_t AddRow(Token token, uint32_t position, int32_t slot, bool output);
  // Adds all rows in the order that gives the fewest passes with separate cells.
  void LayOutSeparate(const std::vector<ScheduledTokens>& batch);
  // Adds rows for the slots between two slots with rows, if these are few.
  void Bridge(int32_t before, int32_t behind, size_t batch_tokens);
  const float* LogitsOfRow(int32_t row) const;
  RunStatus Decode();
  void WarmUp();

  std::shared_ptr<const Model> model_;
  ThreadPools threads_;
  std::unique_ptr<llama_context, FreeContext> context_;  // freed before its threads
  std::unique_ptr<Batch> batch_;
  // Rows of an entry. The row of its first token may lie apart; the others are consecutive.
  struct EntryRows {
    int32_t first = 0;
    int32_t second = 0;
    uint32_t count = 0;  // number of its tokens, without the draft

    int32_t At(uint32_t index) const {
      return index == 0 ? first : second + static_cast<int32_t>(index) - 1;
    }
  };
  std::vector<EntryRows> entry_rows_;
  // Slots that have a row in the batch only as a bridge, with the cells to drop after the batch.
  std::vector<DropCells> bridges_;
  std::optional<BatchKind> kind_;
  uint32_t cells_ = 0;
  uint32_t sequence_cells_ = 0;
  bool separate_ = false;
  uint32_t batch_size_ = 0;
  uint32_t cached_sequences_ = 0;
};

}  // namespace codellama
