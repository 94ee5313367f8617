// A program that takes weights from files, for building and for refitting.
#include <cstring>

#include "harness.h"
#include "ingot/weights.h"

using namespace harness;

namespace {

const std::string kText = "3\nconv.bias 1 3f000000\nconv.kernel 2 3f800000 40000000\nlarge 1 7f7fffff\n";  // 0.5; 1, 2; the largest float

std::unique_ptr<ingot::IWeightsFile> text_file(ILogger& logger) {
  return std::unique_ptr<ingot::IWeightsFile>(ingot::readWeights(kText.data(), kText.size(), logger));
}

TEST(WeightsFile, TellsNamesDimsAndTypes) {
  Program p;
  const auto file = text_file(p.log);
  ASSERT_TRUE(file) << p.log.errors;
  ASSERT_EQ(file->getNbWeights(), 3);
  EXPECT_STREQ(file->getName(0), "conv.bias");
  EXPECT_STREQ(file->getName(1), "conv.kernel");
  EXPECT_EQ(file->getName(3), nullptr);
  EXPECT_EQ(file->getName(-1), nullptr);
  EXPECT_TRUE(file->hasWeights("conv.bias"));
  EXPECT_FALSE(file->hasWeights("conv"));
  EXPECT_FALSE(file->hasWeights(nullptr));
  ASSERT_EQ(file->getNbDims("conv.kernel"), 1);
  EXPECT_EQ(file->getDims("conv.kernel")[0], 2);
  EXPECT_EQ(file->getNbDims("conv"), -1);
  EXPECT_EQ(file->getType("conv.kernel"), DataType::kFLOAT);
}

TEST(WeightsFile, GivesValuesAndConvertsThem) {
  Program p;
  const auto file = text_file(p.log);
  ASSERT_TRUE(file) << p.log.errors;
  const Weights kernel = file->getWeights("conv.kernel");
  ASSERT_EQ(kernel.count, 2);
  EXPECT_EQ(static_cast<const float*>(kernel.values)[1], 2.f);
  const Weights half = file->getWeights("conv.kernel", DataType::kHALF);
  ASSERT_EQ(half.count, 2);
  EXPECT_EQ(static_cast<const uint16_t*>(half.values)[0], 0x3c00);
  EXPECT_EQ(file->getWeights("conv.kernel", DataType::kHALF).values, half.values);
  EXPECT_EQ(static_cast<const int32_t*>(file->getWeights("conv.kernel", DataType::kINT32).values)[1], 2);
  EXPECT_TRUE(p.log.errors.empty());
  EXPECT_EQ(file->getWeights("conv.bias", DataType::kINT32).count, 0);
  EXPECT_NE(p.log.errors.find("'conv.bias': element 0 is 0.5"), std::string::npos) << p.log.errors;
  EXPECT_EQ(file->getWeights("large", DataType::kHALF).count, 0);
  EXPECT_EQ(file->getWeights("nothing").count, 0);
  EXPECT_NE(p.log.errors.find("the file has no weights 'nothing'"), std::string::npos) << p.log.errors;
}

TEST(WeightsFile, BuildsAndRefits) {
  Program p;
  const auto file = text_file(p.log);
  ASSERT_TRUE(file) << p.log.errors;
  const Weights kernel = file->getWeights("conv.kernel"), bias = file->getWeights("conv.bias");
  auto* conv = p.network->addConvolutionNd(p.input("x", {1, 2, 1, 1}), 1, Dims{2, {1, 1}}, kernel, bias);
  ASSERT_TRUE(p.network->setWeightsName(kernel, "conv.kernel") && p.network->setWeightsName(bias, "conv.bias")) << p.log.errors;
  p.output(*conv);
  p.config->setFlag(BuilderFlag::kREFIT);
  const auto engine = p.engine();
  ASSERT_TRUE(engine) << p.log.errors;
  const std::map<std::string, Value> inputs{{"x", {{1, 2, 1, 1}, {3, 4}}}};
  expect_near(run_engine(*engine, inputs, p.log)[0], {1, 1, 1, 1}, {3 + 2 * 4 + 0.5});

  // Of other values, the bias as half; what the engine does not have is left out.
  const std::string text = "3\nconv.bias 1 1 4700\nconv.kernel 0 2 40000000 3f800000\nelsewhere 0 1 00000000\n";
  const std::unique_ptr<ingot::IWeightsFile> other(ingot::readWeights(text.data(), text.size(), p.log));
  ASSERT_TRUE(other) << p.log.errors;
  const std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, p.log));
  ASSERT_TRUE(refitter) << p.log.errors;
  EXPECT_EQ(ingot::setNamedWeights(*refitter, *other), 2) << p.log.errors;
  ASSERT_TRUE(refitter->refitCudaEngine()) << p.log.errors;
  expect_near(run_engine(*engine, inputs, p.log)[0], {1, 1, 1, 1}, {2 * 3 + 4 + 7});
}

TEST(WeightsFile, SaysWhatCannotBeRead) {
  Program p;
  EXPECT_EQ(ingot::openWeightsFile("no such file.wts", p.log), nullptr);
  EXPECT_NE(p.log.errors.find("no such file.wts"), std::string::npos);
  EXPECT_EQ(ingot::readWeights("PK", 2, p.log), nullptr);
  EXPECT_EQ(ingot::readWeights(nullptr, 0, p.log), nullptr);
  EXPECT_NE(p.log.errors.find("neither a path nor bytes"), std::string::npos);
}

}  // namespace
