// Graphs, names, functions, branches: what becomes of a model, and what is said of a wrong one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model_builder.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(OnnxGraph, ASmallModelComputes) {
  auto network = import_model(relu_model());
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_TRUE((*network)->verify().ok());
  EXPECT_EQ((*network)->inputs().at(0)->name, "x");
  EXPECT_EQ((*network)->outputs().at(0)->name, "y");
  EXPECT_EQ((*network)->layers().at(0)->name, "activation");
  EXPECT_THAT(outputs_of(**network, {floats({-1, 2})}), ElementsAre(0, 2));
}

TEST(OnnxGraph, NodesMayStandInAnyOrder) {
  auto model = empty_model();
  auto* graph = model.mutable_graph();
  describe(graph->add_input(), "x", {"2"});
  describe(graph->add_output(), "y", {"2"});
  add_node(graph, "Neg", {"t"}, {"y"});
  add_node(graph, "Relu", {"x"}, {"t"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({-1, 2})}), ElementsAre(-0.f, -2));
}

TEST(OnnxGraph, ACycleIsNamed) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  add_node(graph, "Add", {"x", "c"}, {"a"}, "first");
  add_node(graph, "Neg", {"a"}, {"b"}, "second");
  add_node(graph, "Neg", {"b"}, {"c"}, "third");
  add_node(graph, "Neg", {"c"}, {"d"}, "behind");
  const std::string error = error_of(model);
  EXPECT_THAT(error, HasSubstr("the nodes form a cycle: "));
  EXPECT_THAT(error, HasSubstr("'second' -> 'third' -> 'first' -> 'second'"));
  EXPECT_THAT(error, Not(HasSubstr("behind")));
}

TEST(OnnxGraph, ANodeThatReadsItsOwnOutputIsACycle) {
  auto model = relu_model();
  add_node(model.mutable_graph(), "Add", {"x", "s"}, {"s"}, "self");
  EXPECT_THAT(error_of(model), HasSubstr("'self' -> 'self'"));
}

TEST(OnnxGraph, AMissingTensorIsNamedWithItsReader) {
  auto model = relu_model();
  add_node(model.mutable_graph(), "Add", {"x", "ghost"}, {"z"}, "sum");
  EXPECT_THAT(error_of(model), HasSubstr("m: node 'sum' (Add, opset 17; input float [2]): input 1 is 'ghost'"));
}

TEST(OnnxGraph, AMissingOutputIsNamed) {
  auto model = relu_model();
  describe(model.mutable_graph()->add_output(), "nowhere", {"2"});
  EXPECT_THAT(error_of(model), HasSubstr("the output 'nowhere' is provided by no node"));
}

TEST(OnnxGraph, ANameIsGivenOnce) {
  auto model = relu_model();
  add_node(model.mutable_graph(), "Neg", {"x"}, {"y"}, "again");
  EXPECT_THAT(error_of(model), HasSubstr("the nodes 'activation' and 'again' both produce 'y'"));

  model = relu_model();
  add_node(model.mutable_graph(), "Neg", {"y"}, {"x"}, "back");
  EXPECT_THAT(error_of(model), HasSubstr("'back' produces 'x', which is an input or initializer already"));

  model = relu_model();
  describe(model.mutable_graph()->add_input(), "x", {"3"});
  EXPECT_THAT(error_of(model), HasSubstr("two inputs of the graph 'g' are called 'x'"));

  model = relu_model();
  fill(model.mutable_graph()->add_initializer(), "w", {1}, {1});
  fill(model.mutable_graph()->add_initializer(), "w", {1}, {2});
  EXPECT_THAT(error_of(model), HasSubstr("two initializers are called 'w'"));

  model = relu_model();
  describe(model.mutable_graph()->add_output(), "y", {"2"});
  EXPECT_THAT(error_of(model), HasSubstr("two outputs are called 'y'"));
}

TEST(OnnxGraph, NamesThatLayersGetByThemselvesGiveWay) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  // The first node's tensor is called after its node until it gets the name "a".
  add_node(graph, "Neg", {"x"}, {"a"}, "b");
  add_node(graph, "Neg", {"x"}, {"b"}, "a");
  describe(graph->add_output(), "a", {"2"});
  describe(graph->add_output(), "b", {"2"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->outputs().at(1)->name, "a");
  EXPECT_EQ((*network)->outputs().at(2)->name, "b");
  EXPECT_EQ((*network)->find_tensor("a")->producer()->name, "b");
}

TEST(OnnxGraph, OpsetsBeginWithOne) {
  auto model = relu_model();
  model.mutable_opset_import(0)->set_version(0);
  EXPECT_THAT(error_of(model), HasSubstr("the model uses opset 0; the first one is 1"));
  model.clear_opset_import();
  EXPECT_THAT(error_of(model), HasSubstr("does not say which opset"));
}

TEST(OnnxGraph, DimensionsOfOneNameAreOneSymbol) {
  auto model = empty_model();
  auto* graph = model.mutable_graph();
  describe(graph->add_input(), "a", {"batch size", "", "-1"});
  describe(graph->add_input(), "b", {"batch size", "", "4"});
  describe(graph->add_output(), "y", {});
  add_node(graph, "Neg", {"a"}, {"y"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const Dims &a = (*network)->inputs().at(0)->type.dims, &b = (*network)->inputs().at(1)->type.dims;
  EXPECT_EQ(a[0].text(), "batch_size");
  EXPECT_EQ(a[0], b[0]);
  EXPECT_NE(a[1], b[1]);
  EXPECT_TRUE(a[2].symbol_name().has_value());
  EXPECT_TRUE(b[2].is(4));

  describe(graph->add_input(), "c", {"-7"});
  EXPECT_THAT(error_of(model), HasSubstr("'c' has dimension -7 at 0; dimensions are not negative"));
}

TEST(OnnxGraph, OpenDimensionsMayBeGivenByTheCaller) {
  auto model = empty_model();
  auto* graph = model.mutable_graph();
  describe(graph->add_input(), "x", {"n", "", "4"});
  describe(graph->add_output(), "y", {});
  add_node(graph, "Neg", {"x"}, {"y"});
  OnnxImportOptions options;
  options.input_shapes["x"] = {2, -1, 4};
  auto network = import_model(model, options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const Dims& dims = (*network)->outputs().at(0)->type.dims;
  EXPECT_TRUE(dims[0].is(2));
  EXPECT_FALSE(dims[1].is_constant());
  options.input_shapes["x"] = {2, 3, 5};
  EXPECT_THAT(error_of(model, options), HasSubstr("the input 'x' is float [2, 3, 4]; the shape [2, 3, 5] does not fit"));
  options.input_shapes["x"] = {2, 3};
  EXPECT_THAT(error_of(model, options), HasSubstr("does not fit"));
}

TEST(OnnxGraph, InputsMayBeMadeConstantByTheCaller) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  describe(graph->add_input(), "w", {"2"});
  add_node(graph, "Add", {"x", "w"}, {"z"});
  graph->mutable_output(0)->set_name("z");
  OnnxImportOptions options;
  options.known_inputs["w"] = floats({5, 6});
  auto network = import_model(model, options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->inputs().size(), 1u);
  EXPECT_THAT(outputs_of(**network, {floats({1, 2})}), ElementsAre(6, 8));
}

TEST(OnnxGraph, AllUnknownOperatorsAreToldAtOnce) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  add_node(graph, "Alien", {"x"}, {"p"}, "p");
  add_node(graph, "Relu", {"p"}, {"q"}, "q");
  add_node(graph, "Stranger", {"q"}, {"r"}, "r")->set_domain("far");
  add_node(graph, "Alien", {"r"}, {"s"}, "s");
  ImportErrors errors;
  OnnxImportOptions options;
  options.errors = &errors;
  const std::string error = error_of(model, options);
  EXPECT_THAT(error, HasSubstr("m: 2 errors"));
  EXPECT_THAT(
      error,
      HasSubstr(
          "the operator Alien is not known, and the model has no function of this name; register a plugin that is called so, or export it "
          "as operators of the standard (2 nodes)"));
  EXPECT_THAT(error, HasSubstr("the operator far.Stranger is not known"));
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].code, ImportCode::kUnsupportedNode);
  EXPECT_EQ(errors[0].node, 1);
  EXPECT_EQ(errors[0].node_name, "p");
  EXPECT_EQ(errors[1].op_type, "Stranger");
}

TEST(OnnxGraph, SeveralErrorsAreCollected) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  set_integer(add_node(graph, "LeakyRelu", {"x"}, {"p"}, "leaky"), "alpha", 1);
  add_node(graph, "Neg", {"p"}, {"behind"}, "behind");
  add_node(graph, "Add", {"x", "ghost"}, {"q"}, "sum");
  const std::string error = error_of(model);
  EXPECT_THAT(error, HasSubstr("node 'leaky' (LeakyRelu, opset 17; input float [2]): attribute 'alpha' is an integer; a number is wanted"));
  EXPECT_THAT(error, HasSubstr("node 'sum'"));
  EXPECT_THAT(error, Not(HasSubstr("'behind'")));
}

TEST(OnnxGraph, ErrorsEndAtTheLimit) {
  auto model = relu_model();
  for (int i = 0; i < 50; ++i) add_node(model.mutable_graph(), "Add", {"x", "ghost"}, {"q" + std::to_string(i)});
  ImportErrors errors;
  OnnxImportOptions options;
  options.errors = &errors;
  options.most_errors = 5;
  EXPECT_NE(error_of(model, options), "");
  EXPECT_EQ(errors.size(), 5u);
}

TEST(OnnxGraph, AnOutputMayBeAnInputOrAConstantOrTheSameTwice) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  describe(graph->add_output(), "x", {"2"});
  fill(graph->add_initializer(), "w", {2}, {5, 6});
  describe(graph->add_output(), "w", {"2"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_TRUE((*network)->verify().ok());
  auto outputs = (*network)->evaluate({floats({-1, 2})});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT((*outputs)[1].floats(), ElementsAre(-1, 2));
  EXPECT_THAT((*outputs)[2].floats(), ElementsAre(5, 6));
  EXPECT_EQ((*network)->outputs().at(2)->name, "w");
}

TEST(OnnxGraph, AnInputWithAnInitializerIsAConstant) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  describe(graph->add_input(), "w", {"2"});
  fill(graph->add_initializer(), "w", {2}, {5, 6});
  add_node(graph, "Add", {"x", "w"}, {"z"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->inputs().size(), 1u);
  EXPECT_EQ((*network)->find_tensor("w")->constant.floats().at(1), 6);
}

TEST(OnnxGraph, InputsThatAreNoTensorsAreDeclined) {
  auto model = relu_model();
  auto* input = model.mutable_graph()->add_input();
  input->set_name("s");
  input->mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type()->set_elem_type(1);
  EXPECT_THAT(error_of(model), HasSubstr("'s' is a sequence; only tensors are supported"));
}

// scaled(x) = x * factor, where `factor` is an attribute that may be left out.
void add_scaled_function(proto::ModelProto& model) {
  auto* function = model.add_functions();
  function->set_name("Scaled");
  function->set_domain("mine");
  function->add_input("v");
  function->add_output("r");
  auto* fallback = function->add_attribute_proto();
  fallback->set_name("factor");
  fallback->set_type(proto::AttributeProto::FLOAT);
  fallback->set_f(10);
  auto* constant = add_node(function->mutable_node(), "Constant", {}, {"c"});
  auto* value = add_attribute(constant, "value_float", proto::AttributeProto::FLOAT);
  value->set_ref_attr_name("factor");
  add_node(function->mutable_node(), "Mul", {"v", "c"}, {"r"}, "times");
  function->add_opset_import()->set_version(17);
  auto* opset = model.add_opset_import();
  opset->set_domain("mine");
  opset->set_version(1);
}

TEST(OnnxFunctions, AreWrittenOutWithTheirCallersAttributes) {
  auto model = relu_model();
  add_scaled_function(model);
  auto* graph = model.mutable_graph();
  auto* first = add_node(graph, "Scaled", {"x"}, {"a"}, "call1");
  first->set_domain("mine");
  set_number(first, "factor", 2);
  add_node(graph, "Scaled", {"a"}, {"b"}, "call2")->set_domain("mine");
  graph->mutable_output(0)->set_name("b");
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({1, 3})}), ElementsAre(20, 60));
  EXPECT_EQ((*network)->find_tensor("a")->producer()->name, "call1/times");
}

TEST(OnnxFunctions, ErrorsInsideNameTheCalls) {
  auto model = relu_model();
  add_scaled_function(model);
  add_node(model.mutable_functions(0)->mutable_node(), "Nonsense", {"v"}, {"n"}, "n");
  add_node(model.mutable_graph(), "Scaled", {"x"}, {"a"}, "call")->set_domain("mine");
  ImportErrors errors;
  OnnxImportOptions options;
  options.errors = &errors;
  EXPECT_THAT(error_of(model, options), HasSubstr("m: in function 'Scaled': node 'call/n' (Nonsense"));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].node, 1);
  EXPECT_THAT(errors[0].functions, ElementsAre("Scaled"));
}

void add_calling_function(proto::ModelProto& model, const std::string& name, const Names& callees) {
  auto* function = model.add_functions();
  function->set_name(name);
  function->set_domain("mine");
  function->add_input("v");
  function->add_output("r" + std::to_string(callees.size() - 1));
  std::string input = "v";
  for (size_t i = 0; i < callees.size(); ++i) {
    const std::string output = "r" + std::to_string(i);
    auto* node = add_node(function->mutable_node(), callees[i], {input}, {output});
    if (callees[i] != "Neg") node->set_domain("mine");
    input = output;
  }
}

TEST(OnnxFunctions, RecursionIsAnError) {
  auto model = relu_model();
  add_calling_function(model, "A", {"B"});
  add_calling_function(model, "B", {"A"});
  add_node(model.mutable_graph(), "A", {"x"}, {"z"})->set_domain("mine");
  EXPECT_THAT(error_of(model), HasSubstr("the function 'A' calls itself: A -> B -> A"));
}

TEST(OnnxFunctions, DeepCallsEnd) {
  auto model = relu_model();
  for (int i = 0; i < 100; ++i) add_calling_function(model, "F" + std::to_string(i), {i == 99 ? "Neg" : "F" + std::to_string(i + 1)});
  add_node(model.mutable_graph(), "F0", {"x"}, {"z"})->set_domain("mine");
  EXPECT_THAT(error_of(model), HasSubstr("functions are nested more than 64 deep"));
}

TEST(OnnxFunctions, DoublingEndsAtTheLimitOfNodes) {
  auto model = relu_model();
  for (int i = 0; i < 40; ++i) {
    const std::string next = i == 39 ? "Neg" : "F" + std::to_string(i + 1);
    add_calling_function(model, "F" + std::to_string(i), {next, next});
  }
  add_node(model.mutable_graph(), "F0", {"x"}, {"z"})->set_domain("mine");
  OnnxImportOptions options;
  options.most_nodes = 1000;
  EXPECT_THAT(error_of(model, options), HasSubstr("more than 1000 nodes with its functions written out"));
}

// y = condition ? -x : Alien(x)
proto::ModelProto branch_model() {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  auto* branch = add_node(graph, "If", {"condition"}, {"z"}, "choice");
  auto* then_graph = add_attribute(branch, "then_branch", proto::AttributeProto::GRAPH)->mutable_g();
  then_graph->set_name("then");
  add_node(then_graph, "Neg", {"x"}, {"inner"});
  describe(then_graph->add_output(), "inner", {"2"});
  auto* else_graph = add_attribute(branch, "else_branch", proto::AttributeProto::GRAPH)->mutable_g();
  else_graph->set_name("else");
  add_node(else_graph, "Alien", {"x"}, {"inner"});
  describe(else_graph->add_output(), "inner", {"2"});
  graph->mutable_output(0)->set_name("z");
  return model;
}

TEST(OnnxIf, AKnownConditionTakesItsBranchAndTheOtherIsNotLookedAt) {
  auto model = branch_model();
  set_bool(model.mutable_graph()->add_initializer(), "condition", true);
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({1, 3})}), ElementsAre(-1, -3));
  EXPECT_EQ((*network)->outputs().at(0)->name, "z");

  model.mutable_graph()->mutable_initializer(0)->set_int32_data(0, 0);
  EXPECT_THAT(error_of(model), HasSubstr("the operator Alien is not known"));
}

TEST(OnnxIf, AConditionThatIsComputedFromConstantsIsKnown) {
  auto model = branch_model();
  auto* graph = model.mutable_graph();
  fill(graph->add_initializer(), "one", {}, {1});
  fill(graph->add_initializer(), "two", {}, {2});
  add_node(graph, "Add", {"one", "one"}, {"sum"});
  add_node(graph, "Equal", {"sum", "two"}, {"condition"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({1, 3})}), ElementsAre(-1, -3));
}

TEST(OnnxIf, GraphsThatReadOuterNamesCountForTheOrder) {
  auto model = branch_model();
  auto* graph = model.mutable_graph();
  set_bool(graph->add_initializer(), "condition", true);
  // The branch reads "late", which stands behind it.
  graph->mutable_node(1)->mutable_attribute(0)->mutable_g()->mutable_node(0)->set_input(0, "late");
  add_node(graph, "Neg", {"x"}, {"late"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({1, 3})}), ElementsAre(1, 3));
}

TEST(OnnxCustom, AnUnknownOperatorMayBeResolvedByTheCaller) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  auto* node = add_node(graph, "Alien", {"x"}, {"z"}, "custom");
  node->set_domain("far");
  set_integer(node, "times", 3);
  graph->mutable_output(0)->set_name("z");
  OnnxImportOptions options;
  options.custom = [](const ForeignNode& foreign, Network& network) -> std::optional<Result<std::vector<Tensor*>>> {
    if (foreign.domain() != "far") return std::nullopt;
    auto attributes = foreign.attributes();
    EXPECT_EQ(attributes->at(0).name, "times");
    EXPECT_EQ(std::get<int64_t>(attributes->at(0).value), 3);
    Tensor* constant = network.add_constant("", Array::of(DataType::kFloat, {2}, std::vector<float>{7, 8}));
    return std::vector<Tensor*>{constant};
  };
  auto network = import_model(model, options);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_THAT(outputs_of(**network, {floats({1, 3})}), ElementsAre(7, 8));
}

TEST(OnnxSupport, NodesAreGroupedByWhatCanBeTaken) {
  auto model = relu_model();
  auto* graph = model.mutable_graph();
  add_node(graph, "Alien", {"y"}, {"p"});
  add_node(graph, "Relu", {"p"}, {"q"});
  add_node(graph, "Alien", {"q"}, {"r"});
  const std::string bytes = model.SerializeAsString();
  const OnnxSupport support = query_onnx_support({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, "");
  EXPECT_FALSE(support.supported);
  ASSERT_EQ(support.subgraphs.size(), 4u);
  EXPECT_THAT(support.subgraphs[0].nodes, ElementsAre(0));
  EXPECT_TRUE(support.subgraphs[0].supported);
  EXPECT_THAT(support.subgraphs[1].nodes, ElementsAre(1));
  EXPECT_FALSE(support.subgraphs[1].supported);
  EXPECT_TRUE(support.subgraphs[2].supported);
  EXPECT_FALSE(support.subgraphs[3].supported);
}

}  // namespace
}  // namespace ingot
