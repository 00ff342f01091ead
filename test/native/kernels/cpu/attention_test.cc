// Flash attention of the CPU backend, compared with a reference in double precision. With AVX-512
// or AMX most shapes run in our kernels, which must meet a tighter bound than ggml's.
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/check.h"
#include "support/cpu.h"

namespace {

using codellama::test::Amx;
using codellama::test::Avx512;

struct Shape {
  int64_t head_size, heads, kv_heads, rows, cells;
  int64_t streams = 1, mask_streams = streams;  // mask_streams 1 = all streams share a mask
};

struct Operands {
  Shape shape;
  std::vector<float> queries;             // streams, rows, heads, elements
  std::vector<ggml_fp16_t> keys, values;  // streams, cells, heads, elements
  std::vector<ggml_fp16_t> mask;          // streams, rows, cells; empty = no mask
};

// --- Masks: the bias of the score of a row and a cell -------------------------------------------

using Mask = float (*)(const Shape& shape, int64_t stream, int64_t row, int64_t cell);

float Hide(bool hidden) { return hidden ? -INFINITY : 0; }

unsigned Hash(int64_t stream, int64_t row, int64_t cell) {
  return std::minstd_rand(unsigned(stream * 7919 + row * 1009 + cell + 1))() >> 8;
}

float Causal(const Shape& shape, int64_t, int64_t row, int64_t cell) {
  return Hide(cell > row + std::max<int64_t>(shape.cells - shape.rows, 0));
}

float Scattered(const Shape&, int64_t stream, int64_t row, int64_t cell) {
  return Hide(Hash(stream, row, cell) % 3 != 0);
}

float Biased(const Shape& shape, int64_t stream, int64_t row, int64_t cell) {
  return Causal(shape, stream, row, cell) + float(Hash(stream, row, cell) % 1000) / 100 - 5;
}

float SomeRowsHidden(const Shape&, int64_t stream, int64_t row, int64_t cell) {
  return Hide((stream + row) % 3 == 0 || cell > 135 - row / 2);
}

// Each row belongs to another sequence. Sequences have about equally many cells.
float ManySequences(const Shape& shape, int64_t, int64_t row, int64_t cell) {
  return Hide(int64_t(Hash(0, 0, cell)) % shape.rows != row);
}

const std::vector<std::pair<std::string, Mask>> kMasks = {{"no mask", nullptr},
                                                          {"causal", Causal},
                                                          {"scattered", Scattered},
                                                          {"biased", Biased},
                                                          {"some rows hidden", SomeRowsHidden}};

// --- Operands -----------------------------------------------------------------------------------

std::vector<float> RandomNumbers(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(random);
  return numbers;
}

std::vector<ggml_fp16_t> ToHalves(const std::vector<float>& numbers) {
  std::vector<ggml_fp16_t> halves(numbers.size());
  ggml_fp32_to_fp16_row(numbers.data(), halves.data(), int64_t(halves.size()));
  return halves;
}

std::vector<double> ToDoubles(const std::vector<ggml_fp16_t>& halves) {
  std::vector<float> numbers(halves.size());
  ggml_fp16_to_fp32_row(halves.data(), numbers.data(), int64_t(halves.size()));
  return {numbers.begin(), numbers.end()};
}

Operands RandomOperands(const Shape& shape, Mask mask) {
  std::vector<float> biases;
  for (int64_t i = 0; mask != nullptr && i < shape.mask_streams * shape.rows; i++) {
    for (int64_t cell = 0; cell < shape.cells; cell++) {
      biases.push_back(mask(shape, i / shape.rows, i % shape.rows, cell));
    }
  }
  const int64_t queries = shape.head_size * shape.heads * shape.rows * shape.streams;
  const int64_t keys = shape.head_size * shape.kv_heads * shape.cells * shape.streams;
  return {shape, RandomNumbers(queries, 1), ToHalves(RandomNumbers(keys, 2)),
          ToHalves(RandomNumbers(keys, 3)), ToHalves(biases)};
}

// `count` rows of the only stream, from `first` on.
Operands SomeRows(Operands operands, int64_t first, int64_t count) {
  const auto take = [&](auto& numbers) {
    const int64_t length = int64_t(numbers.size()) / operands.shape.rows;
    numbers.erase(numbers.begin() + (first + count) * length, numbers.end());
    numbers.erase(numbers.begin(), numbers.begin() + first * length);
  };
  take(operands.queries);
  take(operands.mask);
  operands.shape.rows = count;
  return operands;
}

// Spreads each cell among four hidden cells that hold infinities and NaN.
Operands SpreadCells(const Operands& dense) {
  const Shape& shape = dense.shape;
  const int64_t cell_size = shape.kv_heads * shape.head_size;
  const auto hidden = ToHalves({NAN, INFINITY, -INFINITY, 65504});
  Operands spread{shape, dense.queries, {}, {}, {}};
  spread.shape.cells = shape.cells * 5;
  spread.mask.assign(shape.rows * spread.shape.cells, hidden[2]);
  for (int64_t cell = 0; cell < spread.shape.cells; cell++) {
    const int64_t from = cell / 5;
    const bool seen = Hash(0, 0, from) % 5 == cell % 5;
    for (int64_t i = 0; i < cell_size; i++) {
      spread.keys.push_back(seen ? dense.keys[from * cell_size + i] : hidden[i % 4]);
      spread.values.push_back(seen ? dense.values[from * cell_size + i] : hidden[i % 4]);
    }
    for (int64_t row = 0; seen && row < shape.rows; row++) {
      spread.mask[row * spread.shape.cells + cell] = dense.mask[row * shape.cells + from];
    }
  }
  return spread;
}

// --- Results: streams, rows, heads, elements ----------------------------------------------------

struct Free {
  void operator()(ggml_context* context) const { ggml_free(context); }
  void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
  void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
};

template <class Number>
void SetTensor(ggml_tensor* tensor, const std::vector<Number>& numbers) {
  CHECK_EQ(ggml_nbytes(tensor), numbers.size() * sizeof(Number));
  ggml_backend_tensor_set(tensor, numbers.data(), 0, ggml_nbytes(tensor));
}

// Lays tensors out in memory like llama.cpp.
std::vector<float> Compute(const Operands& operands, int threads = 1) {
  const auto& [head_size, heads, kv_heads, rows, cells, streams, mask_streams] = operands.shape;
  const std::unique_ptr<ggml_context, Free> owned(
      ggml_init({16 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
  const auto context = owned.get();
  const auto q = ggml_new_tensor_4d(context, GGML_TYPE_F32, head_size, heads, rows, streams);
  const auto k = ggml_new_tensor_4d(context, GGML_TYPE_F16, head_size, kv_heads, cells, streams);
  const auto v = ggml_new_tensor_4d(context, GGML_TYPE_F16, head_size, kv_heads, cells, streams);
  const auto mask = operands.mask.empty()
                        ? nullptr
                        : ggml_new_tensor_4d(context, GGML_TYPE_F16, cells, rows, 1, mask_streams);
  const auto result = ggml_flash_attn_ext(
      context, ggml_permute(context, q, 0, 2, 1, 3), ggml_permute(context, k, 0, 2, 1, 3),
      ggml_permute(context, v, 0, 2, 1, 3), mask, 1 / std::sqrt(float(head_size)), 0, 0);
  const auto graph = ggml_new_graph(context);
  ggml_build_forward_expand(graph, result);

  const std::unique_ptr<ggml_backend, Free> backend(ggml_backend_cpu_init());
  ggml_backend_cpu_set_n_threads(backend.get(), threads);
  const std::unique_ptr<ggml_backend_buffer, Free> buffer(
      ggml_backend_alloc_ctx_tensors(context, backend.get()));
  SetTensor(q, operands.queries);
  SetTensor(k, operands.keys);
  SetTensor(v, operands.values);
  if (mask != nullptr) SetTensor(mask, operands.mask);
  std::vector<float> numbers(ggml_nelements(result), NAN);
  SetTensor(result, numbers);
  CHECK_EQ(ggml_backend_graph_compute(backend.get(), graph), GGML_STATUS_SUCCESS);
  ggml_backend_tensor_get(result, numbers.data(), 0, ggml_nbytes(result));
  return numbers;
}

std::vector<double> Reference(const Operands& operands) {
  const auto& [head_size, heads, kv_heads, rows, cells, streams, mask_streams] = operands.shape;
  const auto keys = ToDoubles(operands.keys), values = ToDoubles(operands.values);
  const auto mask = ToDoubles(operands.mask);
  std::vector<double> result(operands.queries.size()), scores(cells);
  for (int64_t i = 0; i < streams * rows * heads; i++) {
    const int64_t head = i % heads / (heads / kv_heads), row = i / heads, stream = row / rows;
    const int64_t first = (stream * cells * kv_heads + head) * head_size;
    const int64_t mask_row = stream % mask_streams * rows + row % rows;
    for (int64_t cell = 0; cell < cells; cell++) {
      scores[cell] = mask.empty() ? 0 : mask[mask_row * cells + cell];
      if (scores[cell] == -INFINITY) continue;
      const float* query = &operands.queries[i * head_size];
      const double* key = &keys[first + cell * kv_heads * head_size];
      double product = 0;
      for (int64_t e = 0; e < head_size; e++) product += query[e] * key[e];
      scores[cell] += product / std::sqrt(double(head_size));
    }
    const double greatest = *std::max_element(scores.begin(), scores.end());
    if (greatest == -INFINITY) continue;
    double sum = 0;
    for (const double score : scores) sum += std::exp(score - greatest);
    for (int64_t cell = 0; cell < cells; cell++) {
      if (scores[cell] == -INFINITY) continue;
      const double weight = std::exp(scores[cell] - greatest) / sum;
      const double* value = &values[first + cell * kv_heads * head_size];
      for (int64_t e = 0; e < head_size; e++) result[i * head_size + e] += weight * value[e];
    }
  }
  return result;
}

// --- Checks -------------------------------------------------------------------------------------

// The conditions of IsRowAttentionSupported() and IsAmxAttentionSupported().
bool HasRowKernel(const Shape& shape) { return ggml_cpu_has_avx512() && shape.head_size != 96; }
bool HasTileKernel(const Shape& shape) { return ggml_cpu_has_amx_int8() && shape.rows >= 16; }
bool HasOurKernel(const Shape& shape) {
  return HasTileKernel(shape) || (HasRowKernel(shape) && shape.rows < 64);
}

// Absolute error for values of about 1. One of ggml's paths accumulates in 16 bits.
double ErrorBound(bool is_our_kernel) { return is_our_kernel ? 2e-6 : 1e-2; }

void CheckReference(const Operands& operands, const std::string& name, double bound) {
  const auto result = Compute(operands);
  const auto expected = Reference(operands);
  double error = 0;
  for (size_t i = 0; i < expected.size(); i++) {
    error = std::max(error, std::isnan(result[i]) ? INFINITY : std::abs(result[i] - expected[i]));
  }
  if (error <= bound) return;
  const auto& [head_size, heads, kv_heads, rows, cells, streams, mask_streams] = operands.shape;
  const std::vector<int64_t> shape{head_size, heads, kv_heads, rows, cells, streams, mask_streams};
  check::Fail(__FILE__, __LINE__, name + ' ' + check::Show(shape) + ": " + check::Show(error));
}

void CheckMasks(const Shape& shape) {
  for (const auto& [name, mask] : kMasks) {
    CheckReference(RandomOperands(shape, mask), name, ErrorBound(HasOurKernel(shape)));
  }
}

void CheckRowCounts(const std::vector<int64_t>& counts) {
  for (const int64_t rows : counts) {
    for (const int64_t head_size : {64, 96, 128}) {
      CheckMasks({head_size, 2, 2, rows, 137});
      CheckMasks({head_size, 4, 1, rows, 137});
    }
  }
}

// The rows must get the same result alone and among the others.
void CheckIndependentRows(const Operands& operands, int64_t first, int64_t count) {
  const auto all = Compute(operands);
  const int64_t row = operands.shape.heads * operands.shape.head_size;
  const std::vector<float> expected(all.begin() + first * row, all.begin() + (first + count) * row);
  CHECK(Compute(SomeRows(operands, first, count)) == expected);
}

}  // namespace

TEST(attention_of_few_rows_agrees_with_the_reference) { CheckRowCounts({1, 2, 7, 15}); }

TEST(attention_of_many_rows_agrees_with_the_reference) { CheckRowCounts({16, 17, 33, 64, 150}); }

TEST(attention_supports_any_number_of_cells) {
  for (const int64_t cells : {1, 3, 15, 16, 17, 31, 32, 33, 127, 128, 129, 257, 513}) {
    for (const int64_t rows : {1, 5, 16, 35}) CheckMasks({64, 2, 2, rows, cells});
  }
}

TEST(attention_supports_several_streams) {
  for (const int64_t rows : {1, 3, 16, 40}) {
    CheckMasks({128, 4, 2, rows, 75, 3});
    CheckMasks({128, 4, 2, rows, 75, 3, 1});
  }
}

TEST(attention_of_a_row_without_visible_cells_is_0) {
  const auto nothing = [](const Shape&, int64_t, int64_t, int64_t) { return -INFINITY; };
  for (const int64_t rows : {1, 7, 16, 64}) {
    for (const int64_t head_size : {64, 96}) {
      const auto result = Compute(RandomOperands({head_size, 2, 1, rows, 45, 2}, nothing));
      CHECK_EQ(std::count(result.begin(), result.end(), 0.0f), int64_t(result.size()));
    }
  }
}

TEST(attention_of_many_sequences_in_one_cache_agrees_with_the_reference) {
  for (const Shape& shape : {Shape{64, 2, 2, 64, 4096}, Shape{128, 2, 1, 64, 4096}}) {
    const auto operands = RandomOperands(shape, ManySequences);
    CheckReference(operands, "many sequences", ErrorBound(HasRowKernel(shape)));
    if (!HasRowKernel(shape)) continue;
    for (const int64_t row : {0, 31, 63}) CheckIndependentRows(operands, row, 1);
  }
}

TEST_REQUIRING(Avx512, attention_gives_the_same_result_with_any_number_of_threads) {
  for (const int64_t rows : {1, 2, 7, 15, 16, 33, 150}) {
    for (const int64_t head_size : {64, 96, 128}) {
      const Shape shape{head_size, 4, 2, rows, 301};
      if (!HasOurKernel(shape)) continue;
      const auto operands = RandomOperands(shape, Scattered);
      const auto expected = Compute(operands, 1);
      for (const int threads : {2, 3, 5}) CHECK(Compute(operands, threads) == expected);
    }
  }
}

TEST_REQUIRING(Avx512, attention_of_few_rows_gives_a_row_the_same_result_alone) {
  for (const Shape& shape : {Shape{64, 2, 2, 15, 301}, Shape{128, 4, 2, 15, 301}}) {
    for (const Mask mask : {Causal, Scattered, SomeRowsHidden}) {
      const auto operands = RandomOperands(shape, mask);
      for (int64_t row = 0; row < shape.rows; row++) CheckIndependentRows(operands, row, 1);
    }
  }
}

TEST_REQUIRING(Avx512, attention_of_few_rows_does_not_depend_on_hidden_cells) {
  for (const int64_t rows : {1, 7}) {
    for (const Shape& shape : {Shape{64, 2, 2, rows, 77}, Shape{128, 4, 2, rows, 77}}) {
      for (const Mask mask : {Causal, Scattered, Biased, SomeRowsHidden}) {
        const auto operands = RandomOperands(shape, mask);
        CHECK(Compute(SpreadCells(operands)) == Compute(operands));
      }
    }
  }
}

TEST_REQUIRING(Amx, AMX_attention_gives_a_row_the_same_result_in_any_batch) {
  for (const Shape& shape : {Shape{64, 2, 2, 150, 301}, Shape{128, 4, 1, 150, 301}}) {
    for (const Mask mask : {Causal, Scattered, Biased}) {
      CheckIndependentRows(RandomOperands(shape, mask), 1, 149);
    }
  }
  // Heads of 96 have no row kernel, so even 16 rows run in tiles.
  for (const Shape& shape : {Shape{96, 2, 2, 150, 301}, Shape{96, 4, 1, 150, 301}}) {
    for (const Mask mask : {Causal, Scattered, Biased}) {
      const auto operands = RandomOperands(shape, mask);
      CheckIndependentRows(operands, 0, 16);
      CheckIndependentRows(operands, 7, 17);
      CheckIndependentRows(operands, 131, 19);
    }
  }
}
