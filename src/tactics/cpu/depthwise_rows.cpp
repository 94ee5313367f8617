// Depthwise convolution, channels-last: rows of outputs, vectors along the channels, sums in registers.
#include "operators/convolution.h"
#include "tactics/cpu/depthwise_kernel.h"
#include "tactics/cpu/epilogue_plan.h"
#include "tactics/cpu/window_geometry.h"
#include "tactics/layout.h"

namespace ingot {

DepthwiseKernel depthwise_kernel(DataType input, Isa isa) {
  if (isa >= Isa::kBf16) return bf16::depthwise_kernel(input);
  if (isa >= Isa::kAvx512) return avx512::depthwise_kernel(input);
  if (isa >= Isa::kAvx2) return avx2::depthwise_kernel(input);
  return portable::depthwise_kernel(input);
}

namespace {

constexpr int64_t kMostLines = 64;  // of a kernel: its depth times its height
constexpr int64_t kMostTaps = 512;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Prepared {
  std::unique_ptr<Operator> op_keeper;
  const Convolution* op = nullptr;
  Shape kernel;
  DepthwiseKernel run = nullptr;
  std::vector<float> weights;  // [taps][padded channels]
  int64_t padded_channels = 0;
  int64_t input_bytes = 0, output_bytes = 0, residual_bytes = 0;
  EpiloguePlan epilogue;
  Finish finish;
};

class DepthwiseLaunch final : public Launch {
 public:
  DepthwiseLaunch(std::shared_ptr<const Prepared> prepared, const WindowGeometry& geometry)
      : prepared_(std::move(prepared)), geometry_(geometry) {
    const auto& g = geometry_;
    // Parts of some 250 000 multiplications: neighbouring rows, and, where a row is long, a range of channels.
    constexpr int64_t kWork = 250'000, kChannels = 16;
    const int64_t channel_work = g.output[2] * g.kernel_count();
    block_channels_ = std::max<int64_t>(kChannels, divide_up(kWork / 4 / std::max<int64_t>(channel_work, 1), kChannels) * kChannels);
    block_channels_ = std::min(block_channels_, divide_up(g.input_channels, kChannels) * kChannels);
    channel_blocks_ = divide_up(g.input_channels, block_channels_);
    block_channels_ = divide_up(divide_up(g.input_channels, channel_blocks_), kChannels) * kChannels;
    channel_blocks_ = divide_up(g.input_channels, block_channels_);
    block_rows_ = std::clamp<int64_t>(kWork / std::max<int64_t>(1, channel_work * block_channels_), 1, g.output[1]);
    row_blocks_ = divide_up(g.output[1], block_rows_);
  }

  Status run(const RunArguments& arguments) const override {
    const auto& g = geometry_;
    const Prepared& p = *prepared_;
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    const auto* residual = p.finish.has_residual ? static_cast<const std::byte*>(arguments.inputs[3]) : nullptr;
    const int64_t planes = g.batch * g.output[0];
    auto run_part = [&](int64_t part, int) {
      const int64_t channel_block = part % channel_blocks_, row_block = part / channel_blocks_ % row_blocks_,
                    plane = part / channel_blocks_ / row_blocks_;
      const int64_t n = plane / g.output[0], oz = plane % g.output[0];
      const void* lines[kMostLines];
      const float* weights[kMostLines];
      DepthwiseRow row;
      row.lines = lines;
      row.weights = weights;
      row.weight_stride = p.padded_channels;
      row.taps = g.kernel[2];
      row.stride = g.strides[2];
      row.dilation = g.dilations[2];
      row.pad = g.pads[2];
      row.input_width = g.input[2];
      row.output_width = g.output[2];
      row.channels = g.input_channels;
      row.first_channel = channel_block * block_channels_;
      row.last_channel = std::min(row.first_channel + block_channels_, g.input_channels);
      row.finish = &p.finish;
      for (int64_t oy = row_block * block_rows_; oy < std::min((row_block + 1) * block_rows_, g.output[1]); ++oy) {
        row.line_count = 0;
        for (int64_t kz = 0; kz < g.kernel[0]; ++kz) {
          const int64_t iz = oz * g.strides[0] - g.pads[0] + kz * g.dilations[0];
          for (int64_t ky = 0; ky < g.kernel[1]; ++ky) {
            const int64_t iy = oy * g.strides[1] - g.pads[1] + ky * g.dilations[1];
            if (iz < 0 || iz >= g.input[0] || iy < 0 || iy >= g.input[1]) continue;
            lines[row.line_count] = x + ((n * g.input[0] + iz) * g.input[1] + iy) * g.input[2] * g.input_channels * p.input_bytes;
            weights[row.line_count++] = p.weights.data() + (kz * g.kernel[1] + ky) * g.kernel[2] * p.padded_channels;
          }
        }
        const int64_t at = (plane * g.output[1] + oy) * g.output[2] * g.output_channels;
        row.output = y + at * p.output_bytes;
        row.residual = residual + at * p.residual_bytes;
        p.run(row);
      }
    };
    const int64_t parts = planes * row_blocks_ * channel_blocks_;
    if (planes * g.output[1] * g.output[2] * g.input_channels * g.kernel_count() < 100'000) {
      for (int64_t part = 0; part < parts; ++part) run_part(part, 0);
    } else {
      arguments.pool->run(parts, run_part);
    }
    return Ok{};
  }

 private:
  std::shared_ptr<const Prepared> prepared_;
  WindowGeometry geometry_;
  int64_t block_rows_ = 1, row_blocks_ = 1, block_channels_ = 16, channel_blocks_ = 1;
};

class DepthwiseKernelOfLayer final : public Kernel {
 public:
  explicit DepthwiseKernelOfLayer(std::shared_ptr<const Prepared> prepared) : prepared_(std::move(prepared)) {}
  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    const Convolution& op = *prepared_->op;
    const Window::Pads pads = op.pads_for(Shape(inputs[0].begin() + 2, inputs[0].end()), prepared_->kernel);
    return std::unique_ptr<Launch>(
        std::make_unique<DepthwiseLaunch>(prepared_, window_geometry(op, pads, prepared_->kernel, op.groups, inputs[0], outputs[0])));
  }

 private:
  std::shared_ptr<const Prepared> prepared_;
};

struct DepthwiseRows final : Tactic {
  std::string_view name() const override { return "cpu.depthwise_rows"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Convolution*>(problem.op);
    REQUIRES(op, "the operator is no convolution");
    const int64_t rank = problem.inputs[0].rank();
    REQUIRES(rank >= 3 && rank <= 5, "the input has " + std::to_string(rank) + " dimensions");
    REQUIRES(!is_constant(problem, 0), "the input is constant");
    REQUIRES(is_constant(problem, 1), "the weights are not constant");
    const Shape& weights = problem.constants[1].shape();
    REQUIRES(weights[1] == 1 && weights[0] == op->groups, "the convolution is not depthwise");
    TRY_ASSIGN(const Product product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    TRY(EpiloguePlan::accepts(problem, *op, product));
    REQUIRES(problem.outputs[0].type != DataType::kInt32, "an int32 output");
    REQUIRES(input_format(problem, 0) == Format::kChannelsLast && output_format(problem, 0) == Format::kChannelsLast,
             "input and output are not both channels-last");
    TRY_ASSIGN(const int64_t count, volume(weights));
    REQUIRES(count > 0, "the weights have no elements");
    REQUIRES(count / weights[0] <= kMostTaps && count / weights[0] / weights.back() <= kMostLines,
             "the kernel has " + std::to_string(count / weights[0]) + " positions");
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    if (problem.inputs.empty()) return {};
    Formats formats{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kChannelsLast}};
    formats.inputs[0] = Format::kChannelsLast;
    if (is_present(problem, 3)) formats.inputs[3] = Format::kChannelsLast;
    return {formats};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY(accepts(problem));
    auto prepared = std::make_shared<Prepared>();
    prepared->op_keeper = problem.op->clone();
    prepared->op = static_cast<const Convolution*>(prepared->op_keeper.get());
    const Array& weights = problem.constants[1];
    const int64_t channels = weights.shape()[0], taps = weights.count() / channels;
    prepared->kernel.assign(weights.shape().begin() + 2, weights.shape().end());
    // The weights are few: turned at load time into the order in which they are read.
    prepared->padded_channels = divide_up(channels, kPanelColumns) * kPanelColumns;
    prepared->weights.assign(static_cast<size_t>(taps * prepared->padded_channels), 0.0f);
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t tap = 0; tap < taps; ++tap)
        prepared->weights[static_cast<size_t>(tap * prepared->padded_channels + c)] = static_cast<float>(weights.number(c * taps + tap));
    }
    prepared->run = depthwise_kernel(problem.inputs[0].type, current_isa());
    prepared->input_bytes = static_cast<int64_t>(bytes_of(problem.inputs[0].type, 1));
    prepared->output_bytes = static_cast<int64_t>(bytes_of(problem.outputs[0].type, 1));
    if (is_present(problem, 3)) prepared->residual_bytes = static_cast<int64_t>(bytes_of(problem.inputs[3].type, 1));
    TRY_ASSIGN(const Product product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    TRY_ASSIGN(prepared->epilogue, EpiloguePlan::make(problem, *prepared->op, product, {1, channels}, 0, {}));
    prepared->finish = prepared->epilogue.finish();
    return std::unique_ptr<Kernel>(std::make_unique<DepthwiseKernelOfLayer>(std::move(prepared)));
  }
};

}  // namespace

TACTIC(DepthwiseRows, cpu, depthwise_rows)

}  // namespace ingot
