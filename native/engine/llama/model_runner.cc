#include "engine/llama/model_runner.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "engine/base/error.h"
#include "engine/kv/kv_cells.h"
#include "engine/llama/assertion_guard.h"
#include "engine/llama/backend.h"
#include "engine/llama/context_size.h"
#include "engine/llama/flash_attention.h"
#include "engine/llama/kv_type.h"
#include "engine/llama/rope.h"
#include "llama.h"

namespace codellama {

namespace {

// llama.cpp's limit, LLAMA_MAX_SEQ in src/llama-cparams.h.
constexpr uint32_t kMaxSequences = 256;

// Sequences for the prefix cache. Each leaf of its tree needs one.
constexpr uint32_t kCachedSequences = 128;

llama_flash_attn_type FlashAttentionType(const Model& model, const ContextOptions& options) {
  if (!WantsFlashAttention(model, options)) return LLAMA_FLASH_ATTN_TYPE_DISABLED;
  return options.flash_attention == FlashAttention::kOn ? LLAMA_FLASH_ATTN_TYPE_ENABLED
                                                        : LLAMA_FLASH_ATTN_TYPE_AUTO;
}

// Whether sequences can share cells. A recurrent state cannot be cut at a token, and a sliding
// window no longer has the beginning.
bool SharesCells(const Model& model) {
  return !llama_model_is_recurrent(model.get()) && !llama_model_is_hybrid(model.get()) &&
         llama_model_n_swa(model.get()) == 0;
}

}  // namespace

// Owner of a llama_batch, which has no destructor.
struct ModelRunner::Batch {
  explicit Batch(uint32_t size) : batch(llama_batch_init(static_cast<int32_t>(size), 0, 1)) {}
  ~Batch() { llama_batch_free(batch); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  llama_batch batch;
};

void ModelRunner::FreeContext::operator()(llama_context* context) const { llama_free(context); }

ModelRunner::ModelRunner(std::shared_ptr<const Model> model, const ContextOptions& options,
                         const std::atomic<bool>* abort)
    : model_(std::move(model)) {
  const ThreadCounts threads = ChooseThreads(*model_, options);
  const bool shares_cells = SharesCells(*model_);
  separate_ = shares_cells && options.parallel > 1 &&
              WantsSeparateCells(*model_, options, ChooseContextSize(*model_, options, true));

  llama_context_params params = llama_context_default_params();
  params.n_ctx = ChooseContextSize(*model_, options, separate_);
  params.n_batch = std::min(options.batch_size, params.n_ctx);
  params.n_ubatch = std::min(options.micro_batch_size, params.n_batch);
  if (shares_cells && !separate_) {
    cached_sequences_ = std::min(kCachedSequences, kMaxSequences - options.parallel);
  }
  // With shared cells llama.cpp accepts all its sequence ids, and n_seq_max only counts output
  // rows.
  params.n_seq_max = options.parallel;
  params.n_outputs_max = options.parallel + options.ExtraRows();
  params.n_threads = threads.decode;
  params.n_threads_batch = threads.prefill;
  params.flash_attn_type = FlashAttentionType(*model_, options);
  params.type_k = ParseKvType(options.kv_type_k);
  params.type_v = ParseKvType(options.kv_type_v);
  params.kv_unified = !separate_;
  params.pooling_type = LLAMA_POOLING_TYPE_NONE;
  params.no_perf = true;
  SetRope(options.rope, *model_, &params);
  params.abort_callback = [](void* flag) {
    return static_cast<const std::atomic<bool>*>(flag)->load(std::memory_order_relaxed);
  };
  params.abort_callback_data = const_cast<std::atomic<bool>*>(abort);

  LogCapture log;
  context_.reset(GuardAssertions(model_->path(),
                                 [&] { return llama_init_from_model(model_->get(), params); }));
  if (!context_) {
    const bool no_memory = ReportsLackOfMemory(log.text());
    throw Error(no_memory ? ErrorCode::kOutOfMemory : ErrorCode::kInvalidArgument,
                "llama.cpp cannot make a context of " + std::to_string(params.n_ctx) + " tokens\n" +
                    log.text());
  }
  cells_ = llama_n_ctx(context_.get());
  sequence_cells_ = llama_n_ctx_seq(context_.get());
  batch_size_ = llama_n_batch(context_.get());
  batch_ = std::make_unique<Batch>(batch_size_);
  threads_.Attach(threads, context_.get());
  Use({model_->adapter_scales(), false});
  if (options.warmup) WarmUp();
}

ModelRunner::~ModelRunner() {
  if (context_) llama_detach_threadpool(context_.get());
}

void ModelRunner::Use(const BatchKind& kind) {
  if (kind_ == kind) return;
  llama_set_embeddings(context_.get(), kind.embeddings);
  auto adapters = model_->adapters();
  auto scales = kind.lora_scales;
  if (!adapters.empty() && llama_set_adapters_lora(context_.get(), adapters.data(), adapters.size(),
                                                   scales.data()) != 0) {
    throw Error(ErrorCode::kBackendFailed, "llama.cpp cannot apply the LoRA adapters");
  }
  kind_ = kind;
}

RunStatus ModelRunner::Run(const std::vector<ScheduledTokens>& batch) {
  batch_->batch.n_tokens = 0;
  entry_rows_.assign(batch.size(), {});
  bridges_.clear();
  if (separate_) {
    LayOutSeparate(batch);
  } else {
    for (size_t entry = 0; entry < batch.size(); entry++) {
      AddRows(batch, entry, 0, batch[entry].count + batch[entry].drafted);
    }
  }
  const RunStatus status = Decode();
  for (const DropCells& bridge : bridges_) Apply(bridge);
  return status;
}

void ModelRunner::AddRows(const std::vector<ScheduledTokens>& batch, size_t entry, uint32_t from,
                          uint32_t to) {
  const ScheduledTokens& scheduled = batch[entry];
  const Sequence& sequence = *scheduled.sequence;
  EntryRows& rows = entry_rows_[entry];
  rows.count = scheduled.count;
  for (uint32_t i = from; i < to; i++) {
    const Token token = i < scheduled.count ? sequence.tokens[scheduled.first + i]
                                            : sequence.draft[i - scheduled.count];
    const bool is_prompt = scheduled.first + i < sequence.num_prompt;
    const bool output = i + 1 >= scheduled.count || (sequence.all_outputs && is_prompt);
    const int32_t row = AddRow(token, scheduled.first + i, sequence.slot, output);
    if (i == 0) rows.first = row;
    if (i == 1) rows.second = row;
  }
}

int32_t ModelRunner::AddRow(Token token, uint32_t position, int32_t slot, bool output) {
  llama_batch& rows = batch_->batch;
  const int32_t row = rows.n_tokens++;
  rows.token[row] = token;
  rows.pos[row] = static_cast<llama_pos>(position);
  rows.n_seq_id[row] = 1;
  rows.seq_id[row][0] = slot;
  rows.logits[row] = static_cast<int8_t>(output);
  return row;
}

// llama.cpp forms its passes like this (llama_batch_allocr::split_equal): it takes the first
// sequence that is left and the sequences after it in the batch whose ids go up by one, and as many
// tokens of each as the shortest of them has. So this puts the streams first, side by side. Then
// come prompts and drafts, where only neighbours of the same length go together: sequences of other
// lengths would cut each other short.
void ModelRunner::LayOutSeparate(const std::vector<ScheduledTokens>& batch) {
  std::vector<size_t> by_slot(batch.size());
  std::iota(by_slot.begin(), by_slot.end(), 0);
  const auto slot = [&](size_t entry) { return batch[entry].sequence->slot; };
  const auto length = [&](size_t entry) { return batch[entry].count + batch[entry].drafted; };
  std::sort(by_slot.begin(), by_slot.end(),
            [&](size_t left, size_t right) { return slot(left) < slot(right); });

  uint32_t from = 0;
  if (std::any_of(by_slot.begin(), by_slot.end(), [&](size_t e) { return length(e) == 1; })) {
    size_t tokens = 0;
    for (const size_t entry : by_slot) tokens += length(entry);
    from = 1;
    for (size_t i = 0; i < by_slot.size(); i++) {
      if (i > 0) Bridge(slot(by_slot[i - 1]), slot(by_slot[i]), tokens);
      AddRows(batch, by_slot[i], 0, 1);
    }
  }
  // From the last slot to the first, so that the ids go up only inside a group.
  for (size_t end = by_slot.size(); end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && length(by_slot[begin - 1]) == length(by_slot[begin]) &&
           slot(by_slot[begin - 1]) + 1 == slot(by_slot[begin])) {
      begin--;
    }
    for (size_t i = begin; i < end; i++) AddRows(batch, by_slot[i], from, length(by_slot[i]));
    end = begin;
  }
}

void ModelRunner::Bridge(int32_t before, int32_t behind, size_t batch_tokens) {
  const int32_t gap = behind - before - 1;
  if (gap > kBridgedSlots || batch_tokens + bridges_.size() + gap > batch_size_) return;
  for (int32_t slot = before + 1; slot < behind; slot++) {
    if (Computed(slot) >= sequence_cells_) return;
  }
  for (int32_t slot = before + 1; slot < behind; slot++) {
    const uint32_t held = Computed(slot);
    AddRow(0, held, slot, false);
    bridges_.push_back({slot, held});
  }
}

RunStatus ModelRunner::Decode() {
  LogCapture log;
  const int32_t result = llama_decode(context_.get(), batch_->batch);
  switch (result) {
    case 0:
      // A GPU may still compute when llama_decode() returns. The duration of a step is measured, so
      // wait for it.
      llama_synchronize(context_.get());
      return RunStatus::kDone;
    case 1:
      return RunStatus::kNoRoom;
    case 2:
      return RunStatus::kAborted;
    default:
      throw Error(ErrorCode::kBackendFailed,
                  "llama_decode failed with " + std::to_string(result) + "\n" + log.text());
  }
}

// Takes page faults and the lazy work of backends off the first request. If the abort flag is set,
// its owner ends the load.
void ModelRunner::WarmUp() {
  llama_batch& rows = batch_->batch;
  const llama_token bos = llama_vocab_bos(llama_model_get_vocab(model_->get()));
  rows.n_tokens = 1;
  rows.token[0] = bos == LLAMA_TOKEN_NULL ? 0 : bos;
  rows.pos[0] = 0;
  rows.n_seq_id[0] = 1;
  rows.seq_id[0][0] = 0;
  rows.logits[0] = 1;
  Decode();
  Clear();
}

const float* ModelRunner::Logits(size_t entry, uint32_t drafted) const {
  const EntryRows& rows = entry_rows_[entry];
  return LogitsOfRow(rows.At(rows.count - 1 + drafted));
}

const float* ModelRunner::PromptLogits(size_t entry, uint32_t index) const {
  return LogitsOfRow(entry_rows_[entry].At(index));
}

const float* ModelRunner::Embedding(size_t entry, uint32_t index) const {
  const float* embedding = llama_get_embeddings_ith(context_.get(), entry_rows_[entry].At(index));
  if (embedding == nullptr) throw Error(ErrorCode::kBackendFailed, "llama.cpp gave no embedding");
  return embedding;
}

const float* ModelRunner::LogitsOfRow(int32_t row) const {
  const float* logits = llama_get_logits_ith(context_.get(), row);
  if (logits == nullptr) throw Error(ErrorCode::kBackendFailed, "llama.cpp gave no logits");
  return logits;
}

void ModelRunner::Apply(const DropCells& drop) {
  llama_memory_seq_rm(llama_get_memory(context_.get()), drop.sequence,
                      static_cast<llama_pos>(drop.first), -1);
}

void ModelRunner::Apply(const ShareCells& share) {
  const auto first = static_cast<llama_pos>(share.first);
  const auto last = static_cast<llama_pos>(share.last);
  if (share.from == share.to || first >= last) return;
  llama_memory_t memory = llama_get_memory(context_.get());
  if (separate_) {
    // llama.cpp copies only whole slots, so the copy drops its cells from `last` on.
    llama_memory_seq_cp(memory, share.from, share.to, -1, -1);
    llama_memory_seq_rm(memory, share.to, last, -1);
    return;
  }
  llama_memory_seq_rm(memory, share.to, first, last);
  llama_memory_seq_cp(memory, share.from, share.to, first, last);
}

std::vector<uint8_t> ModelRunner::State(int32_t sequence) const {
  if (!SharesCells(*model_)) return {};
  try {
    std::vector<uint8_t> state(llama_state_seq_get_size(context_.get(), sequence));
    state.resize(llama_state_seq_get_data(context_.get(), state.data(), state.size(), sequence));
    return state;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "no memory is free for a copy of the prompt's KV cells");
  }
}

bool ModelRunner::SetState(int32_t sequence, const StoredPrompt& prompt, uint32_t length) {
  LogCapture log;
  llama_memory_t memory = llama_get_memory(context_.get());
  const size_t read =
      llama_state_seq_set_data(context_.get(), prompt.state.data(), prompt.state.size(), sequence);
  const auto size = static_cast<llama_pos>(prompt.tokens.size());
  const bool fits = read > 0 && llama_memory_seq_pos_min(memory, sequence) == 0 &&
                    llama_memory_seq_pos_max(memory, sequence) + 1 == size;
  llama_memory_seq_rm(memory, sequence, fits ? static_cast<llama_pos>(length) : 0, -1);
  return fits;
}

uint32_t ModelRunner::Computed(int32_t slot) const {
  return static_cast<uint32_t>(llama_memory_seq_pos_max(llama_get_memory(context_.get()), slot) +
                               1);
}

bool ModelRunner::Truncate(int32_t slot, uint32_t first) {
  return llama_memory_seq_rm(llama_get_memory(context_.get()), slot, static_cast<llama_pos>(first),
                             -1);
}

void ModelRunner::Clear() { llama_memory_clear(llama_get_memory(context_.get()), false); }

}  // namespace codellama
