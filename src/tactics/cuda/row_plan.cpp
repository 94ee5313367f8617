#include "tactics/cuda/row_plan.h"

#include <algorithm>

namespace ingot::cuda {

Result<RowPlan> RowPlan::make(const std::vector<RowDim>& dims, size_t extras) {
  RowPlan plan;
  RowParameters& p = plan.parameters;
  if (extras > kMostInputs) return unsupported("there are more than " + std::to_string(kMostInputs) + " further inputs");
  int64_t inner_row_stride = 0, inner_outer_stride = 0;
  for (const bool row : {false, true}) {
    Shape sizes, x, y;
    std::vector<Shape> extra(extras);
    for (const RowDim& dim : dims) {
      if (dim.in_row != row) continue;
      sizes.push_back(dim.size);
      x.push_back(dim.x);
      y.push_back(dim.y);
      for (size_t e = 0; e < extras; ++e) extra[e].push_back(dim.extra[e]);
    }
    std::vector<Shape*> lists{&x, &y};
    for (Shape& list : extra) lists.push_back(&list);
    TRY(merge_dims(&sizes, lists));
    if (sizes.empty()) {
      sizes.push_back(1);
      for (Shape* list : lists) list->push_back(0);
    }
    int64_t count = 1;
    for (size_t d = 0; d < sizes.size(); ++d) {
      count *= sizes[d];
      (row ? p.row_sizes : p.outer_sizes)[d] = sizes[d];
      (row ? p.row_strides : p.outer_strides)[d] = x[d];
      if (!row) p.y_strides[d] = y[d];
      for (size_t e = 0; e < extras; ++e) (row ? p.extra_row : p.extra_outer)[e][d] = extra[e][d];
    }
    (row ? p.row : p.outputs) = count;
    (row ? plan.row_rank : plan.outer_rank) = sizes.size();
    (row ? inner_row_stride : inner_outer_stride) = x.back();
  }
  // Neighbouring threads should read neighbours: along the row where that is innermost, else across rows.
  const bool along = inner_row_stride == 1 || inner_outer_stride != 1;
  if (along)
    plan.lanes = p.row > 1024 || (p.outputs < 256 && p.row > 128) ? 256 : p.row > 8 ? 32 : 1;
  else
    plan.lanes = p.outputs >= 2048 || p.row <= 32 ? 1 : 32;
  plan.grid = {ceil_divide(p.outputs, 256 / plan.lanes)};
  return plan;
}

std::string RowPlan::definitions() const {
  return "#define OUTER_RANK " + std::to_string(outer_rank) + "\n#define ROW_RANK " + std::to_string(row_rank) + "\n#define LANES " +
         std::to_string(lanes) + "\n";
}

std::vector<RowDim> row_dims(const Shape& shape, Format format, const std::vector<bool>& in_row) {
  const Shape strides = memory_strides(format, shape);
  std::vector<RowDim> dims;
  for (size_t d : memory_order(format, shape.size())) {
    RowDim dim;
    dim.size = shape[d];
    dim.x = strides[d];
    dim.in_row = in_row[d];
    dims.push_back(dim);
  }
  return dims;
}

std::string row_kernel_source(std::string_view name, const std::string& definitions) {
  return kernel_source(name, definitions + std::string(kernel_text("rows")), true);
}

std::string least_code(const std::string& real) {
  if (real == "float") return "__int_as_float((int)0xff800000u)";
  if (real == "double") return "__longlong_as_double((long long)0xfff0000000000000ull)";
  return real == "uint64" ? "0ull" : "(-9223372036854775807ll - 1)";
}

}  // namespace ingot::cuda
