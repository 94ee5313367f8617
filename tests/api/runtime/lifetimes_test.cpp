// Which object may end before which: the order in which a program deletes them, and who owns what.
#include "harness.h"

using namespace harness;

namespace {

struct Parts {
  Messages log;
  std::unique_ptr<IBuilder> builder{createInferBuilder(log)};
  std::unique_ptr<INetworkDefinition> network{builder->createNetworkV2(0)};
  std::unique_ptr<IBuilderConfig> config{builder->createBuilderConfig()};
  std::unique_ptr<IHostMemory> plan;
  std::unique_ptr<IRuntime> runtime{createInferRuntime(log)};
  std::unique_ptr<ICudaEngine> engine;
  std::unique_ptr<IExecutionContext> context;
  std::unique_ptr<IEngineInspector> inspector;
  std::unique_ptr<IRefitter> refitter;
  Parts() {
    ITensor& x = *network->addInput("x", DataType::kFLOAT, Dims2(1, 3));
    {
      // Names are copied at once.
      const std::string name = "y";
      ITensor& y = *network->addUnary(x, UnaryOperation::kNEG)->getOutput(0);
      y.setName(name.c_str());
      network->markOutput(y);
    }
    config->setFlag(BuilderFlag::kREFIT);
    plan.reset(builder->buildSerializedNetwork(*network, *config));
    engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    context.reset(engine->createExecutionContext());
    inspector.reset(engine->createEngineInspector());
    refitter.reset(createInferRefitter(*engine, log));
  }
  void expect_runs() {
    float x[3] = {1, 2, 3}, y[3] = {};
    void* bindings[] = {x, y};
    EXPECT_TRUE(context->executeV2(bindings)) << log.errors;
    EXPECT_EQ(y[2], -3);
  }
};

TEST(Lifetimes, a_plan_and_what_built_it_may_go_while_the_engine_runs) {
  Parts parts;
  ASSERT_NE(parts.context, nullptr) << parts.log.errors;
  parts.plan.reset();
  parts.network.reset();
  parts.config.reset();
  parts.builder.reset();
  parts.expect_runs();
}

TEST(Lifetimes, a_builder_may_go_before_its_network_and_configuration) {
  Parts parts;
  parts.builder.reset();
  EXPECT_EQ(parts.network->getNbInputs(), 1);
  EXPECT_TRUE(parts.config->getFlag(BuilderFlag::kREFIT));
  parts.config.reset();
  parts.network.reset();
}

TEST(Lifetimes, a_runtime_may_go_before_its_engines) {
  Parts parts;
  parts.runtime.reset();
  parts.expect_runs();
  EXPECT_NE(parts.inspector->getEngineInformation(LayerInformationFormat::kJSON), nullptr);
  EXPECT_EQ(parts.engine->getNbIOTensors(), 2);
}

TEST(Lifetimes, what_an_engine_made_may_be_deleted_in_any_order) {
  for (int order = 0; order < 6; ++order) {
    Parts parts;
    const std::function<void()> ends[] = {[&] { parts.context.reset(); }, [&] { parts.inspector.reset(); },
                                          [&] { parts.refitter.reset(); }};
    ends[order % 3]();
    ends[(order + (order < 3 ? 1 : 2)) % 3]();
    ends[(order + (order < 3 ? 2 : 1)) % 3]();
    parts.engine.reset();
    parts.runtime.reset();
  }
}

// Programs keep one where an engine's context is to come later.
TEST(Lifetimes, a_context_of_no_engine_refuses_everything) {
  const auto context = std::make_unique<IExecutionContext>();
  EXPECT_FALSE(context->enqueueV3(nullptr));
  EXPECT_FALSE(context->setInputShape("x", Dims2(1, 3)));
  EXPECT_FALSE(context->setTensorAddress("x", nullptr));
  EXPECT_EQ(context->getTensorShape("x").nbDims, -1);
  EXPECT_EQ(context->getOptimizationProfile(), -1);
  EXPECT_LT(context->inferShapes(0, nullptr), 0);
}

TEST(Lifetimes, destroy_is_delete) {
  Messages log;
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetworkV2(0);
  IBuilderConfig* config = builder->createBuilderConfig();
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(1, 3));
  network->markOutput(*network->addIdentity(*x)->getOutput(0));
  IHostMemory* plan = builder->buildSerializedNetwork(*network, *config);
  ASSERT_NE(plan, nullptr) << log.errors;
  IRuntime* runtime = createInferRuntime(log);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan->data(), plan->size());
  IExecutionContext* context = engine->createExecutionContext();
  plan->destroy();
  config->destroy();
  network->destroy();
  builder->destroy();
  context->destroy();
  engine->destroy();
  runtime->destroy();
  EXPECT_EQ(log.errors, "");
}

}  // namespace
