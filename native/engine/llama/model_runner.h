// A model at work: the KV cache and the computation. It does what a plan says and knows nothing
// of requests. One thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/options.h"
#include "engine/llama/model.h"
#include "engine/schedule/batch_kind.h"
#include "engine/schedule/scheduler.h"

struct ggml_threadpool;
struct llama_context;

namespace codellama {

enum class RunStatus {
  kDone,
  kAborted,  // the abort flag was seen; see Computed() for what is left in the cache
  kNoRoom,   // no free KV cells; the cache is as it was before
};

class ModelRunner {
 public:
  // `abort` is read while computing: setting it ends Run() early (on the CPU; a GPU finishes the
  // batch). Throws kOutOfMemory, kInvalidArgument, kBackendFailed.
  ModelRunner(std::shared_ptr<const Model> model, const ContextOptions& options,
              const std::atomic<bool>* abort);
  ~ModelRunner();
  ModelRunner(const ModelRunner&) = delete;
  ModelRunner& operator=(const ModelRunner&) = delete;

  // What the next batches are computed with: the adapters' scales, and whether each of their rows
  // gives an embedding. Throws kBackendFailed.
  void Use(const BatchKind& kind);

  // Computes the batch, whose rows continue what their slots hold. Logits are kept for the
  // last token of each entry and for its draft. Throws kBackendFailed, after which the cache must
  // be cleared.
  RunStatus Run(const std::vector<ScheduledTokens>& batch);

  // Logits behind the entry's last token, or behind so much of its draft; of the vocabulary's size;
  // valid until the next Run(). Throws kBackendFailed when there are none.
  const float* Logits(size_t entry, uint32_t drafted = 0) const;

  // Logits behind the entry's token at `index`, where the sequence gives all outputs.
  const float* PromptLogits(size_t entry, uint32_t index) const;

  // The hidden state there, of the model's embedding length, in a batch of embeddings.
  const float* Embedding(size_t entry, uint32_t index) const;

  void Apply(const ShareCells& share);
  void Apply(const DropCells& drop);

  // A sequence's cells as bytes; empty where the model's memory cannot be taken apart. Throws
  // kOutOfMemory.
  std::vector<uint8_t> State(int32_t sequence) const;

  // Gives the sequence the first `length` of the cells of such bytes; false, and no cells, where
  // they do not fit this model and these options.
  bool SetState(int32_t sequence, const StoredPrompt& prompt, uint32_t length);

  // Tokens that the slot's cells hold.
  uint32_t Computed(int32_t slot) const;

  // Empties the slot from position `first` on. False where the model keeps a state that cannot be
  // taken back in part; emptying it from 0 always works.
  bool Truncate(int32_t slot, uint32_t first);

  void Clear();

  // Sequences of the KV cache, behind the slots, that can share cells with them; 0 where the
  // model's memory cannot be taken apart, or the options say so.
  uint32_t cached_sequences() const { return cached_sequences_; }
  // KV cells of all sequences together, and those that one sequence may have.
  uint32_t cells() const { return cells_; }
  uint32_t sequence_cells() const { return sequence_cells_; }
  // Whether each slot has cells of its own.
  bool separate() const { return separate_; }
  uint32_t batch_size() const { return batch_size_; }

 private:
  struct FreeContext {
    void operator()(llama_context* context) const;
  };
  struct FreeThreadpool {
    void operator()(ggml_threadpool* threadpool) const;
  };
  struct Batch;

  // Rows of the entry's tokens [from, to), where its draft counts as more of them.
  void AddRows(const std::vector<ScheduledTokens>& batch, size_t entry, uint32_t from, uint32_t to);
  int32_t AddRow(Token token, uint32_t position, int32_t slot, bool output);
  // In the order in which llama.cpp computes the rows of separate cells in the fewest passes.
  void LayOutSeparate(const std::vector<ScheduledTokens>& batch);
  // Gives rows to the slots between two that have one.
  void Bridge(int32_t before, int32_t behind, size_t batch_tokens);
  const float* LogitsOfRow(int32_t row) const;
  RunStatus Decode();
  void WarmUp();
  void AttachThreads(int32_t threads, int32_t prefill_threads);

  std::shared_ptr<const Model> model_;
  // Freed before the context's threads are.
  std::unique_ptr<ggml_threadpool, FreeThreadpool> threadpool_;
  std::unique_ptr<ggml_threadpool, FreeThreadpool> prefill_threadpool_;
  std::unique_ptr<llama_context, FreeContext> context_;
  std::unique_ptr<Batch> batch_;
  // Where an entry's rows are. That of its first token may lie apart, the others follow each other.
  struct EntryRows {
    int32_t first = 0;
    int32_t second = 0;
    uint32_t count = 0;  // of its tokens, without the draft

    int32_t At(uint32_t index) const {
      return index == 0 ? first : second + static_cast<int32_t>(index) - 1;
    }
  };
  std::vector<EntryRows> entry_rows_;
  // Slots that have a row in the batch only to lie between others, with the cells they hold.
  std::vector<DropCells> bridges_;
  std::optional<BatchKind> kind_;
  uint32_t cells_ = 0;
  uint32_t sequence_cells_ = 0;
  bool separate_ = false;
  uint32_t batch_size_ = 0;
  uint32_t cached_sequences_ = 0;
};

// Bytes of KV cache for one token. Throws kInvalidArgument for an unknown cache type.
uint64_t KvBytesPerCell(const Model& model, const ContextOptions& options);

}  // namespace codellama
