// Runs `body` once for each position of the scanned inputs:
//   states..., scanned... = body(states..., elements at the position..., captured...)
// Outputs: the last states, then what was scanned, stacked along their axes.
// Source: ONNX Scan-21.
#pragma once

#include "network/network.h"

namespace ingot {

// With `batched` (ONNX Scan-8), all but what is captured has an axis of batches in front, and each batch runs by itself.
// Inputs: the states at the start, the scanned inputs, what the body captures.
struct Scan final : OperatorBase<Scan> {
  static constexpr const char* kName = "scan";
  std::shared_ptr<Network> body;
  int64_t states = 0;
  std::vector<int64_t> input_axes;       // one for each scanned input
  std::vector<int64_t> input_reversed;   // 1 where it is read from the end
  std::vector<int64_t> output_axes;      // one for each scanned output
  std::vector<int64_t> output_reversed;  // 1 where it is written from the end

  bool batched = false;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("body", body);
    visit("states", states);
    visit("input_axes", input_axes);
    visit("input_reversed", input_reversed);
    visit("output_axes", output_axes);
    visit("output_reversed", output_reversed);
    visit("batched", batched);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  std::vector<std::shared_ptr<Network>> subnetworks() const override { return {body}; }
  static Result<std::vector<Tensor*>> from_onnx(const OnnxNode& node, Network& network);

 private:
  Result<TensorTypes> body_inputs(const TensorTypes& inputs, Dim* length) const;
  Result<TensorTypes> infer_one(const TensorTypes& inputs) const;
  Result<Arrays> evaluate_one(const Arrays& inputs) const;
  // The inputs that have an axis of batches.
  size_t own_count() const { return static_cast<size_t>(states) + input_axes.size(); }
};

}  // namespace ingot
