// Deconvolution as one gathered matrix product for each residue of output positions by the strides: outputs of a residue read the same
// taps, so that nothing is scattered and each output is stored once. Channels-last.
#include "operators/deconvolution.h"
#include "tactics/cpu/epilogue_plan.h"
#include "tactics/cpu/panel_product.h"
#include "tactics/cpu/panels.h"
#include "tactics/cpu/window_geometry.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

struct Prepared {
  std::unique_ptr<Operator> op_keeper;
  const Deconvolution* op = nullptr;
  Product product = Product::kFloat;
  Shape kernel_shape;
  Panels panels;
  PackedWeights weights;
  TileKernel kernel;
  EpiloguePlan epilogue;
  std::vector<Finish> finish;  // by phase
  int64_t element_bytes = 0, output_bytes = 0, residual_bytes = 0;
};

PanelSpec spec_of(const Deconvolution& op, size_t spatial) {
  PanelSpec spec;
  spec.source = PanelSource::kDeconvolution;
  spec.groups = op.groups;
  for (size_t d = 0; d < spatial; ++d) {
    spec.strides[3 - spatial + d] = op.stride(d);
    spec.dilations[3 - spatial + d] = op.dilation(d);
  }
  return spec;
}

class DeconvolutionLaunch final : public Launch {
 public:
  DeconvolutionLaunch(std::shared_ptr<const Prepared> prepared, const WindowGeometry& geometry)
      : prepared_(std::move(prepared)), geometry_(geometry) {
    const auto& g = geometry_;
    const Panels& panels = prepared_->panels;
    int64_t most_rows = 0, most_taps = 0;
    for (int64_t phase = 0; phase < panels.phase_count(); ++phase) {
      Phase made;
      int64_t rest = phase;
      for (int d = 2; d >= 0; --d) {
        const int64_t residue = rest % g.strides[d];
        rest /= g.strides[d];
        const int64_t first = ((residue - g.pads[d]) % g.strides[d] + g.strides[d]) % g.strides[d];
        made.first[d] = first;
        made.counts[d] = first < g.output[d] ? (g.output[d] - first + g.strides[d] - 1) / g.strides[d] : 0;
      }
      for (int64_t position : panels.tap_positions(phase)) {
        const int64_t x = position % g.kernel[2], y = position / g.kernel[2] % g.kernel[1], z = position / g.kernel[2] / g.kernel[1];
        made.taps.push_back({{z * g.dilations[0], y * g.dilations[1], x * g.dilations[2]}});
      }
      made.rows = g.batch * made.counts[0] * made.counts[1] * made.counts[2];
      most_rows = std::max(most_rows, made.rows);
      most_taps = std::max(most_taps, static_cast<int64_t>(made.taps.size()));
      phases_.push_back(std::move(made));
    }
    cut_ = Cut::of(items(), most_rows, panels.panel_count(), std::max<int64_t>(most_taps, 1), panels.k() * prepared_->element_bytes,
                   std::max<int64_t>(most_taps, 1) * ((panels.k() + unit_of(prepared_->product) - 1) / unit_of(prepared_->product)) *
                       kPanelColumns * 4,
                   prepared_->kernel.most_rows);
    zeros_.assign(static_cast<size_t>(panels.k() * prepared_->element_bytes + 64), std::byte{0});
  }

  Status run(const RunArguments& arguments) const override {
    const Items rows{*this, static_cast<const std::byte*>(arguments.inputs[0]), static_cast<std::byte*>(arguments.outputs[0]),
                     prepared_->finish[0].has_residual ? static_cast<const std::byte*>(arguments.inputs[3]) : nullptr};
    run_panels(*arguments.pool, prepared_->kernel, cut_, items(), prepared_->panels.columns(), prepared_->panels.k(), kPanelColumns * 4,
               rows);
    return Ok{};
  }

 private:
  struct Tap {
    int64_t reach[3];  // position in the kernel times dilation
  };
  struct Phase {
    int64_t first[3] = {}, counts[3] = {};  // outputs first, first + stride, ...
    int64_t rows = 0;
    std::vector<Tap> taps;
  };

  // Item: phase by phase, group by group.
  struct Items {
    const DeconvolutionLaunch& launch;
    const std::byte* x;
    std::byte* y;
    const std::byte* residual;

    PanelItem item(int64_t index) const {
      const Prepared& p = *launch.prepared_;
      const int64_t phase = index / p.panels.groups(), group = index % p.panels.groups();
      const Phase& made = launch.phases_[static_cast<size_t>(phase)];
      return {p.panels.panel(p.weights.data, phase, group, 0),
              p.panels.panel_bytes(phase),
              made.rows,
              static_cast<int64_t>(made.taps.size()),
              0,
              group * p.panels.columns(),
              group * p.panels.panel_count() * kPanelColumns,
              &p.finish[static_cast<size_t>(phase)]};
    }
    void locate(int64_t index, int64_t first, int64_t count, const RowAddresses& to) const {
      launch.locate(*this, index, first, count, to);
    }
  };

  int64_t items() const { return prepared_->panels.phase_count() * prepared_->panels.groups(); }

  void locate(const Items& items, int64_t index, int64_t first, int64_t count, const RowAddresses& to) const {
    const auto& g = geometry_;
    const Prepared& p = *prepared_;
    const Phase& phase = phases_[static_cast<size_t>(index / p.panels.groups())];
    const int64_t group = index % p.panels.groups(), pixel = g.input_channels * p.element_bytes;
    const std::byte* base = items.x + group * g.group_inputs() * p.element_bytes;
    for (int64_t row = 0; row < count; ++row) {
      int64_t rest = first + row, o[3];
      for (int d = 2; d >= 0; --d) {
        o[d] = phase.first[d] + rest % phase.counts[d] * g.strides[d];
        rest /= phase.counts[d];
      }
      const int64_t at = (((rest * g.output[0] + o[0]) * g.output[1] + o[1]) * g.output[2] + o[2]) * g.output_channels;
      to.c[row] = items.y + at * p.output_bytes;
      to.residual[row] = items.residual + at * p.residual_bytes;
      for (size_t t = 0; t < phase.taps.size(); ++t) {
        int64_t i[3];
        bool inside = true;
        for (int d = 0; d < 3; ++d) {
          const int64_t reach = o[d] + g.pads[d] - phase.taps[t].reach[d];  // a multiple of the stride
          i[d] = reach / g.strides[d];
          inside = inside && reach >= 0 && i[d] < g.input[d];
        }
        to.a[static_cast<int64_t>(t) * to.stride + row] =
            inside ? base + (((rest * g.input[0] + i[0]) * g.input[1] + i[1]) * g.input[2] + i[2]) * pixel : zeros_.data();
      }
    }
  }

  std::shared_ptr<const Prepared> prepared_;
  WindowGeometry geometry_;
  std::vector<Phase> phases_;
  std::vector<std::byte> zeros_;
  Cut cut_;
};

class DeconvolutionKernel final : public Kernel {
 public:
  explicit DeconvolutionKernel(std::shared_ptr<const Prepared> prepared) : prepared_(std::move(prepared)) {}
  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    const Deconvolution& op = *prepared_->op;
    const Window::Pads pads = op.deconvolution_pads(Shape(inputs[0].begin() + 2, inputs[0].end()), prepared_->kernel_shape);
    return std::unique_ptr<Launch>(std::make_unique<DeconvolutionLaunch>(
        prepared_, window_geometry(op, pads, prepared_->kernel_shape, op.groups, inputs[0], outputs[0])));
  }

 private:
  std::shared_ptr<const Prepared> prepared_;
};

struct DeconvolutionPanels final : Tactic {
  std::string_view name() const override { return "cpu.deconvolution_panels"; }

  Status accepts(const Problem& problem) const override { return accepts(problem, is_constant(problem, 1)); }

  static Status accepts(const Problem& problem, bool weights_are_constant) {
    const auto* op = dynamic_cast<const Deconvolution*>(problem.op);
    REQUIRES(op, "the operator is no deconvolution");
    const int64_t rank = problem.inputs[0].rank();
    REQUIRES(rank >= 3 && rank <= 5, "the input has " + std::to_string(rank) + " dimensions");
    REQUIRES(!is_constant(problem, 0), "the input is constant");
    REQUIRES(weights_are_constant, "the weights are not constant");
    REQUIRES(all_constant(problem.inputs[1].dims), "the shape of the weights is not known");
    TRY_ASSIGN(const Product product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    TRY(EpiloguePlan::accepts(problem, *op, product));
    REQUIRES(input_format(problem, 0) == Format::kChannelsLast && output_format(problem, 0) == Format::kChannelsLast,
             "input and output are not both channels-last");
    TRY_ASSIGN(Panels panels, Panels::plan(spec_of(*op, static_cast<size_t>(rank) - 2), product, constant_shape(problem.inputs[1].dims)));
    for (int64_t phase = 0; phase < panels.phase_count(); ++phase)
      REQUIRES(panels.taps(phase) <= Cut::kMostAddresses, "the kernel has too many positions");
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    if (problem.inputs.empty()) return {};
    Formats formats{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kChannelsLast}};
    formats.inputs[0] = Format::kChannelsLast;
    if (is_present(problem, 3)) formats.inputs[3] = Format::kChannelsLast;
    return {formats};
  }

  Result<std::vector<PackedWeights>> pack(const Problem& problem) const override {
    TRY(accepts(problem));
    TRY_ASSIGN(const Product product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    const auto& op = static_cast<const Deconvolution&>(*problem.op);
    return pack_weights(spec_of(op, problem.inputs[0].dims.size() - 2), product, problem.constants[1], 1);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>& packed) const override {
    TRY(accepts(problem, !packed.empty()));
    auto prepared = std::make_shared<Prepared>();
    prepared->op_keeper = problem.op->clone();
    prepared->op = static_cast<const Deconvolution*>(prepared->op_keeper.get());
    const Shape weights = constant_shape(problem.inputs[1].dims);
    prepared->kernel_shape.assign(weights.begin() + 2, weights.end());
    TRY_ASSIGN(prepared->product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    TRY_ASSIGN(prepared->panels, Panels::plan(spec_of(*prepared->op, weights.size() - 2), prepared->product, weights));
    const Panels& panels = prepared->panels;
    TRY_ASSIGN(prepared->weights, checked_weights(panels, prepared->product, packed));
    prepared->kernel = tile_kernel(prepared->product, current_isa());
    prepared->element_bytes = bytes_of(prepared->product);
    prepared->output_bytes = static_cast<int64_t>(bytes_of(problem.outputs[0].type, 1));
    if (is_present(problem, 3)) prepared->residual_bytes = static_cast<int64_t>(bytes_of(problem.inputs[3].type, 1));
    std::vector<int32_t> sums;
    if (prepared->product == Product::kInt8 || prepared->product == Product::kUint8) {
      const int32_t* first = panels.sums(prepared->weights.data, 0, 0);
      sums.assign(first, first + panels.phase_count() * panels.groups() * panels.panel_count() * kPanelColumns);
    }
    TRY_ASSIGN(prepared->epilogue, EpiloguePlan::make(problem, *prepared->op, prepared->product, {panels.groups(), panels.columns()},
                                                      prepared->kernel.a_offset, sums));
    for (int64_t phase = 0; phase < panels.phase_count(); ++phase)
      prepared->finish.push_back(prepared->epilogue.finish(sums.empty() ? 0 : phase));
    return std::unique_ptr<Kernel>(std::make_unique<DeconvolutionKernel>(std::move(prepared)));
  }
};

}  // namespace

TACTIC(DeconvolutionPanels, cpu, deconvolution_panels)

}  // namespace ingot
