// Layers that only move elements: their output as a list of boxes, each copied from an input or filled with one value.
#pragma once

#include <functional>
#include <vector>

#include "tactics/cpu/strided_copy.h"
#include "tactics/layout.h"

namespace ingot {

class BoxCopies {
 public:
  // Strides and offsets are in elements of `bytes` bytes.
  Status add(size_t input, int bytes, const Shape& sizes, int64_t from_offset, const Shape& from, int64_t to_offset, const Shape& to);
  // Fills a box with `value`, an element of `bytes` bytes.
  Status add_fill(const void* value, int bytes, const Shape& sizes, int64_t to_offset, const Shape& to);

  int64_t parts() const { return parts_; }
  // `inputs` by index.
  void run(ThreadPool& pool, const void* const* inputs, void* to) const;

 private:
  static constexpr size_t kFill = SIZE_MAX;
  struct Box {
    StridedCopy copy;
    size_t input = 0;
    int64_t from_offset = 0, to_offset = 0;  // bytes
    alignas(16) std::byte value[16] = {};
  };
  std::vector<Box> boxes_;
  int64_t parts_ = 0;
};

// Formats and types of a layer, as its boxes need them.
struct BoxProblem {
  std::vector<Format> input_formats;
  Format output_format = Format::kLinear;
  int bytes = 4;  // of an element
};
using BoxPlan = std::function<Result<BoxCopies>(const BoxProblem& problem, const std::vector<Shape>& inputs, const Shape& output)>;

// A kernel that plans its boxes for each shape and copies them. For layers with one output and inputs of one type.
std::unique_ptr<Kernel> box_kernel(const Problem& problem, BoxPlan plan);
// What all such layers ask: formats with strides and element sizes of whole bytes, for the first `inputs` inputs and the output.
Status accepts_boxes(const Problem& problem, size_t inputs);
// Every mix of linear and channels-last of the first input (constants stay linear) and the output, where their ranks allow it.
std::vector<Tactic::Formats> mixed_formats(const Problem& problem);
// About 12 GB/s both ways.
std::optional<double> box_estimate_ms(const Problem& problem);

}  // namespace ingot
