// cuda.slice_modes: slices whose indices may lie outside the input, by lists of the places that are read.
#include "operators/slice.h"
#include "tactics/cuda/call.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kMostSlicedRank = 11;  // that parameters have room for

struct SlicePlaces final : CallTactic {
  std::string_view name() const override { return "cuda.slice_modes"; }
  Status takes(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Slice*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no slice");
    REQUIRES(op->mode != SliceMode::kDefault, "no index lies outside the input");
    REQUIRES(problem.inputs[0].rank() <= kMostSlicedRank, "the rank is over " + std::to_string(kMostSlicedRank));
    for (size_t i = 1; i < problem.inputs.size() && i < 4; ++i)
      REQUIRES(!is_present(problem, i) || is_constant(problem, i), "the window is known only at run time");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    Slice fixed = static_cast<const Slice&>(*problem.op);
    for (const auto& [input, field] : {std::pair{1, &fixed.starts}, {2, &fixed.ends}, {3, &fixed.steps}}) {
      const auto place = static_cast<size_t>(input);
      if (place < problem.constants.size() && problem.constants[place].data()) *field = problem.constants[place].integers();
    }
    TRY_ASSIGN(const Slice::Window window, fixed.window(inputs[0]));
    const Shape strides = row_major_strides(inputs[0]);
    const size_t rank = strides.size();
    Call call;
    auto& p = call.parameters;
    TRY_ASSIGN(p.count, volume(outputs[0]));
    p.sizes[0] = static_cast<int64_t>(rank);
    std::vector<int64_t> places;
    for (size_t d = 0; d < rank; ++d) {
      p.sizes[1 + d] = window.size[d];
      p.sizes[1 + rank + d] = strides[d];
      for (int64_t k = 0; k < window.size[d] && p.count > 0; ++k) {
        TRY_ASSIGN(const int64_t place, slice_place(window.start[d] + k * window.step[d], inputs[0][d], fixed.mode));
        places.push_back(place);
      }
    }
    TRY_ASSIGN(DeviceMemory table, uploaded(device, places.data(), places.size() * sizeof(int64_t)));
    p.inputs[8] = table.get();
    call.tables.push_back(std::move(table));
    TRY(call.add(device, "slice_modes", moved_definition("ELEMENT", bits_of(problem.inputs[0].type) / 8), "pick_elements", p.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::SlicePlaces, cuda, slice_modes)
}  // namespace ingot
