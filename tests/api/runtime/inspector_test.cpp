// The engine inspector: sizes that a context knows.
#include "harness.h"

using namespace harness;

namespace {

TEST(Inspector, a_context_tells_the_sizes_that_are_open) {
  Program p;
  p.output(*p.network->addSoftMax(p.input("x", {-1, 3})));
  IOptimizationProfile* profile = p.builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 3));
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(4, 3));
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(64, 3));
  p.config->addOptimizationProfile(profile);
  p.config->setProfilingVerbosity(ProfilingVerbosity::kDETAILED);
  auto engine = p.engine();
  ASSERT_TRUE(engine) << p.log.errors;
  std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  const auto text = [&] { return std::string(inspector->getEngineInformation(LayerInformationFormat::kONELINE)); };
  EXPECT_NE(text().find("[-1,3]"), std::string::npos) << text();
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  ASSERT_TRUE(inspector->setExecutionContext(context.get()));
  EXPECT_NE(text().find("[-1,3]"), std::string::npos) << text();
  ASSERT_TRUE(context->setInputShape("x", Dims2(37, 3)));
  EXPECT_NE(text().find("[37,3]"), std::string::npos) << text();
  EXPECT_EQ(text().find("-1"), std::string::npos) << text();
  const std::string json = inspector->getLayerInformation(0, LayerInformationFormat::kJSON);
  EXPECT_NE(json.find("37"), std::string::npos) << json;
  ASSERT_TRUE(inspector->setExecutionContext(nullptr));
  EXPECT_NE(text().find("[-1,3]"), std::string::npos) << text();
}

}  // namespace
