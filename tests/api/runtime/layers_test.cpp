// Every class of layer: added, changed after creation, built and run.
#include <cmath>

#include "harness.h"

using namespace harness;

namespace {

using Shape = std::vector<int64_t>;

TEST(Layers, deconvolution_spreads_its_kernel) {
  Program p;
  ITensor& x = p.input("x", {1, 1, 1, 2});
  auto* layer = p.network->addDeconvolutionNd(x, 1, Dims{2, {1, 2}}, p.weights({1, 10}), p.weights({0.5}));
  ASSERT_NE(layer, nullptr) << p.log.errors;
  layer->setStrideNd(Dims{2, {1, 2}});
  EXPECT_EQ(layer->getType(), LayerType::kDECONVOLUTION);
  EXPECT_EQ(layer->getNbInputs(), 1);
  EXPECT_EQ(layer->getNbOutputMaps(), 1);
  EXPECT_EQ(layer->getKernelSizeNd().d[1], 2);
  EXPECT_EQ(layer->getOutput(0)->getDimensions().d[3], 4);
  p.output(*layer);
  expect_near(p.run({{"x", {{1, 1, 1, 2}, {1, 2}}}})[0], {1, 1, 1, 4}, {1.5, 10.5, 2.5, 20.5});
}

TEST(Layers, convolution_takes_new_weights_and_a_kernel_tensor) {
  Program p;
  ITensor& x = p.input("x", {1, 2, 1, 1});
  auto* layer = p.network->addConvolutionNd(x, 1, Dims{2, {1, 1}}, p.weights({1, 1}), {});
  layer->setKernelWeights(p.weights({2, 3}));
  layer->setBiasWeights(p.weights({1}));
  auto* second = p.network->addConvolutionNd(x, 2, Dims{2, {1, 1}}, {DataType::kFLOAT, nullptr, 0}, {DataType::kFLOAT, nullptr, 0});
  ASSERT_NE(second, nullptr);
  second->setInput(1, p.constant({2, 2, 1, 1}, {1, 0, 0, 5}));
  EXPECT_EQ(second->getNbInputs(), 2);
  p.output(*layer);
  p.output(*second);
  const auto values = p.run({{"x", {{1, 2, 1, 1}, {1, 2}}}});
  expect_near(values[0], {1, 1, 1, 1}, {9});
  expect_near(values[1], {1, 2, 1, 1}, {1, 10});
}

TEST(Layers, scale_by_channel_element_and_axis) {
  Program p;
  ITensor& x = p.input("x", {1, 2, 2, 1});
  auto* channel = p.network->addScale(x, ScaleMode::kCHANNEL, p.weights({1, 2}), p.weights({10, 100}), {});
  auto* uniform = p.network->addScale(x, ScaleMode::kUNIFORM, {}, {}, p.weights({2}));
  auto* last = p.network->addScaleNd(x, ScaleMode::kCHANNEL, {}, p.weights({3, 4}), {}, 2);
  auto* element = p.network->addScale(x, ScaleMode::kELEMENTWISE, p.weights({1, 2, 3, 4}), {}, {});
  for (auto* layer : {channel, uniform, last, element}) {
    ASSERT_NE(layer, nullptr) << p.log.errors;
    p.output(*layer);
  }
  EXPECT_EQ(channel->getType(), LayerType::kSCALE);
  EXPECT_EQ(channel->getMode(), ScaleMode::kCHANNEL);
  EXPECT_EQ(channel->getShift().count, 2);
  EXPECT_EQ(channel->getPower().count, 0);
  EXPECT_EQ(last->getChannelAxis(), 2);
  channel->setShift(p.weights({5, 6}));
  const auto values = p.run({{"x", {{1, 2, 2, 1}, {1, 2, 3, 4}}}});
  expect_near(values[0], {1, 2, 2, 1}, {15, 25, 306, 406});
  expect_near(values[1], {1, 2, 2, 1}, {1, 4, 9, 16});
  expect_near(values[2], {1, 2, 2, 1}, {3, 8, 9, 16});
  expect_near(values[3], {1, 2, 2, 1}, {2, 4, 6, 8});
}

TEST(Layers, lrn_divides_by_its_neighbours) {
  Program p;
  auto* layer = p.network->addLRN(p.input("x", {1, 2, 1, 1}), 3, 3, 1, 1);
  layer->setBeta(0.5);
  EXPECT_EQ(layer->getWindowSize(), 3);
  p.output(*layer);
  expect_near(p.run({{"x", {{1, 2, 1, 1}, {1, 2}}}})[0], {1, 2, 1, 1}, {1 / std::sqrt(6.0), 2 / std::sqrt(6.0)});
}

TEST(Layers, padding_adds_and_cuts) {
  Program p;
  auto* layer = p.network->addPaddingNd(p.input("x", {1, 1, 1, 3}), Dims{2, {0, 1}}, Dims{2, {1, -1}});
  EXPECT_EQ(layer->getType(), LayerType::kPADDING);
  layer->setPrePaddingNd(Dims{2, {0, 2}});
  EXPECT_EQ(layer->getPostPaddingNd().d[1], -1);
  p.output(*layer);
  expect_near(p.run({{"x", {{1, 1, 1, 3}, {1, 2, 3}}}})[0], {1, 1, 2, 4}, {0, 0, 1, 2, 0, 0, 0, 0});
}

TEST(Layers, slice_by_numbers_modes_and_tensors) {
  Program p;
  ITensor& x = p.input("x", {4});
  auto* strict = p.network->addSlice(x, Dims{1, {0}}, Dims{1, {4}}, Dims{1, {1}});
  // Between the two calls the slice runs past the end, which is nobody's concern yet.
  strict->setStart(Dims{1, {3}});
  EXPECT_EQ(strict->getOutput(0)->getDimensions().nbDims, -1);
  strict->setSize(Dims{1, {2}});
  strict->setStride(Dims{1, {-2}});
  EXPECT_EQ(strict->getOutput(0)->getDimensions().d[0], 2);
  auto* wrap = p.network->addSlice(x, Dims{1, {3}}, Dims{1, {3}}, Dims{1, {1}});
  wrap->setMode(SampleMode::kWRAP);
  auto* filled = p.network->addSlice(x, Dims{1, {-1}}, Dims{1, {3}}, Dims{1, {1}});
  filled->setMode(SampleMode::kFILL);
  filled->setInput(4, p.constant({}, {7}));
  EXPECT_EQ(filled->getNbInputs(), 5);
  EXPECT_EQ(filled->getInput(2), nullptr);
  auto* dynamic = p.network->addSlice(x, Dims{}, Dims{}, Dims{1, {1}});
  ITensor& start = p.input("start", {1}, DataType::kINT32);
  dynamic->setInput(1, start);
  dynamic->setInput(2, p.integers({1}, {2}));
  for (auto* layer : {strict, wrap, filled, dynamic}) p.output(*layer);
  const auto values = p.run({{"x", {{4}, {1, 2, 3, 4}}}, {"start", {{1}, {1}}}});
  ASSERT_EQ(values.size(), 4u) << p.log.errors;
  expect_near(values[0], {2}, {4, 2});
  expect_near(values[1], {3}, {4, 1, 2});
  expect_near(values[2], {3}, {7, 1, 2});
  expect_near(values[3], {2}, {2, 3});
}

TEST(Layers, settings_that_never_fit_stop_the_build_by_name) {
  Program p;
  auto* layer = p.network->addSlice(p.input("x", {4}), Dims{1, {0}}, Dims{1, {4}}, Dims{1, {1}});
  layer->setName("the slice");
  layer->setSize(Dims{1, {9}});
  p.output(*layer);
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("layer 'the slice'"), std::string::npos) << p.log.errors;
}

TEST(Layers, gathers_of_all_modes) {
  Program p;
  ITensor& x = p.input("x", {2, 2});
  ITensor& which = p.input("which", {1}, DataType::kINT32);
  auto* plain = p.network->addGather(x, which, 1);
  auto* element = p.network->addGatherV2(x, p.integers({2, 1}, {1, 0}), GatherMode::kELEMENT);
  element->setGatherAxis(1);
  auto* nd = p.network->addGatherV2(x, p.integers({1, 2}, {1, 0}), GatherMode::kND);
  auto* changed = p.network->addGather(x, p.integers({2, 1}, {1, 0}), 0);
  changed->setNbElementWiseDims(1);
  changed->setGatherAxis(1);
  EXPECT_EQ(plain->getMode(), GatherMode::kDEFAULT);
  EXPECT_EQ(nd->getMode(), GatherMode::kND);
  EXPECT_EQ(element->getGatherAxis(), 1);
  for (auto* layer : {plain, element, nd, changed}) p.output(*layer);
  const auto values = p.run({{"x", {{2, 2}, {1, 2, 3, 4}}}, {"which", {{1}, {1}}}});
  ASSERT_EQ(values.size(), 4u) << p.log.errors;
  expect_near(values[0], {2, 1}, {2, 4});
  expect_near(values[1], {2, 1}, {2, 3});
  expect_near(values[2], {1}, {3});
  expect_near(values[3], {2, 1}, {2, 3});
}

TEST(Layers, scatter_writes_updates) {
  Program p;
  ITensor& x = p.input("x", {2, 2});
  auto* element = p.network->addScatter(x, p.integers({1, 2}, {1, 0}), p.constant({1, 2}, {8, 9}), ScatterMode::kELEMENT);
  auto* nd = p.network->addScatter(x, p.integers({1, 1}, {1}), p.constant({1, 2}, {8, 9}), ScatterMode::kND);
  EXPECT_EQ(nd->getMode(), ScatterMode::kND);
  p.output(*element);
  p.output(*nd);
  const auto values = p.run({{"x", {{2, 2}, {1, 2, 3, 4}}}});
  expect_near(values[0], {2, 2}, {1, 9, 8, 4});
  expect_near(values[1], {2, 2}, {1, 2, 8, 9});
}

TEST(Layers, top_k_and_its_indices) {
  Program p;
  auto* layer = p.network->addTopK(p.input("x", {1, 4}), TopKOperation::kMAX, 1, 2);
  layer->setK(2);
  layer->setOperation(TopKOperation::kMIN);
  EXPECT_EQ(layer->getReduceAxes(), 2u);
  EXPECT_EQ(layer->getIndicesType(), DataType::kINT32);
  EXPECT_EQ(layer->getNbOutputs(), 2);
  p.output(*layer, 0);
  p.output(*layer, 1);
  const auto values = p.run({{"x", {{1, 4}, {4, 1, 3, 2}}}});
  expect_near(values[0], {1, 2}, {1, 2});
  expect_near(values[1], {1, 2}, {1, 3});
}

TEST(Layers, resize_by_dimensions_scales_and_a_tensor) {
  Program p;
  ITensor& x = p.input("x", {1, 1, 1, 2});
  auto* nearest = p.network->addResize(x);
  EXPECT_EQ(nearest->getScales(0, nullptr), -1);
  nearest->setOutputDimensions(Dims{4, {1, 1, 1, 4}});
  auto* linear = p.network->addResize(x);
  const float scales[] = {1, 1, 1, 2};
  linear->setScales(scales, 4);
  linear->setResizeMode(InterpolationMode::kLINEAR);
  linear->setCoordinateTransformation(ResizeCoordinateTransformation::kALIGN_CORNERS);
  float got[4] = {};
  EXPECT_EQ(linear->getScales(4, got), 4);
  EXPECT_EQ(got[3], 2);
  auto* dynamic = p.network->addResize(x);
  dynamic->setInput(1, p.integers({4}, {1, 1, 2, 2}));
  dynamic->setNearestRounding(ResizeRoundMode::kHALF_DOWN);
  EXPECT_EQ(dynamic->getNbInputs(), 2);
  auto* one = p.network->addResize(x);
  one->setOutputDimensions(Dims{4, {1, 1, 1, 1}});
  one->setResizeMode(InterpolationMode::kLINEAR);
  one->setCoordinateTransformation(ResizeCoordinateTransformation::kHALF_PIXEL);
  one->setSelectorForSinglePixel(ResizeSelector::kUPPER);
  for (auto* layer : {nearest, linear, dynamic, one}) p.output(*layer);
  const auto values = p.run({{"x", {{1, 1, 1, 2}, {1, 4}}}});
  ASSERT_EQ(values.size(), 4u) << p.log.errors;
  expect_near(values[0], {1, 1, 1, 4}, {1, 1, 4, 4});
  expect_near(values[1], {1, 1, 1, 4}, {1, 2, 3, 4});
  expect_near(values[2], {1, 1, 2, 2}, {1, 4, 1, 4});
  expect_near(values[3], {1, 1, 1, 1}, {1});
}

TEST(Layers, grid_sample_reads_between_pixels) {
  Program p;
  auto* layer = p.network->addGridSample(p.input("x", {1, 1, 1, 2}), p.input("grid", {1, 1, 2, 2}));
  layer->setAlignCorners(true);
  EXPECT_FALSE(layer->setSampleMode(SampleMode::kWRAP));
  EXPECT_TRUE(layer->setSampleMode(SampleMode::kCLAMP));
  EXPECT_EQ(layer->getSampleMode(), SampleMode::kCLAMP);
  p.output(*layer);
  expect_near(p.run({{"x", {{1, 1, 1, 2}, {2, 4}}}, {"grid", {{1, 1, 2, 2}, {0, 0, 5, 0}}}})[0], {1, 1, 1, 2}, {3, 4});
}

TEST(Layers, quantize_and_dequantize_by_tensor_axis_and_block) {
  Program p;
  ITensor& x = p.input("x", {2, 2});
  auto* q = p.network->addQuantize(x, p.constant({}, {0.5}), DataType::kINT8);
  auto* dq = p.network->addDequantize(*q->getOutput(0), p.constant({}, {0.5}), DataType::kFLOAT);
  auto* by_axis = p.network->addQuantize(x, p.constant({2}, {1, 2}), DataType::kINT8);
  by_axis->setAxis(0);
  auto* back = p.network->addDequantize(*by_axis->getOutput(0), p.constant({2}, {10, 20}), DataType::kFLOAT);
  back->setAxis(0);
  auto* blocks = p.network->addDequantize(*q->getOutput(0), p.constant({1, 2}, {1, 100}), DataType::kFLOAT);
  EXPECT_EQ(blocks->getBlockShape().d[0], 2);
  EXPECT_EQ(q->getToType(), DataType::kINT8);
  EXPECT_EQ(by_axis->getAxis(), 0);
  for (auto* layer : {dq, back, blocks}) p.output(*layer);
  const auto values = p.run({{"x", {{2, 2}, {1, 2.2, -3, 100}}}});
  ASSERT_EQ(values.size(), 3u) << p.log.errors;
  expect_near(values[0], {2, 2}, {1, 2, -3, 63.5});
  expect_near(values[1], {2, 2}, {10, 20, -40, 1000});
  expect_near(values[2], {2, 2}, {2, 400, -6, 12700});
}

TEST(Layers, dynamic_quantize_finds_its_scales) {
  Program p;
  auto* layer = p.network->addDynamicQuantize(p.input("x", {1, 4}), 1, 2, DataType::kINT8, DataType::kFLOAT);
  ASSERT_NE(layer, nullptr) << p.log.errors;
  EXPECT_EQ(layer->getBlockSize(), 2);
  EXPECT_EQ(layer->getAxis(), 1);
  p.output(*layer, 0);
  p.output(*layer, 1);
  const auto values = p.run({{"x", {{1, 4}, {127, -1, 0, 254}}}});
  expect_near(values[0], {1, 4}, {127, -1, 0, 127});
  expect_near(values[1], {1, 2}, {1, 2});
}

TEST(Layers, normalization_over_axes_and_groups) {
  Program p;
  ITensor& x = p.input("x", {1, 4, 1, 1});
  auto* layer = p.network->addNormalization(x, p.constant({1, 1, 1, 1}, {2}), p.constant({1, 1, 1, 1}, {1}), 2);
  layer->setEpsilon(0);
  auto* groups = p.network->addNormalizationV2(x, p.constant({1, 4, 1, 1}, {1, 1, 2, 2}), p.constant({1, 4, 1, 1}, {0, 0, 5, 5}), 12);
  groups->setNbGroups(2);
  groups->setEpsilon(0);
  EXPECT_FALSE(layer->isV2());
  EXPECT_TRUE(groups->isV2());
  EXPECT_EQ(layer->getAxes(), 2u);
  EXPECT_EQ(groups->getAxes(), 12u);
  p.output(*layer);
  p.output(*groups);
  const auto values = p.run({{"x", {{1, 4, 1, 1}, {1, 1, 3, 3}}}});
  ASSERT_EQ(values.size(), 2u) << p.log.errors;
  expect_near(values[0], {1, 4, 1, 1}, {-1, -1, 3, 3});
  Program q;
  auto* same =
      q.network->addNormalization(q.input("x", {1, 4, 1, 1}), q.constant({1, 2, 1, 1}, {1, 2}), q.constant({1, 2, 1, 1}, {0, 5}), 12);
  same->setNbGroups(2);
  same->setEpsilon(0);
  q.output(*same);
  expect_near(q.run({{"x", {{1, 4, 1, 1}, {1, 3, 10, 30}}}})[0], {1, 4, 1, 1}, {-1, 1, 3, 7});
}

TEST(Layers, ragged_softmax_leaves_the_rest_out) {
  Program p;
  auto* layer = p.network->addRaggedSoftMax(p.input("x", {2, 3}), p.input("bounds", {2, 1}, DataType::kINT32));
  ASSERT_NE(layer, nullptr) << p.log.errors;
  EXPECT_EQ(layer->getType(), LayerType::kRAGGED_SOFTMAX);
  p.output(*layer);
  expect_near(p.run({{"x", {{2, 3}, {1, 1, 9, 2, 2, 2}}}, {"bounds", {{2, 1}, {2, 1}}}})[0], {2, 3}, {0.5, 0.5, 0, 1, 0, 0});
}

TEST(Layers, fills_of_all_kinds) {
  Program p;
  auto* line = p.network->addFill(Dims{1, {3}}, FillOperation::kLINSPACE, DataType::kFLOAT);
  line->setAlpha(1);
  line->setBeta(0.5);
  auto* plane = p.network->addFill(Dims{2, {2, 2}}, FillOperation::kLINSPACE, DataType::kINT32);
  plane->setInput(1, p.integers({}, {5}));
  plane->setInput(2, p.integers({2}, {10, 1}));
  auto* random = p.network->addFill(Dims{1, {100}}, FillOperation::kRANDOM_UNIFORM, DataType::kFLOAT);
  random->setAlpha(2);
  random->setBeta(3);
  auto* large = p.network->addFill(Dims{1, {2}}, FillOperation::kLINSPACE, DataType::kINT64);
  large->setAlphaInt64(int64_t{1} << 60);
  large->setBetaInt64(1);
  EXPECT_TRUE(large->isAlphaBetaInt64());
  EXPECT_EQ(line->getAlpha(), 1);
  for (auto* layer : {line, plane, random, large}) p.output(*layer);
  const auto values = p.run({});
  ASSERT_EQ(values.size(), 4u) << p.log.errors;
  expect_near(values[0], {3}, {1, 1.5, 2});
  expect_near(values[1], {2, 2}, {5, 6, 15, 16});
  ASSERT_EQ(values[2].numbers.size(), 100u);
  double least = 9, most = 0;
  for (double number : values[2].numbers) {
    least = std::min(least, number);
    most = std::max(most, number);
  }
  EXPECT_GE(least, 2);
  EXPECT_LT(most, 3);
  EXPECT_GT(most - least, 0.5);
  expect_near(values[3], {2}, {std::ldexp(1, 60), std::ldexp(1, 60)});
}

TEST(Layers, one_hot_non_zero_and_reversed_sequences) {
  Program p;
  auto* hot = p.network->addOneHot(p.input("which", {2}, DataType::kINT32), p.constant({2}, {0, 5}), p.integers({}, {3}), -1);
  ASSERT_NE(hot, nullptr) << p.log.errors;
  EXPECT_EQ(hot->getInput(1)->getDimensions().nbDims, 1);
  auto* found = p.network->addNonZero(p.input("x", {2, 2}));
  auto* reversed = p.network->addReverseSequence(*p.network->getInput(1), p.integers({2}, {2, 1}));
  reversed->setBatchAxis(0);
  reversed->setSequenceAxis(1);
  p.output(*hot);
  p.output(*found);
  p.output(*reversed);
  const auto values = p.run({{"which", {{2}, {2, 0}}}, {"x", {{2, 2}, {0, 7, 8, 0}}}});
  ASSERT_EQ(values.size(), 3u) << p.log.errors;
  expect_near(values[0], {2, 3}, {0, 0, 5, 5, 0, 0});
  expect_near(values[1], {2, 2}, {0, 1, 1, 0});
  expect_near(values[2], {2, 2}, {7, 0, 8, 0});
}

TEST(Layers, boxes_of_each_class_and_their_number) {
  Program p;
  auto* layer = p.network->addNMS(p.input("boxes", {1, 3, 4}), p.input("scores", {1, 3, 1}), p.integers({}, {5}));
  ASSERT_NE(layer, nullptr) << p.log.errors;
  layer->setInput(3, p.constant({}, {0.5}));
  EXPECT_EQ(layer->getBoundingBoxFormat(), BoundingBoxFormat::kCORNER_PAIRS);
  EXPECT_EQ(layer->getNbOutputs(), 2);
  p.output(*layer, 0);
  p.output(*layer, 1);
  const auto values = p.run({{"boxes", {{1, 3, 4}, {0, 0, 2, 2, 0, 0, 2, 1.9, 5, 5, 6, 6}}}, {"scores", {{1, 3, 1}, {0.5, 0.9, 0.7}}}});
  ASSERT_EQ(values.size(), 2u) << p.log.errors;
  expect_near(values[0], {2, 3}, {0, 0, 1, 0, 0, 2});
  expect_near(values[1], {}, {2});
}

TEST(Layers, einsum_and_running_sums) {
  Program p;
  ITensor& x = p.input("x", {2, 2});
  ITensor* operands[] = {&x, &x};
  auto* product = p.network->addEinsum(operands, 2, "ij,kj->ik");
  EXPECT_TRUE(product->setEquation("ij,jk->ik"));
  EXPECT_STREQ(product->getEquation(), "ij,jk->ik");
  auto* sums = p.network->addCumulative(x, p.integers({}, {1}), CumulativeOperation::kSUM, false, false);
  ASSERT_NE(sums, nullptr) << p.log.errors;
  sums->setReverse(true);
  EXPECT_EQ(sums->getNbInputs(), 2);
  p.output(*product);
  p.output(*sums);
  const auto values = p.run({{"x", {{2, 2}, {1, 2, 3, 4}}}});
  expect_near(values[0], {2, 2}, {7, 10, 15, 22});
  expect_near(values[1], {2, 2}, {3, 2, 7, 4});
}

TEST(Layers, squeeze_unsqueeze_and_vectors) {
  Program p;
  ITensor& x = p.input("x", {1, 2});
  auto* squeezed = p.network->addSqueeze(x, p.integers({1}, {0}));
  auto* unsqueezed = p.network->addUnsqueeze(x, p.integers({2}, {0, 3}));
  ASSERT_NE(unsqueezed, nullptr) << p.log.errors;
  auto* product = p.network->addMatrixMultiply(*squeezed->getOutput(0), MatrixOperation::kVECTOR, p.constant({2, 2}, {1, 2, 3, 4}),
                                               MatrixOperation::kTRANSPOSE);
  ASSERT_NE(product, nullptr) << p.log.errors;
  EXPECT_EQ(product->getOperation(0), MatrixOperation::kVECTOR);
  auto* rows = p.network->addMatrixMultiply(x, MatrixOperation::kNONE, p.constant({2, 1}, {1, 1}), MatrixOperation::kNONE);
  rows->setOperation(0, MatrixOperation::kVECTOR);  // a batch of vectors needs a batch of matrices
  rows->setInput(1, p.constant({1, 2, 1}, {5, 6}));
  p.output(*squeezed);
  p.output(*unsqueezed);
  p.output(*product);
  p.output(*rows);
  const auto values = p.run({{"x", {{1, 2}, {1, 2}}}});
  ASSERT_EQ(values.size(), 4u) << p.log.errors;
  expect_near(values[0], {2}, {1, 2});
  expect_near(values[1], {1, 1, 2, 1}, {1, 2});
  expect_near(values[2], {2}, {5, 11});
  expect_near(values[3], {1, 1}, {17});
}

TEST(Layers, assertions_fail_the_run_with_their_message) {
  Program p;
  ITensor& x = p.input("x", {1}, DataType::kBOOL);
  auto* layer = p.network->addAssertion(x, "nobody is home");
  ASSERT_NE(layer, nullptr) << p.log.errors;
  EXPECT_EQ(layer->getNbOutputs(), 0);
  p.output(*p.network->addIdentity(x));
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  bool in = true, out = false;
  context->setTensorAddress(engine->getIOTensorName(0), &in);
  context->setTensorAddress(engine->getIOTensorName(1), &out);
  void* bindings[] = {&in, &out};
  EXPECT_TRUE(context->executeV2(bindings)) << p.log.errors;
  EXPECT_TRUE(out);
  in = false;
  EXPECT_FALSE(context->executeV2(bindings));
  EXPECT_NE(p.log.errors.find("nobody is home"), std::string::npos) << p.log.errors;
}

TEST(Layers, attention_with_masks) {
  Program p;
  ITensor &q = p.input("q", {1, 1, 1, 1}), &k = p.input("k", {1, 1, 2, 1}), &v = p.input("v", {1, 1, 2, 1});
  auto* plain = p.network->addAttention(q, k, v, AttentionNormalizationOp::kSOFTMAX, false);
  ASSERT_NE(plain, nullptr) << p.log.errors;
  EXPECT_TRUE(plain->setName("attends"));
  auto* masked = p.network->addAttention(q, k, v, AttentionNormalizationOp::kSOFTMAX, false);
  EXPECT_TRUE(masked->setMask(p.constant({1, 1, 1, 2}, {0, -1000})));
  EXPECT_EQ(masked->getNbInputs(), 4);
  auto* raw = p.network->addAttentionV2(q, k, v, AttentionNormalizationOp::kNONE, CausalMaskKind::kNONE);
  EXPECT_EQ(raw->getNormalizationOperation(), AttentionNormalizationOp::kNONE);
  EXPECT_FALSE(raw->setQueryForm(AttentionIOForm::kPACKED_NHD));
  EXPECT_EQ(p.network->getLayer(0)->getType(), LayerType::kATTENTION_OUTPUT);
  for (auto* attention : {plain, masked, raw}) p.mark(*attention->getOutput(0));
  const auto values = p.run({{"q", {{1, 1, 1, 1}, {2}}}, {"k", {{1, 1, 2, 1}, {1, 3}}}, {"v", {{1, 1, 2, 1}, {10, 20}}}});
  ASSERT_EQ(values.size(), 3u) << p.log.errors;
  const double weight = 1 / (1 + std::exp(4.0));
  expect_near(values[0], {1, 1, 1, 1}, {10 * weight + 20 * (1 - weight)}, 1e-4);
  expect_near(values[1], {1, 1, 1, 1}, {10}, 1e-4);
  expect_near(values[2], {1, 1, 1, 1}, {140}, 1e-4);
}

TEST(Layers, mixture_of_experts) {
  Program p;
  auto* layer = p.network->addMoE(p.input("x", {1, 2, 1}), p.input("experts", {1, 2, 1}, DataType::kINT32), p.input("scores", {1, 2, 1}));
  ASSERT_NE(layer, nullptr) << p.log.errors;
  p.output(*layer);
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("setGatedWeights"), std::string::npos) << p.log.errors;
  layer->setGatedWeights(p.constant({2, 1, 1}, {1, 2}), p.constant({2, 1, 1}, {3, 4}), p.constant({2, 1, 1}, {1, 10}), MoEActType::kNONE);
  expect_near(p.run({{"x", {{1, 2, 1}, {1, 2}}}, {"experts", {{1, 2, 1}, {1, 0}}}, {"scores", {{1, 2, 1}, {0.5, 1}}}})[0], {1, 2, 1},
              {40, 12});
}

TEST(Layers, collectives_of_one_device) {
  Program p;
  auto* layer = p.network->addDistCollective(p.input("x", {2}), CollectiveOperation::kALL_REDUCE, ReduceOperation::kSUM, 0, nullptr, 0);
  ASSERT_NE(layer, nullptr);
  p.output(*layer);
  expect_near(p.run({{"x", {{2}, {1, 2}}}})[0], {2}, {1, 2});
}

TEST(Layers, fully_connected_and_recurrent_layers_of_the_past) {
  Program p;
  auto* full = p.network->addFullyConnected(p.input("image", {1, 2, 1, 1}), 1, p.weights({10, 1}), p.weights({0.5}));
  ASSERT_NE(full, nullptr) << p.log.errors;
  EXPECT_EQ(full->getNbOutputChannels(), 1);
  auto* rnn = p.network->addRNNv2(p.input("x", {1, 2, 1}), 2, 1, 2, RNNOperation::kRELU);
  ASSERT_NE(rnn, nullptr) << p.log.errors;
  for (int32_t layer = 0; layer < 2; ++layer) {
    rnn->setWeightsForGate(layer, RNNGateType::kINPUT, true, p.weights({static_cast<float>(layer + 1)}));
    rnn->setWeightsForGate(layer, RNNGateType::kINPUT, false, p.weights({1}));
  }
  EXPECT_EQ(rnn->getWeightsForGate(1, RNNGateType::kINPUT, true).count, 1);
  p.output(*full);
  p.output(*rnn, 0);
  p.output(*rnn, 1);
  const auto values = p.run({{"image", {{1, 2, 1, 1}, {1, 2}}}, {"x", {{1, 2, 1}, {1, 2}}}});
  ASSERT_EQ(values.size(), 3u) << p.log.errors;
  expect_near(values[0], {1, 1, 1, 1}, {12.5});
  expect_near(values[1], {1, 2, 1}, {2, 8});
  expect_near(values[2], {1, 2, 1}, {3, 8});
}

}  // namespace
