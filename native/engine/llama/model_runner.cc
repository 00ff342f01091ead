#include "engine/llama/model_runner.h"

#include <algorithm>
#include <future>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/machine.h"
#include "engine/kv/kv_cells.h"
#include "engine/llama/assertion_guard.h"
#include "engine/llama/backend.h"
#include "engine/llama/flash_attention.h"
#include "engine/llama/kv_type.h"
#include "engine/llama/rope.h"
#include "ggml-cpu.h"
#include "llama.h"

namespace codellama {

namespace {

// llama.cpp's limit, LLAMA_MAX_SEQ in src/llama-cparams.h.
constexpr uint32_t kMaxSequences = 256;

// Ends of cached runs.
constexpr uint32_t kCachedSequences = 128;

llama_flash_attn_type FlashAttentionType(const Model& model, const ContextOptions& options) {
  if (!WantsFlashAttention(model, options)) return LLAMA_FLASH_ATTN_TYPE_DISABLED;
  return options.flash_attention == FlashAttention::kOn ? LLAMA_FLASH_ATTN_TYPE_ENABLED
                                                        : LLAMA_FLASH_ATTN_TYPE_AUTO;
}

// llama.cpp makes whole blocks of so many cells.
constexpr uint64_t kCellBlock = 256;

// The pool holds no more cells than the model has learned positions, for one sequence may use all.
uint64_t LargestContext(const Model& model) {
  const auto positions = model.position_limit();
  if (!positions) return std::numeric_limits<uint32_t>::max();
  if (*positions >= kCellBlock) return *positions / kCellBlock * kCellBlock;
  throw Error(ErrorCode::kModelUnsupported, "the model has only " + std::to_string(*positions) +
                                                " learned positions; at least " +
                                                std::to_string(kCellBlock) + " are needed");
}

// Layers on a GPU keep their cells there, and the placement saw to it that there is room.
uint64_t KvBytesPerCellOnHost(const Model& model, const ContextOptions& options) {
  const auto layers = static_cast<uint64_t>(std::max(model.facts().layers, 1));
  const auto on_gpu = static_cast<uint64_t>(std::max(model.placement().gpu_layers(), 0));
  return KvBytesPerCell(model, options) * (layers - std::min(on_gpu, layers)) / layers;
}

// The default leaves half of the free memory to others.
uint32_t ChooseContextSize(const Model& model, const ContextOptions& options, bool separate) {
  const uint64_t cell = KvBytesPerCellOnHost(model, options);
  const uint64_t largest = LargestContext(model);
  const auto available = AvailableMemory();
  if (options.context_size == 0) {
    uint64_t size = static_cast<uint64_t>(std::max(model.facts().training_context, 256));
    if (separate) size *= options.parallel;
    const uint32_t fitted = model.placement().context_size();
    if (fitted > 0) size = std::min<uint64_t>(size, fitted);
    if (available && cell > 0) size = std::min(size, *available / 2 / cell);
    return static_cast<uint32_t>(std::min(std::max(size, kCellBlock), largest));
  }
  if (options.context_size > largest) {
    throw Error(ErrorCode::kInvalidArgument,
                "contextSize " + std::to_string(options.context_size) +
                    " is more than the model has learned positions for: " +
                    std::to_string(largest) + " at most");
  }
  // llama.cpp clears the cache when it is made, so memory that is promised but not there would
  // end the process instead of failing the call.
  const uint64_t needed = cell * options.context_size;
  if (available && needed > *available) {
    throw Error(ErrorCode::kOutOfMemory,
                "contextSize " + std::to_string(options.context_size) + " needs " +
                    std::to_string(needed >> 20) + " MB of KV cache, but only " +
                    std::to_string(*available >> 20) + " MB of memory are free");
  }
  return options.context_size;
}

// With all layers on a GPU the CPU does no more than look embeddings up, and to wake other threads
// for that takes longer than to do it.
int32_t DefaultThreads(const Model& model) {
  const int32_t on_gpu = model.placement().gpu_layers();
  return on_gpu > 0 && on_gpu >= model.facts().layers ? 1 : UsableCores();
}

// ggml ends the process when it cannot start a thread, so they are tried out before.
void RequireThreads(int32_t count) {
  std::promise<void> tried;
  const std::shared_future<void> all_tried = tried.get_future().share();
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(count));
  std::optional<Error> error;
  try {
    for (int32_t i = 0; i < count; i++) threads.emplace_back([all_tried] { all_tried.wait(); });
  } catch (const std::system_error&) {
    error.emplace(ErrorCode::kBackendFailed,
                  "only " + std::to_string(threads.size()) + " of " + std::to_string(count) +
                      " threads can be started; load with fewer threads");
  }
  tried.set_value();
  for (std::thread& thread : threads) thread.join();
  if (error) throw *error;
}

// A recurrent state cannot be cut at a token, and a sliding window has forgotten the beginning.
bool SharesCells(const Model& model) {
  return !llama_model_is_recurrent(model.get()) && !llama_model_is_hybrid(model.get()) &&
         llama_model_n_swa(model.get()) == 0;
}

// The CPU backend may be a library loaded at run time, so its functions are looked up.
template <typename Function>
Function CpuFunction(const char* name) {
  ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) throw Error(ErrorCode::kBackendFailed, "the CPU backend is not loaded");
  void* function = ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name);
  if (function == nullptr) {
    throw Error(ErrorCode::kBackendFailed, std::string("the CPU backend lacks ") + name);
  }
  return reinterpret_cast<Function>(function);
}

}  // namespace

// llama_batch owns nothing by itself.
struct ModelRunner::Batch {
  explicit Batch(uint32_t size) : batch(llama_batch_init(static_cast<int32_t>(size), 0, 1)) {}
  ~Batch() { llama_batch_free(batch); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  llama_batch batch;
};

void ModelRunner::FreeContext::operator()(llama_context* context) const { llama_free(context); }

void ModelRunner::FreeThreadpool::operator()(ggml_threadpool* threadpool) const {
  CpuFunction<decltype(&ggml_threadpool_free)>("ggml_threadpool_free")(threadpool);
}

uint64_t KvBytesPerCell(const Model& model, const ContextOptions& options) {
  const auto kv_heads = static_cast<uint32_t>(std::max(llama_model_n_head_kv(model.get()), 1));
  const HeadSizes sizes = SizesOfHeads(model);
  const uint32_t key = sizes.key * kv_heads;
  const uint32_t value = sizes.value * kv_heads;
  return static_cast<uint64_t>(model.facts().layers) *
         (ggml_row_size(ParseKvType(options.kv_type_k), key) +
          ggml_row_size(ParseKvType(options.kv_type_v), value));
}

ModelRunner::ModelRunner(std::shared_ptr<const Model> model, const ContextOptions& options,
                         const std::atomic<bool>* abort)
    : model_(std::move(model)) {
  const int32_t threads = options.threads > 0 ? options.threads : DefaultThreads(*model_);
  const int32_t prefill_threads = options.prefill_threads > 0 ? options.prefill_threads : threads;

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
  // With one pool of cells llama.cpp takes all its sequence ids, and this counts rows of output.
  params.n_seq_max = options.parallel;
  params.n_outputs_max = options.parallel + options.ExtraRows();
  params.n_threads = threads;
  params.n_threads_batch = prefill_threads;
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
    const bool memory = log.text().find("alloc") != std::string::npos;
    throw Error(memory ? ErrorCode::kOutOfMemory : ErrorCode::kInvalidArgument,
                "llama.cpp cannot make a context of " + std::to_string(params.n_ctx) + " tokens\n" +
                    log.text());
  }
  cells_ = llama_n_ctx(context_.get());
  sequence_cells_ = llama_n_ctx_seq(context_.get());
  batch_size_ = llama_n_batch(context_.get());
  batch_ = std::make_unique<Batch>(batch_size_);
  AttachThreads(threads, prefill_threads);
  Use({model_->adapter_scales(), false});
  if (options.warmup) WarmUp();
}

ModelRunner::~ModelRunner() {
  if (context_) llama_detach_threadpool(context_.get());
}

void ModelRunner::AttachThreads(int32_t threads, int32_t prefill_threads) {
  // The engine's own thread computes too.
  const bool two_pools = prefill_threads != threads;
  RequireThreads(threads - 1 + (two_pools ? prefill_threads - 1 : 0));
  const auto make = [](int32_t count) {
    ggml_threadpool_params params = ggml_threadpool_params_default(count);
    return CpuFunction<decltype(&ggml_threadpool_new)>("ggml_threadpool_new")(&params);
  };
  threadpool_.reset(make(threads));
  if (two_pools) prefill_threadpool_.reset(make(prefill_threads));
  llama_attach_threadpool(context_.get(), threadpool_.get(), prefill_threadpool_.get());
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
    const bool output = i + 1 >= scheduled.count || sequence.all_outputs;
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

// llama.cpp makes its passes like this (llama_batch_allocr::split_equal): the first sequence that
// is left, those behind it in the batch whose ids go up by one, and as many tokens of each as the
// shortest of them has. So first come the streams, side by side, then prompts and drafts, where
// only neighbours of one length go together: those of other lengths would cut each other short.
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
  // From the last slot to the first, so that the ids go up inside a group alone.
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
      // A GPU computes on when llama_decode returns, and how long steps take is measured.
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

// Page faults and what backends put off until first used should not fall to the first request. An
// abort here is for whoever set the flag.
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
    // Only all of a slot's cells can be copied; those of the copy beyond `last` are given up.
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
