// Generation 7: an engine that is refitted by layer and role: what is missing is asked for, and a context that exists runs the new weights.
#include <cuda_runtime_api.h>

#include <set>
#include <utility>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int kMaps = 2, kSide = 4, kOut = 3;

std::vector<float> numbers(std::size_t count, int seed, float step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>((static_cast<int>(i) * 5 + seed) % 13 - 6) * step;
  return values;
}

Weights view(std::vector<float> const& values) { return Weights{DataType::kFLOAT, values.data(), static_cast<int64_t>(values.size())}; }

struct Model {
  explicit Model(int seed)
      : kernel(numbers(kMaps * 9, seed, 0.25f)),
        bias(numbers(kMaps, seed, 0.5f)),
        scale(numbers(kMaps, seed + 2, 0.125f)),
        matrix(numbers(kOut * kMaps * 4, seed + 1, 0.125f)),
        offset(numbers(kOut, seed + 3, 1.0f)) {}
  std::vector<float> kernel, bias, scale, matrix, offset;

  // convolution 3x3, a scale for each map, fully connected
  std::vector<float> answer(std::vector<float> const& image) const {
    std::vector<float> result(offset);
    for (int m = 0; m < kMaps; ++m) {
      for (int y = 0; y < 2; ++y) {
        for (int x = 0; x < 2; ++x) {
          float sum = bias[static_cast<std::size_t>(m)];
          for (int k = 0; k < 9; ++k)
            sum += kernel[static_cast<std::size_t>(m * 9 + k)] * image[static_cast<std::size_t>((y + k / 3) * kSide + x + k % 3)];
          sum *= scale[static_cast<std::size_t>(m)];
          for (int o = 0; o < kOut; ++o)
            result[static_cast<std::size_t>(o)] += sum * matrix[static_cast<std::size_t>(o * kMaps * 4 + m * 4 + y * 2 + x)];
        }
      }
    }
    return result;
  }
};

ICudaEngine* build(ShowingLogger& logger, Model const& model) {
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims4(1, 1, kSide, kSide));
  IConvolutionLayer* convolution = network->addConvolutionNd(*x, kMaps, DimsHW(3, 3), view(model.kernel), view(model.bias));
  convolution->setName("convolution");
  IScaleLayer* scale = network->addScale(*convolution->getOutput(0), ScaleMode::kCHANNEL, Weights{DataType::kFLOAT, nullptr, 0},
                                         view(model.scale), Weights{DataType::kFLOAT, nullptr, 0});
  scale->setName("scale");
  IFullyConnectedLayer* full = network->addFullyConnected(*scale->getOutput(0), kOut, view(model.matrix), view(model.offset));
  full->setName("full");
  full->getOutput(0)->setName("y");
  network->markOutput(*full->getOutput(0));
  IBuilderConfig* config = builder->createBuilderConfig();
  config->setMaxWorkspaceSize(1 << 20);
  config->setFlag(BuilderFlag::kREFIT);
  ICudaEngine* engine = builder->buildEngineWithConfig(*network, *config);
  CHECK(engine != nullptr && engine->isRefittable());
  config->destroy();
  network->destroy();
  builder->destroy();
  return engine;
}

std::vector<float> run(IExecutionContext& context, std::vector<float> image) {
  std::vector<float> y(kOut);
  void* bindings[] = {image.data(), y.data()};
  CHECK(context.executeV2(bindings));
  return y;
}

std::set<std::pair<std::string, WeightsRole>> missing(IRefitter& refitter) {
  int const count = refitter.getMissing(0, nullptr, nullptr);
  std::vector<char const*> names(static_cast<std::size_t>(count));
  std::vector<WeightsRole> roles(names.size());
  CHECK(refitter.getMissing(count, names.data(), roles.data()) == count);
  std::set<std::pair<std::string, WeightsRole>> result;
  for (std::size_t i = 0; i < names.size(); ++i) result.emplace(names[i], roles[i]);
  return result;
}

}  // namespace

int main() {
  ShowingLogger logger;
  Model const first(1), second(4);
  std::vector<float> const image = numbers(kSide * kSide, 3, 0.5f);
  ICudaEngine* engine = build(logger, first);
  IExecutionContext* context = engine->createExecutionContext();
  check_values(run(*context, image), first.answer(image), 1e-4f);

  IRefitter* refitter = createInferRefitter(*engine, logger);
  CHECK(refitter != nullptr);
  int const all = refitter->getAll(0, nullptr, nullptr);
  std::vector<char const*> names(static_cast<std::size_t>(all));
  std::vector<WeightsRole> roles(names.size());
  CHECK(refitter->getAll(all, names.data(), roles.data()) == all);
  std::set<std::pair<std::string, WeightsRole>> refittable;
  for (std::size_t i = 0; i < names.size(); ++i) refittable.emplace(names[i], roles[i]);
  for (auto const& part : {std::make_pair("convolution", WeightsRole::kKERNEL), std::make_pair("convolution", WeightsRole::kBIAS),
                           std::make_pair("scale", WeightsRole::kSCALE), std::make_pair("full", WeightsRole::kKERNEL),
                           std::make_pair("full", WeightsRole::kBIAS)})
    CHECK(refittable.count(std::pair<std::string, WeightsRole>(part.first, part.second)) == 1);

  // A count that does not fit, a layer that is not there and a role that it has not are refused.
  logger.quiet = true;
  CHECK(!refitter->setWeights("convolution", WeightsRole::kKERNEL, view(second.bias)));
  CHECK(logger.errors.find("convolution") != std::string::npos);
  CHECK(!refitter->setWeights("convolved", WeightsRole::kKERNEL, view(second.kernel)));
  CHECK(!refitter->setWeights("full", WeightsRole::kSHIFT, view(second.offset)));
  logger.quiet = false;
  check_values(run(*context, image), first.answer(image), 1e-4f);

  CHECK(refitter->setWeights("convolution", WeightsRole::kKERNEL, view(second.kernel)));
  CHECK(refitter->setWeights("convolution", WeightsRole::kBIAS, view(second.bias)));
  CHECK(refitter->setWeights("scale", WeightsRole::kSCALE, view(second.scale)));
  CHECK(refitter->setWeights("full", WeightsRole::kKERNEL, view(second.matrix)));
  CHECK(refitter->setWeights("full", WeightsRole::kBIAS, view(second.offset)));
  CHECK(missing(*refitter).empty());
  CHECK(refitter->refitCudaEngine());
  check_values(run(*context, image), second.answer(image), 1e-4f);
  // And back by parts.
  Model mixed(4);
  mixed.offset = first.offset;
  CHECK(refitter->setWeights("full", WeightsRole::kBIAS, view(first.offset)));
  CHECK(missing(*refitter).empty() && refitter->refitCudaEngine());
  check_values(run(*context, image), mixed.answer(image), 1e-4f);
  refitter->destroy();
  context->destroy();
  engine->destroy();
  return 0;
}
