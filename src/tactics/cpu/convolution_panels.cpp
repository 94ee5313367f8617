// Convolution as a matrix product whose rows are gathered by address: no copy of the image, weights packed in panels.
// A tap is a kernel position (k: its channels); where a position has few channels, a kernel row (k: its positions and channels), or, for
// a row-major input, a kernel row of one channel. Output channels-last.
#include <cstring>

#include "operators/convolution.h"
#include "tactics/cpu/epilogue_plan.h"
#include "tactics/cpu/panel_product.h"
#include "tactics/cpu/panels.h"
#include "tactics/cpu/window_geometry.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

// Under so many bytes of channels a tap of one position is too short for the kernel's inner loop.
constexpr int64_t kShortTapBytes = 64;

struct Plan {
  Product product;
  PanelSource source;
  Shape kernel;
  int64_t groups, element_bytes, output_bytes, residual_bytes;
};

// Where rows of A lie for one launch. All offsets are in bytes.
class ConvolutionRows {
 public:
  ConvolutionRows(const Plan& plan, const WindowGeometry& geometry)
      : geometry_(geometry), source_(plan.source), bytes_(plan.element_bytes) {
    const auto& g = geometry_;
    if (source_ == PanelSource::kWindowPlanes) {
      pixel_ = bytes_;
      plane_ = g.input_count() * bytes_;
      image_ = plane_ * g.input_channels;
    } else {
      pixel_ = g.input_channels * bytes_;
      image_ = g.input_count() * pixel_;
    }
    output_pixel_ = g.output_channels;
    const int64_t planes = source_ == PanelSource::kWindowPlanes ? g.group_inputs() : 1;
    const int64_t across = source_ == PanelSource::kWindowPixels ? g.kernel[2] : 1;
    for (int64_t c = 0; c < planes; ++c) {
      for (int64_t z = 0; z < g.kernel[0]; ++z) {
        for (int64_t y = 0; y < g.kernel[1]; ++y) {
          for (int64_t x = 0; x < across; ++x) {
            const int64_t dz = z * g.dilations[0], dy = y * g.dilations[1], dx = x * g.dilations[2];
            taps_.push_back({dz, dy, dx, c * plane_ + ((dz * g.input[1] + dy) * g.input[2] + dx) * pixel_});
          }
        }
      }
    }
    is_pointwise_ = source_ != PanelSource::kWindowPlanes && g.kernel_count() == 1;
    for (int d = 0; d < 3; ++d) is_pointwise_ = is_pointwise_ && g.strides[d] == 1 && g.pads[d] == 0 && g.input[d] == g.output[d];
    run_ = across == 1 && source_ != PanelSource::kWindowPixels ? g.kernel[2] : 1;
    zeros_.assign(static_cast<size_t>(run_ * (source_ == PanelSource::kWindowPlanes ? 1 : g.group_inputs()) * bytes_ + 64), std::byte{0});
  }
  int64_t tap_count() const { return static_cast<int64_t>(taps_.size()); }
  int64_t row_count() const { return geometry_.batch * geometry_.output_count(); }

  void locate(const std::byte* x, std::byte* y, const std::byte* residual, int64_t output_bytes, int64_t residual_bytes, int64_t group,
              int64_t first, int64_t count, const RowAddresses& to) const {
    const auto& g = geometry_;
    const std::byte* base = x + (source_ == PanelSource::kWindowPlanes ? 0 : group * g.group_inputs() * bytes_);
    if (is_pointwise_) {
      for (int64_t row = 0; row < count; ++row) {
        const int64_t at = (first + row) * output_pixel_;
        to.a[row] = base + (first + row) * pixel_;
        to.c[row] = y + at * output_bytes;
        to.residual[row] = residual + at * residual_bytes;
      }
      return;
    }
    int64_t ox = first % g.output[2], rest = first / g.output[2];
    int64_t oy = rest % g.output[1];
    rest /= g.output[1];
    int64_t oz = rest % g.output[0], n = rest / g.output[0];
    std::byte* scratch = to.scratch;
    const int64_t taps = tap_count();
    for (int64_t row = 0; row < count; ++row) {
      const int64_t at = (first + row) * output_pixel_;
      to.c[row] = y + at * output_bytes;
      to.residual[row] = residual + at * residual_bytes;
      const int64_t iz = oz * g.strides[0] - g.pads[0], iy = oy * g.strides[1] - g.pads[1], ix = ox * g.strides[2] - g.pads[2];
      const std::byte* pixel = base + n * image_ + ((iz * g.input[1] + iy) * g.input[2] + ix) * pixel_;
      const bool inside = iz >= 0 && iy >= 0 && ix >= 0 && iz + (g.kernel[0] - 1) * g.dilations[0] < g.input[0] &&
                          iy + (g.kernel[1] - 1) * g.dilations[1] < g.input[1] && ix + (g.kernel[2] - 1) * g.dilations[2] < g.input[2];
      if (inside) {
        for (int64_t t = 0; t < taps; ++t) to.a[t * to.stride + row] = pixel + taps_[static_cast<size_t>(t)].offset;
      } else {
        for (int64_t t = 0; t < taps; ++t) {
          const Tap& tap = taps_[static_cast<size_t>(t)];
          to.a[t * to.stride + row] = border(pixel, iz + tap.z, iy + tap.y, ix + tap.x, tap, &scratch);
        }
      }
      if (++ox == g.output[2]) {
        ox = 0;
        if (++oy == g.output[1]) {
          oy = 0;
          if (++oz == g.output[0]) {
            oz = 0;
            ++n;
          }
        }
      }
    }
  }

 private:
  struct Tap {
    int64_t z, y, x, offset;
  };

  // A tap that may leave the image: zeros where it is outside, a copy where a run is inside in part.
  const void* border(const std::byte* pixel, int64_t z, int64_t y, int64_t x, const Tap& tap, std::byte** scratch) const {
    const auto& g = geometry_;
    if (z < 0 || z >= g.input[0] || y < 0 || y >= g.input[1] || x >= g.input[2] || x + run_ <= 0) return zeros_.data();
    const std::byte* from = pixel + tap.offset;
    if (x >= 0 && x + run_ <= g.input[2]) return from;
    const int64_t before = std::max<int64_t>(0, -x), end = std::min(run_, g.input[2] - x);
    std::byte* copy = *scratch;
    *scratch += run_ * pixel_;
    std::memset(copy, 0, static_cast<size_t>(run_ * pixel_));
    std::memcpy(copy + before * pixel_, from + before * pixel_, static_cast<size_t>((end - before) * pixel_));
    return copy;
  }

  WindowGeometry geometry_;
  PanelSource source_;
  int64_t bytes_, pixel_ = 0, plane_ = 0, image_ = 0, output_pixel_ = 0;
  bool is_pointwise_ = false;  // one position that moves as the output does: rows lie side by side
  int64_t run_ = 1;            // positions that lie side by side in a tap
  std::vector<Tap> taps_;
  std::vector<std::byte> zeros_;
};

struct Prepared {
  Plan plan;
  Panels panels;
  PackedWeights weights;
  TileKernel kernel;
  EpiloguePlan epilogue;
  Finish finish;
  const Convolution* op;
  std::unique_ptr<Operator> op_keeper;
};

class ConvolutionLaunch final : public Launch {
 public:
  ConvolutionLaunch(std::shared_ptr<const Prepared> prepared, const WindowGeometry& geometry)
      : prepared_(std::move(prepared)), geometry_(geometry), rows_(prepared_->plan, geometry) {
    const Panels& panels = prepared_->panels;
    const int64_t tap_bytes = panels.k() * prepared_->plan.element_bytes;
    cut_ = Cut::of(geometry.groups, rows_.row_count(), panels.panel_count(), rows_.tap_count(), tap_bytes,
                   static_cast<int64_t>(panels.panel_bytes(0)), prepared_->kernel.most_rows);
    if (prepared_->plan.source != PanelSource::kWindowPixels) {
      // Rows at the border are put together in scratch memory: no more of them in a block than fit.
      const int64_t row_bytes = rows_.tap_count() * tap_bytes;
      const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(RowAddresses::kScratchBytes) / row_bytes);
      if (cut_.block_rows > most) {
        cut_.block_rows = most;
        cut_.row_blocks = (rows_.row_count() + most - 1) / most;
      }
    }
  }

  Status run(const RunArguments& arguments) const override {
    struct Items {
      const ConvolutionLaunch& launch;
      const std::byte* x;
      std::byte* y;
      const std::byte* residual;
      PanelItem item(int64_t group) const {
        const Prepared& p = *launch.prepared_;
        return {p.panels.panel(p.weights.data, 0, group, 0),
                p.panels.panel_bytes(0),
                launch.rows_.row_count(),
                launch.rows_.tap_count(),
                0,
                group * p.panels.columns(),
                group * p.panels.panel_count() * kPanelColumns,
                &p.finish};
      }
      void locate(int64_t group, int64_t first, int64_t count, const RowAddresses& to) const {
        const Plan& plan = launch.prepared_->plan;
        launch.rows_.locate(x, y, residual, plan.output_bytes, plan.residual_bytes, group, first, count, to);
      }
    };
    const Items items{*this, static_cast<const std::byte*>(arguments.inputs[0]), static_cast<std::byte*>(arguments.outputs[0]),
                      prepared_->finish.has_residual ? static_cast<const std::byte*>(arguments.inputs[3]) : nullptr};
    run_panels(*arguments.pool, prepared_->kernel, cut_, geometry_.groups, prepared_->panels.columns(), prepared_->panels.k(),
               kPanelColumns * 4, items);
    return Ok{};
  }

 private:
  std::shared_ptr<const Prepared> prepared_;
  WindowGeometry geometry_;
  ConvolutionRows rows_;
  Cut cut_;
};

class ConvolutionKernel final : public Kernel {
 public:
  explicit ConvolutionKernel(std::shared_ptr<const Prepared> prepared) : prepared_(std::move(prepared)) {}
  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    const Convolution& op = *prepared_->op;
    const Shape spatial(inputs[0].begin() + 2, inputs[0].end());
    const Window::Pads pads = op.pads_for(spatial, prepared_->plan.kernel);
    return std::unique_ptr<Launch>(std::make_unique<ConvolutionLaunch>(
        prepared_, window_geometry(op, pads, prepared_->plan.kernel, op.groups, inputs[0], outputs[0])));
  }

 private:
  std::shared_ptr<const Prepared> prepared_;
};

struct ConvolutionPanels final : Tactic {
  std::string_view name() const override { return "cpu.convolution_panels"; }

  // What the problem comes to, or why it is none for this tactic.
  static Result<Plan> plan_of(const Problem& problem, bool is_packed = false) {
    const auto* op = dynamic_cast<const Convolution*>(problem.op);
    REQUIRES(op, "the operator is no convolution");
    const int64_t rank = problem.inputs[0].rank();
    REQUIRES(rank >= 3 && rank <= 5, "the input has " + std::to_string(rank) + " dimensions");
    REQUIRES(!is_constant(problem, 0), "the input is constant");
    REQUIRES(is_packed || is_constant(problem, 1), "the weights are not constant");
    REQUIRES(all_constant(problem.inputs[1].dims), "the shape of the weights is not known");
    TRY_ASSIGN(Product product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    TRY(EpiloguePlan::accepts(problem, *op, product));
    REQUIRES(output_format(problem, 0) == Format::kChannelsLast, "the output is not channels-last");
    const Shape weights = constant_shape(problem.inputs[1].dims);
    TRY_ASSIGN(const int64_t count, volume(weights));
    REQUIRES(count > 0, "the weights have no elements");
    REQUIRES(weights[1] > 1 || weights[0] > op->groups || op->groups == 1, "a depthwise convolution has its own tactic");
    Plan plan{product,    PanelSource::kWindowPixels, Shape(weights.begin() + 2, weights.end()),
              op->groups, bytes_of(product),          static_cast<int64_t>(bytes_of(problem.outputs[0].type, 1)),
              0};
    if (is_present(problem, 3)) plan.residual_bytes = static_cast<int64_t>(bytes_of(problem.inputs[3].type, 1));
    const int64_t channels = weights[1], width = weights.back();
    const bool is_dense = op->dilation(static_cast<size_t>(rank) - 3) == 1;
    if (input_format(problem, 0) == Format::kChannelsLast) {
      const bool fits = channels * width * plan.element_bytes * (count / weights[0] / channels / width) <= int64_t{8} << 10;
      if (op->groups == 1 && is_dense && width > 1 && channels * plan.element_bytes < kShortTapBytes && fits)
        plan.source = PanelSource::kWindowRows;
    } else {
      REQUIRES(input_format(problem, 0) == Format::kLinear, "the input's format is neither channels-last nor linear");
      REQUIRES(op->groups == 1 && channels <= 4 && is_dense, "a linear input has few channels, one group and no dilation");
      plan.source = PanelSource::kWindowPlanes;
      REQUIRES(count / weights[0] * plan.element_bytes <= int64_t{8} << 10, "the kernel is too large for a linear input");
    }
    TRY_ASSIGN(Panels panels, Panels::plan({plan.source, plan.groups}, product, weights));
    REQUIRES(panels.taps(0) <= Cut::kMostAddresses, "the kernel has " + std::to_string(panels.taps(0)) + " positions");
    return plan;
  }

  Status accepts(const Problem& problem) const override {
    TRY(plan_of(problem));
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result;
    if (problem.inputs.size() < 2) return result;  // no convolution
    for (Format input : {Format::kChannelsLast, Format::kLinear}) {
      if (input == Format::kLinear &&
          (problem.inputs[1].rank() < 2 || !problem.inputs[1].dims[1].is_constant() || problem.inputs[1].dims[1].value() > 4))
        continue;
      Formats formats{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kChannelsLast}};
      formats.inputs[0] = input;
      if (is_present(problem, 3)) formats.inputs[3] = Format::kChannelsLast;
      result.push_back(std::move(formats));
    }
    return result;
  }

  Result<std::vector<PackedWeights>> pack(const Problem& problem) const override {
    TRY_ASSIGN(Plan plan, plan_of(problem));
    return pack_weights({plan.source, plan.groups}, plan.product, problem.constants[1], 1);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>& packed) const override {
    TRY_ASSIGN(Plan plan, plan_of(problem, true));
    TRY_ASSIGN(Panels panels, Panels::plan({plan.source, plan.groups}, plan.product, constant_shape(problem.inputs[1].dims)));
    TRY_ASSIGN(PackedWeights weights, checked_weights(panels, plan.product, packed));
    auto prepared = std::make_shared<Prepared>();
    prepared->op_keeper = problem.op->clone();
    prepared->op = static_cast<const Convolution*>(prepared->op_keeper.get());
    prepared->kernel = tile_kernel(plan.product, current_isa());
    std::vector<int32_t> sums;
    if (plan.product == Product::kInt8 || plan.product == Product::kUint8) {
      const int32_t* first = panels.sums(weights.data, 0, 0);
      sums.assign(first, first + panels.groups() * panels.panel_count() * kPanelColumns);
    }
    TRY_ASSIGN(prepared->epilogue, EpiloguePlan::make(problem, *prepared->op, plan.product, {panels.groups(), panels.columns()},
                                                      prepared->kernel.a_offset, sums));
    prepared->finish = prepared->epilogue.finish();
    prepared->plan = std::move(plan);
    prepared->panels = std::move(panels);
    prepared->weights = std::move(weights);
    return std::unique_ptr<Kernel>(std::make_unique<ConvolutionKernel>(std::move(prepared)));
  }
};

}  // namespace

TACTIC(ConvolutionPanels, cpu, convolution_panels)

}  // namespace ingot
