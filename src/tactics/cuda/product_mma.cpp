#include "tactics/cuda/product_mma.h"

namespace ingot::cuda {

Status accepts_mma(const Problem& problem, const EpilogueFields& fields, const MmaTile& tile, int64_t rows, int64_t columns,
                   int64_t depth) {
  TRY(has_tensor_cores(problem));
  REQUIRES(problem.inputs[1].type == problem.inputs[0].type, "the operands differ in type");
  REQUIRES(is_constant(problem, 1), "the weights are no constant");
  REQUIRES(is_floating(problem.outputs[0].type), "the output is of type " + std::string(name_of(problem.outputs[0].type)));
  TRY(accepts_library_product(problem, fields));
  REQUIRES(depth > 0 && depth % 8 == 0, "the sums have " + std::to_string(depth) + " terms");
  REQUIRES(columns > 0 && columns % 8 == 0, "there are " + std::to_string(columns) + " columns");
  // Larger tiles would stand empty; the least serves everything.
  const bool least = tile.rows == kMmaTiles[kMmaTileCount - 1].rows;
  REQUIRES(least || (columns > tile.columns / 2 && rows > tile.rows / 2), "the tile is larger than the product");
  REQUIRES(!least || rows <= 4096, "the tile is too small for " + std::to_string(rows) + " rows");
  return Ok{};
}

Result<MmaProduct> MmaProduct::make(CudaDevice& device, const Problem& problem, const EpilogueFields& fields, const MmaTile& tile,
                                    const MmaWindows* windows) {
  MmaProduct product;
  product.tile_ = tile;
  product.has_windows_ = windows != nullptr;
  TRY_ASSIGN(std::string code, product_definitions(problem, fields));
  const auto define = [&](const char* name, int64_t value) { code += "#define " + std::string(name) + " " + std::to_string(value) + "\n"; };
  define("ROWS", tile.rows);
  define("COLUMNS", tile.columns);
  define("WARP_ROWS", tile.warp_rows);
  define("WARP_COLUMNS", tile.warp_columns);
  define("STEP", tile.step);
  define("STAGES", tile.stages);
  define("WINDOWS", windows != nullptr);
  if (windows) {
    define("TAP_LINES", windows->lines);
    define("LINE", windows->line);
    define("ALIGNED", windows->aligned);
  }
  code += kernel_text("tensor_core");
  TRY_ASSIGN(product.kernel_, KernelFunction::make(device, kernel_source("product_mma", code, true), "product_mma"));
  return product;
}

Status MmaProduct::run(const ProductParameters& p, const WindowRows& windows, Stream stream) const {
  const int threads = tile_.rows / tile_.warp_rows * (tile_.columns / tile_.warp_columns) * 32;
  const GridSize grid{ceil_divide(p.rows, tile_.rows) * ceil_divide(p.columns, tile_.columns)};
  return has_windows_ ? kernel_.launch(grid, threads, stream, p, windows) : kernel_.launch(grid, threads, stream, p);
}

Status MmaLaunch::run(const RunArguments& arguments) const {
  ProductParameters p = parameters;
  p.a = operands.at(arguments, 0);
  p.b = operands.at(arguments, 1);
  p.bias = inputs > 2 ? operands.at(arguments, 2) : nullptr;
  p.residual = inputs > 3 ? operands.at(arguments, 3) : nullptr;
  p.y = arguments.outputs[0];
  return product.run(p, windows, arguments.stream);
}

}  // namespace ingot::cuda
