// Weights of few bits in blocks that share a scale and a zero point, as operators of com.microsoft store them.
#pragma once

#include "operators/onnx_input.h"

namespace ingot {

// [rows, columns] numbers of `bits` in bytes, low ones first; the blocks of a row are filled up to whole ones.
struct BlockWeights {
  int64_t rows = 0, columns = 0;
  int64_t bits = 4;
  int64_t block = 0;  // numbers along a row that share a scale

  int64_t blocks() const { return (columns + block - 1) / block; }
};

// The weights [rows, columns] as the numbers they stand for, in the type of their scales. Inputs by their places in the node: bytes (a
// constant), scales (rows * blocks of them), and zero points: numbers of the scales' type, or bytes (a constant), each row packed to whole
// ones; where they are left out, half of the range.
Result<Tensor*> unpack_weights(const OnnxNode& node, Network& network, const BlockWeights& weights, size_t bytes, size_t scales,
                               size_t zero_points);

// The unsigned type of so many bits.
Result<DataType> unsigned_of(int64_t bits);
// The bytes as numbers of fewer bits, low ones first: ONNX's packing, so nothing moves.
Array read_as(const Array& bytes, DataType type, Shape shape);

}  // namespace ingot
