// Calls with arguments that cannot be: each gives its failure value, says why where it is loud, and leaves everything usable.
#include <algorithm>
#include <climits>
#include <cstring>

#include "NvInferPlugin.h"
#include "NvOnnxParser.h"
#include "harness.h"

using namespace harness;

namespace {

// `refused` is true where the call gave its failure value. A loud call leaves exactly one error in the log, a quiet one none.
struct Row {
  const char* call;
  std::function<bool()> refused;
  bool loud = true;
};

void check(Messages& log, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    log.errors.clear();
    EXPECT_TRUE(row.refused()) << row.call;
    const auto lines = std::count(log.errors.begin(), log.errors.end(), '\n');
    EXPECT_EQ(lines, row.loud ? 1 : 0) << row.call << ": " << log.errors;
  }
  log.errors.clear();
}

constexpr bool kQuiet = false;
const Weights kNone{DataType::kFLOAT, nullptr, 0};

bool is_null(const void* pointer) { return pointer == nullptr; }

// A network of its own beside the one at hand: its tensors are strangers there.
struct Stranger : Program {
  ITensor& tensor = input("stranger", {2, 3});
};

TEST(Misuse, networks_refuse_layers_that_cannot_be) {
  Program program;
  Stranger other;
  INetworkDefinition& network = *program.network;
  ITensor& x = program.input("x", {1, 4, 8, 8});
  ITensor& flat = program.input("flat", {2, 3});
  ITensor& integers = program.input("integers", {2, 3}, DataType::kINT32);
  const std::vector<float> values(4 * 4 * 3 * 3, 1.0f);
  const Weights short_weights{DataType::kFLOAT, values.data(), 5}, no_values{DataType::kFLOAT, nullptr, 144},
      negative{DataType::kFLOAT, values.data(), -1};
  const Weights kernel{DataType::kFLOAT, values.data(), 144};
  ITensor* two[] = {&x, &flat};
  ITensor* with_null[] = {&x, nullptr};
  check(
      program.log,
      {
          {"addInput of no name", [&] { return is_null(network.addInput(nullptr, DataType::kFLOAT, Dims2(1, 1))); }},
          {"addInput of an empty name", [&] { return is_null(network.addInput("", DataType::kFLOAT, Dims2(1, 1))); }},
          {"addInput of a type that is none", [&] { return is_null(network.addInput("a", static_cast<DataType>(99), Dims2(1, 1))); }},
          {"addInput of 9 dimensions",
           [&] {
             return is_null(network.addInput("a", DataType::kFLOAT, Dims{9, {}}));
           }},
          {"addInput of -3 dimensions",
           [&] {
             return is_null(network.addInput("a", DataType::kFLOAT, Dims{-3, {}}));
           }},
          {"addInput of a size under -1", [&] { return is_null(network.addInput("a", DataType::kFLOAT, Dims2(-2, 1))); }},
          {"addConvolutionNd of too few weights",
           [&] { return is_null(network.addConvolutionNd(x, 4, DimsHW(3, 3), short_weights, kNone)); }},
          {"addConvolutionNd of weights without values",
           [&] { return is_null(network.addConvolutionNd(x, 4, DimsHW(3, 3), no_values, kNone)); }},
          {"addConvolutionNd of a negative count", [&] { return is_null(network.addConvolutionNd(x, 4, DimsHW(3, 3), negative, kNone)); }},
          {"addConvolutionNd of no maps", [&] { return is_null(network.addConvolutionNd(x, 0, DimsHW(3, 3), kernel, kNone)); }},
          {"addConvolutionNd of a stranger",
           [&] { return is_null(network.addConvolutionNd(other.tensor, 4, DimsHW(3, 3), kernel, kNone)); }},
          {"addConvolutionNd of a wrong bias",
           [&] { return is_null(network.addConvolutionNd(x, 4, DimsHW(3, 3), kernel, short_weights)); }},
          {"addDeconvolutionNd of too few weights",
           [&] { return is_null(network.addDeconvolutionNd(x, 4, DimsHW(3, 3), short_weights, kNone)); }},
          {"addActivation of a stranger", [&] { return is_null(network.addActivation(other.tensor, ActivationType::kRELU)); }},
          {"addActivation of no kind", [&] { return is_null(network.addActivation(x, static_cast<ActivationType>(77))); }},
          {"addUnary of no kind", [&] { return is_null(network.addUnary(x, static_cast<UnaryOperation>(-1))); }},
          {"addElementWise of shapes that differ", [&] { return is_null(network.addElementWise(x, flat, ElementWiseOperation::kSUM)); }},
          {"addElementWise of no kind", [&] { return is_null(network.addElementWise(x, x, static_cast<ElementWiseOperation>(99))); }},
          {"addScale of weights that do not fit",
           [&] { return is_null(network.addScale(x, ScaleMode::kCHANNEL, short_weights, kNone, kNone)); }},
          {"addSelect of a condition that is no bool", [&] { return is_null(network.addSelect(flat, flat, flat)); }},
          {"addCast to no type", [&] { return is_null(network.addCast(x, static_cast<DataType>(50))); }},
          {"addReduce over no axis that is there", [&] { return is_null(network.addReduce(flat, ReduceOperation::kSUM, 1u << 6, false)); }},
          {"addTopK over two axes", [&] { return is_null(network.addTopK(flat, TopKOperation::kMAX, 1, 3)); }},
          {"addTopK of a negative count", [&] { return is_null(network.addTopK(flat, TopKOperation::kMAX, -1, 2)); }},
          {"addMatrixMultiply of sizes that differ",
           [&] { return is_null(network.addMatrixMultiply(flat, MatrixOperation::kNONE, flat, MatrixOperation::kNONE)); }},
          {"addEinsum without an equation", [&] { return is_null(network.addEinsum(two, 2, nullptr)); }},
          {"addEinsum of no inputs", [&] { return is_null(network.addEinsum(nullptr, 2, "ij,jk->ik")); }},
          {"addEinsum of an equation that is none", [&] { return is_null(network.addEinsum(two, 2, "->->")); }},
          {"addConcatenation of nothing", [&] { return is_null(network.addConcatenation(nullptr, 2)); }},
          {"addConcatenation of a null", [&] { return is_null(network.addConcatenation(with_null, 2)); }},
          {"addConcatenation of -1 inputs", [&] { return is_null(network.addConcatenation(two, -1)); }},
          {"addConstant of too few values", [&] { return is_null(network.addConstant(Dims2(2, 3), short_weights)); }},
          {"addConstant of an open size", [&] { return is_null(network.addConstant(Dims2(-1, 3), kernel)); }},
          {"addGather of fp32 indices", [&] { return is_null(network.addGather(flat, flat, 0)); }},
          {"addGather of an axis outside", [&] { return is_null(network.addGather(flat, integers, 7)); }},
          {"addQuantize of a stranger", [&] { return is_null(network.addQuantize(other.tensor, flat, DataType::kINT8)); }},
          {"addPluginV2 of no inputs", [&] { return is_null(network.addEinsum(nullptr, 1, "ij->ij")); }},
          {"getInput outside",
           [&] { return is_null(network.getInput(-1)) && is_null(network.getInput(3)) && is_null(network.getInput(INT_MAX)); }, kQuiet},
          {"getOutput outside", [&] { return is_null(network.getOutput(0)) && is_null(network.getOutput(-1)); }, kQuiet},
          {"getLayer outside", [&] { return is_null(network.getLayer(-1)) && is_null(network.getLayer(INT_MAX)); }, kQuiet},
          {"setWeightsName without a name", [&] { return !network.setWeightsName(kernel, nullptr); }},
          {"markWeightsRefittable of no name", [&] { return !network.markWeightsRefittable(nullptr); }},
          {"areWeightsMarkedRefittable of no name", [&] { return !network.areWeightsMarkedRefittable(nullptr); }, kQuiet},
      });
  // What is left is a network that builds.
  program.mark(*network.addActivation(x, ActivationType::kRELU)->getOutput(0));
  EXPECT_NE(program.engine(), nullptr) << program.log.errors;
}

TEST(Misuse, builders_and_configurations) {
  Program program;
  IBuilder& builder = *program.builder;
  IBuilderConfig& config = *program.config;
  std::unique_ptr<INetworkDefinition> empty(builder.createNetworkV2(0));
  IOptimizationProfile* profile = builder.createOptimizationProfile();
  const std::vector<char> noise(64, 'x');
  check(
      program.log,
      {
          {"buildSerializedNetwork of nothing", [&] { return is_null(builder.buildSerializedNetwork(*empty, config)); }},
          {"buildEngineWithConfig of nothing", [&] { return is_null(builder.buildEngineWithConfig(*empty, config)); }},
          {"setMaxBatchSize of 0", [&] { return builder.setMaxBatchSize(0), builder.getMaxBatchSize() == 1; }},
          {"setMaxThreads of 0", [&] { return !builder.setMaxThreads(0); }, kQuiet},
          {"addOptimizationProfile of null", [&] { return config.addOptimizationProfile(nullptr) == -1; }},
          {"setMemoryPoolLimit of no pool", [&] { return config.setMemoryPoolLimit(static_cast<MemoryPoolType>(44), 1), true; }},
          {"createTimingCache of noise", [&] { return is_null(config.createTimingCache(noise.data(), noise.size())); }},
          {"getPluginToSerialize outside",
           [&] { return is_null(config.getPluginToSerialize(0)) && is_null(config.getPluginToSerialize(-1)); }, kQuiet},
          {"setPluginsToSerialize of null",
           [&] { return config.setPluginsToSerialize(nullptr, 2), config.getNbPluginsToSerialize() == 0; }},
          {"setDimensions without a name", [&] { return !profile->setDimensions(nullptr, OptProfileSelector::kMIN, Dims2(1, 1)); }},
          {"setDimensions of -1", [&] { return !profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(-1, 1)); }},
          {"setDimensions of no selector", [&] { return !profile->setDimensions("x", static_cast<OptProfileSelector>(9), Dims2(1, 1)); }},
          {"getDimensions of no name", [&] { return profile->getDimensions(nullptr, OptProfileSelector::kMIN).nbDims == -1; }, kQuiet},
          {"getDimensions of what is not set", [&] { return profile->getDimensions("y", OptProfileSelector::kMIN).nbDims == -1; }, kQuiet},
          {"setShapeValues of null", [&] { return !profile->setShapeValuesV2("x", OptProfileSelector::kMIN, nullptr, 2); }},
          {"getShapeValues of what is not set",
           [&] { return is_null(profile->getShapeValuesV2("x", OptProfileSelector::kMIN)) && profile->getNbShapeValues("x") == -1; },
           kQuiet},
          {"setExtraMemoryTarget over 1", [&] { return !profile->setExtraMemoryTarget(1.5f); }, kQuiet},
      });
}

TEST(Misuse, runtimes_engines_and_contexts) {
  Program program;
  ITensor& x = program.input("x", {2, 3});
  ITensor* y = program.network->addUnary(x, UnaryOperation::kNEG)->getOutput(0);
  y->setName("y");
  program.mark(*y);
  program.config->setFlag(BuilderFlag::kREFIT);
  std::unique_ptr<IHostMemory> plan(program.builder->buildSerializedNetwork(*program.network, *program.config));
  ASSERT_NE(plan, nullptr);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(program.log));
  const std::vector<char> noise(4096, 'x');
  check(
      program.log,
      {
          {"deserializeCudaEngine of null", [&] { return is_null(runtime->deserializeCudaEngine(nullptr, 8)); }},
          {"deserializeCudaEngine of nothing", [&] { return is_null(runtime->deserializeCudaEngine(plan->data(), 0)); }},
          {"deserializeCudaEngine of noise", [&] { return is_null(runtime->deserializeCudaEngine(noise.data(), noise.size())); }},
          {"deserializeCudaEngine of half a plan", [&] { return is_null(runtime->deserializeCudaEngine(plan->data(), plan->size() / 2)); }},
          {"loadRuntime", [&] { return is_null(runtime->loadRuntime(nullptr)); }},
          {"setMaxThreads of -1", [&] { return !runtime->setMaxThreads(-1); }, kQuiet},
      });
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_NE(engine, nullptr);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  std::unique_ptr<IExecutionContext> bare(engine->createExecutionContext(ExecutionContextAllocationStrategy::kUSER_MANAGED));
  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, program.log));
  ASSERT_NE(refitter, nullptr) << program.log.errors;
  std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  float values[6] = {1, 2, 3, 4, 5, 6}, results[6] = {};
  check(
      program.log,
      {
          {"getIOTensorName outside", [&] { return is_null(engine->getIOTensorName(-1)) && is_null(engine->getIOTensorName(2)); }, kQuiet},
          {"getTensorIOMode of no tensor",
           [&] { return engine->getTensorIOMode("z") == TensorIOMode::kNONE && engine->getTensorIOMode(nullptr) == TensorIOMode::kNONE; },
           kQuiet},
          {"getTensorShape of no tensor", [&] { return engine->getTensorShape("z").nbDims == -1; }},
          {"getTensorShape of null", [&] { return engine->getTensorShape(nullptr).nbDims == -1; }},
          {"getTensorFormatDesc of no tensor", [&] { return std::strlen(engine->getTensorFormatDesc("z")) == 0; }},
          {"getTensorBytesPerComponent of no tensor", [&] { return engine->getTensorBytesPerComponent("z") == -1; }},
          {"getTensorVectorizedDim of no tensor", [&] { return engine->getTensorVectorizedDim("z") == -1; }},
          {"getProfileShape of no profile", [&] { return engine->getProfileShape("x", 5, OptProfileSelector::kMIN).nbDims == -1; }, kQuiet},
          {"getProfileShape of an output", [&] { return engine->getProfileShape("y", 0, OptProfileSelector::kMIN).nbDims == -1; }, kQuiet},
          {"getBindingIndex of no tensor", [&] { return engine->getBindingIndex("z") == -1 && engine->getBindingIndex(nullptr) == -1; },
           kQuiet},
          {"getBindingName outside", [&] { return is_null(engine->getBindingName(-1)) && is_null(engine->getBindingName(2)); }, kQuiet},
          {"bindingIsInput outside", [&] { return !engine->bindingIsInput(-1) && !engine->bindingIsInput(9); }, kQuiet},
          {"getBindingDimensions outside", [&] { return engine->getBindingDimensions(9).nbDims == -1; }},
          {"setInputShape of no tensor", [&] { return !context->setInputShape("z", Dims2(2, 3)); }},
          {"setInputShape of null", [&] { return !context->setInputShape(nullptr, Dims2(2, 3)); }},
          {"setInputShape of an output", [&] { return !context->setInputShape("y", Dims2(2, 3)); }},
          {"setInputShape of another shape", [&] { return !context->setInputShape("x", Dims2(2, 4)); }},
          {"setInputShape of another rank", [&] { return !context->setInputShape("x", Dims3(1, 2, 3)); }},
          {"setTensorAddress of no tensor", [&] { return !context->setTensorAddress("z", values); }},
          {"setInputTensorAddress of an output", [&] { return !context->setInputTensorAddress("y", values); }},
          {"setOutputAllocator of an input", [&] { return !context->setOutputAllocator("x", nullptr); }},
          {"getTensorAddress of no tensor", [&] { return is_null(context->getTensorAddress("z")); }},
          {"getOutputTensorAddress of an input", [&] { return is_null(context->getOutputTensorAddress("x")); }},
          {"getTensorStrides of no tensor", [&] { return context->getTensorStrides("z").nbDims == -1; }},
          {"setOptimizationProfileAsync of -1", [&] { return !context->setOptimizationProfileAsync(-1, nullptr); }},
          {"setOptimizationProfileAsync of 4", [&] { return !context->setOptimizationProfileAsync(4, nullptr); }},
          {"setBindingDimensions outside", [&] { return !context->setBindingDimensions(7, Dims2(2, 3)); }},
          {"executeV2 of null", [&] { return !context->executeV2(nullptr); }},
          {"enqueueV2 of null", [&] { return !context->enqueueV2(nullptr, nullptr, nullptr); }},
          {"execute of two rows without an implicit batch",
           [&] {
             void* bindings[] = {values, results};
             return !context->execute(2, bindings);
           }},
          {"executeV2 of a null address",
           [&] {
             void* bindings[] = {values, nullptr};
             return !context->executeV2(bindings);
           }},
          {"a run of a context without memory",
           [&] {
             void* bindings[] = {values, results};
             return bare->executeV2(bindings) || true;
           },
           kQuiet},
          {"setTensorDebugState of no tensor", [&] { return !context->setTensorDebugState("x", true); }},
          {"getDebugState of no tensor", [&] { return !context->getDebugState("x"); }, kQuiet},
          {"setCommunicator of null", [&] { return !context->setCommunicator(nullptr); }},
          {"setCommunicator", [&] { return context->setCommunicator(values); }, kQuiet},
          {"setNamedWeights of an engine that keeps none",
           [&] {
             return !refitter->setNamedWeights("w", Weights{DataType::kFLOAT, values, 6});
           }},
          {"setNamedWeights of null", [&] { return !refitter->setNamedWeights(nullptr, kNone); }},
          {"setWeights of no layer", [&] { return !refitter->setWeights("z", WeightsRole::kKERNEL, kNone); }},
          {"getNamedWeights of null", [&] { return is_null(refitter->getNamedWeights(nullptr).values); }, kQuiet},
          {"getLayerInformation outside", [&] { return is_null(inspector->getLayerInformation(99, LayerInformationFormat::kJSON)); }},
          {"getLayerInformation of -1", [&] { return is_null(inspector->getLayerInformation(-1, LayerInformationFormat::kONELINE)); }},
      });
  // After all of that, it runs.
  void* bindings[] = {values, results};
  EXPECT_TRUE(context->executeV2(bindings)) << program.log.errors;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(results[i], -values[i]);
}

TEST(Misuse, parsers_registries_and_makers) {
  Program program;
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*program.network, program.log));
  const std::vector<char> noise(256, 'x');
  IPluginRegistry& registry = program.builder->getPluginRegistry();
  check(program.log,
        {
            {"parse of null", [&] { return !parser->parse(nullptr, 3); }},
            {"parse of noise", [&] { return !parser->parse(noise.data(), noise.size()); }},
            {"parseFromFile of null", [&] { return !parser->parseFromFile(nullptr, 0); }},
            {"parseFromFile of no file", [&] { return !parser->parseFromFile("not/there.onnx", 0); }},
            {"parseModelProto without a model", [&] { return !parser->parseModelProto(); }},
            {"getError outside", [&] { return is_null(parser->getError(-1)) && is_null(parser->getError(1000)); }, kQuiet},
            {"getSubgraphNodes outside",
             [&] {
               int64_t length = 5;
               return is_null(parser->getSubgraphNodes(4, length)) && length == 0;
             },
             kQuiet},
            {"getLayerOutputTensor of null", [&] { return is_null(parser->getLayerOutputTensor(nullptr, 0)); }, kQuiet},
            {"getCreator of null",
             [&] { return is_null(registry.getCreator(nullptr, "1", "")) && is_null(registry.getCreator("a", nullptr, nullptr)); }, kQuiet},
            {"getPluginCreator of no plugin", [&] { return is_null(registry.getPluginCreator("not there", "1", "")); }, kQuiet},
        });
  // These have no logger at hand, or that of the oldest object.
  EXPECT_EQ(createInferBuilder_INTERNAL(nullptr, 100000), nullptr);
  EXPECT_EQ(createInferRuntime_INTERNAL(nullptr, 100000), nullptr);
  EXPECT_EQ(createInferRefitter_INTERNAL(nullptr, nullptr, 100000), nullptr);
  EXPECT_EQ(registry.loadLibrary(nullptr), nullptr);
  EXPECT_EQ(registry.loadLibrary("not/there.so"), nullptr);
  registry.deregisterLibrary(nullptr);
  EXPECT_EQ(registry.acquirePluginResource(nullptr, nullptr), nullptr);
  EXPECT_EQ(registry.acquirePluginResource("key", nullptr), nullptr);
  EXPECT_NE(registry.releasePluginResource("key"), 0);
}

TEST(Misuse, a_logger_may_go_with_the_objects_that_have_it) {
  auto first = std::make_unique<Messages>();
  Messages second;
  std::unique_ptr<IRuntime> early(createInferRuntime(*first)), late(createInferRuntime(second));
  EXPECT_EQ(getLogger(), first.get());
  early.reset();
  first.reset();
  EXPECT_EQ(getLogger(), &second);
  EXPECT_EQ(getPluginRegistry()->loadLibrary("not/there.so"), nullptr);
  EXPECT_NE(second.errors.find("not/there.so"), std::string::npos);
  late.reset();
  EXPECT_EQ(getLogger(), nullptr);
}

}  // namespace
