// Quantize and Dequantize layers as the rewrites of int8 networks see them: symmetric int8, as TensorRT has it.
#pragma once

#include <optional>
#include <vector>

#include "network/network.h"

namespace ingot {

// tensor = values * scale, float from int8 without zero point.
struct Dequantized {
  Tensor* values;
  std::vector<double> scales;  // one, or one for each index along `axis`
  int64_t axis = 0;            // counts from 0

  bool has_one_scale() const { return scales.size() == 1; }
};
// Where `tensor` is the result of such a Dequantize layer. Scales must be constant and positive.
std::optional<Dequantized> dequantized(const Tensor* tensor);

// tensor = round(value / scale), int8 from float with one scale and without zero point.
struct Quantized {
  Tensor* value;
  double scale;
};
std::optional<Quantized> quantized(const Tensor* tensor);

// tensor = snap(value): a Quantized and a Dequantized of the same scale, where nobody else reads what lies between.
std::optional<Quantized> snapped(const Tensor* tensor);

// The same for a tensor that nobody else reads: what a rewrite may take apart.
std::optional<Quantized> quantized_once(const Tensor* tensor);

// Behind `values`, int8 -> float.
Result<Tensor*> add_dequantize(Network& network, Tensor* values, const Dequantized& like);
// Behind `value`, float -> int8.
Result<Tensor*> add_quantize(Network& network, Tensor* value, double scale);

// The user did not ask for another precision than int8.
bool may_be_int8(const Layer& layer);

}  // namespace ingot
