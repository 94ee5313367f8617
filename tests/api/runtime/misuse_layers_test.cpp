// Every function that adds a layer, with tensors of another network, shapes and types that do not fit, and words that are none: null comes
// back with one message, and the network is as it was.
#include <algorithm>

#include "harness.h"

using namespace harness;

namespace {

struct Refusal {
  const char* call;
  std::function<const void*()> add;
};

// Constants do not count: rows make some.
int32_t layers_of(const INetworkDefinition& network) {
  int32_t count = 0;
  for (int32_t i = 0; i < network.getNbLayers(); ++i) count += network.getLayer(i)->getType() != LayerType::kCONSTANT;
  return count;
}

void check(Program& program, const std::vector<Refusal>& rows) {
  for (const Refusal& row : rows) {
    program.log.errors.clear();
    const int32_t layers = layers_of(*program.network);
    EXPECT_EQ(row.add(), nullptr) << row.call;
    EXPECT_EQ(std::count(program.log.errors.begin(), program.log.errors.end(), '\n'), 1) << row.call << ": " << program.log.errors;
    EXPECT_EQ(layers_of(*program.network), layers) << row.call;
  }
  program.log.errors.clear();
}

template <class Enum>
Enum none_of() {
  return static_cast<Enum>(99);
}

struct MisusedLayers : testing::Test {
  Program program, other;
  INetworkDefinition& network = *program.network;
  ITensor& x = program.input("x", {1, 4, 8, 8});
  ITensor& matrix = program.input("matrix", {2, 3});
  ITensor& integers = program.input("integers", {2, 3}, DataType::kINT32);
  ITensor& flags = program.input("flags", {2, 3}, DataType::kBOOL);
  ITensor& stranger = other.input("stranger", {2, 3});
  const Weights none{DataType::kFLOAT, nullptr, 0};
  const std::vector<float> values = std::vector<float>(600, 1.0f);
  const Weights kernel{DataType::kFLOAT, values.data(), 144};
  // What was refused left no trace.
  void TearDown() override {
    program.mark(*network.addActivation(x, ActivationType::kRELU)->getOutput(0));
    EXPECT_NE(program.engine(), nullptr) << program.log.errors;
  }
};

TEST_F(MisusedLayers, of_another_network) {
  ITensor* strangers[] = {&stranger, &stranger};
  check(program, {
                     {"addConvolution", [&] { return network.addConvolution(stranger, 4, DimsHW(3, 3), kernel, none); }},
                     {"addDeconvolutionNd", [&] { return network.addDeconvolutionNd(stranger, 4, DimsHW(3, 3), kernel, none); }},
                     {"addPoolingNd", [&] { return network.addPoolingNd(stranger, PoolingType::kMAX, DimsHW(2, 2)); }},
                     {"addPaddingNd", [&] { return network.addPaddingNd(stranger, DimsHW(1, 1), DimsHW(1, 1)); }},
                     {"addFullyConnected", [&] { return network.addFullyConnected(stranger, 4, kernel, none); }},
                     {"addParametricReLU", [&] { return network.addParametricReLU(matrix, stranger); }},
                     {"addUnary", [&] { return network.addUnary(stranger, UnaryOperation::kABS); }},
                     {"addElementWise", [&] { return network.addElementWise(matrix, stranger, ElementWiseOperation::kSUM); }},
                     {"addScale", [&] { return network.addScale(stranger, ScaleMode::kUNIFORM, none, none, none); }},
                     {"addSelect", [&] { return network.addSelect(flags, matrix, stranger); }},
                     {"addIdentity", [&] { return network.addIdentity(stranger); }},
                     {"addCast", [&] { return network.addCast(stranger, DataType::kHALF); }},
                     {"addReduce", [&] { return network.addReduce(stranger, ReduceOperation::kSUM, 1, true); }},
                     {"addSoftMax", [&] { return network.addSoftMax(stranger); }},
                     {"addTopK", [&] { return network.addTopK(stranger, TopKOperation::kMAX, 1, 1); }},
                     {"addLRN", [&] { return network.addLRN(stranger, 3, 1, 1, 1); }},
                     {"addNormalization", [&] { return network.addNormalization(stranger, matrix, matrix, 2); }},
                     {"addMatrixMultiply",
                      [&] { return network.addMatrixMultiply(stranger, MatrixOperation::kNONE, matrix, MatrixOperation::kTRANSPOSE); }},
                     {"addEinsum", [&] { return network.addEinsum(strangers, 2, "ij,ij->i"); }},
                     {"addShuffle", [&] { return network.addShuffle(stranger); }},
                     {"addConcatenation", [&] { return network.addConcatenation(strangers, 2); }},
                     {"addShape", [&] { return network.addShape(stranger); }},
                     {"addSlice", [&] { return network.addSlice(stranger, Dims2(0, 0), Dims2(1, 1), Dims2(1, 1)); }},
                     {"addGather", [&] { return network.addGather(stranger, integers, 0); }},
                     {"addGatherV2", [&] { return network.addGatherV2(matrix, stranger, GatherMode::kELEMENT); }},
                     {"addScatter", [&] { return network.addScatter(matrix, integers, stranger, ScatterMode::kELEMENT); }},
                     {"addNonZero", [&] { return network.addNonZero(stranger); }},
                     {"addReverseSequence",
                      [&] {
                        return network.addReverseSequence(stranger, program.integers({3}, {1, 1, 1}));
                      }},
                     {"addResize", [&] { return network.addResize(stranger); }},
                     {"addGridSample", [&] { return network.addGridSample(x, stranger); }},
                     {"addQuantize", [&] { return network.addQuantize(stranger, program.constant({}, {1}), DataType::kINT8); }},
                     {"addDynamicQuantize", [&] { return network.addDynamicQuantize(stranger, 1, 16, DataType::kFP4, DataType::kFP8); }},
                     {"addAttention", [&] { return network.addAttention(x, x, stranger, AttentionNormalizationOp::kSOFTMAX, false); }},
                     {"addMoE", [&] { return network.addMoE(stranger, integers, matrix); }},
                     {"addRNNv2", [&] { return network.addRNNv2(stranger, 1, 4, 3, RNNOperation::kLSTM); }},
                 });
}

TEST_F(MisusedLayers, of_shapes_and_types_that_do_not_fit) {
  ITensor& one = program.constant({1}, {1});
  ITensor *types[] = {&matrix, &integers}, *ranks[] = {&matrix, &one};
  check(program,
        {
            {"addPoolingNd of one window",
             [&] {
               return network.addPoolingNd(x, PoolingType::kMAX, Dims{1, {2}});
             }},
            {"addPoolingNd of a matrix", [&] { return network.addPoolingNd(matrix, PoolingType::kMAX, DimsHW(2, 2)); }},
            {"addPoolingNd of no window", [&] { return network.addPoolingNd(x, PoolingType::kMAX, DimsHW(0, 2)); }},
            {"addPaddingNd of three extents", [&] { return network.addPaddingNd(x, Dims3(1, 1, 1), Dims3(1, 1, 1)); }},
            {"addFullyConnected of no outputs", [&] { return network.addFullyConnected(x, 0, kernel, none); }},
            {"addFullyConnected of too few weights",
             [&] {
               return network.addFullyConnected(x, 3, Weights{DataType::kFLOAT, values.data(), 5}, none);
             }},
            {"addParametricReLU of slopes that do not fit", [&] { return network.addParametricReLU(matrix, x); }},
            {"addActivation of integers", [&] { return network.addActivation(integers, ActivationType::kTANH); }},
            {"addUnary NOT of numbers", [&] { return network.addUnary(matrix, UnaryOperation::kNOT); }},
            {"addElementWise of two types", [&] { return network.addElementWise(matrix, integers, ElementWiseOperation::kSUM); }},
            {"addElementWise AND of numbers", [&] { return network.addElementWise(matrix, matrix, ElementWiseOperation::kAND); }},
            {"addSelect of two types", [&] { return network.addSelect(flags, matrix, integers); }},
            {"addReduce of no axes", [&] { return network.addReduce(matrix, none_of<ReduceOperation>(), 1, true); }},
            {"addRaggedSoftMax of bounds that are fp32", [&] { return network.addRaggedSoftMax(matrix, matrix); }},
            {"addTopK of integers' type", [&] { return network.addTopK(matrix, TopKOperation::kMAX, 1, 1, DataType::kFLOAT); }},
            {"addCumulative of no axis that is there",
             [&] { return network.addCumulative(matrix, program.integers({}, {7}), CumulativeOperation::kSUM, false, false); }},
            {"addLRN of a negative window", [&] { return network.addLRN(x, -3, 1, 1, 1); }},
            {"addMatrixMultiply of bytes",
             [&] { return network.addMatrixMultiply(flags, MatrixOperation::kNONE, flags, MatrixOperation::kTRANSPOSE); }},
            {"addSqueeze of what is not 1", [&] { return network.addSqueeze(matrix, program.integers({1}, {0})); }},
            {"addUnsqueeze outside", [&] { return network.addUnsqueeze(matrix, program.integers({1}, {9})); }},
            {"addUnsqueeze of axes that run", [&] { return network.addUnsqueeze(matrix, integers); }},
            {"addGatherV2 of no mode", [&] { return network.addGatherV2(matrix, integers, none_of<GatherMode>()); }},
            {"addGatherV2 of fp32 indices", [&] { return network.addGatherV2(matrix, matrix, GatherMode::kELEMENT); }},
            {"addScatter of fp32 indices", [&] { return network.addScatter(matrix, matrix, matrix, ScatterMode::kELEMENT); }},
            {"addScatter of no mode", [&] { return network.addScatter(matrix, integers, matrix, none_of<ScatterMode>()); }},
            {"addOneHot of three values",
             [&] {
               return network.addOneHot(integers, program.constant({3}, {0, 1, 2}), program.integers({}, {3}), -1);
             }},
            {"addOneHot of fp32 indices",
             [&] {
               return network.addOneHot(matrix, program.constant({2}, {0, 1}), program.integers({}, {3}), -1);
             }},
            {"addNonZero of fp32 indices", [&] { return network.addNonZero(matrix, DataType::kFLOAT); }},
            {"addReverseSequence of too many lengths",
             [&] {
               return network.addReverseSequence(matrix, program.integers({5}, {1, 1, 1, 1, 1}));
             }},
            {"addAssertion of numbers", [&] { return network.addAssertion(matrix, "never"); }},
            {"addAssertion without a message", [&] { return network.addAssertion(flags, nullptr); }},
            {"addGridSample of a flat grid", [&] { return network.addGridSample(x, matrix); }},
            {"addNMS of a matrix", [&] { return network.addNMS(matrix, matrix, program.integers({}, {3})); }},
            {"addQuantize to fp32", [&] { return network.addQuantize(matrix, one, DataType::kFLOAT); }},
            {"addQuantize of integers", [&] { return network.addQuantize(integers, one, DataType::kINT8); }},
            {"addDequantize of fp32", [&] { return network.addDequantize(matrix, one, DataType::kFLOAT); }},
            {"addAttention of matrices",
             [&] { return network.addAttention(matrix, matrix, matrix, AttentionNormalizationOp::kSOFTMAX, false); }},
            {"addAttentionV2 of no mask",
             [&] { return network.addAttentionV2(x, x, x, AttentionNormalizationOp::kSOFTMAX, none_of<CausalMaskKind>()); }},
            {"addRotaryEmbedding of a matrix", [&] { return network.addRotaryEmbedding(matrix, one, one, false, 0); }},
            {"addKVCacheUpdate of no mode",
             [&] { return network.addKVCacheUpdate(x, x, program.integers({1}, {0}), none_of<KVCacheMode>()); }},
            {"addKVCacheUpdate of a matrix",
             [&] { return network.addKVCacheUpdate(x, matrix, program.integers({1}, {0}), KVCacheMode::kLINEAR); }},
            {"addRNNv2 of no layers",
             [&] {
               return network.addRNNv2(program.input("s", {2, 3, 4}), 0, 5, 3, RNNOperation::kLSTM);
             }},
            {"addFill of no operation", [&] { return network.addFill(Dims2(1, 2), none_of<FillOperation>(), DataType::kFLOAT); }},
            {"addSelect of two ranks", [&] { return network.addSelect(flags, matrix, one); }},
            {"addConcatenation of two types", [&] { return network.addConcatenation(types, 2); }},
            {"addConcatenation of two ranks", [&] { return network.addConcatenation(ranks, 2); }},
            {"addReduce along nothing", [&] { return network.addReduce(matrix, ReduceOperation::kSUM, 0, true); }},
            {"addMatrixMultiply of a vector that is none",
             [&] { return network.addMatrixMultiply(one, MatrixOperation::kNONE, matrix, MatrixOperation::kNONE); }},
            {"addLRN of an even window", [&] { return network.addLRN(x, 4, 1, 1, 1); }},
            {"addTopK of bools", [&] { return network.addTopK(flags, TopKOperation::kMAX, 1, 1); }},
            {"addNMS of a limit that is fp32",
             [&] {
               return network.addNMS(program.input("boxes", {1, 4, 4}), program.input("scores", {1, 4, 2}), one);
             }},
            {"addAssertion of a matrix", [&] { return network.addAssertion(flags, "never"); }},
            {"addUnsqueeze to nine dimensions",
             [&] {
               return network.addUnsqueeze(program.input("eight", {1, 1, 1, 1, 1, 1, 1, 2}), program.integers({1}, {0}));
             }},
            {"addGather to nine dimensions",
             [&] {
               return network.addGather(program.input("five", {1, 1, 1, 1, 1}), program.input("at", {1, 1, 1, 1, 1}, DataType::kINT32), 0);
             }},
            {"addPoolingNd of no kind", [&] { return network.addPoolingNd(x, none_of<PoolingType>(), DimsHW(2, 2)); }},
            {"addScale of no mode", [&] { return network.addScale(x, none_of<ScaleMode>(), none, none, none); }},
            {"addTopK of no operation", [&] { return network.addTopK(matrix, none_of<TopKOperation>(), 1, 1); }},
            {"addCumulative of no operation",
             [&] { return network.addCumulative(matrix, program.integers({}, {0}), none_of<CumulativeOperation>(), false, false); }},
            {"addRNNv2 of no operation",
             [&] {
               return network.addRNNv2(program.input("t", {2, 3, 4}), 1, 5, 3, none_of<RNNOperation>());
             }},
        });
}

// A build that failed says why, and the same objects build once what was wrong is right.
TEST_F(MisusedLayers, after_a_failed_build) {
  ITensor& sequence = program.input("sequence", {2, 3, 4});
  IRNNv2Layer& rnn = *network.addRNNv2(sequence, 1, 2, 3, RNNOperation::kTANH);
  program.output(rnn);
  for (int i = 0; i < 2; ++i) {
    program.log.errors.clear();
    EXPECT_EQ(program.builder->buildSerializedNetwork(network, *program.config), nullptr);
    EXPECT_EQ(std::count(program.log.errors.begin(), program.log.errors.end(), '\n'), 1) << program.log.errors;
    EXPECT_NE(program.log.errors.find("lacks weights"), std::string::npos) << program.log.errors;
  }
  rnn.setWeightsForGate(0, RNNGateType::kINPUT, true, Weights{DataType::kFLOAT, values.data(), 8});
  rnn.setWeightsForGate(0, RNNGateType::kINPUT, false, Weights{DataType::kFLOAT, values.data(), 4});
  rnn.setBiasForGate(0, RNNGateType::kINPUT, true, Weights{DataType::kFLOAT, values.data(), 2});
  rnn.setBiasForGate(0, RNNGateType::kINPUT, false, Weights{DataType::kFLOAT, values.data(), 2});
  program.log.errors.clear();
  EXPECT_NE(program.engine(), nullptr) << program.log.errors;
}

}  // namespace
