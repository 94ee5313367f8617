// What convolutions, deconvolutions and matrix products have in common, for the rewrites that grow them.
#pragma once

#include <memory>
#include <optional>

#include "operators/epilogue.h"
#include "optimize/pattern.h"

namespace ingot {

// A convolution, deconvolution or matrix product, whatever it reads. Its output in a pattern.
Pattern any_product();
// The same without residual, epilogue and quantized output, so that its result is the plain sum.
Pattern plain_product();

// The epilogue of a product; null for other operators.
const EpilogueFields* epilogue_of(const Operator& op);
// A copy, and the epilogue inside it.
struct ProductCopy {
  std::unique_ptr<Operator> op;
  EpilogueFields* epilogue;
};
ProductCopy copy_product(const Operator& op);
// Adds the copy with the inputs x, w, bias, residual; trailing nulls are dropped.
Result<Tensor*> add_product(Network& network, ProductCopy copy, std::vector<Tensor*> inputs);
// Its four inputs, null where left out.
std::vector<Tensor*> product_inputs(const Layer& layer);

// Products on the longest way from the network's inputs to `layer`, itself included.
int64_t product_depth(const Layer* layer);

// Which axis of the output counts channels, bias and weight scales; nothing where there is none (a product with a column).
std::optional<int64_t> channel_axis(const Layer& product);
// Where the channels of the output stand among the axes of the weights; nothing where no single axis holds them.
std::optional<int64_t> weight_channel_axis(const Layer& product);

// Whether a tensor of dims `dims`, broadcast against `output`, varies along `axis` alone (or not at all).
bool varies_along(const Dims& dims, const Dims& output, int64_t axis);
// The constant as [channels]; null where it does not vary along the channels alone. A single number is repeated.
Result<Tensor*> per_channel(Network& network, Tensor* constant, const Dims& output, int64_t axis);

}  // namespace ingot
