// cuda.gather, cuda.gather_elements, cuda.gather_nd: elements and slices chosen by indices.
#include "operators/gather.h"

#include "operators/gather_elements.h"
#include "operators/gather_nd.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {
namespace {

std::string element_of(int64_t bytes) {
  return bytes == 1 ? "uint8" : bytes == 2 ? "uint16" : bytes == 4 ? "uint32" : bytes == 8 ? "uint64" : "Pack<uint64, 2>";
}

struct GatherLaunch final : Launch {
  KernelFunction wide, single;
  GatherParameters in_wide{}, in_single{};
  Operands operands;
  size_t alignment = 1;

  Status run(const RunArguments& arguments) const override {
    const void* x = operands.at(arguments, 0);
    const bool aligned =
        reinterpret_cast<uintptr_t>(x) % alignment == 0 && reinterpret_cast<uintptr_t>(arguments.outputs[0]) % alignment == 0;
    GatherParameters p = aligned ? in_wide : in_single;
    p.x = x;
    p.indices = operands.at(arguments, 1);
    p.y = arguments.outputs[0];
    return (aligned ? wide : single).launch({ceil_divide(p.count, 256)}, 256, arguments.stream, p);
  }
};

struct GatherKernel final : Kernel {
  CudaDevice* device = nullptr;
  std::unique_ptr<Operator> op;
  Operands operands;
  DataType type = DataType::kFloat, index = DataType::kInt64;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<GatherLaunch>();
    launch->operands = operands;
    const Shape &x = inputs[0], &indices = inputs[1];
    GatherParameters& p = launch->in_single;
    TRY_ASSIGN(p.count, volume(outputs[0]));
    int64_t width = 1;  // elements that move together
    const int64_t bytes = bits_of(type) / 8;
    const auto widen = [&](int64_t inner) {
      while (inner % (width * 2) == 0 && inner > 0 && bytes * width * 2 <= 16) width *= 2;
    };
    std::string name = "gather";
    if (const auto* gather = dynamic_cast<const Gather*>(op.get())) {
      TRY_ASSIGN(const int64_t axis, normalize_axis(gather->axis, static_cast<int64_t>(x.size())));
      for (auto& size : p.sizes) size = 1;
      for (int64_t d = 0; d < static_cast<int64_t>(x.size()); ++d) {
        if (d != axis) p.sizes[d < gather->batch_dims ? 0 : d < axis ? 1 : 3] *= x[static_cast<size_t>(d)];
      }
      for (size_t d = static_cast<size_t>(gather->batch_dims); d < indices.size(); ++d) p.sizes[2] *= indices[d];
      p.axis_size = x[static_cast<size_t>(axis)];
      widen(p.sizes[3]);
      launch->in_wide = p;
      launch->in_wide.sizes[3] /= width;
    } else if (const auto* elements = dynamic_cast<const GatherElements*>(op.get())) {
      name = "gather_elements";
      TRY_ASSIGN(const int64_t axis, normalize_axis(elements->axis, static_cast<int64_t>(x.size())));
      if (indices.size() > kMostRank) return unsupported("the rank is more than " + std::to_string(kMostRank));
      const Shape strides = row_major_strides(x);
      p.rank = static_cast<int>(x.size());
      for (size_t d = 0; d < x.size(); ++d) {
        p.sizes[d] = indices[d];
        p.x_strides[d] = static_cast<int64_t>(d) == axis ? 0 : strides[d];
      }
      p.axis_size = x[static_cast<size_t>(axis)];
      p.axis_stride = strides[static_cast<size_t>(axis)];
      launch->in_wide = p;
    } else {
      name = "gather_nd";
      const auto& nd = static_cast<const GatherNd&>(*op);
      const auto batch_dims = static_cast<size_t>(nd.batch_dims);
      const auto tuple = static_cast<size_t>(indices.back());
      if (tuple > kMostRank) return unsupported("a tuple of indices is longer than " + std::to_string(kMostRank));
      const Shape strides = row_major_strides(x);
      for (auto& size : p.sizes) size = 1;
      p.axis_stride = 1;
      for (size_t d = 0; d < batch_dims; ++d) p.sizes[0] *= x[d];
      for (size_t d = batch_dims; d < x.size(); ++d) p.axis_stride *= x[d];
      for (size_t d = batch_dims; d + 1 < indices.size(); ++d) p.sizes[1] *= indices[d];
      for (size_t d = batch_dims + tuple; d < x.size(); ++d) p.sizes[2] *= x[d];
      p.tuple = static_cast<int>(tuple);
      for (size_t d = 0; d < tuple; ++d) {
        p.tuple_sizes[d] = x[batch_dims + d];
        p.tuple_strides[d] = strides[batch_dims + d];
      }
      widen(p.sizes[2]);
      launch->in_wide = p;
      launch->in_wide.sizes[2] /= width;
      launch->in_wide.axis_stride /= width;
      for (size_t d = 0; d < tuple; ++d) launch->in_wide.tuple_strides[d] /= width;
    }
    launch->in_wide.count /= width;
    launch->alignment = static_cast<size_t>(width * bytes);
    const auto compiled = [&](int64_t size) {
      return KernelFunction::make(
          *device, kernel_source("gather", "typedef " + element_of(size) + " ELEMENT;\ntypedef " + storage_type(index) + " INDEX_TYPE;\n"),
          name);
    };
    TRY_ASSIGN(launch->wide, compiled(bytes * width));
    TRY_ASSIGN(launch->single, compiled(bytes));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct GatherTactic final : CudaTactic {
  GatherTactic(std::string operation) : name_("cuda." + operation), operation_(std::move(operation)) {}
  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(problem.op->name() == operation_, std::string(problem.op->name()) + " is no " + operation_);
    REQUIRES(bits_of(problem.inputs[0].type) >= 8, "elements are smaller than a byte");
    return all_linear(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<GatherKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    kernel->op = problem.op->clone();
    kernel->type = problem.inputs[0].type;
    kernel->index = problem.inputs[1].type;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

 private:
  std::string name_, operation_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_gather) {
  for (const char* operation : {"gather", "gather_elements", "gather_nd"}) catalogue.add(std::make_unique<cuda::GatherTactic>(operation));
}
}  // namespace ingot
