// cuda.convolution_mma_N: channels-last convolutions over two dimensions of half and bf16 as a product on tensor cores, with any epilogue
// in the same kernel, by the N-th of the tiles. One tap without stride and padding is a plain product; else its rows are read as windows.
#include "tactics/cuda/convolution_product.h"
#include "tactics/cuda/device_weights.h"
#include "tactics/cuda/product_mma.h"
#include "tactics/cuda/window_kernel.h"

namespace ingot::cuda {
namespace {

// [M, C, taps] as [M, taps, C], each of the M with zeros behind it.
Result<DeviceMemory> weights_of(CudaDevice& device, const Array& weights) {
  const Shape& w = weights.shape();
  const int64_t depth = product_depth(w), terms = w[1] * w[2] * w[3];
  if (depth == terms) return uploaded_taps_first(device, weights);
  TRY_ASSIGN(const Array rows, permuted(weights, {w[0], w[1], w[2] * w[3]}, {0, 2, 1}));
  TRY_ASSIGN(Array padded, Array::make(rows.type(), {w[0], depth}));
  auto* to = padded.as_mutable<uint16_t>();
  const auto* from = static_cast<const uint16_t*>(rows.data());
  for (int64_t m = 0; m < w[0]; ++m) {
    std::copy_n(from + m * terms, terms, to + m * depth);
    std::fill_n(to + m * depth + terms, depth - terms, uint16_t{0});
  }
  return uploaded(device, padded);
}

Result<WindowRows> windows_of(const WindowGeometry& geometry) {
  WindowRows rows{};
  const int64_t channels = geometry.input_channels, image = geometry.input_count() * channels;
  if (image >= INT32_MAX / 2) return unsupported("an image has more than 2^30 elements");
  const auto number = [](int64_t value) { return static_cast<int>(value); };
  for (int d = 0; d < 2; ++d) rows.output[d] = number(geometry.output[d + 1]);
  rows.height = number(geometry.input[1]);
  rows.line = number(geometry.input[2] * channels);
  rows.stride[0] = number(geometry.strides[1]);
  rows.stride[1] = number(geometry.strides[2] * channels);
  rows.pad[0] = number(geometry.pads[1]);
  rows.pad[1] = number(geometry.pads[2] * channels);
  rows.dilation = number(geometry.dilations[1]);
  rows.image = image;
  return rows;
}

// Whether 8 elements that are read together lie on 16 bytes, and inside an image or outside.
bool is_aligned(const Convolution& op, const Problem& problem) {
  const Shape& w = problem.constants[1].shape();
  if (w[1] % 8 == 0) return true;
  const Dims& x = problem.inputs[0].dims;
  if (!x[2].is_constant() || !x[3].is_constant()) return false;
  const Window::Pads pads = op.pads_for({x[2].value(), x[3].value()}, {w[2], w[3]});
  return w[1] * w[3] % 8 == 0 && op.stride(1) * w[1] % 8 == 0 && pads.begin[1] * w[1] % 8 == 0 && x[3].value() * w[1] % 8 == 0 &&
         x[2].value() * x[3].value() * w[1] % 8 == 0;
}

struct ConvolutionMmaKernel final : Kernel {
  Convolution op;
  Operands operands;
  MmaProduct product;
  size_t inputs = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<MmaLaunch>();
    launch->parameters = convolution_product(shapes[1], outputs[0]);
    const Shape taps(shapes[1].begin() + 2, shapes[1].end()), spatial(shapes[0].begin() + 2, shapes[0].end());
    TRY_ASSIGN(launch->windows, windows_of(window_geometry(op, pads_of(op, spatial, taps), taps, op.groups, shapes[0], outputs[0])));
    launch->product = product;
    launch->operands = operands;
    launch->inputs = inputs;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

class ConvolutionMma final : public CudaTactic {
 public:
  explicit ConvolutionMma(int number) : tile_(kMmaTiles[number]), name_("cuda.convolution_mma_" + std::to_string(number)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    TRY(is_image_convolution(problem));
    const auto* op = static_cast<const Convolution*>(problem.op);
    const Shape& w = problem.constants[1].shape();
    REQUIRES(op->dilation(1) == 1 || w[3] == 1, "the taps of a line are no neighbours");
    for (size_t d = 0; d < 2; ++d) REQUIRES(op->pad_begin(d) >= 0 && op->pad_end(d) >= 0, "the padding is negative");
    TRY_ASSIGN(const Shape output, tuned_output(problem));
    const ProductParameters p = convolution_product(w, output);
    return accepts_mma(problem, *op, tile_, p.rows, p.columns, p.depth);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    if (problem.inputs.empty() || problem.inputs[0].rank() < 3) return {};
    return {window_formats(problem).back()};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ConvolutionMmaKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const Convolution&>(*problem.op);
    kernel->inputs = problem.inputs.size();
    const Shape& w = problem.constants[1].shape();
    TRY_ASSIGN(kernel->operands, Operands::make(*device, problem, {1}));
    TRY_ASSIGN(DeviceMemory weights, weights_of(*device, problem.constants[1]));
    kernel->operands.set(1, std::move(weights));
    const MmaWindows windows{w[2], w[1] * w[3], is_aligned(kernel->op, problem)};
    const bool plain = is_plain_product(kernel->op, w) && w[1] % 8 == 0;
    TRY_ASSIGN(kernel->product, MmaProduct::make(*device, problem, kernel->op, tile_, plain ? nullptr : &windows));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.004 + input_elements(problem) * 1e-9; }

 private:
  MmaTile tile_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_convolution_mma) { cuda::add_ranked<cuda::ConvolutionMma>(catalogue, cuda::kMmaTileCount); }
}  // namespace ingot
