// cuda.unique: places sorted by what stands there. The run waits for the number of values.
#include "operators/unique.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kBlockPlaces = 4096;  // that one block sorts

struct UniquePlaces final : CallTactic {
  std::string_view name() const override { return "cuda.unique"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Unique*>(problem.op), std::string(problem.op->name()) + " is no unique");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const auto& op = static_cast<const Unique&>(*problem.op);
    Call call;
    TRY_ASSIGN(const int64_t elements, volume(inputs[0]));
    Shape shape = op.flat ? Shape{elements} : inputs[0];
    TRY_ASSIGN(const int64_t axis, normalize_axis(op.flat ? 0 : op.axis, static_cast<int64_t>(shape.size())));
    TRY_ASSIGN(const Lines lines, Lines::make(shape, axis));
    if (lines.length >= INT32_MAX) return unsupported("unique of " + std::to_string(lines.length) + " places");
    int64_t room = 1;
    while (room < lines.length) room *= 2;
    auto& sizes = call.parameters.sizes;
    sizes[0] = lines.length;
    sizes[1] = lines.before;
    sizes[2] = lines.after;
    sizes[3] = room;
    call.workspace_bytes = static_cast<size_t>(64 + 4 * (room + 4 * lines.length + 1));
    const DataType type = problem.inputs[0].type;
    const std::string code = std::string(kernel_text("block")) + storage_definition("X", type) + "typedef " + compute_type(type) +
                             " COMPUTE;\n#define SORTED " + std::to_string(op.sorted) + "\n";
    TRY(call.add(device, "unique", code, "unique_places", room));
    if (room <= kBlockPlaces) {
      TRY(call.add_grid(device, "unique", code, "unique_sort", {1}, 1024));
    } else {
      for (int64_t size = 2; size <= room; size *= 2) {
        for (int64_t stride = size / 2; stride > 0; stride /= 2) {
          TRY(call.add(device, "unique", code, "unique_pass", room / 2));
          call.steps.back().pass[0] = size;
          call.steps.back().pass[1] = stride;
        }
      }
    }
    TRY(call.add_grid(device, "unique", code, "unique_number", {1}, 1024));
    TRY(call.add(device, "unique", code, "unique_tell", lines.length));
    TRY(call.add(device, "unique", code, "unique_gather", elements));
    call.shapes_for = [shape, axis, length = lines.length](int64_t found) {
      Shape values = shape;
      values[static_cast<size_t>(axis)] = found;
      return std::vector<Shape>{values, {found}, {length}, {found}};
    };
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::UniquePlaces, cuda, unique)
}  // namespace ingot
