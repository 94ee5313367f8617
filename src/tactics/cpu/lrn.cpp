// cpu.lrn: sums of squares over neighbouring channels, by rows of pixels where planes are linear, by rows of channels where channels lie
// innermost.
#include "operators/lrn.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/worker_scratch.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kColumns = 256;  // pixels of a unit, where planes are linear

struct Kernels {
  ExpressionKernel add, mul, affine, sqrt, div;
};

struct LrnLaunch final : Launch {
  Lrn op;
  Kernels kernels{};
  const Array* constant = nullptr;
  LoadRow load = nullptr;
  StoreRow store = nullptr;
  int64_t bytes = 4;
  bool channels_last = false;
  int64_t batches = 0, channels = 1, pixels = 1, units = 0, pixels_each = 1;
  WorkerScratch scratch;

  size_t workspace_bytes() const override { return scratch.workspace_bytes(); }

  static void square(const Kernels& k, const float* x, float* out, int64_t count) {
    const TileOperand operands[2] = {{x, 1}, {x, 1}};
    k.mul(operands, out, count, 0, 0);
  }
  // y = x / (k + alpha / size * sum)^beta; sum is overwritten.
  void finish(const float* x, float* sum, float* spare, int64_t count) const {
    const auto run = [&](ExpressionKernel kernel, const float* a, const float* b, float* out, float p = 0, float q = 0) {
      const TileOperand operands[2] = {{a, 1}, {b, 1}};
      kernel(operands, out, count, p, q);
    };
    run(kernels.affine, sum, sum, sum, static_cast<float>(op.alpha / static_cast<double>(op.size)), static_cast<float>(op.k));
    if (op.beta == 0.75) {
      run(kernels.sqrt, sum, sum, sum);
      run(kernels.sqrt, sum, sum, spare);
      run(kernels.mul, sum, spare, sum);
    } else if (op.beta == 0.5) {
      run(kernels.sqrt, sum, sum, sum);
    } else if (op.beta != 1) {
      for (int64_t i = 0; i < count; ++i) sum[i] = std::pow(sum[i], static_cast<float>(op.beta));
    }
    run(kernels.div, x, sum, spare);
  }

  // Rows of squares of `size` channels stay in a ring.
  void planes(const char* x, char* y, int64_t unit, float* memory) const {
    const int64_t blocks = (pixels + kColumns - 1) / kColumns, first = unit % blocks * kColumns;
    const int64_t width = std::min(kColumns, pixels - first), start = (unit / blocks * channels * pixels + first) * bytes;
    const int64_t before = (op.size - 1) / 2, behind = op.size - 1 - before;
    float *sum = memory, *spare = memory + kColumns, *row = memory + 2 * kColumns, *ring = memory + 3 * kColumns;
    const auto square_of = [&](int64_t channel) { return ring + channel % op.size * kColumns; };
    const auto fetch = [&](int64_t channel) {
      load(x + start + channel * pixels * bytes, row, width);
      square(kernels, row, square_of(channel), width);
    };
    for (int64_t c = 0; c < std::min(behind, channels); ++c) fetch(c);
    for (int64_t c = 0; c < channels; ++c) {
      if (c + behind < channels) fetch(c + behind);
      const int64_t low = std::max<int64_t>(0, c - before), high = std::min(channels - 1, c + behind);
      std::memcpy(sum, square_of(low), static_cast<size_t>(width) * sizeof(float));
      for (int64_t k = low + 1; k <= high; ++k) {
        const TileOperand operands[2] = {{sum, 1}, {square_of(k), 1}};
        kernels.add(operands, sum, width, 0, 0);
      }
      load(x + start + c * pixels * bytes, row, width);
      finish(row, sum, spare, width);
      store(spare, y + start + c * pixels * bytes, width);
    }
  }

  void pixel_rows(const char* x, char* y, int64_t unit, float* memory) const {
    const int64_t before = (op.size - 1) / 2, padded = (channels + op.size + 15) / 16 * 16;
    float *squares = memory, *sum = memory + padded, *spare = sum + padded, *row = spare + padded;
    std::fill(squares, squares + padded, 0.0f);
    for (int64_t pixel = unit * pixels_each; pixel < std::min(batches * pixels, (unit + 1) * pixels_each); ++pixel) {
      load(x + pixel * channels * bytes, row, channels);
      square(kernels, row, squares + before, channels);
      std::memcpy(sum, squares, static_cast<size_t>(channels) * sizeof(float));
      for (int64_t k = 1; k < op.size; ++k) {
        const TileOperand operands[2] = {{sum, 1}, {squares + k, 1}};
        kernels.add(operands, sum, channels, 0, 0);
      }
      finish(row, sum, spare, channels);
      store(spare, y + pixel * channels * bytes, channels);
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto* y = static_cast<char*>(arguments.outputs[0]);
    scratch.run(*arguments.pool, units, arguments.workspace, [&](int64_t unit, std::byte* memory) {
      if (channels_last)
        pixel_rows(x, y, unit, reinterpret_cast<float*>(memory));
      else
        planes(x, y, unit, reinterpret_cast<float*>(memory));
    });
    return Ok{};
  }
};

struct LrnKernel final : Kernel {
  Lrn op;
  Kernels kernels{};
  DataType type = DataType::kFloat;
  bool channels_last = false;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<LrnLaunch>();
    const Shape& shape = inputs[0];
    launch->op = op;
    launch->kernels = kernels;
    if (constant.data()) launch->constant = &constant;
    launch->load = load_row(type);
    launch->store = store_row(type);
    launch->bytes = bits_of(type) / 8;
    launch->channels_last = channels_last;
    launch->batches = shape[0];
    launch->channels = shape[1];
    for (size_t d = 2; d < shape.size(); ++d) launch->pixels *= shape[d];
    TRY_ASSIGN(const int64_t total, volume(shape));
    if (channels_last) {
      launch->pixels_each = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, launch->channels));
      launch->units = total == 0 ? 0 : (launch->batches * launch->pixels + launch->pixels_each - 1) / launch->pixels_each;
      launch->scratch = WorkerScratch(static_cast<size_t>(4 * ((launch->channels + op.size + 15) / 16 * 16)) * sizeof(float));
    } else {
      launch->units = total == 0 ? 0 : launch->batches * ((launch->pixels + kColumns - 1) / kColumns);
      launch->scratch = WorkerScratch(static_cast<size_t>((3 + op.size) * kColumns) * sizeof(float));
    }
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct LrnRows final : Tactic {
  std::string_view name() const override { return "cpu.lrn"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Lrn*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no lrn");
    const DataType type = problem.inputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16,
             std::string(name_of(type)) + " is not computed");
    REQUIRES(op->size >= 1 && op->size <= 64, "sums run over more than 64 channels");
    const Format format = input_format(problem, 0);
    REQUIRES(format == output_format(problem, 0) && has_strides(format) && channel_group(format) == 1,
             "formats are neither linear nor channels last, or differ");
    REQUIRES(!is_constant(problem, 0) || format == Format::kLinear, "a constant is not linear");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result{{{Format::kLinear}, {Format::kLinear}}};
    if (!problem.inputs.empty() && problem.inputs[0].rank() >= 3) result.push_back({{Format::kChannelsLast}, {Format::kChannelsLast}});
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<LrnKernel>();
    kernel->op = static_cast<const Lrn&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->channels_last = usual_format(input_format(problem, 0), problem.inputs[0].rank()) == Format::kChannelsLast;
    kernel->kernels = {expression_kernel(ScalarOp::kAdd), expression_kernel(ScalarOp::kMul), expression_kernel(ScalarOp::kAffine),
                       expression_kernel(ScalarOp::kSqrt), expression_kernel(ScalarOp::kDiv)};
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 1e-6;
  }
};

}  // namespace

TACTIC(LrnRows, cpu, lrn)

}  // namespace ingot
