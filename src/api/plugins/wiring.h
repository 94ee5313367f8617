// Layers added one by one, where the first error is kept: what a plugin consists of reads as formulas.
#pragma once

#include "api/plugins/stock.h"
#include "operators/elementwise.h"

namespace ingot::api {

class Wiring {
 public:
  explicit Wiring(Network& network) : network_(network) {}
  bool ok() const { return status_.ok(); }
  // Refuses with `message`, unless something was wrong before.
  void refuse(std::string message) {
    if (ok()) status_ = invalid(std::move(message));
  }
  void require(bool condition, const std::string& message) {
    if (!condition) refuse(message);
  }
  // Null once something went wrong.
  template <class Op>
  Tensor* add(Op op, const Tensors& inputs) {
    const Tensors all = add_all(std::move(op), inputs);
    return all.empty() ? nullptr : all[0];
  }
  template <class Op>
  Tensors add_all(Op op, const Tensors& inputs) {
    return add_layer(std::make_unique<Op>(std::move(op)), inputs);
  }
  Tensor* apply(ScalarOp op, const Tensors& inputs) { return add(Elementwise(op), inputs); }
  Tensor* cast(Tensor* x, DataType type);

  // Constants; of the type of `like` where there is one.
  Tensor* constant(Array value) { return network_.add_constant("", std::move(value)); }
  Tensor* number(double value, const Tensor* like);
  Tensor* numbers(const std::vector<double>& values, Shape shape, const Tensor* like);

  // Elements [from, from + count) of an axis.
  Tensor* slice(Tensor* x, int64_t axis, int64_t from, int64_t count);
  // Under other dims, which may be expressions of x's.
  Tensor* reshape(Tensor* x, const Dims& dims);
  Tensor* transpose(Tensor* x, std::vector<int64_t> permutation);
  Tensor* concat(const Tensors& inputs, int64_t axis);
  // x [1, rest...] for each image of `like`'s batch.
  Tensor* for_each_image(Tensor* x, Tensor* like);
  // The dims of x; none once something went wrong.
  Dims dims(const Tensor* x) const { return x ? x->type.dims : Dims(); }
  // The dim, where it is a number and x has it; else it refuses.
  int64_t size(const Tensor* x, size_t axis);

  Result<Tensors> done(Tensors outputs) {
    if (!ok()) return std::move(status_).error();
    return outputs;
  }

 private:
  Tensors add_layer(std::unique_ptr<Operator> op, const Tensors& inputs);
  Network& network_;
  Status status_;
};

}  // namespace ingot::api
