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

  // A box as it was asked for, for devices that copy in their own way.
  struct Spec {
    size_t input = 0;
    bool is_fill = false;
    int bytes = 1;
    Shape sizes, from, to;
    int64_t from_offset = 0, to_offset = 0;
    alignas(16) std::byte value[16] = {};
  };
  const std::vector<Spec>& specs() const { return specs_; }

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
  std::vector<Spec> specs_;
  int64_t parts_ = 0;
};

// Formats and types of a layer, as its boxes need them.
struct BoxProblem {
  std::vector<Format> input_formats;
  Format output_format = Format::kLinear;
  int bytes = 4;  // of an element
};
using BoxPlan = std::function<Result<BoxCopies>(const BoxProblem& problem, const std::vector<Shape>& inputs, const Shape& output)>;

// Plans its boxes for each shape and copies them.
struct BoxKernel final : Kernel {
  BoxProblem problem;
  BoxPlan plan;
  std::vector<Array> constants;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override;
};
// The boxes of a change of layout, for elements of `bytes` bytes.
Result<BoxCopies> layout_change(int bytes, Format from, Format to, const Shape& shape);

// For layers with one output and inputs of one type.
std::unique_ptr<Kernel> box_kernel(const Problem& problem, BoxPlan plan);
// What all such layers ask: formats with strides and element sizes of whole bytes, for the first `inputs` inputs and the output.
Status accepts_boxes(const Problem& problem, size_t inputs);
// Every mix of linear and channels-last of the first input (constants stay linear) and the output, where their ranks allow it.
std::vector<Tactic::Formats> mixed_formats(const Problem& problem);
// About 12 GB/s both ways.
std::optional<double> box_estimate_ms(const Problem& problem);

}  // namespace ingot
