// cuda.loop: iterations of the body run on the GPU; the host reads the trip count and, where the body computes it, the condition.
#include "operators/loop.h"

#include "operators/subnetwork.h"
#include "tactics/cuda/control.h"

namespace ingot::cuda {
namespace {

struct LoopLaunch final : ControlLaunch {
  std::unique_ptr<Body> body;
  KernelFunction set_number;
  DeviceMemory iteration;
  bool keeps_condition = false;  // the body hands it on

  const Loop& loop() const { return static_cast<const Loop&>(*op); }

  Status open() override {
    TRY_ASSIGN(body, body_of(*loop().body, 0, 2 + static_cast<size_t>(loop().carried)));
    keeps_condition = hands_on(*loop().body, 0, 1, true);
    TRY_ASSIGN(set_number, KernelFunction::make(*device, kernel_source("set_number", ""), "set_number"));
    TRY_ASSIGN(iteration, device_memory(*device, sizeof(int64_t)));
    return Ok{};
  }

  Status run(const RunArguments& arguments) const override {
    TRY(check(arguments));
    const auto count = static_cast<size_t>(loop().carried);
    TRY_ASSIGN(const auto trips, number<int64_t>(arguments, 0));
    TRY_ASSIGN(auto condition, number<uint8_t>(arguments, 1));
    const std::vector<Tensor*>& own = loop().body->inputs();
    std::vector<Body::Value> values, results;
    for (size_t i = 0; i < inputs.size(); ++i) values.push_back(value(arguments, i));
    values[0] = {iteration.get(), constant_shape(own[0]->type.dims)};
    values[1].shape = constant_shape(own[1]->type.dims);
    std::vector<Shape> shapes(outputs.size());
    for (size_t k = count; k < outputs.size(); ++k) {
      // Dims of what was never computed are 0 where they are not numbers.
      shapes[k] = {0};
      for (const Dim& dim : loop().body->outputs()[1 + k]->type.dims) shapes[k].push_back(dim.constant().value_or(0));
    }
    for (int64_t i = 0; i < trips && condition; ++i) {
      TRY(set_number.launch({1}, 1, arguments.stream, iteration.get(), i));
      TRY(body->run(values, arguments.stream, &results).within("in iteration " + std::to_string(i)));
      if (!keeps_condition) {
        values[1].data = results[0].data;
        TRY(device->copy(&condition, results[0].data, 1, arguments.stream));
      }
      for (size_t k = 0; k < count; ++k) values[2 + k] = results[1 + k];
      for (size_t k = count; k < outputs.size(); ++k) TRY(collect(arguments, k, i, results[1 + k], &shapes[k]));
    }
    for (size_t k = 0; k < count; ++k) {
      TRY(give(arguments, k, values[2 + k]));
      shapes[k] = values[2 + k].shape;
    }
    tell(std::move(shapes));
    return Ok{};
  }

 private:
  // Puts the value behind those of earlier iterations.
  Status collect(const RunArguments& arguments, size_t output, int64_t i, const Body::Value& value, Shape* shape) const {
    const Shape before(shape->begin() + 1, shape->end());
    if (i > 0 && before != value.shape)
      return invalid("what is stacked changes its shape from " + to_text(before) + " to " + to_text(value.shape));
    *shape = value.shape;
    shape->insert(shape->begin(), i + 1);
    TRY_ASSIGN(const size_t all, bytes_of(output, *shape));
    TRY_ASSIGN(const size_t room, bytes_of(output, outputs[output]));
    if (all > room)
      return internal("output " + std::to_string(output) + " of the loop is " + to_text(*shape) + ", and there is room for " +
                      to_text(outputs[output]));
    const size_t bytes = all / static_cast<size_t>(i + 1);
    char* to = static_cast<char*>(arguments.outputs[output]);
    return to ? device->queue_copy(to + static_cast<size_t>(i) * bytes, value.data, bytes, arguments.stream) : Status(Ok{});
  }
};

struct LoopBody final : CudaTactic {
  std::string_view name() const override { return "cuda.loop"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Loop*>(problem.op), std::string(problem.op->name()) + " is no loop");
    return takes_bodies(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return control_kernel<LoopLaunch>(problem);
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::LoopBody, cuda, loop)
}  // namespace ingot
