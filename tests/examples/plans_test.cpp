// Every example from network to answers through optimizer, selection, plan bytes and runtime: with the shapes it has, and with symbols in
// their place, so that one plan serves them all.
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "api/load_engine.h"
#include "build/builder.h"
#include "network/random_inputs.h"
#include "runtime/execution_context.h"
#include "testing/compare.h"
#include "testing/example.h"
#include "testing/hooks.h"

namespace ingot::testing {
namespace {

Result<Arrays> run(ExecutionContext& context, const Arrays& inputs) {
  const auto& io = context.engine().io();
  std::vector<std::shared_ptr<std::vector<std::byte>>> memories;
  std::byte nothing[64];
  for (size_t i = 0; i < inputs.size(); ++i) {
    TRY(context.set_address(i, inputs[i].count() ? const_cast<void*>(inputs[i].data()) : nothing));
    TRY(context.set_input_shape(io[i].tensor->name, inputs[i].shape()));
  }
  for (size_t i = inputs.size(); i < io.size(); ++i) {
    auto memory = memories.emplace_back(std::make_shared<std::vector<std::byte>>());
    ExecutionContext::OutputAllocator allocator;
    allocator.allocate = [memory](const std::string&, void*, size_t bytes) -> void* {
      memory->resize(bytes + 64);
      return memory->data();
    };
    context.set_output_allocator(i, std::move(allocator));
  }
  TRY(context.execute());
  Arrays outputs;
  for (size_t i = inputs.size(); i < io.size(); ++i) {
    TRY_ASSIGN(Shape shape, context.io_shape(i));
    outputs.push_back(Array::borrow(io[i].tensor->type.type, shape, memories[i - inputs.size()]->data(), memories[i - inputs.size()]));
  }
  return outputs;
}

// Builds `network`, whose inputs may be dynamic, and compares its answers with the references'.
Status check_plan(const Network& network, const Arrays& inputs) {
  TRY_ASSIGN(Arrays wanted, network.evaluate(inputs));
  BuildConfig config;
  config.allow_tf32 = false;
  config.optimization_level = 0;
  TRY_ASSIGN(Plan plan, build_plan(network, config));
  TRY_ASSIGN(std::vector<std::byte> bytes, write_plan(plan));
  TRY_ASSIGN(std::shared_ptr<Engine> engine, load_engine(Bytes(bytes), cpu_device(), null_log()));
  ExecutionContext context(engine);
  for (int round = 0; round < 2; ++round) {
    TRY_ASSIGN(Arrays got, run(context, inputs));
    if (got.size() != wanted.size()) return invalid("it has " + std::to_string(got.size()) + " outputs");
    for (size_t i = 0; i < got.size(); ++i) TRY(compare(got[i], wanted[i], 4).within("output '" + network.outputs()[i]->name + "'"));
  }
  return Ok{};
}

// What an importer knows: no dimension that values decide is larger than this.
void bound_open_symbols(Network& network) {
  std::set<std::string> known;
  for (const Tensor* input : network.inputs()) {
    for (const Dim& dim : input->type.dims) dim.visit_symbols([&](const std::string& symbol) { known.insert(symbol); });
  }
  for (const auto& tensor : network.tensors()) {
    for (const Dim& dim : tensor->type.dims)
      dim.visit_symbols([&](const std::string& symbol) {
        if (!known.contains(symbol) && !network.symbol_bounds().contains(symbol)) network.bound_symbol(symbol, 4096);
      });
  }
}

// Lengths that are equal become one symbol. Null where the network does not allow it.
std::unique_ptr<Network> with_symbols(const Network& network, const Arrays& inputs) {
  auto copy = network.clone();
  Profile profile;
  bool any = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor* input = copy->inputs()[i];
    if (input->type.values || !all_constant(input->type.dims)) return nullptr;
    const Shape shape = inputs[i].shape();
    ProfileEntry entry{shape, shape, shape};
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] < 2) continue;
      input->type.dims[d] = Dim::symbol("s" + std::to_string(shape[d]));
      entry.min[d] = 1;
      entry.opt[d] = entry.max[d] = shape[d] + 5;
      any = true;
    }
    if (!all_constant(input->type.dims)) profile.shapes[input->name] = entry;
  }
  if (!any || !copy->infer_all().ok()) return nullptr;
  copy->profiles = {profile};
  bound_open_symbols(*copy);
  return copy;
}

struct Counts {
  int fixed = 0, dynamic = 0;
};

TEST(Plans, EveryExampleGivesTheReferencesValues) {
  const Hooks kept = hooks();
  Counts counts;
  const Example* current = nullptr;
  hooks().fail = [](const std::string&) {};
  hooks().round_trip_plan = nullptr;
  hooks().apply_rewrite = nullptr;
  hooks().check_tactics = [&](const Network& network, const Arrays& inputs) -> Status {
    for (const auto& layer : network.layers()) {
      if (!layer->op().is_pure()) return Ok{};
    }
    for (const Tensor* output : network.outputs()) {
      if (output->is_input()) return Ok{};  // refused with a message of its own
    }
    const auto where = [&] {
      return std::string(current->file) + ":" + std::to_string(current->line) + ": \"" + current->name + "\"\n" + network.text();
    };
    auto fixed = network.clone();
    if (fixed->profiles.empty()) {
      Profile profile;
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (!all_constant(fixed->inputs()[i]->type.dims))
          profile.shapes[fixed->inputs()[i]->name] = {inputs[i].shape(), inputs[i].shape(), inputs[i].shape()};
      }
      if (!profile.shapes.empty()) fixed->profiles = {profile};
    }
    bound_open_symbols(*fixed);
    ++counts.fixed;
    if (Status status = check_plan(*fixed, inputs); !status.ok()) ADD_FAILURE() << where() << "\n" << status.error().message;
    if (auto dynamic = with_symbols(network, inputs)) {
      ++counts.dynamic;
      if (Status status = check_plan(*dynamic, inputs); !status.ok())
        ADD_FAILURE() << "with symbols: " << where() << "\n" << dynamic->text() << status.error().message;
    }
    return Ok{};
  };
  for (const Example& example : examples()) {
    current = &example;
    example.body();
  }
  hooks() = kept;
  std::printf("%d networks with fixed shapes, %d with symbols\n", counts.fixed, counts.dynamic);
  EXPECT_GT(counts.fixed, 150);
  EXPECT_GT(counts.dynamic, 80);
}

}  // namespace
}  // namespace ingot::testing
