// Expressions made ready to run over tiles of elements that stay in L1: pointwise layers, and the epilogues of other kernels.
//
//   TRY_ASSIGN(auto epilogue, CompiledExpression::compile(op.epilogue, {DataType::kFloat, DataType::kFloat}, DataType::kFloat));
//   const float* rows[] = {accumulated, residual};
//   epilogue.run_floats(rows, out, count);
//
// Each element is computed by the same instructions wherever it lies in a tile, so results depend neither on rows nor on threads.
// Values of half and bf16 are floats between nodes, rounded where a cast asks and at the end; integers are computed exactly.
#pragma once

#include <memory>
#include <vector>

#include "operators/elementwise.h"
#include "operators/expression.h"

namespace ingot {

class CompiledExpression {
 public:
  static constexpr int64_t kTile = 256;
  static constexpr int kMostSlots = 20;  // tiles alive at one time

  // `inputs` and `output` are the types in memory. Declines uint64 and types without rows (int4, fp4 ...), and too many live values.
  // The first `floats` inputs arrive as rows of floats, whatever their type: what an epilogue gets from the kernel before it.
  static Result<CompiledExpression> compile(const Expression& expression, const std::vector<DataType>& inputs, DataType output,
                                            int floats = 0);
  static Result<CompiledExpression> compile(const Elementwise& op, const std::vector<DataType>& inputs, DataType output);
  // By layer: a Pointwise or an Elementwise.
  static Result<CompiledExpression> compile(const Operator& op, const std::vector<DataType>& inputs, DataType output);

  // Where one input's elements lie for a block of rows x columns; strides in elements.
  struct Input {
    const void* data = nullptr;
    int64_t column_stride = 1, row_stride = 0;
  };
  // out[rows * columns] is contiguous; rows > 1 only where rows * columns <= kTile. out may be an input of the same type and place.
  void run(const Input* inputs, void* out, int64_t rows, int64_t columns) const;
  // Rows of floats, for expressions compiled with float inputs and output. A null input is not read.
  void run_floats(const float* const* inputs, float* out, int64_t count) const;

  int input_count() const;
  // Nanoseconds an element, roughly: for estimates.
  double cost() const;

  struct Program;

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace ingot
