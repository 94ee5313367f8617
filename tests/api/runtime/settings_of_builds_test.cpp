// Settings of builders, configurations, profiles, timing caches and networks: values at first, good ones, bad ones.
#include <limits>

#include "settings.h"

using namespace harness;

namespace {

const float kNaN = std::numeric_limits<float>::quiet_NaN();

struct NoMonitor final : IProgressMonitor {
  void phaseStart(char const*, char const*, int32_t) noexcept override {}
  bool stepComplete(char const*, int32_t) noexcept override { return true; }
  void phaseFinish(char const*) noexcept override {}
};

template <class Base>
struct NoCalibrator : Base {
  int32_t getBatchSize() const noexcept override { return 1; }
  bool getBatch(void**, char const**, int32_t) noexcept override { return false; }
  void const* readCalibrationCache(std::size_t& length) noexcept override { return length = 0, nullptr; }
  void writeCalibrationCache(void const*, std::size_t) noexcept override {}
};

struct NoSelector final : IAlgorithmSelector {
  int32_t selectAlgorithms(IAlgorithmContext const&, IAlgorithm const* const*, int32_t, int32_t*) noexcept override { return 0; }
  void reportAlgorithms(IAlgorithmContext const* const*, IAlgorithm const* const*, int32_t) noexcept override {}
};

TEST(BuildSettings, configurations) {
  Program program;
  IBuilderConfig& config = *program.config;
  const uint32_t tf32 = 1u << static_cast<int>(BuilderFlag::kTF32);
  SETTING(config, setFlags, getFlags, tf32, tf32 | 1u << static_cast<int>(BuilderFlag::kREFIT), 1u << 31);
  SETTING(config, setBuilderOptimizationLevel, getBuilderOptimizationLevel, 3, 5, -1, 6);
  SETTING(config, setAvgTimingIterations, getAvgTimingIterations, 1, 4, 0, -1);
  SETTING(config, setMinTimingIterations, getMinTimingIterations, 1, 2, 0, -7);
  SETTING(config, setMaxNbTactics, getMaxNbTactics, -1, 3, -2, 0);
  const TacticSources sources = config.getTacticSources();
  SETTING(config, setTacticSources, getTacticSources, sources, 0u, 1u << 30);
  SETTING(config, setMaxAuxStreams, getMaxAuxStreams, -1, 2, -2);
  SETTING(config, setTilingOptimizationLevel, getTilingOptimizationLevel, TilingOptimizationLevel::kNONE, TilingOptimizationLevel::kFULL,
          none_of<TilingOptimizationLevel>());
  SETTING(config, setProfilingVerbosity, getProfilingVerbosity, ProfilingVerbosity::kLAYER_NAMES_ONLY, ProfilingVerbosity::kDETAILED,
          none_of<ProfilingVerbosity>());
  SETTING(config, setEngineCapability, getEngineCapability, EngineCapability::kSTANDARD, EngineCapability::kSAFETY,
          none_of<EngineCapability>());
  SETTING(config, setHardwareCompatibilityLevel, getHardwareCompatibilityLevel, HardwareCompatibilityLevel::kNONE,
          HardwareCompatibilityLevel::kAMPERE_PLUS, none_of<HardwareCompatibilityLevel>());
  SETTING(config, setRuntimePlatform, getRuntimePlatform, RuntimePlatform::kSAME_AS_BUILD, RuntimePlatform::kWINDOWS_AMD64,
          none_of<RuntimePlatform>());
  SETTING(config, setDefaultDeviceType, getDefaultDeviceType, DeviceType::kGPU, DeviceType::kDLA, none_of<DeviceType>());
  SETTING(config, setDLACore, getDLACore, -1, 0, -2);
  SETTING(config, setQuantizationFlags, getQuantizationFlags, 0u, 1u, 1u << 9);
  SETTING(config, setMaxWorkspaceSize, getMaxWorkspaceSize, config.getMaxWorkspaceSize(), std::size_t{1} << 20);
  NoMonitor monitor;
  NoSelector selector;
  NoCalibrator<IInt8MinMaxCalibrator> calibrator;
  IOptimizationProfile* profile = program.builder->createOptimizationProfile();
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  SETTING(config, setProgressMonitor, getProgressMonitor, nullptr, &monitor);
  SETTING(config, setAlgorithmSelector, getAlgorithmSelector, nullptr, &selector);
  SETTING(config, setInt8Calibrator, getInt8Calibrator, nullptr, &calibrator);
  SETTING(config, setProfileStream, getProfileStream, nullptr, stream);
  EXPECT_TRUE(config.setCalibrationProfile(profile));
  EXPECT_EQ(config.getCalibrationProfile(), profile);
  cudaStreamDestroy(stream);
  // Pairs of a word and a value.
  config.setQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION);
  EXPECT_TRUE(config.getQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION));
  config.clearQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION);
  EXPECT_FALSE(config.getQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION));
  config.setPreviewFeature(PreviewFeature::kPROFILE_SHARING_0806, true);
  EXPECT_TRUE(config.getPreviewFeature(PreviewFeature::kPROFILE_SHARING_0806));
  config.setPreviewFeature(PreviewFeature::kPROFILE_SHARING_0806, false);
  EXPECT_FALSE(config.getPreviewFeature(PreviewFeature::kPROFILE_SHARING_0806));
  EXPECT_EQ(program.log.errors, "");
  const std::function<void()> wrong[] = {
      [&] { config.setFlag(none_of<BuilderFlag>()); },
      [&] { config.clearFlag(static_cast<BuilderFlag>(-1)); },
      [&] { config.setPreviewFeature(none_of<PreviewFeature>(), true); },
      [&] { config.setQuantizationFlag(none_of<QuantizationFlag>()); },
      [&] { config.clearQuantizationFlag(none_of<QuantizationFlag>()); },
      [&] { config.setDeviceType(nullptr, DeviceType::kGPU); },
  };
  for (size_t i = 0; i < std::size(wrong); ++i) {
    program.log.errors.clear();
    wrong[i]();
    EXPECT_NE(program.log.errors, "") << "call " << i;
  }
  program.log.errors.clear();
  EXPECT_EQ(config.getFlags(), tf32);
  EXPECT_FALSE(config.getFlag(none_of<BuilderFlag>()));
  EXPECT_FALSE(config.getPreviewFeature(none_of<PreviewFeature>()));
  EXPECT_FALSE(config.getQuantizationFlag(none_of<QuantizationFlag>()));
  EXPECT_EQ(config.getL2LimitForTiling(), -1);
  EXPECT_TRUE(config.setL2LimitForTiling(1 << 20));
  EXPECT_FALSE(config.setL2LimitForTiling(-4));
  EXPECT_EQ(config.getL2LimitForTiling(), 1 << 20);
  EXPECT_FALSE(config.isDeviceTypeSet(nullptr));
  EXPECT_FALSE(config.canRunOnDLA(nullptr));
  EXPECT_EQ(config.getTimingCache(), nullptr);
  // There is one route, and tactics are timed here.
  EXPECT_STREQ(config.getAllBuildRoutes(), "");
  // There is one route, which has no name.
  EXPECT_TRUE(config.setBuildRoute(""));
  EXPECT_FALSE(config.setBuildRoute("another"));
  EXPECT_STREQ(config.getBuildRoute(), "");
  EXPECT_EQ(config.getRemoteAutoTuningConfig(), nullptr);
  config.setFlag(BuilderFlag::kREFIT);
  config.reset();
  EXPECT_EQ(config.getFlags(), tf32);
}

TEST(BuildSettings, builders_of_old) {
  Program program;
  IBuilder& builder = *program.builder;
  SETTING(builder, setMaxThreads, getMaxThreads, builder.getMaxThreads(), 2, 0, -1);
  SETTING(builder, setMaxBatchSize, getMaxBatchSize, 1, 4, 0, -1);
  SETTING(builder, setMaxWorkspaceSize, getMaxWorkspaceSize, builder.getMaxWorkspaceSize(), std::size_t{1} << 22);
  SETTING(builder, setFp16Mode, getFp16Mode, false, true);
  SETTING(builder, setHalf2Mode, getHalf2Mode, false, true);
  SETTING(builder, setInt8Mode, getInt8Mode, false, true);
  SETTING(builder, setStrictTypeConstraints, getStrictTypeConstraints, false, true);
  SETTING(builder, setRefittable, getRefittable, false, true);
  SETTING(builder, setDebugSync, getDebugSync, false, true);
  SETTING(builder, setMinFindIterations, getMinFindIterations, 1, 3, 0, -1);
  SETTING(builder, setAverageFindIterations, getAverageFindIterations, 1, 3, 0, -1);
  SETTING(builder, setEngineCapability, getEngineCapability, EngineCapability::kSTANDARD, EngineCapability::kSAFETY,
          none_of<EngineCapability>());
  builder.setHalf2Mode(true);
  EXPECT_TRUE(builder.getFp16Mode());  // one switch by two names
  builder.reset(*program.network);
  EXPECT_FALSE(builder.getFp16Mode());
  builder.allowGPUFallback(true);
  EXPECT_EQ(builder.getNbDLACores(), 0);
  // The machine's to say; a machine without fast bytes may still have fast halves.
  const int fast = builder.platformHasFastInt8() + builder.platformHasFastFp16() + builder.platformHasTf32();
  EXPECT_TRUE(fast >= 0 && fast <= 3);
  EXPECT_EQ(builder.getLogger(), &program.log);
  ITensor& x = program.input("x", {2, 3});
  program.output(*program.network->addUnary(x, UnaryOperation::kNEG));
  EXPECT_TRUE(builder.isNetworkSupported(*program.network, *program.config));
  EXPECT_EQ(program.log.errors, "");
}

TEST(BuildSettings, profiles) {
  Program program;
  IOptimizationProfile& profile = *program.builder->createOptimizationProfile();
  EXPECT_EQ(profile.getExtraMemoryTarget(), 1.0f);
  EXPECT_TRUE(profile.setExtraMemoryTarget(0.5f));
  EXPECT_FALSE(profile.setExtraMemoryTarget(-0.5f));
  EXPECT_FALSE(profile.setExtraMemoryTarget(kNaN));
  EXPECT_EQ(profile.getExtraMemoryTarget(), 0.5f);
  const int32_t values[] = {2, 3};
  EXPECT_TRUE(profile.setShapeValues("s", OptProfileSelector::kMIN, values, 2));
  ASSERT_NE(profile.getShapeValues("s", OptProfileSelector::kMIN), nullptr);
  EXPECT_EQ(profile.getShapeValues("s", OptProfileSelector::kMIN)[1], 3);
  EXPECT_EQ(profile.getShapeValues("s", OptProfileSelector::kMAX), nullptr);
  EXPECT_EQ(profile.getShapeValues(nullptr, OptProfileSelector::kMIN), nullptr);
  EXPECT_EQ(program.log.errors, "");
  EXPECT_FALSE(profile.setShapeValues("s", OptProfileSelector::kMIN, nullptr, 2));
  EXPECT_FALSE(profile.setShapeValues(nullptr, OptProfileSelector::kMIN, values, 2));
  EXPECT_FALSE(profile.setShapeValues("s", OptProfileSelector::kMAX, values, -1));
  EXPECT_FALSE(profile.setShapeValues("s", none_of<OptProfileSelector>(), values, 2));
  EXPECT_EQ(profile.getShapeValues("s", OptProfileSelector::kMIN)[1], 3);
}

TEST(BuildSettings, timing_caches) {
  Program program;
  ITensor& x = program.input("x", {1, 8, 16, 16});
  const std::vector<float> kernel(8 * 8 * 9, 0.5f);
  program.output(*program.network->addConvolutionNd(x, 8, DimsHW(3, 3), program.weights(kernel), {}));
  program.config->setFlag(BuilderFlag::kEDITABLE_TIMING_CACHE);
  const std::unique_ptr<ITimingCache> cache(program.config->createTimingCache(nullptr, 0));
  ASSERT_NE(cache, nullptr);
  EXPECT_EQ(cache->queryKeys(nullptr, 0), 0);
  ASSERT_TRUE(program.config->setTimingCache(*cache, false));
  ASSERT_NE(program.engine(), nullptr) << program.log.errors;
  const int64_t count = cache->queryKeys(nullptr, 0);
  ASSERT_GT(count, 0);
  std::vector<TimingCacheKey> keys(static_cast<size_t>(count));
  EXPECT_EQ(cache->queryKeys(keys.data(), count), count);
  TimingCacheValue value = cache->query(keys[0]);
  EXPECT_NE(value.tacticHash, TimingCacheValue::kINVALID_TACTIC_HASH);
  EXPECT_GE(value.timingMSec, 0);
  value.timingMSec = 123;
  EXPECT_TRUE(cache->update(keys[0], value)) << program.log.errors;
  EXPECT_EQ(cache->query(keys[0]).timingMSec, 123);
  TimingCacheKey stranger{};
  EXPECT_EQ(cache->query(stranger).tacticHash, TimingCacheValue::kINVALID_TACTIC_HASH);
  EXPECT_FALSE(cache->update(stranger, value));
  EXPECT_EQ(cache->queryKeys(nullptr, -1), cache->queryKeys(nullptr, 0));
  EXPECT_TRUE(cache->reset());
  EXPECT_EQ(cache->queryKeys(nullptr, 0), 0);
}

TEST(BuildSettings, networks) {
  Program program;
  INetworkDefinition& network = *program.network;
  EXPECT_EQ(network.getFlags(), 1u << static_cast<int>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED));
  EXPECT_EQ(&network.getBuilder(), program.builder.get());
  EXPECT_FALSE(network.hasExplicitPrecision());
  EXPECT_FALSE(network.getFlag(none_of<NetworkDefinitionCreationFlag>()));
  ITensor& x = program.input("x", {2, 3});
  ITensor& unread = program.input("unread", {4});
  ITensor& sums = *network.addReduce(x, ReduceOperation::kSUM, 1, false)->getOutput(0);
  ITensor& shape = *network.addShape(x)->getOutput(0);
  sums.setName("sums");
  network.markOutput(sums);
  network.removeTensor(unread);
  network.removeTensor(x);  // it is read, so it stays
  EXPECT_NE(program.log.errors, "");
  EXPECT_EQ(network.getInput(0), &x);
  program.log.errors.clear();
  EXPECT_TRUE(network.markOutputForShapes(shape));
  EXPECT_TRUE(network.unmarkOutputForShapes(shape));
  EXPECT_FALSE(network.unmarkOutputForShapes(shape));
  const Weights weights = program.weights({1, 2, 3});
  network.addConstant(Dims{1, {3}}, weights);
  EXPECT_TRUE(network.setWeightsName(weights, "w"));
  EXPECT_TRUE(network.markWeightsRefittable("w"));
  EXPECT_TRUE(network.areWeightsMarkedRefittable("w"));
  EXPECT_TRUE(network.unmarkWeightsRefittable("w"));
  EXPECT_FALSE(network.areWeightsMarkedRefittable("w"));
  EXPECT_FALSE(network.unmarkWeightsRefittable(nullptr));
  const DimsHW five(5, 5), three(3, 3), two(2, 2), one(1, 1);
  EXPECT_EQ(network.getPoolingOutputDimensionsFormula().compute(five, three, two, DimsHW(0, 0), one, "").h(), 2);
  EXPECT_EQ(network.getConvolutionOutputDimensionsFormula().compute(five, three, two, one, one, "").w(), 3);
  EXPECT_EQ(network.getDeconvolutionOutputDimensionsFormula().compute(five, three, two, one, one, "").h(), 9);
  EXPECT_EQ(network.getPoolingOutputDimensionsFormula().compute(five, three, DimsHW(0, 1), one, one, "").h(), -1);
  // Marked twice, or of another network.
  Program other;
  ITensor& stranger = other.input("stranger", {1});
  program.log.errors.clear();
  network.markOutput(stranger);
  EXPECT_NE(program.log.errors, "");
  EXPECT_EQ(network.getNbOutputs(), 1);
  network.markOutput(sums);
  EXPECT_EQ(network.getNbOutputs(), 1);
  network.unmarkOutput(sums);
  network.unmarkOutput(sums);
  EXPECT_EQ(network.getNbOutputs(), 0);
  network.markOutput(sums);
  program.log.errors.clear();
  EXPECT_NE(program.engine(), nullptr) << program.log.errors;
}

TEST(BuildSettings, interfaces_of_programs_say_what_they_are) {
  NoCalibrator<IInt8MinMaxCalibrator> min_max;
  NoCalibrator<IInt8EntropyCalibrator> entropy;
  NoCalibrator<IInt8EntropyCalibrator2> entropy2;
  EXPECT_EQ(min_max.getAlgorithm(), CalibrationAlgoType::kMINMAX_CALIBRATION);
  EXPECT_EQ(entropy.getAlgorithm(), CalibrationAlgoType::kENTROPY_CALIBRATION);
  EXPECT_EQ(entropy2.getAlgorithm(), CalibrationAlgoType::kENTROPY_CALIBRATION_2);
  NoMonitor monitor;
  EXPECT_EQ(monitor.getAPILanguage(), APILanguage::kCPP);
  EXPECT_STREQ(monitor.getInterfaceInfo().kind, "IProgressMonitor");
  Growing output;
  EXPECT_EQ(output.getInterfaceVersion(), 1);
}

}  // namespace
