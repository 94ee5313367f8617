// Tensors of ONNX files: encodings, sizes, external data, and bytes that are broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "model_builder.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Array> read(const proto::TensorProto& tensor) {
  const std::string bytes = tensor.SerializeAsString();
  return read_onnx_tensor({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

proto::TensorProto typed(int type, const std::vector<int64_t>& dims) {
  proto::TensorProto tensor;
  tensor.set_data_type(type);
  for (int64_t dim : dims) tensor.add_dims(dim);
  return tensor;
}

std::string error_of_tensor(const proto::TensorProto& tensor) {
  auto array = read(tensor);
  return array.ok() ? "" : array.error().message;
}

TEST(OnnxTensor, TypedFieldsAreRead) {
  auto half = typed(proto::TensorProto::FLOAT16, {2});
  half.add_int32_data(0x3c00);
  half.add_int32_data(0xc000);
  auto array = read(half);
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_EQ(array->type(), DataType::kHalf);
  EXPECT_THAT(array->floats(), ElementsAre(1, -2));

  auto nibbles = typed(proto::TensorProto::INT4, {3});
  nibbles.add_int32_data(0xf1);  // 1, -1
  nibbles.add_int32_data(0x07);  // 7
  array = read(nibbles);
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_THAT(array->integers(), ElementsAre(1, -1, 7));

  auto crumbs = typed(proto::TensorProto::INT2, {5});
  crumbs.add_int32_data(0b01'10'11'00);  // 0, -1, -2, 1
  crumbs.add_int32_data(0b01);
  array = read(crumbs);
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_THAT(array->integers(), ElementsAre(0, -1, -2, 1, 1));

  auto words = typed(proto::TensorProto::UINT32, {1});
  words.add_uint64_data(4000000000u);
  array = read(words);
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_THAT(array->integers(), ElementsAre(4000000000));

  auto longs = typed(proto::TensorProto::INT64, {});
  longs.add_int64_data(-5);
  array = read(longs);
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_THAT(array->integers(), ElementsAre(-5));
}

TEST(OnnxTensor, BoolsBecomeZeroOrOne) {
  auto bools = typed(proto::TensorProto::BOOL, {3});
  bools.set_raw_data(std::string("\x00\x02\x01", 3));
  auto array = read(bools);
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_EQ(array->as<uint8_t>()[1], 1);
  EXPECT_THAT(array->integers(), ElementsAre(0, 1, 1));
}

TEST(OnnxTensor, NoElementsAreFine) {
  auto array = read(typed(proto::TensorProto::FLOAT, {0, 3}));
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_EQ(array->count(), 0);
}

TEST(OnnxTensor, WrongSizesAreErrors) {
  auto tensor = typed(proto::TensorProto::FLOAT, {2, -3});
  EXPECT_THAT(error_of_tensor(tensor), HasSubstr("its dims [2, -3] have a negative one"));
  tensor = typed(proto::TensorProto::FLOAT, {INT64_MAX, INT64_MAX});
  EXPECT_THAT(error_of_tensor(tensor), HasSubstr("are too many elements"));
  tensor = typed(proto::TensorProto::FLOAT, {INT64_MAX});
  EXPECT_THAT(error_of_tensor(tensor), HasSubstr("are too many elements"));
  tensor = typed(proto::TensorProto::INT8, {int64_t{1} << 40});
  EXPECT_THAT(error_of_tensor(tensor), HasSubstr("its data has 0 entries"));
  tensor = typed(proto::TensorProto::FLOAT, {3});
  tensor.add_float_data(1);
  EXPECT_THAT(error_of_tensor(tensor), HasSubstr("its data has 1 element; the dims [3] take 3"));
  tensor.clear_float_data();
  tensor.set_raw_data("12345");
  EXPECT_THAT(error_of_tensor(tensor), HasSubstr("its data has 5 bytes; 3 elements of type float take 12"));
}

TEST(OnnxTensor, WrongTypesAreErrors) {
  EXPECT_THAT(error_of_tensor(typed(proto::TensorProto::STRING, {1})), HasSubstr("elements of ONNX type strings are not supported"));
  EXPECT_THAT(error_of_tensor(typed(proto::TensorProto::COMPLEX64, {1})), HasSubstr("complex64"));
  EXPECT_THAT(error_of_tensor(typed(99, {1})), HasSubstr("element type 99 is not one of ONNX"));
}

class OnnxExternalData : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("ingot_external_" + std::to_string(getpid()));
    fs::create_directories(root_ / "model" / "weights");
    const float values[] = {1, 2, 3, 4};
    std::ofstream(root_ / "model" / "weights" / "w.bin", std::ios::binary).write(reinterpret_cast<const char*>(values), sizeof values);
    std::ofstream(root_ / "secret") << "0123456789abcdef";
    fs::create_symlink(root_ / "secret", root_ / "model" / "out");
    fs::create_symlink("weights/w.bin", root_ / "model" / "in");
    fs::create_symlink(root_, root_ / "model" / "up");
  }
  void TearDown() override { fs::remove_all(root_); }

  // z = x + w, where w [2] lies in the file.
  static proto::ModelProto model(const std::string& location, const std::string& offset = "", const std::string& length = "") {
    auto made = relu_model();
    auto* tensor = made.mutable_graph()->add_initializer();
    fill(tensor, "w", {2}, {});
    tensor->clear_raw_data();
    tensor->set_data_location(proto::TensorProto::EXTERNAL);
    const auto add = [&](const char* key, const std::string& value) {
      auto* entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", location);
    if (!offset.empty()) add("offset", offset);
    if (!length.empty()) add("length", length);
    add_node(made.mutable_graph(), "Add", {"x", "w"}, {"z"});
    made.mutable_graph()->mutable_output(0)->set_name("z");
    return made;
  }
  std::string error(const proto::ModelProto& made) { return error_of(made, {}, (root_ / "model").string()); }

  fs::path root_;
};

TEST_F(OnnxExternalData, IsReadFromTheModelsFolder) {
  for (const char* location : {"weights/w.bin", "./weights/w.bin", "in"}) {
    auto network = import_model(model(location, "8", "8"), {}, (root_ / "model").string());
    ASSERT_TRUE(network.ok()) << network.error().message;
    EXPECT_THAT(outputs_of(**network, {floats({0, 0})}), ElementsAre(3, 4));
  }
  // An offset that does not suit the element is copied, and a missing length is the tensor's.
  auto network = import_model(model("weights/w.bin", "4"), {}, (root_ / "model").string());
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({0, 0})}), ElementsAre(2, 3));
}

TEST_F(OnnxExternalData, MayBeFoundThroughTheModelsPath) {
  const std::string path = (root_ / "model" / "m.onnx").string();
  std::ofstream(path, std::ios::binary) << model("weights/w.bin").SerializeAsString();
  auto network = import_onnx_file(path);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({0, 0})}), ElementsAre(1, 2));
}

TEST_F(OnnxExternalData, NeverLeavesTheFolder) {
  EXPECT_THAT(error(model("../../etc/passwd")), HasSubstr("initializer 'w': external data '../../etc/passwd' leads upwards"));
  EXPECT_THAT(error(model("weights/../../secret")), HasSubstr("leads upwards"));
  EXPECT_THAT(error(model("/etc/passwd")), HasSubstr("is an absolute path; it must lie inside the model's folder"));
  EXPECT_THAT(error(model("out")), HasSubstr("is a link that leads outside of the model's folder"));
  EXPECT_THAT(error(model("up/secret")), HasSubstr("is a link that leads outside of the model's folder"));
  EXPECT_THAT(error(model("")), HasSubstr("has no usable file name"));
  EXPECT_THAT(error(model(std::string("in\0x", 4))), HasSubstr("has no usable file name"));
}

TEST_F(OnnxExternalData, RangesAreChecked) {
  EXPECT_THAT(error(model("in", "12", "8")), HasSubstr("has 16 bytes; 8 from 12 are wanted"));
  EXPECT_THAT(error(model("in", "9223372036854775807", "8")), HasSubstr("has 16 bytes"));
  EXPECT_THAT(error(model("in", "-8", "8")), HasSubstr("has 16 bytes"));
  EXPECT_THAT(error(model("in", "0", "-1")), HasSubstr("length is -1"));
  EXPECT_THAT(error(model("in", "0", "99999999999999999999")),
              HasSubstr("external data's length is '99999999999999999999'; a number is wanted"));
  EXPECT_THAT(error(model("in", "0", "4")), HasSubstr("its data has 4 bytes; 2 elements of type float take 8"));
  EXPECT_THAT(error(model("gone")), HasSubstr("external data 'gone' cannot be read"));
  EXPECT_THAT(error(model("weights")), HasSubstr("is not a file"));
}

TEST_F(OnnxExternalData, NeedsAFolder) {
  EXPECT_THAT(error_of(model("in")), HasSubstr("the model came from memory, and its folder was not given"));
}

proto::ModelProto sparse_model(const std::vector<int64_t>& indices, const std::vector<int64_t>& index_dims) {
  auto model = relu_model();
  auto* sparse = model.mutable_graph()->add_sparse_initializer();
  fill(sparse->mutable_values(), "w", {static_cast<int64_t>(index_dims[0])}, std::vector<float>(static_cast<size_t>(index_dims[0]), 7));
  sparse->add_dims(2);
  sparse->add_dims(2);
  auto* tensor = sparse->mutable_indices();
  tensor->set_data_type(proto::TensorProto::INT64);
  for (int64_t dim : index_dims) tensor->add_dims(dim);
  for (int64_t index : indices) tensor->add_int64_data(index);
  add_node(model.mutable_graph(), "Add", {"x", "w"}, {"z"});
  model.mutable_graph()->mutable_output(0)->set_name("z");
  return model;
}

TEST(OnnxSparse, BecomesDense) {
  for (const auto& model : {sparse_model({1, 2}, {2}), sparse_model({0, 1, 1, 0}, {2, 2})}) {
    auto network = import_model(model);
    ASSERT_TRUE(network.ok()) << network.error().message;
    EXPECT_THAT(outputs_of(**network, {floats({0, 0})}), ElementsAre(0, 7, 7, 0));
  }
  EXPECT_THAT(error_of(sparse_model({1, 4}, {2})), HasSubstr("an index 4 outside of its dims [2, 2]"));
  EXPECT_THAT(error_of(sparse_model({0, -1, 1, 0}, {2, 2})), HasSubstr("an index -1 outside of its dims [2, 2]"));
  EXPECT_THAT(error_of(sparse_model({0, 1, 1}, {1, 3})), HasSubstr("it is sparse with values [1]"));
}

TEST(OnnxConstant, TakesAllItsAttributes) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  auto* node = add_node(graph, "Constant", {}, {"c"});
  auto* values = add_attribute(node, "value_floats", proto::AttributeProto::FLOATS);
  values->add_floats(3);
  values->add_floats(4);
  add_node(graph, "Add", {"x", "c"}, {"z"});
  graph->mutable_output(0)->set_name("z");
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({1, 1})}), ElementsAre(4, 5));
  node = graph->mutable_node(1);
  node->clear_attribute();
  EXPECT_THAT(error_of(model), HasSubstr("no attribute holds the value"));
  add_attribute(node, "value_string", proto::AttributeProto::STRING)->set_s("s");
  EXPECT_THAT(error_of(model), HasSubstr("(Add, opset 17; inputs float [2], strings []): an input holds strings, which Add does not take"));
}

proto::ModelProto filled_model(const std::vector<int64_t>& dims) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  auto* tensor = graph->add_initializer();
  tensor->set_name("dims");
  tensor->set_data_type(proto::TensorProto::INT64);
  tensor->add_dims(static_cast<int64_t>(dims.size()));
  for (int64_t dim : dims) tensor->add_int64_data(dim);
  auto* node = add_node(graph, "ConstantOfShape", {"dims"}, {"c"});
  fill(add_attribute(node, "value", proto::AttributeProto::TENSOR)->mutable_t(), "", {1}, {2.5});
  add_node(graph, "Add", {"x", "c"}, {"z"});
  graph->mutable_output(0)->set_name("z");
  return model;
}

TEST(OnnxConstantOfShape, IsWrittenOutWhereTheShapeIsKnown) {
  auto network = import_model(filled_model({3, 1}));
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->find_tensor("c")->constant.floats(), std::vector<float>(3, 2.5));
}

TEST(OnnxConstantOfShape, HasALimit) {
  EXPECT_THAT(error_of(filled_model({1 << 20, 1 << 20})), HasSubstr("a constant of shape [1048576, 1048576] is too large"));
  EXPECT_THAT(error_of(filled_model({INT64_MAX, 8})), HasSubstr("has more elements than can be counted"));
  EXPECT_THAT(error_of(filled_model({-2, 8})), HasSubstr("negative"));
}

TEST(OnnxBytes, EveryTruncationIsAnErrorOrAModel) {
  auto model = filled_model({3, 1});
  const std::string bytes = model.SerializeAsString();
  int errors = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto network = import_onnx({reinterpret_cast<const std::byte*>(bytes.data()), size}, "");
    errors += !network.ok();
  }
  EXPECT_GT(errors, static_cast<int>(bytes.size()) - 10);
}

TEST(OnnxBytes, SayWhatTheyAreNot) {
  const auto message = [](const std::string& bytes) {
    auto network = import_onnx({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, "");
    return network.ok() ? "" : network.error().message;
  };
  EXPECT_THAT(message(""), HasSubstr("there are no bytes"));
  EXPECT_THAT(message("layer { name: \"conv\" }"), HasSubstr("not an ONNX model"));
  EXPECT_THAT(message("layer { name: \"conv\" }\n}"), HasSubstr("; it is text that begins with 'layer { name: \"conv\" }'"));
  EXPECT_THAT(message("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(message("<!DOCTYPE html>\n<html>"), HasSubstr("a web page"));
  EXPECT_THAT(message(std::string("PK\x03\x04\0\0\b", 7)), HasSubstr("a zip archive"));
  EXPECT_THAT(message("\x1f\x8b\b"), HasSubstr("unpack it first"));
  EXPECT_THAT(message(std::string("\x1c\0\0\0TFL3", 8)), HasSubstr("a TensorFlow Lite model"));
  EXPECT_THAT(message(std::string(1000, '\xff')), HasSubstr("not an ONNX model, or truncated: its 1000 bytes"));
  EXPECT_THAT(import_onnx_file("/nonexistent/m.onnx").error().message, HasSubstr("'/nonexistent/m.onnx' cannot be opened: No such file"));
  EXPECT_THAT(import_onnx_file("/").error().message, HasSubstr("is not a file"));
}

TEST(OnnxBytes, GraphsInGraphsEnd) {
  auto model = relu_model();
  proto::GraphProto inner;
  for (int i = 0; i < 200; ++i) {
    proto::GraphProto outer;
    auto* node = add_node(&outer, "If", {"c"}, {"o"});
    *add_attribute(node, "then_branch", proto::AttributeProto::GRAPH)->mutable_g() = std::move(inner);
    inner = std::move(outer);
  }
  *model.mutable_graph() = std::move(inner);
  EXPECT_THAT(error_of(model), HasSubstr("not an ONNX model, or truncated"));
}

TEST(OnnxInitializers, WeightsOfTheProgramStandInForThoseOfTheModel) {
  proto::ModelProto model = empty_model();
  describe(model.mutable_graph()->add_input(), "x", {"2"});
  describe(model.mutable_graph()->add_output(), "y", {"2"});
  auto* weight = model.mutable_graph()->add_initializer();
  fill(weight, "w", {2}, {});
  weight->clear_raw_data();
  weight->set_data_location(proto::TensorProto::EXTERNAL);  // a file that is not there
  add_node(model.mutable_graph(), "Add", {"x", "w"}, {"y"});
  const auto given = [](const std::vector<float>& values) {
    const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
    return std::make_shared<const std::vector<std::byte>>(bytes, bytes + values.size() * sizeof(float));
  };
  OnnxImportOptions options;
  options.initializers["w"] = given({10, 20});
  auto network = import_model(model, options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ(outputs_of(**network, {floats({1, 2})}), (std::vector<float>{11, 22}));
  options.initializers["w"] = given({10});
  EXPECT_THAT(error_of(model, options), HasSubstr("initializer 'w': its data has 4 bytes; 2 elements of type float take 8"));
  options.initializers["w"] = given({10, 20});
  options.initializers["v"] = given({1});
  EXPECT_THAT(error_of(model, options), HasSubstr("weights are given for 'v', which is no initializer of the model"));
}

TEST(OnnxFiles, AreReadPieceByPiece) {
  const std::string path = ::testing::TempDir() + "/piece_by_piece.onnx";
  proto::ModelProto model = relu_model();
  // Larger than a piece.
  fill(model.mutable_graph()->add_initializer(), "unused", {200000}, std::vector<float>(200000, 1));
  const std::string bytes = model.SerializeAsString();
  const auto write = [&](size_t count) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(count));
  };
  write(bytes.size());
  auto network = import_onnx_file(path);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ(outputs_of(**network, {floats({-1, 2})}), (std::vector<float>{0, 2}));
  write(bytes.size() - 1000);
  network = import_onnx_file(path);
  ASSERT_FALSE(network.ok());
  EXPECT_THAT(network.error().message, HasSubstr("not an ONNX model, or truncated"));
}

}  // namespace
}  // namespace ingot
