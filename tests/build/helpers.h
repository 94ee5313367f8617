// Builds a network that is given as text, and runs it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "api/load_engine.h"
#include "build/builder.h"
#include "operators/register.h"
#include "runtime/execution_context.h"

namespace ingot {

inline std::unique_ptr<Network> network_of(const std::string& text) {
  register_all_operators();
  auto network = parse_network(text);
  EXPECT_TRUE(network.ok()) << (network.ok() ? "" : network.error().message);
  return network.ok() ? std::move(network).value() : nullptr;
}

inline std::shared_ptr<Engine> engine_of(Plan plan) {
  auto bytes = write_plan(plan);
  EXPECT_TRUE(bytes.ok()) << (bytes.ok() ? "" : bytes.error().message);
  if (!bytes.ok()) return nullptr;
  auto engine = load_engine(Bytes(*bytes), cpu_device(), null_log());
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().message);
  return engine.ok() ? *engine : nullptr;
}

inline std::shared_ptr<Engine> build(const Network& network, BuildConfig config = {}) {
  auto plan = build_plan(network, config);
  EXPECT_TRUE(plan.ok()) << (plan.ok() ? "" : plan.error().message);
  return plan.ok() ? engine_of(std::move(plan).value()) : nullptr;
}

// Pseudo-random values in [-1, 1).
inline Array random_array(DataType type, const Shape& shape, uint64_t seed) {
  Array array = Array::make(type, shape).value();
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 7;
  for (int64_t i = 0; i < array.count(); ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    array.set_number(i, static_cast<double>(static_cast<int64_t>(state >> 40) - (1 << 23)) / (1 << 23));
  }
  return array;
}

// The outputs of a run on these inputs, in the engine's order.
inline Arrays run(ExecutionContext& context, const Arrays& inputs) {
  const Engine& engine = context.engine();
  Arrays outputs;
  std::vector<std::vector<std::byte>> memory(engine.io().size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    Status status = context.set_input_shape(engine.io()[i].tensor->name, inputs[i].shape());
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
    EXPECT_TRUE(context.set_address(i, const_cast<void*>(inputs[i].data())).ok());
  }
  for (size_t i = inputs.size(); i < engine.io().size(); ++i) {
    auto shape = context.io_shape(i);
    EXPECT_TRUE(shape.ok()) << (shape.ok() ? "" : shape.error().message);
    if (!shape.ok()) return {};
    outputs.push_back(Array::make(engine.io()[i].tensor->type.type, *shape).value());
    EXPECT_TRUE(context.set_address(i, outputs.back().mutable_data()).ok());
  }
  Status status = context.execute();
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  for (size_t i = inputs.size(); i < engine.io().size(); ++i) {
    auto shape = context.io_shape(i);
    Array& output = outputs[i - inputs.size()];
    if (shape.ok() && *shape != output.shape())
      output = Array::borrow(output.type(), *shape, output.data(), std::make_shared<Array>(output));
  }
  return outputs;
}

inline void expect_close(const Array& got, const Array& wanted, double tolerance = 1e-4) {
  ASSERT_EQ(to_text(got.shape()), to_text(wanted.shape()));
  double largest = 1e-6, error = 0;
  for (int64_t i = 0; i < wanted.count(); ++i) {
    largest = std::max(largest, std::fabs(wanted.number(i)));
    error = std::max(error, std::fabs(wanted.number(i) - got.number(i)));
  }
  EXPECT_LE(error / largest, tolerance);
}

}  // namespace ingot
