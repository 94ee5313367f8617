// Every setting of every class of layer: value at first, a good one, bad ones.
#include "settings.h"

#include <cmath>
#include <limits>

using namespace harness;

namespace {

const float kNaN = std::numeric_limits<float>::quiet_NaN();
const Dims kTooMany = [] {
  Dims dims{};
  dims.nbDims = 9;
  return dims;
}();
const Dims kFewerThanNone = [] {
  Dims dims{};
  dims.nbDims = -1;
  return dims;
}();

Dims hw(int64_t a, int64_t b) { return Dims{2, {a, b}}; }
Permutation order(int32_t a, int32_t b) { return Permutation{{a, b, 2, 3, 4, 5, 6, 7}}; }

struct Settings : testing::Test {
  Program program;
  INetworkDefinition& network = *program.network;
  ITensor& image = program.input("image", {1, 2, 8, 8});
  ITensor& matrix = program.input("matrix", {4, 6});
  ITensor& integers = program.input("integers", {4, 6}, DataType::kINT32);
  const Weights none{DataType::kFLOAT, nullptr, 0};
  // What the layers are in the end still builds.
  void builds(ILayer& layer, int32_t output = 0) {
    program.output(layer, output);
    EXPECT_NE(program.engine(), nullptr) << program.log.errors;
  }
};

TEST_F(Settings, convolutions) {
  const std::vector<float> values(2 * 2 * 3 * 3, 0.5f);
  const Weights kernel = program.weights(values), other = program.weights(std::vector<float>(36, 2.0f)), bias = program.weights({1, 2});
  const auto check = [&](auto& layer, bool forward) {
    SETTING(layer, setNbOutputMaps, getNbOutputMaps, 2, 1, 0, -1);
    SETTING(layer, setKernelSizeNd, getKernelSizeNd, hw(3, 3), hw(1, 9), hw(0, 3), hw(3, -1), kTooMany, kFewerThanNone);
    SETTING(layer, setStrideNd, getStrideNd, hw(1, 1), hw(2, 3), hw(0, 1), hw(1, -1), kTooMany, kFewerThanNone);
    SETTING(layer, setDilationNd, getDilationNd, hw(1, 1), hw(2, 1), hw(0, 1), hw(1, -1), kTooMany, kFewerThanNone);
    SETTING(layer, setPaddingNd, getPaddingNd, hw(0, 0), hw(1, 1), hw(-1, 0), kTooMany, kFewerThanNone);
    SETTING(layer, setPrePadding, getPrePadding, hw(0, 0), hw(1, 0), hw(-1, 0), kTooMany, kFewerThanNone);
    SETTING(layer, setPostPadding, getPostPadding, hw(0, 0), hw(0, 1), hw(0, -1), kTooMany, kFewerThanNone);
    SETTING(layer, setPaddingMode, getPaddingMode, PaddingMode::kEXPLICIT_ROUND_DOWN, PaddingMode::kSAME_UPPER, none_of<PaddingMode>());
    SETTING(layer, setNbGroups, getNbGroups, 1, 2, 0, -3);
    SETTING(layer, setKernelWeights, getKernelWeights, kernel, other);
    SETTING(layer, setBiasWeights, getBiasWeights, none, bias);
    // The spellings of up to generation 7.
    SETTING(layer, setKernelSize, getKernelSize, DimsHW(3, 3), DimsHW(1, 9), DimsHW(0, 3));
    SETTING(layer, setStride, getStride, DimsHW(1, 1), DimsHW(2, 2), DimsHW(0, 1));
    SETTING(layer, setPadding, getPadding, DimsHW(0, 0), DimsHW(1, 1), DimsHW(-1, 0));
    if constexpr (std::is_base_of_v<IConvolutionLayer, std::decay_t<decltype(layer)>>)
      SETTING(layer, setDilation, getDilation, DimsHW(1, 1), DimsHW(2, 1), DimsHW(0, 1));
    EXPECT_EQ(layer.getOutput(0)->getDimensions().d[2], forward ? 6 : 10);
  };
  IConvolutionLayer* convolution = network.addConvolutionNd(image, 2, hw(3, 3), kernel, none);
  ASSERT_NE(convolution, nullptr) << program.log.errors;
  check(*convolution, true);
  IDeconvolutionLayer* deconvolution = network.addDeconvolutionNd(image, 2, hw(3, 3), kernel, none);
  ASSERT_NE(deconvolution, nullptr) << program.log.errors;
  check(*deconvolution, false);
  IDeconvolutionLayer* retired = network.addDeconvolution(image, 2, DimsHW(3, 3), kernel, none);
  ASSERT_NE(retired, nullptr);
  EXPECT_EQ(retired->getKernelSize().w(), 3);
  program.output(*retired);
  program.output(*convolution);
  builds(*deconvolution);
}

TEST_F(Settings, pooling_and_padding) {
  IPoolingLayer* pool = network.addPoolingNd(image, PoolingType::kAVERAGE, hw(2, 2));
  ASSERT_NE(pool, nullptr);
  IPoolingLayer& layer = *pool;
  SETTING(layer, setPoolingType, getPoolingType, PoolingType::kAVERAGE, PoolingType::kMAX, none_of<PoolingType>());
  SETTING(layer, setWindowSizeNd, getWindowSizeNd, hw(2, 2), hw(3, 1), hw(0, 2), kTooMany, kFewerThanNone);
  SETTING(layer, setStrideNd, getStrideNd, hw(1, 1), hw(1, 3), hw(0, 2), hw(1, -1), kTooMany, kFewerThanNone);
  SETTING(layer, setPaddingNd, getPaddingNd, hw(0, 0), hw(1, 1), hw(-1, 0), kTooMany);
  SETTING(layer, setPrePadding, getPrePadding, hw(0, 0), hw(1, 0), hw(-1, 0), kTooMany);
  SETTING(layer, setPostPadding, getPostPadding, hw(0, 0), hw(0, 1), hw(-1, 0), kTooMany);
  SETTING(layer, setPaddingMode, getPaddingMode, PaddingMode::kEXPLICIT_ROUND_DOWN, PaddingMode::kEXPLICIT_ROUND_UP,
          none_of<PaddingMode>());
  SETTING(layer, setAverageCountExcludesPadding, getAverageCountExcludesPadding, true, false);
  SETTING(layer, setBlendFactor, getBlendFactor, 0, 0.25f, kNaN);
  SETTING(layer, setWindowSize, getWindowSize, DimsHW(2, 2), DimsHW(1, 2), DimsHW(0, 2));
  SETTING(layer, setStride, getStride, DimsHW(1, 1), DimsHW(2, 2), DimsHW(0, 2));
  SETTING(layer, setPadding, getPadding, DimsHW(0, 0), DimsHW(1, 1), DimsHW(0, -1));
  IPaddingLayer* padding = network.addPaddingNd(image, hw(1, 0), hw(0, 1));
  ASSERT_NE(padding, nullptr);
  IPaddingLayer& pad = *padding;
  SETTING(pad, setPrePaddingNd, getPrePaddingNd, hw(1, 0), hw(2, 2), kTooMany, kFewerThanNone);
  SETTING(pad, setPostPaddingNd, getPostPaddingNd, hw(0, 1), hw(-1, 2), kTooMany, kFewerThanNone);
  SETTING(pad, setPrePadding, getPrePadding, DimsHW(1, 0), DimsHW(2, 2));
  SETTING(pad, setPostPadding, getPostPadding, DimsHW(0, 1), DimsHW(2, 2));
  IPaddingLayer* retired = network.addPadding(image, DimsHW(1, 1), DimsHW(0, 0));
  ASSERT_NE(retired, nullptr);
  EXPECT_EQ(retired->getOutput(0)->getDimensions().d[2], 9);
  program.output(*retired);
  program.output(layer);
  builds(pad);
}

TEST_F(Settings, pointwise_layers) {
  IActivationLayer& activation = *network.addActivation(matrix, ActivationType::kCLIP);
  SETTING(activation, setActivationType, getActivationType, ActivationType::kCLIP, ActivationType::kELU, none_of<ActivationType>());
  SETTING(activation, setAlpha, getAlpha, 0, -1.5f, kNaN);
  SETTING(activation, setBeta, getBeta, 0, 2.5f, kNaN);
  IUnaryLayer& unary = *network.addUnary(matrix, UnaryOperation::kABS);
  SETTING(unary, setOperation, getOperation, UnaryOperation::kABS, UnaryOperation::kEXP, none_of<UnaryOperation>());
  IElementWiseLayer& elementwise = *network.addElementWise(matrix, matrix, ElementWiseOperation::kSUM);
  SETTING(elementwise, setOperation, getOperation, ElementWiseOperation::kSUM, ElementWiseOperation::kMAX, none_of<ElementWiseOperation>());
  const Weights one = program.weights({2}), two = program.weights({3});
  IScaleLayer& scale = *network.addScale(image, ScaleMode::kUNIFORM, none, one, none);
  SETTING(scale, setShift, getShift, none, two);
  SETTING(scale, setScale, getScale, one, two);
  SETTING(scale, setPower, getPower, none, two);
  SETTING(scale, setMode, getMode, ScaleMode::kUNIFORM, ScaleMode::kUNIFORM, none_of<ScaleMode>());
  SETTING(scale, setChannelAxis, getChannelAxis, 1, 2, -1, 9);
  ICastLayer& cast = *network.addCast(matrix, DataType::kHALF);
  SETTING(cast, setToType, getToType, DataType::kHALF, DataType::kINT32, none_of<DataType>());
  IParametricReLULayer* prelu = network.addParametricReLU(matrix, program.constant({1, 6}, {1, 2, 3, 4, 5, 6}));
  ASSERT_NE(prelu, nullptr) << program.log.errors;
  EXPECT_EQ(prelu->getType(), LayerType::kPARAMETRIC_RELU);
  for (ILayer* layer : std::vector<ILayer*>{&activation, &unary, &elementwise, &scale, &cast}) program.output(*layer);
  builds(*prelu);
}

TEST_F(Settings, rows_of_numbers) {
  IReduceLayer& reduce = *network.addReduce(matrix, ReduceOperation::kSUM, 1, false);
  SETTING(reduce, setOperation, getOperation, ReduceOperation::kSUM, ReduceOperation::kAVG, none_of<ReduceOperation>());
  SETTING(reduce, setReduceAxes, getReduceAxes, 1u, 3u, 4u);
  SETTING(reduce, setKeepDimensions, getKeepDimensions, false, true);
  ISoftMaxLayer& softmax = *network.addSoftMax(matrix);
  SETTING(softmax, setAxes, getAxes, 1u, 2u, 0u, 4u);
  ITopKLayer& top = *network.addTopK(matrix, TopKOperation::kMAX, 2, 2);
  SETTING(top, setOperation, getOperation, TopKOperation::kMAX, TopKOperation::kMIN, none_of<TopKOperation>());
  SETTING(top, setK, getK, 2, 3, -1);
  SETTING(top, setReduceAxes, getReduceAxes, 2u, 1u, 4u, 3u, 0u);
  SETTING(top, setIndicesType, getIndicesType, DataType::kINT32, DataType::kINT64, DataType::kFLOAT, none_of<DataType>());
  ICumulativeLayer& cumulative = *network.addCumulative(matrix, program.integers({}, {1}), CumulativeOperation::kSUM, false, false);
  SETTING(cumulative, setOperation, getOperation, CumulativeOperation::kSUM, CumulativeOperation::kSUM, none_of<CumulativeOperation>());
  SETTING(cumulative, setExclusive, getExclusive, false, true);
  SETTING(cumulative, setReverse, getReverse, false, true);
  ILRNLayer& lrn = *network.addLRN(image, 3, 1, 0.75f, 2);
  SETTING(lrn, setWindowSize, getWindowSize, 3, 5, 0, 2, -1);
  SETTING(lrn, setAlpha, getAlpha, 1, 2, kNaN);
  SETTING(lrn, setBeta, getBeta, 0.75f, 0.5f, kNaN);
  SETTING(lrn, setK, getK, 2, 1, kNaN);
  const std::vector<float> ones(2, 1.0f);
  INormalizationLayer& normalization =
      *network.addNormalization(image, program.constant({1, 2, 1, 1}, ones), program.constant({1, 2, 1, 1}, ones), 12);
  SETTING(normalization, setEpsilon, getEpsilon, 1e-5f, 1e-3f, kNaN);
  SETTING(normalization, setAxes, getAxes, 12u, 8u, 1u << 7);
  SETTING(normalization, setNbGroups, getNbGroups, 1, 1, 0, -2);
  SETTING(normalization, setComputePrecision, getComputePrecision, DataType::kFLOAT, DataType::kHALF, DataType::kINT32,
          none_of<DataType>());
  EXPECT_FALSE(normalization.isV2());
  for (ILayer* layer : std::vector<ILayer*>{&reduce, &softmax, &top, &cumulative, &lrn}) program.output(*layer);
  builds(normalization);
}

TEST_F(Settings, products) {
  IMatrixMultiplyLayer& product = *network.addMatrixMultiply(matrix, MatrixOperation::kNONE, matrix, MatrixOperation::kTRANSPOSE);
  for (int32_t index : {0, 1}) {
    const MatrixOperation now = product.getOperation(index);
    product.setOperation(index, none_of<MatrixOperation>());
    EXPECT_EQ(product.getOperation(index), now);
    EXPECT_NE(program.log.errors, "");
    program.log.errors.clear();
    product.setTranspose(index, product.getTranspose(index));
    EXPECT_EQ(product.getTranspose(index), index == 1);
  }
  product.setOperation(2, MatrixOperation::kNONE);
  EXPECT_NE(program.log.errors, "");
  EXPECT_EQ(product.getOperation(2), MatrixOperation::kNONE);
  ITensor* two[] = {&matrix, &matrix};
  IEinsumLayer& einsum = *network.addEinsum(two, 2, "ij,kj->ik");
  SETTING(einsum, setEquation, getEquation, "ij,kj->ik", "ij,kj->ki", "", "->->", nullptr);
  program.output(product);
  builds(einsum);
}

TEST_F(Settings, moves) {
  IShuffleLayer& shuffle = *network.addShuffle(matrix);
  SETTING(shuffle, setFirstTranspose, getFirstTranspose, order(0, 1), order(1, 0), order(1, 1), order(0, 5), order(-1, 0));
  SETTING(shuffle, setSecondTranspose, getSecondTranspose, order(0, 1), order(1, 0), order(1, 1), order(0, 5));
  SETTING(shuffle, setZeroIsPlaceholder, getZeroIsPlaceholder, true, false);
  shuffle.setReshapeDimensions(hw(6, 4));
  SETTING(shuffle, setReshapeDimensions, getReshapeDimensions, hw(6, 4), hw(3, -1), hw(-2, 4), kTooMany, kFewerThanNone);
  ISliceLayer& slice = *network.addSlice(matrix, hw(0, 1), hw(2, 2), hw(1, 2));
  SETTING(slice, setStart, getStart, hw(0, 1), hw(1, 0), kTooMany, kFewerThanNone);
  SETTING(slice, setSize, getSize, hw(2, 2), hw(1, 1), kTooMany, kFewerThanNone);
  SETTING(slice, setStride, getStride, hw(1, 2), hw(2, 1), kTooMany, kFewerThanNone);
  SETTING(slice, setMode, getMode, SampleMode::kSTRICT_BOUNDS, SampleMode::kWRAP, none_of<SampleMode>());
  ITensor* both[] = {&matrix, &matrix};
  IConcatenationLayer& joined = *network.addConcatenation(both, 2);
  SETTING(joined, setAxis, getAxis, 0, 1, 2, -3);
  const Weights values = program.weights({1, 2, 3, 4, 5, 6}), others = program.weights({6, 5, 4, 3, 2, 1});
  IConstantLayer& constant = *network.addConstant(hw(2, 3), values);
  SETTING(constant, setWeights, getWeights, values, others);
  SETTING(constant, setDimensions, getDimensions, hw(2, 3), hw(3, 2), hw(-1, 3), kTooMany, kFewerThanNone);
  IGatherLayer& gather = *network.addGather(matrix, program.integers({2}, {0, 1}), 0);
  SETTING(gather, setGatherAxis, getGatherAxis, 0, 1, 2, -3);
  SETTING(gather, setMode, getMode, GatherMode::kDEFAULT, GatherMode::kDEFAULT, none_of<GatherMode>());
  SETTING(gather, setNbElementWiseDims, getNbElementWiseDims, 0, 0, -1, 7);
  IReverseSequenceLayer& reverse = *network.addReverseSequence(matrix, program.integers({6}, {1, 2, 3, 4, 1, 2}));
  SETTING(reverse, setBatchAxis, getBatchAxis, 1, 1, 7);
  SETTING(reverse, setSequenceAxis, getSequenceAxis, 0, 0, 7);
  IScatterLayer& scatter = *network.addScatter(matrix, integers, matrix, ScatterMode::kELEMENT);
  SETTING(scatter, setMode, getMode, ScatterMode::kELEMENT, ScatterMode::kELEMENT, none_of<ScatterMode>());
  SETTING(scatter, setAxis, getAxis, 0, 1, 2, -3);
  for (ILayer* layer : std::vector<ILayer*>{&shuffle, &slice, &joined, &constant, &gather, &reverse}) program.output(*layer);
  builds(scatter);
}

TEST_F(Settings, indices_and_boxes) {
  INonZeroLayer& places = *network.addNonZero(matrix);
  SETTING(places, setIndicesType, getIndicesType, DataType::kINT32, DataType::kINT64, DataType::kHALF, none_of<DataType>());
  IOneHotLayer& hot = *network.addOneHot(integers, program.constant({2}, {0, 1}), program.integers({}, {3}), -1);
  SETTING(hot, setAxis, getAxis, -1, 0, 5, -9);
  ITensor &boxes = program.input("boxes", {1, 4, 2, 4}), &scores = program.input("scores", {1, 4, 2});
  INMSLayer* chosen = network.addNMS(boxes, scores, program.integers({}, {3}));
  ASSERT_NE(chosen, nullptr) << program.log.errors;
  INMSLayer& nms = *chosen;
  SETTING(nms, setBoundingBoxFormat, getBoundingBoxFormat, BoundingBoxFormat::kCORNER_PAIRS, BoundingBoxFormat::kCENTER_SIZES,
          none_of<BoundingBoxFormat>());
  SETTING(nms, setTopKBoxLimit, getTopKBoxLimit, 5000, 100, -5);
  SETTING(nms, setIndicesType, getIndicesType, DataType::kINT32, DataType::kINT64, DataType::kFLOAT, none_of<DataType>());
  IAssertionLayer& assertion = *network.addAssertion(
      *network.addElementWise(program.integers({1}, {1}), program.integers({1}, {1}), ElementWiseOperation::kEQUAL)->getOutput(0),
      "as it should be");
  SETTING(assertion, setMessage, getMessage, "as it should be", "what else");
  program.output(places);
  program.output(hot);
  builds(nms);
}

TEST_F(Settings, sampling) {
  IResizeLayer& resize = *network.addResize(image);
  resize.setOutputDimensions(dims({1, 2, 4, 4}));
  SETTING(resize, setOutputDimensions, getOutputDimensions, dims({1, 2, 4, 4}), dims({1, 2, 16, 16}), dims({1, 2, -1, 4}), kTooMany,
          kFewerThanNone);
  SETTING(resize, setResizeMode, getResizeMode, InterpolationMode::kNEAREST, InterpolationMode::kLINEAR, none_of<InterpolationMode>());
  SETTING(resize, setCoordinateTransformation, getCoordinateTransformation, ResizeCoordinateTransformation::kASYMMETRIC,
          ResizeCoordinateTransformation::kHALF_PIXEL, none_of<ResizeCoordinateTransformation>());
  SETTING(resize, setSelectorForSinglePixel, getSelectorForSinglePixel, ResizeSelector::kFORMULA, ResizeSelector::kUPPER,
          none_of<ResizeSelector>());
  SETTING(resize, setNearestRounding, getNearestRounding, ResizeRoundMode::kFLOOR, ResizeRoundMode::kCEIL, none_of<ResizeRoundMode>());
  SETTING(resize, setCubicCoeff, getCubicCoeff, -0.75f, -0.5f, kNaN);
  SETTING(resize, setExcludeOutside, getExcludeOutside, false, true);
  SETTING(resize, setAlignCorners, getAlignCorners, false, true);
  const float halves[] = {1, 1, 0.5f, 0.5f};
  resize.setScales(nullptr, 4);
  EXPECT_NE(program.log.errors, "");
  program.log.errors.clear();
  resize.setScales(halves, 2);
  EXPECT_NE(program.log.errors, "");
  program.log.errors.clear();
  IGridSampleLayer& grid = *network.addGridSample(image, program.input("grid", {1, 4, 4, 2}));
  SETTING(grid, setInterpolationMode, getInterpolationMode, InterpolationMode::kLINEAR, InterpolationMode::kNEAREST,
          none_of<InterpolationMode>());
  SETTING(grid, setAlignCorners, getAlignCorners, false, true);
  SETTING(grid, setSampleMode, getSampleMode, SampleMode::kFILL, SampleMode::kCLAMP, none_of<SampleMode>());
  program.output(grid);
  builds(resize);
}

TEST_F(Settings, fills) {
  IFillLayer& fill = *network.addFill(hw(2, 3), FillOperation::kLINSPACE, DataType::kFLOAT);
  fill.setInput(1, program.constant({}, {0}));
  fill.setInput(2, program.constant({2}, {1, 1}));
  IFillLayer& uniform = *network.addFill(hw(2, 3), FillOperation::kRANDOM_UNIFORM, DataType::kFLOAT);
  SETTING(uniform, setDimensions, getDimensions, hw(2, 3), hw(3, 2), hw(-1, 2), kTooMany, kFewerThanNone);
  SETTING(uniform, setOperation, getOperation, FillOperation::kRANDOM_UNIFORM, FillOperation::kRANDOM_NORMAL, none_of<FillOperation>());
  SETTING(uniform, setAlpha, getAlpha, 0, -2, std::nan(""));
  SETTING(uniform, setBeta, getBeta, 1, 3, std::nan(""));
  SETTING(uniform, setToType, getToType, DataType::kFLOAT, DataType::kHALF, none_of<DataType>());
  IFillLayer& counted = *network.addFill(Dims{1, {3}}, FillOperation::kLINSPACE, DataType::kINT64);
  EXPECT_FALSE(uniform.isAlphaBetaInt64());
  SETTING(counted, setAlphaInt64, getAlphaInt64, 0, 5);
  SETTING(counted, setBetaInt64, getBetaInt64, 1, 2);
  EXPECT_TRUE(counted.isAlphaBetaInt64());
  program.output(counted);
  builds(uniform);
}

TEST_F(Settings, quantizing) {
  ITensor& step = program.constant({}, {0.5f});
  ITensor& steps = program.constant({6}, {1, 1, 1, 1, 1, 1});
  IQuantizeLayer& quantize = *network.addQuantize(matrix, steps, DataType::kINT8);
  quantize.setAxis(1);
  SETTING(quantize, setAxis, getAxis, 1, 1, 7);
  SETTING(quantize, setToType, getToType, DataType::kINT8, DataType::kFP8, DataType::kINT32, none_of<DataType>());
  IDequantizeLayer& dequantize =
      *network.addDequantize(*network.addQuantize(matrix, step, DataType::kINT8)->getOutput(0), step, DataType::kFLOAT);
  SETTING(dequantize, setAxis, getAxis, dequantize.getAxis(), 1, 7);
  SETTING(dequantize, setToType, getToType, DataType::kFLOAT, DataType::kHALF, DataType::kINT32, none_of<DataType>());
  EXPECT_FALSE(quantize.setBlockShape(kTooMany));
  EXPECT_FALSE(dequantize.setBlockShape(kFewerThanNone));
  EXPECT_FALSE(quantize.setBlockShape(hw(0, 1)));
  EXPECT_EQ(quantize.getBlockShape().nbDims, -1);
  EXPECT_EQ(dequantize.getBlockShape().nbDims, -1);
  program.log.errors.clear();
  ITensor& wide = program.input("wide", {2, 32});
  IDynamicQuantizeLayer* made = network.addDynamicQuantize(wide, 1, 16, DataType::kFP4, DataType::kFP8);
  ASSERT_NE(made, nullptr) << program.log.errors;
  IDynamicQuantizeLayer& dynamic = *made;
  SETTING(dynamic, setAxis, getAxis, 1, 0, 5);
  SETTING(dynamic, setBlockSize, getBlockSize, 16, 16, 0, -1);
  SETTING(dynamic, setToType, getToType, DataType::kFP4, DataType::kFP4, DataType::kINT32, none_of<DataType>());
  SETTING(dynamic, setScaleType, getScaleType, DataType::kFP8, DataType::kFP8, DataType::kINT32, none_of<DataType>());
  SETTING(dynamic, setBlockShape, getBlockShape, hw(1, 16), hw(1, 16), kTooMany, kFewerThanNone);
  EXPECT_NE(network.addDynamicQuantizeV2(wide, hw(1, 16), DataType::kFP4, DataType::kFP8), nullptr) << program.log.errors;
  program.output(quantize);
  builds(dequantize);
}

TEST_F(Settings, transformers) {
  ITensor &q = program.input("q", {1, 2, 4, 8}), &k = program.input("k", {1, 2, 4, 8}), &v = program.input("v", {1, 2, 4, 8});
  IAttention& attention = *network.addAttention(q, k, v, AttentionNormalizationOp::kSOFTMAX, false);
  SETTING(attention, setNormalizationOperation, getNormalizationOperation, AttentionNormalizationOp::kSOFTMAX,
          AttentionNormalizationOp::kNONE, none_of<AttentionNormalizationOp>());
  SETTING(attention, setCausal, getCausal, false, true);
  SETTING(attention, setCausalKind, getCausalKind, CausalMaskKind::kNONE, CausalMaskKind::kLOWER_RIGHT, none_of<CausalMaskKind>());
  SETTING(attention, setDecomposable, getDecomposable, false, true);
  SETTING(attention, setQueryForm, getQueryForm, AttentionIOForm::kPADDED_BHND, AttentionIOForm::kPADDED_BHND, none_of<AttentionIOForm>());
  SETTING(attention, setKeyValueForm, getKeyValueForm, AttentionIOForm::kPADDED_BHND, AttentionIOForm::kPADDED_BHND,
          none_of<AttentionIOForm>());
  SETTING(attention, setName, getName, attention.getName(), "look at this");
  SETTING(attention, setMetadata, getMetadata, "", "from the paper");
  SETTING(attention, setNbRanks, getNbRanks, 1, 1, 0, -1);
  EXPECT_EQ(attention.getNbInputs(), 3);
  EXPECT_EQ(attention.getInput(0), &q);
  EXPECT_EQ(attention.getInput(7), nullptr);
  EXPECT_EQ(attention.getOutput(1), nullptr);
  EXPECT_FALSE(attention.setInput(5, q));
  EXPECT_EQ(attention.getMask(), nullptr);
  EXPECT_TRUE(attention.setMask(program.constant({1, 1, 4, 4}, std::vector<float>(16, 0.0f))));
  EXPECT_NE(attention.getMask(), nullptr);
  EXPECT_EQ(attention.getQueryLengths(), nullptr);
  EXPECT_EQ(attention.getKeyValueLengths(), nullptr);
  EXPECT_FALSE(attention.setQueryLengths(&q));
  EXPECT_FALSE(attention.setKeyValueLengths(&q));
  EXPECT_EQ(attention.getNormalizationQuantizeScale(), nullptr);
  program.log.errors.clear();
  EXPECT_FALSE(attention.setNormalizationQuantizeToType(DataType::kINT32));
  EXPECT_FALSE(attention.setNormalizationQuantizeToType(none_of<DataType>()));
  program.log.errors.clear();
  EXPECT_TRUE(attention.setNormalizationQuantizeScale(program.constant({}, {1.0f / 127})));
  EXPECT_TRUE(attention.setNormalizationQuantizeToType(DataType::kINT8));
  EXPECT_EQ(attention.getNormalizationQuantizeToType(), DataType::kINT8);
  EXPECT_NE(attention.getNormalizationQuantizeScale(), nullptr);
  EXPECT_EQ(program.log.errors, "");
  auto* border = dynamic_cast<IAttentionBoundaryLayer*>(network.getLayer(network.getNbLayers() - 1));
  for (int32_t i = 0; i < network.getNbLayers() && !border; ++i) border = dynamic_cast<IAttentionBoundaryLayer*>(network.getLayer(i));
  ASSERT_NE(border, nullptr);
  EXPECT_EQ(border->getAttention(), &attention);

  const std::vector<float> table(16, 0.5f);
  IRotaryEmbeddingLayer& rotary =
      *network.addRotaryEmbedding(q, program.constant({1, 4, 4}, table), program.constant({1, 4, 4}, table), false, 0);
  SETTING(rotary, setInterleaved, getInterleaved, false, true);
  SETTING(rotary, setRotaryEmbeddingDim, getRotaryEmbeddingDim, 0, 8, -2, 3);
  ITensor &cache = program.input("cache", {1, 2, 16, 8}), &at = program.input("at", {1}, DataType::kINT32);
  IKVCacheUpdateLayer* update = network.addKVCacheUpdate(cache, k, at, KVCacheMode::kLINEAR);
  ASSERT_NE(update, nullptr) << program.log.errors;
  IKVCacheUpdateLayer& kept = *update;
  SETTING(kept, setCacheMode, getCacheMode, KVCacheMode::kLINEAR, KVCacheMode::kLINEAR, none_of<KVCacheMode>());
  SETTING(kept, setUpdateForm, getUpdateForm, AttentionIOForm::kPADDED_BHND, AttentionIOForm::kPADDED_BHND, none_of<AttentionIOForm>());
  EXPECT_TRUE(kept.setUpdateLengths(nullptr));
  EXPECT_TRUE(kept.setUpdateLengths(&at));
  EXPECT_EQ(kept.getUpdateLengths(), &at);
  EXPECT_TRUE(kept.setUpdateLengths(nullptr));
  EXPECT_EQ(kept.getUpdateLengths(), nullptr);
  program.log.errors.clear();
  program.output(rotary);
  program.output(kept);
  program.mark(*attention.getOutput(0));
  EXPECT_NE(program.engine(), nullptr) << program.log.errors;
}

TEST_F(Settings, mixtures_of_experts) {
  ITensor &hidden = program.input("hidden", {1, 3, 4}), &experts = program.input("experts", {1, 3, 1}, DataType::kINT32),
          &scores = program.input("scores", {1, 3, 1});
  IMoELayer* made = network.addMoE(hidden, experts, scores);
  ASSERT_NE(made, nullptr) << program.log.errors;
  IMoELayer& moe = *made;
  const std::vector<float> weights(2 * 4 * 5, 0.125f), biases(2 * 5, 0.5f);
  moe.setGatedWeights(program.constant({2, 4, 5}, weights), program.constant({2, 4, 5}, weights), program.constant({2, 5, 4}, weights),
                      MoEActType::kSILU);
  moe.setGatedBiases(program.constant({2, 5}, biases), program.constant({2, 5}, biases),
                     program.constant({2, 4}, {1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(program.log.errors, "");
  SETTING(moe, setActivationType, getActivationType, MoEActType::kSILU, MoEActType::kNONE, none_of<MoEActType>());
  SETTING(moe, setSwigluParamLimit, getSwigluParamLimit, moe.getSwigluParamLimit(), 7, kNaN);
  SETTING(moe, setSwigluParamAlpha, getSwigluParamAlpha, moe.getSwigluParamAlpha(), 1.5f, kNaN);
  SETTING(moe, setSwigluParamBeta, getSwigluParamBeta, moe.getSwigluParamBeta(), 1, kNaN);
  moe.setSwigluParams(6, 1.25f, 0.5f);
  EXPECT_EQ(moe.getSwigluParamLimit(), 6);
  EXPECT_EQ(moe.getSwigluParamAlpha(), 1.25f);
  EXPECT_EQ(moe.getSwigluParamBeta(), 0.5f);
  EXPECT_EQ(program.log.errors, "");
  // Without quantization experts compute in the type of their weights.
  EXPECT_EQ(moe.getQuantizationToType(), DataType::kFLOAT);
  EXPECT_EQ(moe.getDynQOutputScaleType(), DataType::kFLOAT);
  EXPECT_EQ(moe.getQuantizationBlockShape().nbDims, -1);
  builds(moe);
}

TEST_F(Settings, control) {
  ILoop& loop = *network.addLoop();
  SETTING(loop, setName, getName, loop.getName(), "around", nullptr);
  ITripLimitLayer& trips = *loop.addTripLimit(program.integers({}, {4}), TripLimit::kCOUNT);
  EXPECT_EQ(trips.getTripLimit(), TripLimit::kCOUNT);
  IIteratorLayer& rows = *loop.addIterator(matrix);
  SETTING(rows, setAxis, getAxis, 0, 0, 5, -3);
  SETTING(rows, setReverse, getReverse, false, true);
  IRecurrenceLayer& sum = *loop.addRecurrence(program.constant({6}, std::vector<float>(6)));
  ILayer* added = network.addElementWise(*sum.getOutput(0), *rows.getOutput(0), ElementWiseOperation::kSUM);
  sum.setInput(1, *added->getOutput(0));
  ILoopOutputLayer& all = *loop.addLoopOutput(*added->getOutput(0), LoopOutput::kCONCATENATE, 0);
  all.setInput(1, program.integers({}, {4}));
  SETTING(all, setAxis, getAxis, 0, 1, 9, -4);
  EXPECT_EQ(loop.addTripLimit(matrix, TripLimit::kCOUNT), nullptr);
  EXPECT_EQ(loop.addTripLimit(program.integers({}, {4}), none_of<TripLimit>()), nullptr);
  EXPECT_EQ(loop.addLoopOutput(*added->getOutput(0), none_of<LoopOutput>(), 0), nullptr);
  EXPECT_EQ(loop.addIterator(matrix, 7), nullptr);
  program.log.errors.clear();
  IIfConditional& choice = *network.addIfConditional();
  SETTING(choice, setName, getName, choice.getName(), "either", nullptr);
  EXPECT_EQ(choice.setCondition(matrix), nullptr);
  EXPECT_NE(program.log.errors, "");
  program.log.errors.clear();
  builds(all);
}

TEST_F(Settings, recurrent_layers_of_old) {
  ITensor& sequence = program.input("sequence", {2, 3, 4});
  IRNNv2Layer* made = network.addRNNv2(sequence, 1, 5, 3, RNNOperation::kLSTM);
  ASSERT_NE(made, nullptr) << program.log.errors;
  IRNNv2Layer& rnn = *made;
  EXPECT_EQ(rnn.getLayerCount(), 1);
  EXPECT_EQ(rnn.getHiddenSize(), 5);
  EXPECT_EQ(rnn.getMaxSeqLength(), 3);
  EXPECT_EQ(rnn.getDataLength(), 4);
  SETTING(rnn, setOperation, getOperation, RNNOperation::kLSTM, RNNOperation::kGRU, none_of<RNNOperation>());
  SETTING(rnn, setInputMode, getInputMode, RNNInputMode::kLINEAR, RNNInputMode::kLINEAR, none_of<RNNInputMode>());
  SETTING(rnn, setDirection, getDirection, RNNDirection::kUNIDIRECTION, RNNDirection::kBIDIRECTION, none_of<RNNDirection>());
  EXPECT_EQ(rnn.getSequenceLengths(), nullptr);
  EXPECT_EQ(rnn.getHiddenState(), nullptr);
  EXPECT_EQ(rnn.getCellState(), nullptr);
  ITensor &lengths = program.input("lengths", {2}, DataType::kINT32), &hidden = program.input("hidden", {2, 1, 5}),
          &cell = program.input("cell", {2, 1, 5});
  rnn.setSequenceLengths(lengths);
  rnn.setHiddenState(hidden);
  rnn.setCellState(cell);
  EXPECT_EQ(rnn.getSequenceLengths(), &lengths);
  EXPECT_EQ(rnn.getHiddenState(), &hidden);
  EXPECT_EQ(rnn.getCellState(), &cell);
  const Weights w = program.weights(std::vector<float>(20, 0.1f)), r = program.weights(std::vector<float>(25, 0.1f)),
                bias = program.weights(std::vector<float>(5, 0.5f));
  for (RNNGateType gate : {RNNGateType::kINPUT, RNNGateType::kFORGET, RNNGateType::kCELL, RNNGateType::kOUTPUT}) {
    rnn.setWeightsForGate(0, gate, true, w);
    rnn.setWeightsForGate(0, gate, false, r);
    rnn.setBiasForGate(0, gate, true, bias);
    rnn.setBiasForGate(0, gate, false, bias);
    EXPECT_TRUE(same(rnn.getWeightsForGate(0, gate, false), r));
    EXPECT_TRUE(same(rnn.getBiasForGate(0, gate, true), bias));
  }
  EXPECT_EQ(program.log.errors, "");
  EXPECT_EQ(rnn.getWeightsForGate(3, RNNGateType::kCELL, true).count, 0);
  EXPECT_EQ(rnn.getBiasForGate(-1, RNNGateType::kCELL, true).count, 0);
  rnn.setWeightsForGate(3, RNNGateType::kCELL, true, w);
  EXPECT_NE(program.log.errors, "");
  program.log.errors.clear();
  rnn.setBiasForGate(0, none_of<RNNGateType>(), true, bias);
  EXPECT_NE(program.log.errors, "");
  program.log.errors.clear();
  IFullyConnectedLayer& full = *network.addFullyConnected(image, 2, program.weights(std::vector<float>(256, 1.0f)), none);
  EXPECT_EQ(full.getNbOutputChannels(), 2);
  const Weights other = program.weights(std::vector<float>(256, 0.5f)), two = program.weights({1, 2});
  SETTING(full, setKernelWeights, getKernelWeights, program.weights(std::vector<float>(256, 1.0f)), other);
  SETTING(full, setBiasWeights, getBiasWeights, none, two);
  SETTING(full, setNbOutputChannels, getNbOutputChannels, 2, 1, 0, -1);
  program.output(full);
  builds(rnn);
}

TEST_F(Settings, layers_and_tensors) {
  IUnaryLayer& layer = *network.addUnary(matrix, UnaryOperation::kNEG);
  SETTING(layer, setName, getName, layer.getName(), "negative", nullptr);
  SETTING(layer, setMetadata, getMetadata, "", "of no weight", nullptr);
  SETTING(layer, setNbRanks, getNbRanks, 1, 1, 0, -1);
  EXPECT_EQ(layer.getOutputType(0), DataType::kFLOAT);
  EXPECT_EQ(layer.getInput(-1), nullptr);
  EXPECT_EQ(layer.getInput(1), nullptr);
  EXPECT_EQ(layer.getOutput(-1), nullptr);
  EXPECT_EQ(layer.getOutput(1), nullptr);
  layer.setInput(9, matrix);
  EXPECT_NE(program.log.errors, "");
  program.log.errors.clear();
  ITensor &x = matrix, &y = *layer.getOutput(0);
  SETTING(y, setName, getName, y.getName(), "y", nullptr);
  EXPECT_EQ(x.getDimensionName(0), nullptr);
  x.setDimensionName(0, "rows");
  EXPECT_STREQ(x.getDimensionName(0), "rows");
  x.setDimensionName(0, nullptr);
  EXPECT_EQ(x.getDimensionName(0), nullptr);
  EXPECT_EQ(x.getDimensionName(5), nullptr);
  EXPECT_EQ(x.getDimensionName(-1), nullptr);
  const TensorFormats linear = 1u << static_cast<int>(TensorFormat::kLINEAR);
  SETTING(x, setAllowedFormats, getAllowedFormats, x.getAllowedFormats(), linear, 0u);
  SETTING(x, setLocation, getLocation, TensorLocation::kDEVICE, TensorLocation::kDEVICE, none_of<TensorLocation>());
  SETTING(x, setBroadcastAcrossBatch, getBroadcastAcrossBatch, false, false);
  EXPECT_TRUE(x.isNetworkInput() && !x.isNetworkOutput() && !y.isNetworkInput());
  EXPECT_TRUE(x.isExecutionTensor() && !x.isShapeTensor());
  SETTING(x, setDimensions, getDimensions, hw(4, 6), hw(5, 6), hw(-2, 6), kTooMany, kFewerThanNone);
  program.mark(y);
  EXPECT_TRUE(y.isNetworkOutput());
  EXPECT_NE(program.engine(), nullptr) << program.log.errors;
}

// Types and ranges of layers in networks that are not strongly typed.
TEST(WeakSettings, precisions_and_ranges) {
  Program program;
  program.network.reset(program.builder->createNetworkV2(0));
  ITensor& x = program.input("x", {4, 6});
  IActivationLayer& layer = *program.network->addActivation(x, ActivationType::kRELU);
  EXPECT_FALSE(layer.precisionIsSet());
  EXPECT_FALSE(layer.outputTypeIsSet(0));
  SETTING(layer, setPrecision, getPrecision, DataType::kFLOAT, DataType::kHALF, none_of<DataType>());
  EXPECT_TRUE(layer.precisionIsSet());
  layer.resetPrecision();
  EXPECT_FALSE(layer.precisionIsSet());
  layer.setOutputType(0, DataType::kHALF);
  EXPECT_TRUE(layer.outputTypeIsSet(0));
  EXPECT_EQ(layer.getOutputType(0), DataType::kHALF);
  layer.setOutputType(0, none_of<DataType>());
  EXPECT_NE(program.log.errors, "");
  EXPECT_EQ(layer.getOutputType(0), DataType::kHALF);
  program.log.errors.clear();
  layer.setOutputType(4, DataType::kHALF);
  EXPECT_NE(program.log.errors, "");
  EXPECT_FALSE(layer.outputTypeIsSet(4));
  layer.resetOutputType(0);
  layer.resetOutputType(7);
  EXPECT_FALSE(layer.outputTypeIsSet(0));
  program.log.errors.clear();
  EXPECT_FALSE(x.dynamicRangeIsSet());
  EXPECT_TRUE(std::isnan(x.getDynamicRangeMin()) && std::isnan(x.getDynamicRangeMax()));
  EXPECT_TRUE(x.setDynamicRange(-2, 2));
  EXPECT_TRUE(x.dynamicRangeIsSet());
  EXPECT_EQ(x.getDynamicRange(), 2);
  EXPECT_FALSE(x.setDynamicRange(1, -1));
  EXPECT_FALSE(x.setDynamicRange(kNaN, 1));
  EXPECT_EQ(x.getDynamicRangeMin(), -2);
  EXPECT_EQ(x.getDynamicRangeMax(), 2);
  x.resetDynamicRange();
  EXPECT_FALSE(x.dynamicRangeIsSet());
  SETTING(x, setType, getType, DataType::kFLOAT, DataType::kHALF, none_of<DataType>());
  program.output(layer);
  EXPECT_NE(program.engine(), nullptr) << program.log.errors;
}

}  // namespace
