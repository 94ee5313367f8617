#include "tactics/cuda/product_wgmma.h"

#include "tactics/cuda/device_weights.h"
#include "tactics/cuda/library_product.h"
#include "tactics/cuda/tensor_core.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kStep = 64;  // depth of a box
constexpr int kThreads = 384;
constexpr size_t kRingAlignment = 1024;
// The driver's numbers for a map.
constexpr int kMapHalf = 6, kMapBf16 = 9, kSwizzle128 = 3, kPromotion128 = 2;

struct alignas(64) TensorMap {
  uint64_t words[16];
};

int64_t tile_rows(const WgmmaShape& shape) { return shape.together ? 2 * shape.group_rows : shape.group_rows; }

bool is_stored_float(DataType type) { return type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kFloat; }

Status make_map(const CudaDevice& device, DataType type, const void* matrix, int64_t rows, int64_t depth, int64_t stride, int64_t box_rows,
                TensorMap* map) {
  const uint64_t sizes[] = {static_cast<uint64_t>(depth), static_cast<uint64_t>(rows)}, strides[] = {static_cast<uint64_t>(stride) * 2};
  const unsigned box[] = {kStep, static_cast<unsigned>(box_rows)}, steps[] = {1, 1};
  CUDA_TRY(device.driver(), tensor_map, map, type == DataType::kHalf ? kMapHalf : kMapBf16, 2, const_cast<void*>(matrix), sizes, strides,
           box, steps, 0, kSwizzle128, kPromotion128, 0);
  return Ok{};
}

}  // namespace

Status accepts_wgmma(const Problem& problem, const EpilogueFields& fields, const WgmmaShape& shape, int64_t rows, int64_t columns,
                     int64_t depth) {
  TRY(has_tensor_cores(problem));
  TRY_ASSIGN(const CudaDevice* device, device_of(problem));
  REQUIRES(device->architecture() == "sm_90a", "the GPU is of " + device->architecture());
  REQUIRES(device->driver().tensor_map, "the driver knows no tensor maps");
  REQUIRES(shape.cluster_rows * shape.cluster_columns == 1 || device->has_clusters(), "the GPU has no clusters of blocks");
  REQUIRES(problem.inputs[1].type == problem.inputs[0].type, "the operands differ in type");
  REQUIRES(is_constant(problem, 1), "the weights are no constant");
  TRY(accepts_library_product(problem, fields));
  REQUIRES(is_stored_float(problem.outputs[0].type), "the output is of type " + std::string(name_of(problem.outputs[0].type)));
  for (size_t i : {size_t{2}, size_t{3}})
    REQUIRES(!has_input(problem, i) || is_stored_float(problem.inputs[i].type),
             "input " + std::to_string(i) + " is of type " + std::string(name_of(problem.inputs[i].type)));
  REQUIRES(depth > 0 && depth % 8 == 0, "the sums have " + std::to_string(depth) + " terms");
  REQUIRES(columns > 0 && columns % 32 == 0, "there are " + std::to_string(columns) + " columns");
  REQUIRES(rows < INT32_MAX && columns < INT32_MAX && depth < INT32_MAX, "a side is longer than 2^31");
  REQUIRES(columns > shape.columns / 2 && rows > tile_rows(shape) / 2, "the tile is larger than the product");
  return Ok{};
}

Result<WgmmaProduct> WgmmaProduct::make(CudaDevice& device, const Problem& problem, const EpilogueFields& fields, const WgmmaShape& shape,
                                        int64_t columns, int64_t depth, bool depth_first) {
  WgmmaProduct product;
  product.device_ = &device;
  product.shape_ = shape;
  product.type_ = problem.inputs[0].type;
  TRY_ASSIGN(std::string code, product_definitions(problem, fields));
  const auto define = [&](const char* name, int64_t value) { code += "#define " + std::string(name) + " " + std::to_string(value) + "\n"; };
  define("GROUP_ROWS", shape.group_rows);
  define("COLUMNS", shape.columns);
  define("CLUSTER_ROWS", shape.cluster_rows);
  define("CLUSTER_COLUMNS", shape.cluster_columns);
  define("STAGES", shape.stages);
  define("TOGETHER", shape.together);
  code += kernel_text("warp_group");
  const auto ring = static_cast<size_t>(shape.stages * (tile_rows(shape) + shape.columns) * kStep * 2);
  TRY_ASSIGN(product.kernel_,
             KernelFunction::make(device, kernel_source("product_wgmma", code, true), "product_wgmma", ring + kRingAlignment));
  // Columns 32 * q + 8 * t + 2 * j + e in the order q, j, t, e.
  const Array& weights = problem.constants[1];
  if (depth_first) {
    TRY_ASSIGN(product.weights_, uploaded_permuted(device, weights, {depth, columns / 32, 4, 4, 2}, {1, 3, 2, 4, 0}));
  } else {
    TRY_ASSIGN(product.weights_, uploaded_permuted(device, weights, {columns / 32, 4, 4, 2, depth}, {0, 2, 1, 3, 4}));
  }
  return product;
}

Status WgmmaProduct::run(const ProductParameters& p, Stream stream) const {
  if (p.rows == 0) return Ok{};
  TensorMap a, b;
  const int64_t rows = tile_rows(shape_);
  TRY(make_map(*device_, type_, p.a, p.rows, p.depth, p.a_row, rows / shape_.cluster_columns, &a));
  TRY(make_map(*device_, type_, weights_.get(), p.columns, p.depth, p.depth, shape_.columns / shape_.cluster_rows, &b));
  const int64_t blocks = shape_.cluster_rows * shape_.cluster_columns;
  const int64_t patches = ceil_divide(ceil_divide(p.rows, rows), shape_.cluster_rows) *
                          ceil_divide(ceil_divide(p.columns, shape_.columns), shape_.cluster_columns);
  const int64_t clusters = std::max<int64_t>(1, std::min(patches, device_->multiprocessors() / blocks));
  return kernel_.launch({clusters * blocks}, kThreads, stream, a, b, p);
}

Status WgmmaLaunch::run(const RunArguments& arguments) const {
  ProductParameters p = parameters;
  p.a = operands.at(arguments, 0);
  p.bias = inputs > 2 ? operands.at(arguments, 2) : nullptr;
  p.residual = inputs > 3 ? operands.at(arguments, 3) : nullptr;
  p.y = arguments.outputs[0];
  return product.run(p, arguments.stream);
}

}  // namespace ingot::cuda
