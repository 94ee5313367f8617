// Plugins that compute on bytes between tensors with ranges.
#include <cmath>
#include <cstring>

#include "harness.h"

using namespace harness;

namespace {

struct Seen {
  DataType types[2] = {};
  TensorFormat format{};
  float scales[2] = {};
  int runs = 0;
} seen;

// y = 2 * x on bytes, or, where that is allowed, on floats.
class DoubleBytes final : public IPluginV2IOExt {
 public:
  explicit DoubleBytes(bool takes_floats, DataType told) : takes_floats_(takes_floats), told_(told) {}
  int32_t getNbOutputs() const noexcept override { return 1; }
  Dims getOutputDimensions(int32_t, Dims const* inputs, int32_t) noexcept override { return inputs[0]; }
  // kINT8 stands for the type of the input.
  DataType getOutputDataType(int32_t, DataType const* types, int32_t) const noexcept override {
    return told_ == DataType::kINT8 ? types[0] : told_;
  }
  bool supportsFormatCombination(int32_t pos, PluginTensorDesc const* in_out, int32_t, int32_t) const noexcept override {
    const bool is_byte = in_out[pos].type == DataType::kINT8 && in_out[pos].format == TensorFormat::kLINEAR;
    const bool is_float = takes_floats_ && in_out[pos].type == DataType::kFLOAT && in_out[pos].format == TensorFormat::kLINEAR;
    return (is_byte || is_float) && in_out[pos].type == in_out[0].type;
  }
  void configurePlugin(PluginTensorDesc const* in, int32_t, PluginTensorDesc const* out, int32_t) noexcept override {
    type_ = in[0].type;
    count_ = 1;
    for (int32_t d = 0; d < in[0].dims.nbDims; ++d) count_ *= in[0].dims.d[d];
    scales_[0] = in[0].scale;
    scales_[1] = out[0].scale;
    seen.types[0] = in[0].type;
    seen.types[1] = out[0].type;
    seen.format = in[0].format;
    std::memcpy(seen.scales, scales_, sizeof scales_);
  }
  int32_t enqueue(int32_t batch, void const* const* inputs, void* const* outputs, void*, cudaStream_t) noexcept override {
    ++seen.runs;
    for (int64_t i = 0; i < batch * count_; ++i) {
      if (type_ == DataType::kFLOAT) {
        static_cast<float*>(outputs[0])[i] = 2 * static_cast<float const*>(inputs[0])[i];
      } else {
        const float x = scales_[0] * static_cast<float>(static_cast<int8_t const*>(inputs[0])[i]);
        static_cast<int8_t*>(outputs[0])[i] = static_cast<int8_t>(std::fmax(-128, std::fmin(127, std::nearbyint(2 * x / scales_[1]))));
      }
    }
    return 0;
  }
  std::size_t getSerializationSize() const noexcept override { return 0; }
  void serialize(void*) const noexcept override {}
  char const* getPluginType() const noexcept override { return "DoubleBytes"; }
  char const* getPluginVersion() const noexcept override { return "1"; }
  void destroy() noexcept override { delete this; }
  IPluginV2Ext* clone() const noexcept override { return new DoubleBytes(*this); }
  void setPluginNamespace(char const*) noexcept override {}
  char const* getPluginNamespace() const noexcept override { return ""; }
  int32_t initialize() noexcept override { return 0; }
  void terminate() noexcept override {}
  std::size_t getWorkspaceSize(int32_t) const noexcept override { return 0; }
  bool isOutputBroadcastAcrossBatch(int32_t, bool const*, int32_t) const noexcept override { return false; }
  bool canBroadcastInputAcrossBatch(int32_t) const noexcept override { return false; }

 private:
  bool takes_floats_;
  DataType told_, type_ = DataType::kFLOAT;
  int64_t count_ = 0;
  float scales_[2] = {1, 1};
};

// Plugins without a creator go from the build into the engine.
std::vector<Value> run(Program& p, const Value& x) {
  std::unique_ptr<ICudaEngine> engine(p.builder->buildEngineWithConfig(*p.network, *p.config));
  return engine ? run_engine(*engine, {{"x", x}}, p.log) : std::vector<Value>();
}

struct Net {
  Net(bool takes_floats, DataType told) {
    seen = Seen();
    p.network.reset(p.builder->createNetworkV2(0));  // weakly typed
    ITensor& x = p.input("x", {2, 3});
    DoubleBytes plugin(takes_floats, told);
    ITensor* input = &x;
    layer = p.network->addPluginV2(&input, 1, plugin);
    layer->setName("double");
    p.output(*layer);
  }
  std::vector<Value> run() { return ::run(p, {{2, 3}, {0.5, -0.25, 1, 1.6, -1, 0.1}}); }
  Program p;
  IPluginV2Layer* layer = nullptr;
};

TEST(PluginBytes, tensors_with_ranges_are_bytes_where_the_plugin_takes_them) {
  for (const DataType told : {DataType::kINT8, DataType::kFLOAT}) {
    Net net(true, told);
    net.p.config->setFlag(BuilderFlag::kINT8);
    net.p.network->getInput(0)->setDynamicRange(-1.27F, 1.27F);
    net.layer->getOutput(0)->setDynamicRange(-2.54F, 2.54F);
    const auto values = net.run();
    ASSERT_EQ(values.size(), 1u) << net.p.log.errors;
    EXPECT_EQ(seen.types[0], DataType::kINT8);
    EXPECT_EQ(seen.types[1], DataType::kINT8);
    EXPECT_NEAR(seen.scales[0], 0.01F, 1e-7);
    EXPECT_NEAR(seen.scales[1], 0.02F, 1e-7);
    EXPECT_GT(seen.runs, 0);
    // 1.6 is cut to the range.
    expect_near(values[0], {2, 3}, {1, -0.5, 2, 2.54, -2, 0.2}, 1e-5);
  }
}

TEST(PluginBytes, without_the_flag_or_a_range_it_computes_on_floats) {
  for (int missing = 0; missing < 4; ++missing) {
    Net net(true, DataType::kFLOAT);
    if (missing != 0) net.p.config->setFlag(BuilderFlag::kINT8);
    if (missing != 1) net.p.network->getInput(0)->setDynamicRange(-1.27F, 1.27F);
    if (missing != 2) net.layer->getOutput(0)->setDynamicRange(-2.54F, 2.54F);
    if (missing == 3) net.layer->setPrecision(DataType::kFLOAT);
    const auto values = net.run();
    ASSERT_EQ(values.size(), 1u) << net.p.log.errors;
    EXPECT_EQ(seen.types[0], DataType::kFLOAT) << missing;
    expect_near(values[0], {2, 3}, {1, -0.5, 2, 3.2, -2, 0.2}, 1e-5);
  }
}

TEST(PluginBytes, one_that_takes_bytes_alone_is_refused_without_ranges) {
  Net net(false, DataType::kINT8);
  net.p.config->setFlag(BuilderFlag::kINT8);
  EXPECT_TRUE(net.run().empty());
  EXPECT_NE(net.p.log.errors.find("takes no format with tensors of float"), std::string::npos) << net.p.log.errors;
}

TEST(PluginBytes, bytes_of_the_network_have_the_scales_of_its_layers) {
  seen = Seen();
  Program p;
  ITensor& x = p.input("x", {2, 3});
  const auto number = [&](float value) { return p.network->addConstant(dims({}), p.weights({value}))->getOutput(0); };
  auto* quantize = p.network->addQuantize(x, *number(0.01F), DataType::kINT8);
  DoubleBytes plugin(false, DataType::kINT8);
  ITensor* bytes = quantize->getOutput(0);
  auto* layer = p.network->addPluginV2(&bytes, 1, plugin);
  auto* back = p.network->addDequantize(*layer->getOutput(0), *number(0.02F), DataType::kFLOAT);
  p.output(*back);
  const auto values = run(p, {{2, 3}, {0.5, -0.25, 1, 1.2, -1, 0.1}});
  ASSERT_EQ(values.size(), 1u) << p.log.errors;
  EXPECT_NEAR(seen.scales[0], 0.01F, 1e-7);
  EXPECT_NEAR(seen.scales[1], 0.02F, 1e-7);
  expect_near(values[0], {2, 3}, {1, -0.5, 2, 2.4, -2, 0.2}, 1e-5);
}

}  // namespace
