// cuda.resize: each output position reads the elements that tables name, axis by axis.
#include "operators/resize.h"

#include <numeric>

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

// Taps of an axis as tables of the device.
struct AxisTables {
  DeviceMemory starts, places, weights;
};

Result<AxisTables> tables_of(CudaDevice& device, const Resize::Taps& taps) {
  std::vector<int> starts{0}, places;
  std::vector<float> weights;
  for (const auto& position : taps) {
    for (const Resize::Tap& tap : position) {
      places.push_back(static_cast<int>(tap.index));
      weights.push_back(static_cast<float>(tap.weight));
    }
    starts.push_back(static_cast<int>(places.size()));
  }
  places.push_back(0);  // so that none is empty
  weights.push_back(0);
  AxisTables tables;
  TRY_ASSIGN(tables.starts, uploaded(device, starts.data(), starts.size() * sizeof(int)));
  TRY_ASSIGN(tables.places, uploaded(device, places.data(), places.size() * sizeof(int)));
  TRY_ASSIGN(tables.weights, uploaded(device, weights.data(), weights.size() * sizeof(float)));
  return tables;
}

struct ResizeLaunch final : Launch {
  KernelFunction kernel, narrow;  // `narrow` for addresses that packs do not fit
  ResizeParameters wide_parameters{}, narrow_parameters{};
  size_t alignment = 1;
  Operands operands;
  std::vector<AxisTables> tables;

  Status run(const RunArguments& arguments) const override {
    const void* x = operands.at(arguments, 0);
    const bool fits = reinterpret_cast<uintptr_t>(x) % alignment == 0 && reinterpret_cast<uintptr_t>(arguments.outputs[0]) % alignment == 0;
    ResizeParameters p = fits ? wide_parameters : narrow_parameters;
    p.x = x;
    p.y = arguments.outputs[0];
    return (fits ? kernel : narrow).launch({ceil_divide(p.count, 256)}, 256, arguments.stream, p);
  }
};

struct ResizeKernel final : Kernel {
  CudaDevice* device = nullptr;
  Resize op;
  DataType type = DataType::kFloat;
  Format format = Format::kLinear;
  Array lengths;  // the second input, where it is a constant
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<ResizeLaunch>();
    launch->operands = operands;
    const Shape &x = inputs[0], &y = outputs[0];
    Resize fixed = op;
    const Array* given = lengths.data() ? &lengths : nullptr;
    if (inputs.size() > 1 && !given) {
      // Sizes that came with the run are the output's.
      fixed.scales.clear();
      fixed.sizes.clear();
      if (fixed.axes.empty())
        fixed.sizes = y;
      else
        for (int64_t axis : fixed.axes) {
          TRY_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(y.size())));
          fixed.sizes.push_back(y[static_cast<size_t>(at)]);
        }
    }
    TRY_ASSIGN(std::vector<Resize::Taps> taps, fixed.taps(x, y, given));
    const auto order = memory_order(format, y.size());
    const Shape x_strides = memory_strides(format, x), y_strides = memory_strides(format, y);
    // Neighbours that both stay are one axis.
    ResizeParameters& p = launch->narrow_parameters;
    std::vector<bool> stays;
    for (size_t d : order) {
      const bool same = taps[d].empty();
      const auto last = static_cast<size_t>(p.rank) - 1;
      if (p.rank > 0 && same && stays.back() && p.x_strides[last] == x_strides[d] * x[d] && p.y_strides[last] == y_strides[d] * y[d]) {
        p.sizes[last] *= y[d];
        p.x_strides[last] = x_strides[d];
        p.y_strides[last] = y_strides[d];
        continue;
      }
      if (same && y[d] == 1) continue;
      if (p.rank == kMostRank) return unsupported("resize of more than " + std::to_string(kMostRank) + " axes");
      const auto at = static_cast<size_t>(p.rank++);
      p.sizes[at] = y[d];
      if (y[d] > INT32_MAX || x[d] > INT32_MAX) return unsupported("an axis of 2^31 elements");
      p.x_strides[at] = x_strides[d];
      p.y_strides[at] = y_strides[d];
      stays.push_back(same);
      if (same) continue;
      TRY_ASSIGN(AxisTables tables, tables_of(*device, taps[d]));
      p.starts[at] = static_cast<const int*>(tables.starts.get());
      p.places[at] = static_cast<const int*>(tables.places.get());
      p.weights[at] = static_cast<const float*>(tables.weights.get());
      launch->tables.push_back(std::move(tables));
    }
    if (p.rank == 0) {
      p.rank = 1;
      p.sizes[0] = 1;
      stays.push_back(true);
    }
    TRY_ASSIGN(p.count, volume(y));
    int64_t vector = 1;
    const auto last = static_cast<size_t>(p.rank) - 1;
    const int64_t bytes = bits_of(type) / 8;
    if (stays[last] && p.x_strides[last] == 1 && p.y_strides[last] == 1) {
      const auto divides = [&](int64_t step) {
        for (size_t d = 0; d < last; ++d) {
          if (p.x_strides[d] % step != 0 || p.y_strides[d] % step != 0) return false;
        }
        return p.sizes[last] % step == 0;
      };
      while (vector * 2 * bytes <= 16 && divides(vector * 2)) vector *= 2;
    }
    launch->wide_parameters = p;
    launch->wide_parameters.sizes[last] /= vector;
    launch->wide_parameters.count /= vector;
    launch->alignment = static_cast<size_t>(vector * bytes);
    const bool nearest = op.mode == ResizeMode::kNearest;
    const std::string real = is_floating(type) ? compute_type(type) : "double";
    const auto compiled = [&](int64_t width) {
      std::string code = storage_definition("ELEMENT", type) + "typedef " + real + " REAL;\n#define RANK " + std::to_string(p.rank) +
                         "\n#define VECTOR " + std::to_string(width) + "\n" + real_definition("OUTSIDE", op.extrapolation) +
                         (nearest ? "#define NEAREST 1\n" : "");
      if (is_floating(type))
        code += "#define STORE(value) store<ELEMENT>((REAL)(value))\n";
      else if (type == DataType::kBool)
        code += "#define STORE(value) (bool_t{(uint8)((value) != 0)})\n";
      else if (type == DataType::kUint64)
        code += "#define STORE(value) to_uint64(rint((double)(value)))\n";
      else
        code += "#define STORE(value) ((ELEMENT)to_integer<ELEMENT>(rint((double)(value))))\n";
      return KernelFunction::make(*device, kernel_source("resize", code, true), "resize");
    };
    TRY_ASSIGN(launch->kernel, compiled(vector));
    TRY_ASSIGN(launch->narrow, compiled(1));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ResizeElements final : CudaTactic {
  std::string_view name() const override { return "cuda.resize"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Resize*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no resize");
    REQUIRES(problem.inputs.size() < 3, "the region is an input");
    REQUIRES(op->mode == ResizeMode::kNearest || problem.inputs[0].type != DataType::kDouble, "its tables hold floats");
    // Other policies and scales round sizes, which the output's dims do not tell.
    REQUIRES(problem.inputs.size() < 2 || is_constant(problem, 1) ||
                 (!is_floating(problem.inputs[1].type) && op->policy == ResizePolicy::kStretch),
             "scales are known only at run time");
    REQUIRES(input_format(problem, 0) == output_format(problem, 0), "input and output lie in different formats");
    TRY(has_known_types(problem));
    return has_plain_formats(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result = Tactic::proposals(problem);
    for (Formats& formats : result) {
      for (size_t i = 1; i < formats.inputs.size(); ++i) formats.inputs[i] = Format::kLinear;
    }
    return result;
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ResizeKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->op = static_cast<const Resize&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->format = input_format(problem, 0);
    if (is_constant(problem, 1)) kernel->lengths = problem.constants[1];
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ResizeElements, cuda, resize)
}  // namespace ingot
