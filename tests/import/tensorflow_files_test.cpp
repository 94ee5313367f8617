// SavedModels, control flow and layouts of TensorFlow: what is made of them, and how damaged ones end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "build/builder.h"
#include "graph_builder.h"
#include "import/tensorflow/bundle.h"
#include "operators/convolution.h"
#include "operators/if.h"
#include "operators/loop.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

const std::string kModels = INGOT_MODELS "/tf/";

template <class Op>
size_t count_of(const Network& network) {
  size_t count = 0;
  for (const auto& layer : network.layers()) count += layer->as<Op>() != nullptr;
  return count;
}

// x [1, 6, 6, 1] through a convolution in blocks of 2.
Graph dilated(const std::vector<int32_t>& crops) {
  Graph graph;
  graph.placeholder("x", {1, 6, 6, 1});
  graph.ints("block", {2, 2});
  for (const auto& [name, sides] : {std::pair("pads", std::vector<int32_t>{2, 2, 2, 2}), std::pair("crops", crops)}) {
    auto& tensor = graph.constant(name, {2, 2}, 3);
    tensor.mutable_int_val()->Add(sides.begin(), sides.end());
  }
  graph.add("SpaceToBatchND", "first", {"x", "block", "pads"});
  graph.floats("k", {3, 3, 1, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  set_word(graph.add("Conv2D", "conv", {"first", "k"}), "padding", "VALID");
  graph.floats("b", {1}, {0.5f});
  graph.add("BiasAdd", "bias", {"conv", "b"});
  graph.add("BatchToSpaceND", "y", {"bias", "block", "crops"});
  return graph;
}

TEST(SavedModels, FoldersThatAreNoneAreToldOf) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("ingot_folder_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const auto told = [&] {
    auto network = import_tensorflow_file(folder);
    return network.ok() ? "no error" : network.error().message;
  };
  EXPECT_THAT(told(), HasSubstr("is a folder without saved_model.pb, so no SavedModel of TensorFlow; it is empty"));
  for (const char* name : {"model.onnx", "labels.txt"}) std::ofstream(folder / name) << "x";
  EXPECT_THAT(told(), HasSubstr("it holds labels.txt, model.onnx"));
  std::ofstream(folder / "saved_model.pbtxt") << "x";
  EXPECT_THAT(told(), HasSubstr("its saved_model.pbtxt is text, which is not read"));
  for (const char* version : {"1", "2"}) {
    std::filesystem::create_directory(folder / version);
    std::ofstream(folder / version / "saved_model.pb") << "x";
  }
  EXPECT_THAT(told(), HasSubstr(folder.string() + "/2' is one"));
  std::filesystem::remove_all(folder);
  EXPECT_THAT(told(), HasSubstr("cannot be opened"));
}

TEST(SavedModels, PartsOfAVariableStandInTheirRows) {
  // The model's w [6, 5] is stored in parts of two rows, behind b [5]; here every element is another number.
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("ingot_parts_" + std::to_string(getpid()));
  std::filesystem::copy(kModels + "saved_model_v1_parts_made/model", folder, std::filesystem::copy_options::recursive);
  std::vector<float> stored(35, 0);
  for (size_t i = 5; i < stored.size(); ++i) stored[i] = static_cast<float>(i) / 35;
  std::ofstream(folder / "variables" / "variables.data-00000-of-00001", std::ios::binary)
      .write(reinterpret_cast<const char*>(stored.data()), static_cast<std::streamsize>(stored.size() * sizeof(float)));
  auto network = import_tensorflow_file(folder);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(network.ok()) << network.error().message;
  std::vector<float> rows(36, 0);
  for (size_t i = 0; i < 6; ++i) rows[i * 7] = 1;
  auto outputs = (*network)->evaluate({Array::of(DataType::kFloat, {6, 6}, rows)});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  for (size_t i = 0; i < 30; ++i) EXPECT_FLOAT_EQ((*outputs)[0].floats()[i], std::tanh(stored[i + 5])) << "element " << i;
}

TEST(TensorFlow, BlocksAroundAConvolutionAreItsDilation) {
  const Graph graph = dilated({0, 0, 0, 0});
  auto network = graph.import();
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT((*network)->text(), HasSubstr("dilations=[2, 2]"));
  EXPECT_EQ(transposes(**network), 2u);  // of the input and the output
  const std::vector<float> folded = run(graph, {1, 6, 6, 1}, counting(36));
  // The same blocks with a reader of their own are moved as they are written.
  Graph written = graph;
  written.add("Identity", "other", {"bias"});
  TfImportOptions options;
  options.outputs = {"y"};
  auto blocks = written.import(options);
  ASSERT_TRUE(blocks.ok()) << blocks.error().message;
  EXPECT_THAT((*blocks)->text(), ::testing::Not(HasSubstr("dilations=[2, 2]")));
  auto outputs = (*blocks)->evaluate({Array::of(DataType::kFloat, {1, 6, 6, 1}, counting(36))});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_EQ((*outputs)[0].floats(), folded);
  EXPECT_EQ(folded.size(), 36u);
  // Cropped by one at each side: the padding that remains is 1.
  EXPECT_EQ(run(dilated({1, 1, 1, 1}), {1, 6, 6, 1}, counting(36)).size(), 16u);
}

TEST(TensorFlow, BlocksThatDoNotFitAreNamed) {
  Graph graph;
  graph.placeholder("x", {1, 5, 4, 1});
  graph.ints("block", {2, 2});
  graph.constant("pads", {2, 2}, 3).mutable_int_val()->Add(0);
  graph.add("SpaceToBatchND", "y", {"x", "block", "pads"});
  EXPECT_THAT(graph.error(), HasSubstr("node 'y' (SpaceToBatchND; inputs float [1, 5, 4, 1]"));
  EXPECT_THAT(graph.error(), HasSubstr("which blocks of 2 do not divide"));
}

// Layers between two convolutions: behind one and before another.
std::string moves_between_convolutions(const Network& network) {
  std::set<const Layer*> behind, before;
  const auto order = network.in_order();
  EXPECT_TRUE(order.ok());
  for (const Layer* layer : *order) {
    for (const Tensor* input : layer->inputs()) {
      const Layer* from = input ? input->producer() : nullptr;
      if (from && (behind.contains(from) || from->op().name() == "convolution")) behind.insert(layer);
    }
  }
  for (auto layer = order->rbegin(); layer != order->rend(); ++layer) {
    for (const Tensor* output : (*layer)->outputs()) {
      for (const Layer* reader : output->readers()) {
        if (before.contains(reader) || reader->op().name() == "convolution") before.insert(*layer);
      }
    }
  }
  std::string moves;
  for (const Layer* layer : *order) {
    const auto name = layer->op().name();
    if (behind.contains(layer) && before.contains(layer) && (name == "transpose" || name == "reformat" || name == "reshape"))
      moves += std::string(name) + " '" + layer->name + "' ";
  }
  return moves;
}

TEST(TensorFlow, PlansOfChannelsLastModelsMoveNothingBetweenConvolutions) {
  for (const std::string file : {"saved_model_made/model", "kws_ds_cnn/DS_CNN_S.pb", "mnist_allcnn/all_cnn3.pb"}) {
    TfImportOptions options;
    if (file.starts_with("kws")) {
      options.inputs["Reshape"] = {{1, 490}};
      options.outputs = {"labels_softmax"};
    }
    if (file.starts_with("saved")) options.inputs["image"] = {{1, 14, 14, 1}};
    if (file.starts_with("mnist")) options.inputs["input_layer_1"] = {{1, 28, 28, 1}};
    auto network = import_tensorflow_file(kModels + file, options);
    ASSERT_TRUE(network.ok()) << network.error().message;
    auto plan = build_plan(**network, {});
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    EXPECT_GE(count_of<Convolution>(*plan->network), 4u) << file;
    EXPECT_EQ(moves_between_convolutions(*plan->network), "") << file << "\n" << plan->network->text(8);
  }
}

// MobileNetV2 with fewer channels: a stem, inverted residuals of both strides, a head.
class MobileNet {
 public:
  Graph graph;

  MobileNet() {
    graph.placeholder("image", {1, 32, 32, 3});
    std::string x = convolution("image", 3, 3, 8, 2);
    int64_t channels = 8;
    for (const auto& [wide, stride] : {std::pair<int64_t, int64_t>(8, 1), {16, 2}, {16, 1}, {24, 2}, {24, 1}}) {
      const std::string start = x;
      x = depthwise(convolution(x, 1, channels, 4 * channels, 1), 4 * channels, stride);
      x = convolution(x, 1, 4 * channels, wide, 1, false);
      if (stride == 1 && wide == channels) {
        graph.add("AddV2", next("sum"), {start, x});
        x = last_;
      }
      channels = wide;
    }
    x = convolution(x, 1, channels, 64, 1);
    graph.ints("axes", {1, 2});
    graph.add("Mean", "mean", {x, "axes"});
    weights("dense", {64, 10});
    graph.add("MatMul", "logits", {"mean", "dense"});
    graph.add("Softmax", "y", {"logits"});
  }

 private:
  const std::string& next(const std::string& stem) { return last_ = stem + std::to_string(++count_); }
  void weights(const std::string& name, const Shape& shape) {
    int64_t count = 1;
    for (int64_t dim : shape) count *= dim;
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i * 37 % 19 - 9) / 40);
    graph.floats(name, shape, values);
  }
  std::string normalized(std::string x, int64_t channels, bool with_activation) {
    const std::string n = std::to_string(++count_);
    for (const char* part : {"gamma", "beta", "mean", "variance"})
      graph.floats(part + n, {channels}, std::vector<float>(static_cast<size_t>(channels), 0.5f));
    auto& norm = graph.add("FusedBatchNormV3", "norm" + n, {x, "gamma" + n, "beta" + n, "mean" + n, "variance" + n});
    (*norm.mutable_attr())["is_training"].set_b(false);
    if (!with_activation) return "norm" + n;
    graph.add("Relu6", "act" + n, {"norm" + n});
    return "act" + n;
  }
  std::string convolution(const std::string& x, int64_t side, int64_t from, int64_t to, int64_t stride, bool with_activation = true) {
    const std::string name = next("conv");
    weights(name + "/k", {side, side, from, to});
    auto& conv = graph.add("Conv2D", name, {x, name + "/k"});
    set_list(conv, "strides", {1, stride, stride, 1});
    set_word(conv, "padding", "SAME");
    return normalized(name, to, with_activation);
  }
  std::string depthwise(const std::string& x, int64_t channels, int64_t stride) {
    const std::string name = next("depth");
    weights(name + "/k", {3, 3, channels, 1});
    auto& conv = graph.add("DepthwiseConv2dNative", name, {x, name + "/k"});
    set_list(conv, "strides", {1, stride, stride, 1});
    set_word(conv, "padding", "SAME");
    return normalized(name, channels, true);
  }

  std::string last_;
  int count_ = 0;
};

TEST(TensorFlow, ThePlanOfAMobileNetTransposesNothingBetweenConvolutions) {
  auto network = MobileNet().graph.import();
  ASSERT_TRUE(network.ok()) << network.error().message;
  auto plan = build_plan(**network, {});
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_EQ(count_of<Convolution>(*plan->network), 17u);
  EXPECT_EQ(moves_between_convolutions(*plan->network), "") << plan->network->text(8);
  EXPECT_LE(transposes(*plan->network), 1u) << "of the image alone";
}

TEST(TensorFlow, LoopsAndBranchesOfBothGenerationsAreOurs) {
  for (const std::string way : {"v1_made/graph.pb", "v2_made/model"}) {
    auto loop = import_tensorflow_file(kModels + "nested_" + way);
    ASSERT_TRUE(loop.ok()) << loop.error().message;
    ASSERT_EQ(count_of<Loop>(**loop), 1u);
    for (const auto& layer : (*loop)->layers()) {
      const auto* outer = layer->as<Loop>();
      if (!outer) continue;
      // 4 turns, known from the counter; one loop of 3 inside.
      EXPECT_EQ(layer->input(0)->constant.integer(0), 4);
      EXPECT_EQ(count_of<Loop>(*outer->body), 1u);
    }
    auto branch = import_tensorflow_file(kModels + "cond_" + way);
    ASSERT_TRUE(branch.ok()) << branch.error().message;
    EXPECT_EQ(count_of<If>(**branch), 2u);
    auto lists = import_tensorflow_file(kModels + "recurrent_" + way);
    ASSERT_TRUE(lists.ok()) << lists.error().message;
    EXPECT_EQ(count_of<Loop>(**lists), 1u);
  }
}

TEST(TensorFlow, GraphsWithAnyNodeMissingEnd) {
  for (const std::string name : {"while_v1_made", "cond_v1_made", "nested_v1_made", "recurrent_v1_made"}) {
    tf::GraphDef whole;
    ASSERT_TRUE(whole.ParseFromString(read_file(kModels + name + "/graph.pb")));
    int declined = 0;
    for (int gone = 0; gone < whole.node_size(); ++gone) {
      Graph part;
      part.def = whole;
      part.def.mutable_node()->DeleteSubrange(gone, 1);
      declined += !part.import().ok();
      // And with a node that reads itself, or its readers.
      part.def = whole;
      if (whole.node(gone).input_size() > 0) part.def.mutable_node(gone)->set_input(0, whole.node(gone).name());
      declined += !part.import().ok();
    }
    EXPECT_GT(declined, whole.node_size() / 2) << name;
  }
}

TEST(TensorFlow, ControlFlowThatIsNotLoopOrBranchIsNamed) {
  Graph lonely;
  lonely.placeholder("x", {1});
  lonely.add("Exit", "y", {"x"});
  EXPECT_THAT(lonely.error(), HasSubstr("node 'y' (Identity"));
  EXPECT_THAT(lonely.error(), HasSubstr("the loop that it leaves has no beginning"));
  Graph merge;
  merge.placeholder("x", {1});
  merge.add("Relu", "a", {"x"});
  merge.add("Merge", "y", {"a", "x"});
  EXPECT_THAT(merge.error(), HasSubstr("its condition is not found"));
  Graph missing;
  missing.placeholder("x", {1});
  auto& call = missing.add("PartitionedCall", "y", {"x"});
  (*call.mutable_attr())["f"].mutable_func()->set_name("nowhere");
  EXPECT_THAT(missing.error(), HasSubstr("there is no function 'nowhere'"));
  for (const char* wrong : {"cond", "body"}) {
    Graph loop;
    loop.placeholder("x", {1});
    auto& node = loop.add("While", "y", {"x"});
    for (const char* name : {"cond", "body"}) {
      (*node.mutable_attr())[name].mutable_func()->set_name(name);
      auto* function = loop.def.mutable_library()->add_function();
      function->mutable_signature()->set_name(name);
      for (int i = 0; i < (name == std::string(wrong) ? 3 : 1); ++i)
        function->mutable_signature()->add_input_arg()->set_name("a" + std::to_string(i));
      function->mutable_signature()->add_output_arg()->set_name("r");
      (*function->mutable_ret())["r"] = "a0";
    }
    EXPECT_THAT(loop.error(), HasSubstr("the function '" + std::string(wrong) + "' takes 3 arguments, and the loop carries 1 values"));
  }
  Graph variable;
  variable.add("VarHandleOp", "v", {});
  variable.add("ReadVariableOp", "y", {"v"});
  EXPECT_THAT(variable.error(), HasSubstr("give the folder of a SavedModel with its variables, or freeze the graph"));
}

TEST(TensorFlow, MergesOfMergesEnd) {
  Graph graph;
  graph.placeholder("x", {1});
  std::string last = "x";
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "m" + std::to_string(5000 - i);
    graph.add("Merge", name, {last, last});
    last = name;
  }
  std::reverse(graph.def.mutable_node()->pointer_begin(), graph.def.mutable_node()->pointer_end());
  EXPECT_THAT(graph.error(), HasSubstr("the branch that it ends cannot be taken"));
}

TEST(TensorFlow, FunctionsThatCallThemselvesEnd) {
  Graph graph;
  graph.placeholder("x", {1});
  auto* function = graph.def.mutable_library()->add_function();
  function->mutable_signature()->set_name("f");
  function->mutable_signature()->add_input_arg()->set_name("a");
  function->mutable_signature()->add_output_arg()->set_name("r");
  for (const char* name : {"left", "right"}) {
    auto* node = function->add_node_def();
    node->set_name(name);
    node->set_op("PartitionedCall");
    node->add_input(name == std::string("left") ? "a" : "left:output:0");
    (*node->mutable_attr())["f"].mutable_func()->set_name("f");
  }
  (*function->mutable_ret())["r"] = "right:output:0";
  auto& call = graph.add("PartitionedCall", "y", {"x"});
  (*call.mutable_attr())["f"].mutable_func()->set_name("f");
  EXPECT_THAT(graph.error(), HasSubstr("functions call each other more than 32 deep"));
}

// y = x times 2, 3 or 5, as an index says; others take the last.
Graph switched() {
  Graph graph;
  auto& index = graph.add("Placeholder", "index", {});
  (*index.mutable_attr())["dtype"].set_type(3);
  (*index.mutable_attr())["shape"].mutable_shape();
  graph.placeholder("x", {2});
  auto& choice = graph.add("Case", "y", {"index", "x"});
  for (const float factor : {2.0f, 3.0f, 5.0f}) {
    auto* function = graph.def.mutable_library()->add_function();
    const std::string name = "times" + std::to_string(static_cast<int>(factor));
    function->mutable_signature()->set_name(name);
    function->mutable_signature()->add_input_arg()->set_name("a");
    function->mutable_signature()->add_output_arg()->set_name("r");
    auto* constant = function->add_node_def();
    constant->set_name("factor");
    constant->set_op("Const");
    auto& tensor = *(*constant->mutable_attr())["value"].mutable_tensor();
    tensor.set_dtype(1);
    tensor.mutable_tensor_shape();
    tensor.add_float_val(factor);
    auto* product = function->add_node_def();
    product->set_name("product");
    product->set_op("Mul");
    product->add_input("a");
    product->add_input("factor:output:0");
    (*function->mutable_ret())["r"] = "product:z:0";
    (*choice.mutable_attr())["branches"].mutable_list()->add_func()->set_name(name);
  }
  return graph;
}

TEST(TensorFlow, CasesAreBranchesWithinBranches) {
  auto network = switched().import();
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ(count_of<If>(**network), 1u);
  for (const auto& [index, factor] : {std::pair(0, 2.0f), {1, 3.0f}, {2, 5.0f}, {7, 5.0f}, {-1, 5.0f}}) {
    auto outputs =
        (*network)->evaluate({Array::scalar(DataType::kInt32, index), Array::of(DataType::kFloat, {2}, std::vector<float>{1, 10})});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_THAT((*outputs)[0].floats(), ElementsAre(factor, 10 * factor)) << index;
  }
  Graph known = switched();
  known.def.mutable_node(0)->set_op("Const");
  auto& number = *(*known.def.mutable_node(0)->mutable_attr())["value"].mutable_tensor();
  number.set_dtype(3);
  number.mutable_tensor_shape();
  number.add_int_val(1);
  EXPECT_THAT(run(known, {2}, {1, 10}), ElementsAre(3, 30));
  known.def.mutable_node(2)->mutable_attr()->erase("branches");
  EXPECT_THAT(known.error(), HasSubstr("its attribute 'branches' names no functions"));
}

class SavedModelFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("ingot_saved_model_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(kModels + "saved_model_made/model", folder_, std::filesystem::copy_options::recursive);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name, std::ios::binary) << text; }

  std::filesystem::path folder_;
};

TEST_F(SavedModelFiles, TellTheirSignature) {
  auto network = import_tensorflow_file(folder_.string());
  ASSERT_TRUE(network.ok()) << network.error().message;
  ASSERT_EQ((*network)->inputs().size(), 1u);
  EXPECT_EQ((*network)->inputs()[0]->name, "image");
  ASSERT_EQ((*network)->outputs().size(), 2u);
  EXPECT_EQ((*network)->outputs()[0]->name, "logits");
  EXPECT_EQ((*network)->outputs()[1]->name, "prob");
  TfImportOptions options;
  options.outputs = {"prob"};
  options.inputs["image"] = {{2, 14, 14, 1}};
  auto part = import_tensorflow_file((folder_ / "saved_model.pb").string(), options);
  ASSERT_TRUE(part.ok()) << part.error().message;
  ASSERT_EQ((*part)->outputs().size(), 1u);
  EXPECT_EQ((*part)->outputs()[0]->type.text(), "float [2, 10]");
}

TEST_F(SavedModelFiles, WithoutVariablesSaySo) {
  std::filesystem::remove_all(folder_ / "variables");
  const auto network = import_tensorflow_file(folder_.string());
  ASSERT_FALSE(network.ok());
  EXPECT_THAT(network.error().message, HasSubstr("its values cannot be read"));
  EXPECT_THAT(network.error().message, HasSubstr("variables.index"));
}

TEST_F(SavedModelFiles, DamagedCheckpointsEndInErrors) {
  const std::string index = read_file((folder_ / "variables/variables.index").string());
  auto table = read_sorted_table(bytes_of(index));
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_GT(table->size(), 10u);
  for (size_t length = 0; length < index.size(); ++length)
    EXPECT_FALSE(read_sorted_table(bytes_of(index.substr(0, length))).ok()) << length;
  int wrong = 0;
  for (size_t at = 0; at < index.size(); at += 3) {
    std::string other = index;
    other[at] = static_cast<char>(other[at] ^ 0x55);
    write("variables/variables.index", other);
    wrong += !import_tensorflow_file(folder_.string()).ok();
  }
  EXPECT_GT(wrong, 10);
  write("variables/variables.index", index);
  const std::string data = read_file((folder_ / "variables/variables.data-00000-of-00001").string());
  write("variables/variables.data-00000-of-00001", data.substr(0, 100));
  const auto network = import_tensorflow_file(folder_.string());
  ASSERT_FALSE(network.ok());
  EXPECT_THAT(network.error().message, HasSubstr("the data ends at 100"));
}

}  // namespace
}  // namespace ingot
