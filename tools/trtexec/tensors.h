// Bytes of tensors, as numbers.
#pragma once

#include <cstdint>
#include <string>

#include "NvInfer.h"

namespace ingot::trtexec {

// Where the elements of a tensor are: its type, and how they are ordered.
struct Layout {
  nvinfer1::Dims dims;
  nvinfer1::DataType type;
  nvinfer1::TensorFormat format;

  // Elements without padding.
  int64_t count() const;
  // Bytes with padding.
  int64_t bytes() const;
  // Element `index` of the row-major order, read from where the format puts it.
  double element(const void* data, int64_t index) const;
  // The same of an integer type, without loss.
  int64_t integer(const void* data, int64_t index) const;
  std::string element_text(const void* data, int64_t index) const;
};

bool is_integer(nvinfer1::DataType type);

// Random values: reals from -1 to 1, integers 0 or 1, which are valid as masks and as indices.
void fill_random(void* data, int64_t bytes, nvinfer1::DataType type, uint64_t seed);

}  // namespace ingot::trtexec
