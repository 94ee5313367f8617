// cuda.dft, cuda.stft: Fourier transforms in double, a block a row.
#include <cmath>

#include "operators/dft.h"
#include "operators/stft.h"
#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kSharedElements = 1024, kMostBlocks = 1024;

struct Complex {
  double real, imaginary;
};

// `rows` transforms of length n, whose other sizes are in place.
Status add_transforms(CudaDevice& device, DataType type, int64_t n, int64_t rows, bool inverse, std::string code, Call* call) {
  auto& sizes = call->parameters.sizes;
  sizes[0] = sizes[1] = n;
  while (sizes[1] % 2 == 0) sizes[1] /= 2;
  sizes[2] = rows;
  std::vector<Complex> roots(static_cast<size_t>(n));
  for (int64_t k = 0; k < n; ++k) {
    const double turn = (inverse ? 2 : -2) * M_PI * static_cast<double>(k) / static_cast<double>(n);
    roots[static_cast<size_t>(k)] = {std::cos(turn), std::sin(turn)};
  }
  TRY_ASSIGN(DeviceMemory table, uploaded(device, roots.data(), roots.size() * sizeof(Complex)));
  sizes[6] = static_cast<long long>(reinterpret_cast<intptr_t>(table.get()));
  call->tables.push_back(std::move(table));
  const bool shared = n <= kSharedElements;
  const int64_t blocks = std::min(rows, kMostBlocks);
  if (!shared) call->workspace_bytes = static_cast<size_t>(blocks * 2 * n) * sizeof(Complex);
  // Few lengths of shared memory, so that few kernels are compiled.
  int64_t room = 64;
  while (room < n) room *= 2;
  code += storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\n#define SHARED " +
          std::to_string(shared ? room : 0) + "\n#define INVERSE " + std::to_string(inverse) + "\n";
  return call->add_grid(device, "fourier", code, "fourier", {blocks});
}

std::string definitions(bool stft, int64_t parts, int64_t kept_parts, bool mirrored) {
  const auto flag = [](const char* name, int64_t value) { return std::string("#define ") + name + " " + std::to_string(value) + "\n"; };
  return flag("STFT", stft) + flag("PARTS", parts) + flag("KEPT_PARTS", kept_parts) + flag("MIRRORED", mirrored);
}

struct DftRows final : CallTactic {
  std::string_view name() const override { return "cuda.dft"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Dft*>(problem.op), std::string(problem.op->name()) + " is no dft");
    for (size_t i = 1; i < problem.inputs.size(); ++i) {
      REQUIRES(problem.constants.size() > i && problem.constants[i].data() && problem.constants[i].count() == 1,
               "the length or the axis is no constant");
    }
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const Dft&>(*problem.op);
    const Shape& x = inputs[0];
    const int64_t axis = inputs.size() > 2 ? problem.constants[2].integer(0) : op.axis;
    TRY_ASSIGN(const int64_t along, normalize_axis(axis, static_cast<int64_t>(x.size())));
    TRY_ASSIGN(const Lines lines, Lines::make({x.begin(), x.end() - 1}, along));
    const bool mirrored = op.onesided && op.inverse;
    int64_t n = inputs.size() > 1 ? problem.constants[1].integer(0) : op.length;
    if (n == -1) n = mirrored ? 2 * (lines.length - 1) : lines.length;
    if (n < 1 || n > INT32_MAX) return invalid("the length is " + std::to_string(n) + "; it is positive");
    Call call;
    auto& sizes = call.parameters.sizes;
    sizes[3] = lines.length;
    sizes[4] = lines.after;
    sizes[5] = op.onesided && !op.inverse ? n / 2 + 1 : n;
    if (outputs[0][static_cast<size_t>(along)] != sizes[5])
      return invalid("the transform has " + std::to_string(sizes[5]) + " elements, but y is " + to_text(outputs[0]));
    TRY(add_transforms(device, problem.inputs[0].type, n, lines.before * lines.after, op.inverse,
                       definitions(false, x.back(), outputs[0].back(), mirrored), &call));
    return call;
  }
};

struct StftRows final : CallTactic {
  std::string_view name() const override { return "cuda.stft"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Stft*>(problem.op), std::string(problem.op->name()) + " is no stft");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const Shape &x = inputs[0], &y = outputs[0];
    const int64_t n = inputs[2][0];
    if (n < 1) return invalid("the window has no elements");
    if (n > INT32_MAX) return unsupported("a window of " + std::to_string(n) + " elements");
    Call call;
    auto& sizes = call.parameters.sizes;
    sizes[3] = x[1];
    sizes[4] = y[1];
    sizes[5] = y[2];
    TRY(add_transforms(device, problem.inputs[0].type, n, y[0] * y[1], false,
                       definitions(true, x.size() == 3 ? x[2] : 1, 2, false) + storage_definition("STEP", problem.inputs[1].type), &call));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_fourier) {
  catalogue.add(std::make_unique<cuda::DftRows>());
  catalogue.add(std::make_unique<cuda::StftRows>());
}
}  // namespace ingot
