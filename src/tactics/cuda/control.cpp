#include "tactics/cuda/control.h"

namespace ingot::cuda {

Status takes_bodies(const Problem& problem) {
  REQUIRES(Body::maker(), "nobody makes bodies here");
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
    REQUIRES(bits_of(problem.inputs[i].type) >= 8, "elements of input " + std::to_string(i) + " are smaller than a byte");
  }
  for (const TensorType& output : problem.outputs) REQUIRES(bits_of(output.type) >= 8, "elements of an output are smaller than a byte");
  return all_linear(problem);
}

Status ControlLaunch::check(const RunArguments& arguments) const {
  REQUIRES(!device->is_captured(arguments.stream),
           "what a " + std::string(op->name()) + " runs is decided by the host, so it cannot be captured into a CUDA graph");
  return Ok{};
}

Result<std::unique_ptr<Body>> ControlLaunch::body_of(const Network& network, size_t first, size_t varying) const {
  const auto begin = constants.begin() + static_cast<std::ptrdiff_t>(first);
  Arrays own(begin, begin + static_cast<std::ptrdiff_t>(network.inputs().size()));
  for (size_t i = 0; i < varying; ++i) own[i] = Array();
  return Body::maker()(network, own, *device, allow_tf32);
}

Result<size_t> ControlLaunch::bytes_of(size_t output, const Shape& shape) const {
  return storage_bytes(types[output], Format::kLinear, shape);
}

Status ControlLaunch::give(const RunArguments& arguments, size_t output, const Body::Value& value) const {
  TRY_ASSIGN(const size_t bytes, bytes_of(output, value.shape));
  TRY_ASSIGN(const size_t room, bytes_of(output, outputs[output]));
  if (bytes > room)
    return internal("output " + std::to_string(output) + " of " + std::string(op->name()) + " is " + to_text(value.shape) +
                    ", and there is room for " + to_text(outputs[output]));
  return arguments.outputs[output] ? device->queue_copy(arguments.outputs[output], value.data, bytes, arguments.stream) : Status(Ok{});
}

}  // namespace ingot::cuda
