// Products with weights that ggml packed for AMX. They run through ggml, like the model's. Without
// AMX, ggml has no buffer type for such weights.
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "support/check.h"

namespace {

ggml_backend_buffer_type_t AmxBufferType() {
  ggml_log_set([](ggml_log_level, const char*, void*) {}, nullptr);  // ggml logs a line per tensor
  const auto device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  const auto registry = ggml_backend_dev_backend_reg(device);
  const auto extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
      ggml_backend_reg_get_proc_address(registry, "ggml_backend_dev_get_extra_bufts"));
  for (auto type = extra(device); type != nullptr && *type != nullptr; type++) {
    if (std::strcmp(ggml_backend_buft_name(*type), "AMX") == 0) return *type;
  }
  return nullptr;
}

const char* AmxBuffers() { return AmxBufferType() == nullptr ? "no AMX" : nullptr; }

struct FreeContext {
  void operator()(ggml_context* context) const { ggml_free(context); }
};
using Context = std::unique_ptr<ggml_context, FreeContext>;

Context MakeContext() {
  return Context(ggml_init({16 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
}

std::vector<float> RandomNumbers(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.1f, 1.0f);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(random);
  return numbers;
}

struct Shape {
  ggml_type type;
  int64_t inner, columns;
};

struct FreeBuffer {
  void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
};
using Buffer = std::unique_ptr<ggml_backend_buffer, FreeBuffer>;

// Random weights in a buffer. The buffer type may pack them.
class Weights {
 public:
  Weights(const Shape& shape, ggml_backend_buffer_type_t buffer_type)
      : shape_(shape), context_(MakeContext()) {
    tensor_ = ggml_new_tensor_2d(context_.get(), shape.type, shape.inner, shape.columns);
    buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(context_.get(), buffer_type));
    const auto numbers = RandomNumbers(shape.inner * shape.columns, 1);
    std::vector<uint8_t> data(ggml_nbytes(tensor_));
    ggml_quantize_chunk(shape.type, numbers.data(), data.data(), 0, shape.columns, shape.inner,
                        nullptr);
    ggml_backend_tensor_set(tensor_, data.data(), 0, data.size());
  }

  // rows * weights, row by row.
  std::vector<float> Multiply(const std::vector<float>& rows, int threads) const {
    const Context context = MakeContext();
    const auto row_count = static_cast<int64_t>(rows.size()) / shape_.inner;
    const auto input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, shape_.inner, row_count);
    const auto product = ggml_mul_mat(context.get(), tensor_, input);
    const auto graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, product);

    const auto backend = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(backend, threads);
    const Buffer buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend));
    ggml_backend_tensor_set(input, rows.data(), 0, rows.size() * sizeof(float));
    CHECK(ggml_backend_supports_op(backend, product));
    CHECK_EQ(ggml_backend_graph_compute(backend, graph), GGML_STATUS_SUCCESS);
    std::vector<float> result(ggml_nelements(product));
    ggml_backend_tensor_get(product, result.data(), 0, result.size() * sizeof(float));
    ggml_backend_free(backend);
    return result;
  }

 private:
  Shape shape_;
  Context context_;
  Buffer buffer_;
  ggml_tensor* tensor_;
};

const std::vector<Shape> kShapes = {
    {GGML_TYPE_Q4_K, 256, 32},   {GGML_TYPE_Q4_K, 2816, 176}, {GGML_TYPE_Q5_K, 512, 96},
    {GGML_TYPE_Q5_K, 2560, 16},  {GGML_TYPE_Q6_K, 256, 16},   {GGML_TYPE_Q6_K, 2304, 208},
    {GGML_TYPE_Q6_K, 512, 2000},  // like Code Llama's vocabulary: a multiple of 16, not of 32
};

const std::vector<int> kRowCounts = {1, 2, 5, 15, 16, 17, 31, 32, 33, 48, 65, 97, 150, 300};

std::vector<float> FirstRows(const std::vector<float>& all, int64_t rows, int64_t length) {
  return {all.begin(), all.begin() + rows * length};
}

}  // namespace

TEST_REQUIRING(AmxBuffers, AMX_matmul_gives_a_row_the_same_result_in_any_batch) {
  const auto amx = AmxBufferType();
  for (const Shape& shape : kShapes) {
    const Weights weights(shape, amx);
    const auto rows = RandomNumbers(shape.inner * kRowCounts.back(), 2);
    std::vector<float> alone;
    for (int row = 0; row < kRowCounts.back(); row++) {
      const auto begin = rows.begin() + row * shape.inner;
      const auto result = weights.Multiply({begin, begin + shape.inner}, 1);
      alone.insert(alone.end(), result.begin(), result.end());
    }
    for (const int count : kRowCounts) {
      for (const int threads : {1, 3}) {
        const auto result = weights.Multiply(FirstRows(rows, count, shape.inner), threads);
        CHECK(result == FirstRows(alone, count, shape.columns));
      }
    }
  }
}

TEST_REQUIRING(AmxBuffers, AMX_matmul_agrees_with_ggml) {
  const auto amx = AmxBufferType();
  for (const Shape& shape : kShapes) {
    const auto rows = RandomNumbers(shape.inner * 40, 3);
    const auto expected = Weights(shape, ggml_backend_cpu_buffer_type()).Multiply(rows, 1);
    const auto result = Weights(shape, amx).Multiply(rows, 2);
    double error = 0, size = 0;
    for (size_t i = 0; i < expected.size(); i++) {
      error += std::pow(result[i] - expected[i], 2);
      size += std::pow(expected[i], 2);
    }
    CHECK(std::sqrt(error / size) < 1e-6);
  }
}

TEST_REQUIRING(AmxBuffers, AMX_matmul_handles_zeros_and_huge_numbers) {
  const auto amx = AmxBufferType();
  const Shape shape{GGML_TYPE_Q4_K, 512, 32};
  std::vector<float> rows(shape.inner * 4, 0.0f);
  std::fill(rows.begin() + shape.inner, rows.begin() + 2 * shape.inner, 1e30f);
  std::fill(rows.begin() + 2 * shape.inner, rows.begin() + 3 * shape.inner, -1e-30f);
  const auto result = Weights(shape, amx).Multiply(rows, 1);
  for (int64_t i = 0; i < shape.columns; i++) CHECK_EQ(result[i], 0.0f);
  for (const float number : result) CHECK(std::isfinite(number));
}
