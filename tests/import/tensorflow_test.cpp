// Frozen TensorFlow graphs and UFF models: operators, orders of images, and what is said of wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "graph_builder.h"
#include "import/uff/uff.pb.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;

TEST(TensorFlow, ConvolutionsReadChannelsLast) {
  Graph graph;
  graph.placeholder("x", {-1, 2, 2, 2});
  graph.floats("k", {1, 1, 2, 1}, {1, 10});
  auto& conv = graph.add("Conv2D", "y", {"x", "k"});
  set_list(conv, "strides", {1, 1, 1, 1});
  set_word(conv, "padding", "SAME");
  EXPECT_THAT(run(graph, {1, 2, 2, 2}, counting(8)), ElementsAre(10, 32, 54, 76));
}

TEST(TensorFlow, SamePaddingPutsTheOddOneBehind) {
  Graph graph;
  graph.placeholder("x", {1, 1, 4, 1});
  graph.floats("k", {1, 3, 1, 1}, {1, 10, 100});
  auto& conv = graph.add("Conv2D", "y", {"x", "k"});
  set_list(conv, "strides", {1, 2, 2, 1});
  set_word(conv, "padding", "SAME");
  EXPECT_THAT(run(graph, {1, 1, 4, 1}, {1, 2, 3, 4}), ElementsAre(321, 43));
}

TEST(TensorFlow, DepthwiseKernelsMultiplyChannels) {
  Graph graph;
  graph.placeholder("x", {1, 1, 1, 2});
  graph.floats("k", {1, 1, 2, 2}, {1, 2, 3, 4});
  graph.add("DepthwiseConv2dNative", "y", {"x", "k"});
  EXPECT_THAT(run(graph, {1, 1, 1, 2}, {1, 10}), ElementsAre(1, 2, 30, 40));
}

TEST(TensorFlow, TransposedConvolutionsHaveTheDimsTheyAreAskedFor) {
  Graph graph;
  graph.placeholder("x", {1, 1, 2, 1});
  graph.floats("k", {1, 3, 1, 1}, {1, 10, 100});
  graph.ints("dims", {1, 1, 4, 1});
  auto& conv = graph.add("Conv2DBackpropInput", "y", {"dims", "k", "x"});
  set_list(conv, "strides", {1, 2, 2, 1});
  set_word(conv, "padding", "SAME");
  // The gradient of the convolution above: y = its transpose.
  EXPECT_THAT(run(graph, {1, 1, 2, 1}, {1, 2}), ElementsAre(1, 10, 102, 20));
}

// Convolution, normalization, activation, depthwise convolution, as MobileNet has them, with a residual.
TEST(TensorFlow, NoTransposesBetweenConvolutions) {
  Graph graph;
  graph.placeholder("x", {-1, 8, 8, 3});
  std::string last = "x";
  int64_t channels = 3;
  for (int block = 0; block < 3; ++block) {
    const std::string n = std::to_string(block);
    graph.floats("k" + n, {1, 1, channels, 4}, std::vector<float>(static_cast<size_t>(channels * 4), 0.5f));
    set_word(graph.add("Conv2D", "conv" + n, {last, "k" + n}), "padding", "SAME");
    for (const char* part : {"gamma", "beta", "mean", "variance"}) graph.floats(part + n, {4}, {1, 2, 3, 4});
    auto& norm = graph.add("FusedBatchNormV3", "norm" + n, {"conv" + n, "gamma" + n, "beta" + n, "mean" + n, "variance" + n});
    (*norm.mutable_attr())["is_training"].set_b(false);
    graph.add("Relu6", "act" + n, {"norm" + n});
    graph.floats("d" + n, {3, 3, 4, 1}, std::vector<float>(36, 0.1f));
    set_word(graph.add("DepthwiseConv2dNative", "depth" + n, {"act" + n, "d" + n}), "padding", "SAME");
    graph.floats("b" + n, {4}, {1, 2, 3, 4});
    graph.add("BiasAdd", "bias" + n, {"depth" + n, "b" + n});
    graph.add("AddV2", "sum" + n, {"bias" + n, "act" + n});
    last = "sum" + n;
    channels = 4;
  }
  graph.ints("pads", {0, 0, 1, 1, 1, 1, 0, 0});
  graph.add("Pad", "pad", {last, "pads"});
  auto& pool = graph.add("MaxPool", "pool", {"pad"});
  set_list(pool, "ksize", {1, 2, 2, 1});
  set_list(pool, "strides", {1, 2, 2, 1});
  graph.ints("axis", {3}, true);
  graph.add("ConcatV2", "both", {"pool", "pool", "axis"});
  graph.ints("axes", {1, 2});
  graph.add("Mean", "mean", {"both", "axes"});
  graph.add("Softmax", "y", {"mean"});
  auto network = graph.import();
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->outputs()[0]->type.dims.size(), 2u);
  EXPECT_EQ(transposes(**network), 1u);  // of the input
}

TEST(TensorFlow, KerasFlattensByShapeArithmetic) {
  Graph graph;
  graph.placeholder("x", {-1, 2, 3});
  graph.add("Shape", "shape", {"x"});
  graph.ints("zero", {0});
  graph.ints("one", {1});
  (*graph.add("StridedSlice", "batch", {"shape", "zero", "one", "one"}).mutable_attr())["shrink_axis_mask"].set_i(1);
  graph.ints("rest", {6}, true);
  graph.add("Pack", "dims", {"batch", "rest"});
  graph.add("Reshape", "y", {"x", "dims"});
  auto network = graph.import();
  ASSERT_TRUE(network.ok()) << network.error().message;
  const TensorType type = (*network)->outputs()[0]->type;
  EXPECT_EQ(type.dims[0], (*network)->inputs()[0]->type.dims[0]);
  EXPECT_TRUE(type.dims[1].is(6));
}

TEST(TensorFlow, SlicesFollowTheirMasks) {
  Graph graph;
  graph.placeholder("x", {2, 3, 4});
  graph.ints("b", {1, 0, 1, 0});
  graph.ints("e", {2, 0, 4, 0});
  graph.ints("s", {1, 1, 2, 1});
  auto& attr = *graph.add("StridedSlice", "y", {"x", "b", "e", "s"}).mutable_attr();  // x[1, ..., 1:4:2, newaxis]
  attr["shrink_axis_mask"].set_i(1);
  attr["ellipsis_mask"].set_i(2);
  attr["new_axis_mask"].set_i(8);
  auto network = graph.import();
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->outputs()[0]->type.text(), "float [3, 2, 1]");
  EXPECT_THAT(run(graph, {2, 3, 4}, counting(24)), ElementsAre(13, 15, 17, 19, 21, 23));
}

TEST(TensorFlow, ElementsMove) {
  Graph split;
  split.placeholder("x", {1, 4});
  split.ints("axis", {1}, true);
  (*split.add("Split", "parts", {"axis", "x"}).mutable_attr())["num_split"].set_i(2);
  split.add("Sub", "y", {"parts:1", "parts"});
  EXPECT_THAT(run(split, {1, 4}, {1, 2, 30, 40}), ElementsAre(29, 38));

  Graph slice;
  slice.placeholder("x", {2, 3});
  slice.ints("b", {0, 1});
  slice.ints("s", {-1, 1});
  slice.add("Slice", "y", {"x", "b", "s"});
  EXPECT_THAT(run(slice, {2, 3}, counting(6)), ElementsAre(1, 4));

  Graph depth;
  depth.placeholder("x", {1, 1, 1, 8});
  (*depth.add("DepthToSpace", "y", {"x"}).mutable_attr())["block_size"].set_i(2);
  EXPECT_THAT(run(depth, {1, 1, 1, 8}, counting(8)), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));

  Graph resize;
  resize.placeholder("x", {1, 1, 2, 1});
  resize.ints("size", {1, 4});
  resize.add("ResizeBilinear", "y", {"x", "size"});
  EXPECT_THAT(run(resize, {1, 1, 2, 1}, {1, 3}), ElementsAre(1, 2, 3, 3));

  Graph lrn;
  lrn.placeholder("x", {1, 1, 1, 2});
  auto& attr = *lrn.add("LRN", "y", {"x"}).mutable_attr();
  attr["depth_radius"].set_i(1);
  attr["alpha"].set_f(1);
  attr["beta"].set_f(1);
  EXPECT_THAT(run(lrn, {1, 1, 1, 2}, {1, 2}), Pointwise(FloatNear(1e-5f), {1.f / 6, 2.f / 6}));
}

// Three boxes, of which the second overlaps the first by 0.9 of their union.
Graph boxes(const std::string& op, const std::vector<std::string>& inputs) {
  Graph graph;
  graph.placeholder("scores", {3});
  graph.floats("boxes", {3, 4}, {0, 0, 1, 1, 0, 0, 1, 0.9f, 0, 0.95f, 1, 2});
  graph.ints("most", {3}, true);
  graph.floats("half", {}, {0.5f});
  graph.floats("zero", {}, {0});
  graph.add(op, "y", inputs);
  return graph;
}

TEST(TensorFlow, BoxesThatOverlapBetterOnesGo) {
  const std::vector<float> scores = {0.6f, 0.9f, 0.3f};
  Graph first = boxes("NonMaxSuppression", {"boxes", "scores", "most"});
  EXPECT_THAT(run(first, {3}, scores), ElementsAre(1, 2));
  EXPECT_THAT(run(boxes("NonMaxSuppressionV3", {"boxes", "scores", "most", "half", "half"}), {3}, scores), ElementsAre(1));
  Graph loose = first;
  (*loose.def.mutable_node(loose.def.node_size() - 1)->mutable_attr())["iou_threshold"].set_f(0.95f);
  EXPECT_THAT(run(loose, {3}, scores), ElementsAre(1, 0, 2));
  for (const std::string op : {"NonMaxSuppressionV4", "NonMaxSuppressionV5"}) {
    Graph padded = boxes(op, {"boxes", "scores", "most", "half", "half"});
    auto* node = padded.def.mutable_node(padded.def.node_size() - 1);
    const bool with_scores = op.ends_with("5");
    if (with_scores) node->add_input("zero");
    (*node->mutable_attr())["pad_to_max_output_size"].set_b(true);
    TfImportOptions options;
    options.outputs = with_scores ? std::vector<std::string>{"y", "y:1", "y:2"} : std::vector<std::string>{"y", "y:1"};
    auto network = padded.import(options);
    ASSERT_TRUE(network.ok()) << network.error().message;
    auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, {3}, scores)});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_THAT((*outputs)[0].integers(), ElementsAre(1, 0, 0));
    if (with_scores) {
      EXPECT_THAT((*outputs)[1].floats(), ElementsAre(0.9f, 0, 0));
    }
    EXPECT_THAT(outputs->back().integers(), ElementsAre(1));
  }
  EXPECT_THAT(boxes("NonMaxSuppressionV5", {"boxes", "scores", "most", "half", "zero", "half"}).error(), HasSubstr("soft suppression"));
}

TEST(TensorFlow, ClassesAreSuppressedEachAndThenCounted) {
  // Three boxes, of which the second is three quarters of the first, and scores of two classes.
  Graph graph;
  graph.placeholder("scores", {1, 3, 2});
  graph.floats("boxes", {1, 3, 1, 4}, {0, 0, 1, 1, 0, 0, 1, 0.75f, 2, 2, 3, 3});
  graph.ints("of_class", {1}, true);
  graph.ints("of_all", {4}, true);
  graph.floats("half", {}, {0.5f});
  graph.floats("fifth", {}, {0.2f});
  graph.add("CombinedNonMaxSuppression", "y", {"boxes", "scores", "of_class", "of_all", "half", "fifth"});
  auto& attributes = *graph.def.mutable_node(graph.def.node_size() - 1)->mutable_attr();
  attributes["clip_boxes"].set_b(false);
  const auto outputs = [&] {
    TfImportOptions options;
    options.outputs = {"y", "y:1", "y:2", "y:3"};
    auto network = graph.import(options);
    EXPECT_TRUE(network.ok()) << network.error().message;
    auto results =
        (*network)->evaluate({Array::of(DataType::kFloat, {1, 3, 2}, std::vector<float>{0.5f, 0.25f, 0.75f, 0.5f, 0.125f, 0.625f})});
    EXPECT_TRUE(results.ok()) << results.error().message;
    return std::move(*results);
  };
  Arrays padded = outputs();
  EXPECT_THAT(padded[0].floats(), ElementsAre(0, 0, 1, 0.75f, 2, 2, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(padded[1].floats(), ElementsAre(0.75f, 0.625f, 0, 0));
  EXPECT_THAT(padded[2].floats(), ElementsAre(0, 1, 0, 0));
  EXPECT_EQ(padded[3].shape(), (Shape{1}));
  EXPECT_THAT(padded[3].integers(), ElementsAre(2));
  // One box of each of two classes, clipped to 0..1.
  attributes["pad_per_class"].set_b(true);
  attributes["clip_boxes"].set_b(true);
  EXPECT_THAT(outputs()[0].floats(), ElementsAre(0, 0, 1, 0.75f, 1, 1, 1, 1));
  graph.def.mutable_node(2)->mutable_attr()->at("value").mutable_tensor()->set_int_val(0, 0);
  EXPECT_THAT(graph.error(), HasSubstr("it keeps 4 boxes and 0 of a class; both are positive"));
}

TEST(TensorFlow, WindowsOfImagesAreResized) {
  Graph graph;
  graph.placeholder("x", {1, 2, 3, 1});
  // The whole image, its middle at half a row, and a window that begins outside.
  graph.floats("boxes", {3, 4}, {0, 0, 1, 1, 0.5f, 0, 0.5f, 1, -1, 0.5f, 0, 0.5f});
  graph.ints("images", {0, 0, 0});
  graph.ints("size", {2, 3});
  auto& crop = graph.add("CropAndResize", "y", {"x", "boxes", "images", "size"});
  (*crop.mutable_attr())["extrapolation_value"].set_f(-1);
  const std::vector<float> image = {0, 1, 2, 10, 11, 12};
  EXPECT_THAT(run(graph, {1, 2, 3, 1}, image), Pointwise(FloatNear(1e-5f), {0, 1, 2, 10, 11, 12, 5, 6, 7, 5, 6, 7, -1, -1, -1, 1, 1, 1}));
  set_word(*graph.def.mutable_node(4), "method", "nearest");
  EXPECT_THAT(run(graph, {1, 2, 3, 1}, image), ElementsAre(0, 1, 2, 10, 11, 12, 10, 11, 12, 10, 11, 12, -1, -1, -1, 1, 1, 1));
  set_word(*graph.def.mutable_node(4), "method", "cubic");
  EXPECT_THAT(graph.error(), HasSubstr("its method is 'cubic'; bilinear and nearest are supported"));
  // One row and column: the middle of the box.
  Graph single = graph;
  set_word(*single.def.mutable_node(4), "method", "bilinear");
  single.def.mutable_node(3)->Clear();
  Graph size;
  size.ints("size", {1, 1});
  *single.def.mutable_node(3) = size.def.node(0);
  EXPECT_THAT(run(single, {1, 2, 3, 1}, image), Pointwise(FloatNear(1e-5f), {6, 6, -1}));
}

TEST(TensorFlow, ConstantsMayBeWrittenInShort) {
  Graph graph;
  graph.placeholder("x", {4});
  graph.constant("c", {4}, 1).add_float_val(3);
  auto& half = graph.constant("h", {4}, 19);
  half.add_half_val(0x3c00);
  half.add_half_val(0x4000);
  auto& cast = graph.add("Cast", "f", {"h"});
  (*cast.mutable_attr())["DstT"].set_type(1);
  graph.add("Mul", "m", {"x", "c"});
  graph.add("Add", "y", {"m", "f"});
  EXPECT_THAT(run(graph, {4}, {1, 2, 3, 4}), ElementsAre(4, 8, 11, 14));
}

TEST(TensorFlow, ProgramsNameInputsAndOutputs) {
  Graph graph;
  graph.add("DecodeWav", "wav", {});
  graph.add("Mfcc", "front", {"wav"});
  graph.add("Relu", "y", {"front"});
  graph.add("Neg", "z", {"y"});
  EXPECT_THAT(graph.error(), HasSubstr("node 'wav' (DecodeWav): no such operator is known"));
  TfImportOptions options;
  options.inputs["front"] = {{2, 3}, TfInputOrder::kAsInFile};
  options.outputs = {"y"};
  auto network = graph.import(options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->inputs()[0]->name, "front");
  EXPECT_EQ((*network)->outputs()[0]->name, "y");
  EXPECT_EQ((*network)->layers().size(), 1u);
}

TEST(TensorFlow, ErrorsNameTheNodeAndComeTogether) {
  Graph graph;
  graph.placeholder("x", {1, 4});
  graph.add("Unheard", "first", {"x"});
  graph.add("Relu", "behind", {"first"});
  graph.add("Conv2D", "second", {"x", "x"});
  graph.add("Neg", "third", {"nothing"});
  const std::string error = graph.error();
  EXPECT_THAT(error, HasSubstr("graph.pb: 3 errors"));
  EXPECT_THAT(error, HasSubstr("node 'first' (Unheard; inputs float [1, 4]): no such operator is known; put known operators in its place"));
  EXPECT_THAT(error,
              HasSubstr("node 'second' (Conv2D; inputs float [1, 4], float [1, 4]): an image [N, H, W, C] is wanted, not float [1, 4]"));
  EXPECT_THAT(error, HasSubstr("node 'third' (Neg): it reads 'nothing', and there is no such node"));
  EXPECT_THAT(error, Not(HasSubstr("behind")));
}

TEST(TensorFlow, HostileGraphsEndInErrors) {
  EXPECT_FALSE(import_tensorflow_file("no such file.pb").ok());
  Graph cycle;
  cycle.add("Relu", "a", {"b"});
  cycle.add("Relu", "b", {"a"});
  cycle.add("Relu", "y", {"a"});
  EXPECT_THAT(cycle.error(), HasSubstr("lie on a cycle that is no loop as tf.while_loop writes it"));
  Graph huge;
  huge.constant("c", {1 << 30, 1 << 30}, 1).add_float_val(1);
  huge.add("Relu", "y", {"c"});
  EXPECT_THAT(huge.error(), HasSubstr("written in short and are more than the limit"));
  Graph overflow;
  overflow.constant("c", {int64_t{1} << 62, int64_t{1} << 62}, 1).add_float_val(1);
  overflow.add("Relu", "y", {"c"});
  EXPECT_THAT(overflow.error(), HasSubstr("more elements than can be counted"));
  Graph few;
  few.constant("c", {3}, 1).set_tensor_content("12345678");
  few.add("Relu", "y", {"c"});
  EXPECT_THAT(few.error(), HasSubstr("its values [3] take 12 bytes, but there are 8"));
  Graph twice;
  twice.placeholder("x", {1});
  twice.placeholder("x", {1});
  EXPECT_THAT(twice.error(), HasSubstr("two nodes are called 'x'"));
  Network network;
  EXPECT_THAT(import_tensorflow_into(bytes_of("garbage"), network).error().message, HasSubstr("not a TensorFlow graph, or truncated"));
}

// ---- UFF ----

namespace uff = ::ingot_uff;

struct UffModel {
  uff::MetaGraph meta;
  UffModel() {
    meta.set_version(1);
    meta.add_graphs()->set_id("main");
  }
  uff::Node& add(const std::string& operation, const std::string& id, const std::vector<std::string>& inputs) {
    auto* node = meta.mutable_graphs(0)->add_nodes();
    node->set_operation(operation);
    node->set_id(id);
    for (const auto& input : inputs) node->add_inputs(input);
    return *node;
  }
  void constant(const std::string& id, const Shape& shape, const std::vector<float>& values) {
    auto& fields = *add("Const", id, {}).mutable_fields();
    fields["dtype"].set_dtype(0x20020);
    fields["shape"].mutable_i_list()->mutable_val()->Add(shape.begin(), shape.end());
    fields["values"].set_ref("weights_" + id);
    (*meta.mutable_referenced_data())["weights_" + id].set_blob(
        std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4));
  }
  void orders(uff::Node& node, const std::vector<std::vector<int64_t>>& orders) {
    for (const auto& order : orders) {
      auto& one = *(*node.mutable_fields())["inputs_orders"].mutable_dim_orders_list()->add_val();
      (*one.mutable_orders())[-1].mutable_val()->Add(order.begin(), order.end());
    }
  }
  Result<std::unique_ptr<Network>> import(TfImportOptions options) const {
    auto network = std::make_unique<Network>();
    options.name = "model.uff";
    Status status = import_uff_into(bytes_of(meta.SerializeAsString()), *network, options);
    if (!status.ok()) return std::move(status).error();
    return network;
  }
};

constexpr int64_t kRest = INT32_MAX;

UffModel conv_model() {
  UffModel model;
  model.add("MarkOutput", "MarkOutput_0", {"y"});
  auto& conv = model.add("Conv", "y", {"x", "k"});
  (*conv.mutable_fields())["strides"].mutable_i_list()->add_val(1);
  (*conv.mutable_fields())["strides"].mutable_i_list()->add_val(1);
  (*conv.mutable_fields())["implicit_padding"].set_s("same");
  model.orders(conv, {{0, 2, kRest, 1}, {2, kRest, 1, 0}});
  model.constant("k", {1, 1, 2, 1}, {1, 10});
  model.add("Input", "x", {});
  return model;
}

TEST(Uff, TheProgramTellsTheOrderOfItsInputs) {
  const UffModel model = conv_model();
  TfImportOptions options;
  options.batch = Dim::symbol("batch");
  options.inputs["x"] = {{2, 2, 2}, TfInputOrder::kChannelsFirst};
  auto planes = model.import(options);
  ASSERT_TRUE(planes.ok()) << planes.error().message;
  EXPECT_EQ((*planes)->inputs()[0]->type.text(), "float [batch, 2, 2, 2]");
  EXPECT_THAT((*(*planes)->evaluate({Array::of(DataType::kFloat, {1, 2, 2, 2}, counting(8))}))[0].floats(), ElementsAre(40, 51, 62, 73));
  options.inputs["x"].order = TfInputOrder::kChannelsLast;
  auto images = model.import(options);
  ASSERT_TRUE(images.ok()) << images.error().message;
  EXPECT_EQ((*images)->outputs()[0]->name, "y");
  EXPECT_THAT((*(*images)->evaluate({Array::of(DataType::kFloat, {1, 2, 2, 2}, counting(8))}))[0].floats(), ElementsAre(10, 32, 54, 76));
  options.outputs = {"MarkOutput_0"};
  auto marked = model.import(options);
  ASSERT_TRUE(marked.ok()) << marked.error().message;
  EXPECT_EQ((*marked)->outputs()[0]->name, "MarkOutput_0");
}

TEST(Uff, VectorsGetOnesBehindAsInTensorRT) {
  UffModel model;
  auto& input = model.add("Input", "x", {});
  for (int64_t size : {1, 3}) (*input.mutable_fields())["shape"].mutable_i_list()->add_val(size);
  model.constant("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  model.orders(model.add("FullyConnected", "y", {"x", "w"}), {{0, 1}, {0, 1}});
  (*model.add("Activation", "z", {"y"}).mutable_fields())["func"].set_s("relu");
  TfImportOptions options;
  options.batch = Dim::symbol("batch");
  options.four_dims = true;
  options.inputs["x"] = {{3, 1, 1}, TfInputOrder::kChannelsFirst};
  auto network = model.import(options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->outputs()[0]->type.text(), "float [batch, 2, 1, 1]");
  EXPECT_THAT((*(*network)->evaluate({Array::of(DataType::kFloat, {1, 3, 1, 1}, std::vector<float>{1, 1, 1})}))[0].floats(),
              ElementsAre(6, 15));
}

TEST(Uff, ErrorsNameTheNode) {
  UffModel model = conv_model();
  auto& custom = model.add("_Unheard", "c", {"y"});
  (*custom.mutable_fields())["mode"].set_s("b'SAME'");
  (*model.add("Binary", "b", {"y", "y"}).mutable_fields())["func"].set_s("what");
  TfImportOptions options;
  options.inputs["x"] = {{1, 2, 2, 2}, TfInputOrder::kChannelsFirst};
  options.outputs = {"c", "b"};
  std::string seen;
  options.custom = [&](const TfForeignNode& node, Network&) {
    seen = node.op + " " + std::get<std::string>(node.attributes.at("mode"));
    return std::nullopt;
  };
  const std::string error = model.import(options).error().message;
  EXPECT_EQ(seen, "Unheard SAME");
  EXPECT_THAT(error, HasSubstr("node 'c' (Unheard; inputs float [1, 2, 2, 1]): no such operator is known"));
  EXPECT_THAT(error, HasSubstr("the function 'what' is not known"));
  EXPECT_THAT(conv_model().import({}).error().message, HasSubstr("the graph does not tell its dims; give them for the input 'x'"));
  options.inputs["no node"] = {};
  EXPECT_THAT(model.import(options).error().message,
              HasSubstr("there is no node 'no node' that could be an input; its placeholders are 'x'"));
}

TEST(Uff, HostileModelsEndInErrors) {
  Network network;
  EXPECT_THAT(import_uff_into(bytes_of("garbage"), network).error().message, HasSubstr("not a UFF model, or truncated"));
  EXPECT_THAT(import_uff_into(bytes_of(uff::MetaGraph().SerializeAsString() + std::string("\x08\x01")), network).error().message,
              HasSubstr("the model has no nodes"));
  UffModel loop;
  (*loop.meta.mutable_referenced_data())["a"].set_ref("b");
  (*loop.meta.mutable_referenced_data())["b"].set_ref("a");
  (*loop.add("Const", "c", {}).mutable_fields())["values"].set_ref("a");
  (*loop.add("Unary", "y", {"c"}).mutable_fields())["func"].set_s("neg");
  EXPECT_THAT(loop.import({}).error().message, HasSubstr("node 'c' (Const): it has no values"));
  UffModel sizes;
  sizes.constant("c", {int64_t{1} << 62, int64_t{1} << 62}, {1});
  (*sizes.add("Unary", "y", {"c"}).mutable_fields())["func"].set_s("neg");
  EXPECT_THAT(sizes.import({}).error().message, HasSubstr("more elements than can be counted"));
}

}  // namespace
}  // namespace ingot
