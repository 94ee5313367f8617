// Sequences and optionals exist while a model is read.
#include <gmock/gmock.h>

#include "one_node.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

void add_integer(proto::GraphProto* graph, const std::string& name, const std::vector<int64_t>& values, bool scalar = true) {
  auto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(proto::TensorProto::INT64);
  if (!scalar) tensor->add_dims(static_cast<int64_t>(values.size()));
  for (int64_t value : values) tensor->add_int64_data(value);
}

// A graph with inputs a and b [2] and the integers 0, 1 and -1 as "0", "1", "-1".
proto::ModelProto two_inputs() {
  proto::ModelProto model = empty_model();
  for (const char* name : {"a", "b"}) describe(model.mutable_graph()->add_input(), name, {"2"});
  for (int64_t value : {0, 1, -1}) add_integer(model.mutable_graph(), std::to_string(value), {value});
  model.mutable_graph()->add_output()->set_name("y");
  return model;
}

std::vector<float> answer(const proto::ModelProto& model) {
  auto network = import_model(model);
  EXPECT_TRUE(network.ok()) << network.error().message;
  return network.ok() ? outputs_of(**network, {floats({1, 2}), floats({3, 4})}) : std::vector<float>{};
}

TEST(OnnxSequences, ItemsAreInsertedErasedAndTakenOut) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  add_node(graph, "SequenceEmpty", {}, {"s0"});
  add_node(graph, "SequenceInsert", {"s0", "a"}, {"s1"});
  add_node(graph, "SequenceInsert", {"s1", "b", "0"}, {"s2"});  // b, a
  add_node(graph, "SequenceConstruct", {"a", "b", "b"}, {"t"});
  add_node(graph, "SequenceErase", {"t", "-1"}, {"u"});  // a, b
  add_node(graph, "SequenceAt", {"s2", "0"}, {"first"});
  add_node(graph, "SequenceAt", {"u", "0"}, {"second"});
  add_node(graph, "Sub", {"first", "second"}, {"y"});
  EXPECT_EQ(answer(model), (std::vector<float>{2, 2}));
}

TEST(OnnxSequences, TheLengthIsKnown) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  add_node(graph, "SplitToSequence", {"a"}, {"s"});
  add_node(graph, "SequenceLength", {"s"}, {"length"});
  auto* cast = add_node(graph, "Cast", {"length"}, {"number"});
  set_integer(cast, "to", proto::TensorProto::FLOAT);
  add_node(graph, "Mul", {"b", "number"}, {"y"});
  EXPECT_EQ(answer(model), (std::vector<float>{6, 8}));
}

TEST(OnnxSequences, AreConcatenatedAndStacked) {
  for (bool stacks : {false, true}) {
    proto::ModelProto model = two_inputs();
    proto::GraphProto* graph = model.mutable_graph();
    add_node(graph, "SequenceConstruct", {"a", "b"}, {"s"});
    auto* node = add_node(graph, "ConcatFromSequence", {"s"}, {"y"});
    set_integer(node, "axis", stacks ? 1 : 0);
    set_integer(node, "new_axis", stacks);
    EXPECT_EQ(answer(model), stacks ? (std::vector<float>{1, 3, 2, 4}) : (std::vector<float>{1, 2, 3, 4}));
  }
}

TEST(OnnxSequences, APlaceThatIsComputedBecomesAGather) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  describe(graph->add_input(), "i", {}, proto::TensorProto::INT64);
  add_node(graph, "SequenceConstruct", {"a", "b"}, {"s"});
  add_node(graph, "SequenceAt", {"s", "i"}, {"y"});
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const auto at = [&](double place) {
    return outputs_of(**network, {floats({1, 2}), floats({3, 4}), Array::scalar(DataType::kInt64, place)});
  };
  EXPECT_EQ(at(0), (std::vector<float>{1, 2}));
  EXPECT_EQ(at(-1), (std::vector<float>{3, 4}));
}

TEST(OnnxSequences, AMapWritesItsBodyOutForEachItem) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  add_node(graph, "SequenceConstruct", {"a", "b"}, {"s"});
  auto* map = add_node(graph, "SequenceMap", {"s", "b"}, {"t"});
  auto* body = add_attribute(map, "body", proto::AttributeProto::GRAPH)->mutable_g();
  for (const char* name : {"item", "other"}) describe(body->add_input(), name, {"2"});
  add_node(body, "Add", {"item", "other"}, {"sum"});
  body->add_output()->set_name("sum");
  add_node(graph, "ConcatFromSequence", {"t"}, {"y"});
  set_integer(graph->mutable_node(2), "axis", 0);
  EXPECT_EQ(answer(model), (std::vector<float>{4, 6, 6, 8}));
}

TEST(OnnxSequences, ALoopThatCarriesOneIsWrittenOut) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  add_integer(graph, "rounds", {3});
  set_bool(graph->add_initializer(), "true", true);
  add_node(graph, "SequenceEmpty", {}, {"none"});
  auto* loop = add_node(graph, "Loop", {"rounds", "true", "none"}, {"s"});
  auto* body = add_attribute(loop, "body", proto::AttributeProto::GRAPH)->mutable_g();
  describe(body->add_input(), "round", {}, proto::TensorProto::INT64);
  describe(body->add_input(), "going", {}, proto::TensorProto::BOOL);
  body->add_input()->set_name("so_far");
  auto* cast = add_node(body, "Cast", {"round"}, {"number"});
  set_integer(cast, "to", proto::TensorProto::FLOAT);
  add_node(body, "Mul", {"a", "number"}, {"item"});
  add_node(body, "SequenceInsert", {"so_far", "item"}, {"longer"});
  add_node(body, "Identity", {"going"}, {"still"});
  for (const char* name : {"still", "longer"}) body->add_output()->set_name(name);
  auto* all = add_node(graph, "ConcatFromSequence", {"s"}, {"y"});
  set_integer(all, "axis", 0);
  EXPECT_EQ(answer(model), (std::vector<float>{0, 0, 1, 2, 2, 4}));
}

// A loop over v [1] of 4 rounds, whose body gives `result` from the round's number and v.
proto::ModelProto carrying(const std::function<void(proto::GraphProto* body)>& fill_body) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  add_integer(graph, "rounds", {4});
  add_integer(graph, "one", {1});
  set_bool(graph->add_initializer(), "true", true);
  fill(graph->add_initializer(), "v", {1}, {1});
  fill(graph->add_initializer(), "list", {5}, {1, 2, 3, 4, 5});
  auto* loop = add_node(graph, "Loop", {"rounds", "true", "v"}, {"y"});
  auto* body = add_attribute(loop, "body", proto::AttributeProto::GRAPH)->mutable_g();
  describe(body->add_input(), "round", {}, proto::TensorProto::INT64);
  describe(body->add_input(), "going", {}, proto::TensorProto::BOOL);
  describe(body->add_input(), "so_far", {""});
  add_node(body, "Identity", {"going"}, {"still"});
  fill_body(body);
  for (const char* name : {"still", "result"}) body->add_output()->set_name(name);
  return model;
}

TEST(OnnxLoops, CarriedDimsAreBoundedWhereSomethingBoundsThem) {
  const auto bound_of = [](const proto::ModelProto& model) {
    auto network = import_model(model);
    EXPECT_TRUE(network.ok()) << network.error().message;
    if (!network.ok()) return std::string();
    const auto symbol = (*network)->outputs()[0]->type.dims[0].symbol_name();
    const auto bound = (*network)->symbol_bounds().find(symbol.value_or(""));
    return bound == (*network)->symbol_bounds().end() ? "none" : bound->second.text();
  };
  // It grows by 2 a round.
  const auto grows = carrying([](auto* body) { set_integer(add_node(body, "Concat", {"so_far", "a"}, {"result"}), "axis", 0); });
  EXPECT_EQ(answer(grows).size(), 9u);
  EXPECT_EQ(bound_of(grows), "9");
  // A part of 5 numbers is added; its length is known only to the round.
  const auto adds = carrying([](auto* body) {
    add_node(body, "Unsqueeze", {"round", "zero"}, {"start"});
    add_node(body, "Add", {"start", "one"}, {"end"});
    add_node(body, "Slice", {"list", "start", "end"}, {"part"});
    add_node(body, "Add", {"so_far", "part"}, {"result"});
    auto* zero = body->add_initializer();
    zero->set_name("zero");
    zero->set_data_type(proto::TensorProto::INT64);
    zero->add_dims(1);
    zero->add_int64_data(0);
  });
  EXPECT_EQ(answer(adds), (std::vector<float>{11}));
  EXPECT_EQ(bound_of(adds), "5");
  // It doubles: nothing bounds that.
  const auto doubles = carrying([](auto* body) { set_integer(add_node(body, "Concat", {"so_far", "so_far"}, {"result"}), "axis", 0); });
  EXPECT_EQ(answer(doubles).size(), 16u);
  EXPECT_EQ(bound_of(doubles), "none");
}

void add_strings(proto::GraphProto* graph, const std::string& name, const std::vector<std::string>& texts) {
  auto* attribute = add_attribute(add_node(graph, "Constant", {}, {name}), "value_strings", proto::AttributeProto::STRINGS);
  for (const std::string& text : texts) attribute->add_strings(text);
}

TEST(OnnxStrings, ConstantsAreMovedComparedJoinedAndReadAsNumbers) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  auto* kept = graph->add_initializer();
  kept->set_name("kept");
  kept->set_data_type(proto::TensorProto::STRING);
  kept->add_dims(2);
  for (const char* text : {"0", " 1.5"}) kept->add_string_data(text);
  add_strings(graph, "digits", {"2", "x", "1"});
  add_node(graph, "Gather", {"digits", "-1"}, {"one"});
  add_node(graph, "StringConcat", {"one", "kept"}, {"joined"});  // "10" and "1 1.5", of which the first is read
  add_node(graph, "Gather", {"joined", "0"}, {"ten"});
  set_integer(add_node(graph, "Cast", {"ten"}, {"number"}), "to", proto::TensorProto::FLOAT);
  add_strings(graph, "x", {"x"});
  add_node(graph, "Equal", {"digits", "x"}, {"is_x"});
  add_node(graph, "Gather", {"is_x", "1"}, {"same"});
  auto* choice = add_node(graph, "If", {"same"}, {"y"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    auto* body = add_attribute(choice, branch, proto::AttributeProto::GRAPH)->mutable_g();
    add_node(body, "Mul", {branch == std::string("then_branch") ? "a" : "b", "number"}, {"product"});
    body->add_output()->set_name("product");
  }
  EXPECT_EQ(answer(model), (std::vector<float>{10, 20}));
}

// Strings through one node, compared with what is expected; the answer is a where they are the same, else zeros.
std::vector<float> same_strings(const std::vector<std::string>& given, const std::vector<std::string>& expected,
                                const std::function<void(proto::GraphProto*)>& node) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  add_strings(graph, "s", given);
  add_strings(graph, "expected", expected);
  node(graph);
  add_integer(graph, "flat", {-1}, false);
  add_node(graph, "Reshape", {"t", "flat"}, {"row"});
  add_node(graph, "Equal", {"row", "expected"}, {"same"});
  set_integer(add_node(graph, "Cast", {"same"}, {"ones"}), "to", proto::TensorProto::FLOAT);
  set_integer(add_node(graph, "ReduceMin", {"ones"}, {"least"}), "keepdims", 0);
  add_node(graph, "Mul", {"least", "a"}, {"y"});
  return answer(model);
}

TEST(OnnxStrings, TextsAreSplit) {
  const std::vector<float> yes = {1, 2};
  const auto split = [](const char* delimiter, int64_t most) {
    return [=](proto::GraphProto* graph) {
      auto* node = add_node(graph, "StringSplit", {"s"}, {"t", "counts"});
      if (delimiter) add_attribute(node, "delimiter", proto::AttributeProto::STRING)->set_s(delimiter);
      if (most >= 0) set_integer(node, "maxsplit", most);
    };
  };
  EXPECT_EQ(same_strings({" a  bc ", "d"}, {"a", "bc", "d", ""}, split(nullptr, -1)), yes);
  EXPECT_EQ(same_strings({" a  bc d"}, {"a", "bc d"}, split(nullptr, 1)), yes);
  EXPECT_EQ(same_strings({"a--b-", "--"}, {"a", "b-", "", ""}, split("--", -1)), yes);
  EXPECT_EQ(same_strings({"a-b-c"}, {"a", "b-c"}, split("-", 1)), yes);
  EXPECT_EQ(same_strings({"a-b-c"}, {"a", "b", "d"}, split("-", -1)), (std::vector<float>{0, 0}));
  proto::ModelProto model = two_inputs();
  add_strings(model.mutable_graph(), "s", {"x y z", ""});
  split(nullptr, -1)(model.mutable_graph());
  set_integer(add_node(model.mutable_graph(), "Cast", {"counts"}, {"numbers"}), "to", proto::TensorProto::FLOAT);
  add_node(model.mutable_graph(), "Add", {"numbers", "a"}, {"y"});
  EXPECT_EQ(answer(model), (std::vector<float>{4, 2}));
}

TEST(OnnxStrings, StopWordsGoAndTheCaseChanges) {
  const std::vector<float> yes = {1, 2};
  const auto normalize = [](const char* action, int64_t sensitive, std::vector<std::string> stops) {
    return [=](proto::GraphProto* graph) {
      auto* node = add_node(graph, "StringNormalizer", {"s"}, {"t"});
      add_attribute(node, "case_change_action", proto::AttributeProto::STRING)->set_s(action);
      set_integer(node, "is_case_sensitive", sensitive);
      auto* words = add_attribute(node, "stopwords", proto::AttributeProto::STRINGS);
      for (const std::string& stop : stops) words->add_strings(stop);
    };
  };
  EXPECT_EQ(same_strings({"Monday", "monday", "Xy1"}, {"MONDAY", "XY1"}, normalize("UPPER", 1, {"monday"})), yes);
  EXPECT_EQ(same_strings({"Monday", "monday", "Xy1"}, {"xy1"}, normalize("LOWER", 0, {"MONDAY"})), yes);
  EXPECT_EQ(same_strings({"Monday"}, {""}, normalize("NONE", 1, {"Monday"})), yes);
  proto::ModelProto model = two_inputs();
  add_strings(model.mutable_graph(), "s", {"\xc3\xa4"});
  normalize("UPPER", 1, {})(model.mutable_graph());
  EXPECT_THAT(error_of(model), HasSubstr("letters beyond ASCII"));
}

TEST(OnnxStrings, PatternsMatchAsAWhole) {
  const auto match = [](const std::string& pattern, const std::string& text) {
    proto::ModelProto model = two_inputs();
    add_strings(model.mutable_graph(), "s", {text, text});
    add_attribute(add_node(model.mutable_graph(), "RegexFullMatch", {"s"}, {"t"}), "pattern", proto::AttributeProto::STRING)
        ->set_s(pattern);
    add_node(model.mutable_graph(), "Where", {"t", "a", "b"}, {"y"});
    const std::string error = error_of(model);
    return !error.empty() ? error : answer(model) == std::vector<float>{1, 2} ? std::string("yes") : std::string("no");
  };
  const std::vector<std::pair<std::string, std::string>> fit = {{"www.[\\w.-]+.com", "www.google.com"},
                                                                {"(\\W|^)[\\w.\\-]{0,25}@(yahoo|gmail)\\.com(\\W|$)", "account@gmail.com"},
                                                                {"a{2,3}", "aaa"},
                                                                {"(?:ab|c)*d?", "abcab"},
                                                                {"[^a-c\\d]+", "xyz"},
                                                                {"x{,2}", "x{,2}"},
                                                                {"(?P<year>\\d{4})-\\d+?", "2024-7"},
                                                                {".", "\xc3\xb6"},
                                                                {"(a*)*", "aaaa"},
                                                                {"[]-]+", "]-"},
                                                                {"", ""}};
  for (const auto& [pattern, text] : fit) EXPECT_EQ(match(pattern, text), "yes") << pattern;
  const std::vector<std::pair<std::string, std::string>> unfit = {{"www.[\\w.-]+.com", "www.google.org"},
                                                                  {"a{2,3}", "aaaa"},
                                                                  {"a{2}", "a"},
                                                                  {"ab|cd", "abcd"},
                                                                  {".", "\n"},
                                                                  {"[^a-c]", "b"},
                                                                  {"a^b", "ab"},
                                                                  {"(a|b)+", ""}};
  for (const auto& [pattern, text] : unfit) EXPECT_EQ(match(pattern, text), "no") << pattern;
  for (const char* pattern : {"(a", "a)", "[a", "[z-a]", "*a", "a**", "((a{999}){999}){999}"})
    EXPECT_THAT(match(pattern, "a"), HasSubstr("the pattern '" + std::string(pattern) + "' is none of RE2: ")) << pattern;
}

TEST(OnnxStrings, WhatIsNotKnownOrNoNumberIsRefused) {
  const auto error = [](auto&& fill) {
    proto::ModelProto model = two_inputs();
    add_strings(model.mutable_graph(), "s", {"p", "q"});
    fill(model.mutable_graph());
    return error_of(model);
  };
  EXPECT_THAT(error([](auto* graph) { set_integer(add_node(graph, "Cast", {"s"}, {"y"}), "to", proto::TensorProto::FLOAT); }),
              HasSubstr("the string 'p' is no number"));
  EXPECT_THAT(error([](auto* graph) { add_node(graph, "Relu", {"s"}, {"y"}); }),
              HasSubstr("(Relu, opset 17; input strings [2]): an input holds strings, which Relu does not take"));
  EXPECT_THAT(error([](auto* graph) { add_node(graph, "Identity", {"s"}, {"y"}); }), HasSubstr("the output 'y' holds strings"));
  EXPECT_THAT(error([](auto* graph) { add_node(graph, "Equal", {"s", "a"}, {"y"}); }), HasSubstr("input 1 holds no strings"));
  EXPECT_THAT(error([](auto* graph) {
                set_integer(add_node(graph, "Cast", {"a"}, {"places"}), "to", proto::TensorProto::INT64);
                add_node(graph, "Gather", {"s", "places"}, {"y"});
              }),
              HasSubstr("it moves strings by what only the run tells"));
}

// What the words "b", "c", "b" become through a node "y" of ai.onnx.ml, as numbers.
std::vector<float> numbers_of_words(const char* op, const std::function<void(proto::NodeProto*)>& attributes, int64_t version = 2) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  auto* opset = model.add_opset_import();
  opset->set_domain("ai.onnx.ml");
  opset->set_version(version);
  add_strings(graph, "words", {"b", "c", "b"});
  auto* node = add_node(graph, op, {"words"}, {"found"});
  if (op != std::string("TfIdfVectorizer")) node->set_domain("ai.onnx.ml");
  attributes(node);
  set_integer(add_node(graph, "Cast", {"found"}, {"numbers"}), "to", proto::TensorProto::FLOAT);
  add_node(graph, "Gather", {"a", "0"}, {"one"});
  add_node(graph, "Mul", {"numbers", "one"}, {"y"});
  const std::string error = error_of(model);
  EXPECT_EQ(error, "");
  return error.empty() ? answer(model) : std::vector<float>{};
}

void set_strings(proto::NodeProto* node, const char* name, const std::vector<std::string>& texts) {
  auto* attribute = add_attribute(node, name, proto::AttributeProto::STRINGS);
  for (const std::string& text : texts) attribute->add_strings(text);
}

TEST(OnnxStrings, LabelsOfStringsAreNumbers) {
  EXPECT_EQ(numbers_of_words("LabelEncoder",
                             [](auto* node) {
                               set_strings(node, "keys_strings", {"a", "b"});
                               set_integers(node, "values_int64s", {7, 8});
                             }),
            (std::vector<float>{8, -1, 8}));
  EXPECT_EQ(numbers_of_words("LabelEncoder",
                             [](auto* node) {
                               set_strings(node, "keys_strings", {"c", "b"});
                               set_strings(node, "values_strings", {"0.5", "1.5"});  // which the cast reads
                             }),
            (std::vector<float>{1.5f, 0.5f, 1.5f}));
  EXPECT_EQ(numbers_of_words(
                "LabelEncoder",
                [](auto* node) {
                  set_strings(node, "classes_strings", {"a", "b", "c"});
                },
                1),
            (std::vector<float>{1, 2, 1}));
  EXPECT_EQ(numbers_of_words("CategoryMapper",
                             [](auto* node) {
                               set_strings(node, "cats_strings", {"b", "a"});
                               set_integers(node, "cats_int64s", {5, 6});
                               set_integer(node, "default_int64", 9);
                             }),
            (std::vector<float>{5, 9, 5}));
  EXPECT_EQ(numbers_of_words("OneHotEncoder",
                             [](auto* node) {
                               set_strings(node, "cats_strings", {"c", "b"});
                             }),
            (std::vector<float>{0, 1, 1, 0, 0, 1}));
  EXPECT_EQ(numbers_of_words("TfIdfVectorizer",
                             [](auto* node) {
                               set_strings(node, "pool_strings", {"a", "b", "c", "b"});
                               set_integers(node, "ngram_counts", {0, 2});
                               set_integers(node, "ngram_indexes", {0, 1, 2});
                               set_integer(node, "max_gram_length", 2);
                               add_attribute(node, "mode", proto::AttributeProto::STRING)->set_s("TF");
                             }),
            (std::vector<float>{0, 2, 1}));
}

TEST(OnnxStrings, NumbersAreWrittenAsNumPyDoes) {
  const std::vector<float> yes = {1, 2};
  const auto cast = [](proto::GraphProto* graph) {
    set_integer(add_node(graph, "Cast", {"s"}, {"numbers"}), "to", proto::TensorProto::FLOAT);
    set_integer(add_node(graph, "Cast", {"numbers"}, {"t"}), "to", proto::TensorProto::STRING);
  };
  EXPECT_EQ(same_strings({"1000", "-0.25", "1e-5", "3e20", "0.1", "nan", "-INF"},
                         {"1000.0", "-0.25", "1e-05", "3e+20", "0.1", "nan", "-inf"}, cast),
            yes);
  const auto like = [](proto::GraphProto* graph) {
    set_integer(add_node(graph, "Cast", {"s"}, {"numbers"}), "to", proto::TensorProto::INT32);
    add_node(graph, "CastLike", {"numbers", "s"}, {"t"});
  };
  EXPECT_EQ(same_strings({"12", "-3"}, {"12", "-3"}, like), yes);
  proto::ModelProto model = two_inputs();
  add_strings(model.mutable_graph(), "s", {"1.5", "2"});
  add_node(model.mutable_graph(), "CastLike", {"s", "a"}, {"numbers"});
  add_node(model.mutable_graph(), "Add", {"numbers", "a"}, {"y"});
  EXPECT_EQ(answer(model), (std::vector<float>{2.5f, 4}));
}

TEST(OnnxSequences, OptionalsAreEmptyOrTheirElement) {
  proto::ModelProto model = two_inputs();
  proto::GraphProto* graph = model.mutable_graph();
  add_node(graph, "Optional", {"a"}, {"full"});
  add_node(graph, "Optional", {}, {"empty"});
  add_node(graph, "OptionalHasElement", {"empty"}, {"has"});
  add_node(graph, "OptionalGetElement", {"full"}, {"element"});
  add_node(graph, "Where", {"has", "element", "b"}, {"y"});
  EXPECT_EQ(answer(model), (std::vector<float>{3, 4}));
}

TEST(OnnxSequences, ErrorsSayWhatIsAtFault) {
  const auto error = [](auto&& fill) {
    proto::ModelProto model = two_inputs();
    add_node(model.mutable_graph(), "SequenceConstruct", {"a", "b"}, {"s"});
    fill(model.mutable_graph());
    return error_of(model);
  };
  EXPECT_THAT(error([](auto* graph) { add_node(graph, "Relu", {"s"}, {"y"}); }),
              HasSubstr("(Relu, opset 17; input a sequence of 2): input 0 is a sequence of 2 items; Relu takes tensors"));
  EXPECT_THAT(error([](auto* graph) { add_node(graph, "Identity", {"s"}, {"y"}); }), HasSubstr("the output 'y' is a sequence"));
  EXPECT_THAT(error([](auto* graph) {
                add_integer(graph, "5", {5});
                add_node(graph, "SequenceAt", {"s", "5"}, {"y"});
              }),
              HasSubstr("the place 5 lies outside of the sequence; it allows 2"));
  EXPECT_THAT(error([](auto* graph) {
                add_node(graph, "SequenceAt", {"a", "0"}, {"y"});
              }),
              HasSubstr("input 0 is a tensor; a sequence is wanted"));
  EXPECT_THAT(error([](auto* graph) { add_node(graph, "StringConcat", {"a", "b"}, {"y"}); }), HasSubstr("encode them as numbers"));
}

TEST(OnnxSequences, AllInputsAndOutputsThatAreNoTensorsAreToldAtOnce) {
  proto::ModelProto model = empty_model();
  proto::GraphProto* graph = model.mutable_graph();
  describe(graph->add_input(), "text", {"2"}, proto::TensorProto::STRING);
  graph->add_input()->set_name("list");
  graph->mutable_input(1)->mutable_type()->mutable_sequence_type();
  describe(graph->add_input(), "x", {"2"});
  add_node(graph, "Relu", {"x"}, {"y"});
  for (const char* name : {"y", "z", "w"}) graph->add_output()->set_name(name);
  const std::string error = error_of(model);
  EXPECT_THAT(error, HasSubstr("m: 4 errors"));
  EXPECT_THAT(error, HasSubstr("'text': elements of ONNX type strings are not supported"));
  EXPECT_THAT(error, HasSubstr("'list' is a sequence; only tensors are supported"));
  EXPECT_THAT(error, HasSubstr("the output 'z' is provided by no node"));
  EXPECT_THAT(error, HasSubstr("the output 'w' is provided by no node"));
}

}  // namespace
}  // namespace ingot
