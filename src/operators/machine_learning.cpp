// ai.onnx.ml: the steps around classical models that are formulas of tensors. Labels and keys are numbers; maps are not taken.
#include <fmt/format.h>

#include <cmath>

#include "operators/arg_reduce.h"
#include "operators/classifier.h"
#include "operators/concat.h"
#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<Tensor*> binary(Network& network, ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); }
Tensor* row_of(Network& network, DataType type, const std::vector<double>& numbers) {
  return network.add_constant("", Array::of(type, {static_cast<int64_t>(numbers.size())}, numbers));
}
Result<Tensor*> as_float(Network& network, Tensor* x) {
  if (x->type.type == DataType::kFloat) return x;
  return network.add(Elementwise::cast(DataType::kFloat), {x});
}

// Columns of x's last axis.
Result<Tensor*> array_feature_extractor(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 2));
  Tensor* x = in[0];
  if (x->type.rank() == 1) {
    TRY_ASSIGN(x, network.add(Unsqueeze({0}), {x}));
  }
  TRY_ASSIGN(Tensor * places, network.add(Reshape(std::vector<int64_t>{-1}), {in[1]}));
  return network.add(Gather(-1), {x, places});
}

// 1 where x is above the threshold, else 0.
Result<Tensor*> binarizer(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const double threshold, node.number("threshold", 0));
  TRY_ASSIGN(Tensor * y, binary(network, ScalarOp::kGreater, x, add_scalar(network, x, threshold)));
  return network.add(Elementwise::cast(x->type.type), {y});
}

// (x - offset) * scale
Result<Tensor*> scaler(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::vector<double> offset, node.numbers("offset", {0}));
  TRY_ASSIGN(const std::vector<double> scale, node.numbers("scale", {1}));
  TRY_ASSIGN(x, as_float(network, x));
  TRY_ASSIGN(x, binary(network, ScalarOp::kSub, x, row_of(network, DataType::kFloat, offset)));
  return binary(network, ScalarOp::kMul, x, row_of(network, DataType::kFloat, scale));
}

// Rows over their largest element, sum of absolute values or length.
Result<Tensor*> normalizer(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::string norm, node.word("norm", "MAX"));
  if (norm != "MAX" && norm != "L1" && norm != "L2") return invalid("norm is '" + norm + "'; it is MAX, L1 or L2");
  TRY_ASSIGN(x, as_float(network, x));
  const ReduceKind kind = norm == "MAX" ? ReduceKind::kMax : norm == "L1" ? ReduceKind::kL1 : ReduceKind::kL2;
  TRY_ASSIGN(Tensor * size, network.add(Reduce(kind, {x->type.rank() - 1}), {x}));
  // Rows of zeros stay.
  TRY_ASSIGN(Tensor * empty, binary(network, ScalarOp::kEqual, size, add_scalar(network, size, 0)));
  TRY_ASSIGN(size, network.add(Elementwise(ScalarOp::kSelect), {empty, add_scalar(network, size, 1), size}));
  return binary(network, ScalarOp::kDiv, x, size);
}

// Other numbers in the place of one: NaN, or an integer.
Result<Tensor*> imputer(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  const bool floating = is_floating(x->type.type);
  std::vector<double> values;
  Tensor* missing = nullptr;
  if (floating) {
    TRY_ASSIGN(values, node.numbers("imputed_value_floats", {}));
    TRY_ASSIGN(const double replaced, node.number("replaced_value_float", 0));
    if (std::isnan(replaced)) {
      TRY_ASSIGN(missing, network.add(Elementwise(ScalarOp::kIsNan), {x}));
    } else {
      TRY_ASSIGN(missing, binary(network, ScalarOp::kEqual, x, add_scalar(network, x, replaced)));
    }
  } else {
    TRY_ASSIGN(const std::vector<int64_t> integers, node.integers("imputed_value_int64s", {}));
    values.assign(integers.begin(), integers.end());
    TRY_ASSIGN(const int64_t replaced, node.integer("replaced_value_int64", 0));
    TRY_ASSIGN(missing, binary(network, ScalarOp::kEqual, x, add_scalar(network, x, static_cast<double>(replaced))));
  }
  if (values.empty()) return invalid("the values that take the place are missing");
  return network.add(Elementwise(ScalarOp::kSelect), {missing, row_of(network, x->type.type, values), x});
}

// The inputs' columns side by side.
Result<Tensor*> feature_vectorizer(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node));
  std::vector<Tensor*> parts;
  for (Tensor* x : in) {
    if (x->type.rank() != 2) return unsupported("FeatureVectorizer of " + x->type.text() + "; [N, features] is supported");
    TRY_ASSIGN(Tensor * part, as_float(network, x));
    parts.push_back(part);
  }
  return network.add(Concat(1), parts);
}

// The numbers of one of three attributes, with the type they have.
struct Labels {
  DataType type = DataType::kFloat;
  Array values;
};
Result<Labels> labels_of(const OnnxNode& node, const std::string& stem) {
  if (node.has(stem + "_tensor")) {
    TRY_ASSIGN(Array values, node.tensor(stem + "_tensor"));
    return Labels{values.type(), values};
  }
  if (node.has(stem + "_int64s")) {
    TRY_ASSIGN(const std::vector<int64_t> integers, node.integers(stem + "_int64s", {}));
    return Labels{DataType::kInt64, Array::from_int64s(integers)};
  }
  TRY_ASSIGN(const std::vector<double> numbers, node.numbers(stem + "_floats", {}));
  return Labels{DataType::kFloat, Array::of(DataType::kFloat, {static_cast<int64_t>(numbers.size())}, numbers)};
}

// values[k] where x is keys[k], else the default.
Result<Tensor*> label_encoder(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const Labels keys, labels_of(node, "keys"));
  TRY_ASSIGN(const Labels values, labels_of(node, "values"));
  if (keys.values.count() == 0 || keys.values.count() != values.values.count())
    return invalid(fmt::format("there are {} keys for {} values", keys.values.count(), values.values.count()));
  if (keys.type != x->type.type) return invalid(fmt::format("the keys are {}, but the input {}", name_of(keys.type), x->type.text()));
  double otherwise = values.type == DataType::kInt64 ? -1 : 0;
  if (node.has("default_tensor")) {
    TRY_ASSIGN(const Array value, node.tensor("default_tensor"));
    if (value.count() != 1) return invalid("the default is " + to_text(value.shape()) + "; one number is wanted");
    otherwise = value.number(0);
  } else if (values.type == DataType::kInt64) {
    TRY_ASSIGN(const int64_t value, node.integer("default_int64", -1));
    otherwise = static_cast<double>(value);
  } else {
    TRY_ASSIGN(otherwise, node.number("default_float", -0.0));
  }
  TRY_ASSIGN(Tensor * wide, network.add(Unsqueeze({-1}), {x}));
  Tensor* all = network.add_constant("", keys.values);
  TRY_ASSIGN(Tensor * matches, binary(network, ScalarOp::kEqual, wide, all));
  if (is_floating(keys.type)) {  // a key may be NaN, which stands for all of them
    TRY_ASSIGN(Tensor * is_nan, network.add(Elementwise(ScalarOp::kIsNan), {wide}));
    TRY_ASSIGN(Tensor * key_is_nan, network.add(Elementwise(ScalarOp::kIsNan), {all}));
    TRY_ASSIGN(is_nan, binary(network, ScalarOp::kAnd, is_nan, key_is_nan));
    TRY_ASSIGN(matches, binary(network, ScalarOp::kOr, matches, is_nan));
  }
  TRY_ASSIGN(Tensor * found, network.add(Reduce(ReduceKind::kMax, {x->type.rank()}, false), {matches}));
  TRY_ASSIGN(matches, network.add(Elementwise::cast(DataType::kInt32), {matches}));
  ArgReduce first;
  first.axis = -1;
  first.keepdims = false;
  TRY_ASSIGN(Tensor * place, network.add(first, {matches}));
  TRY_ASSIGN(Tensor * value, network.add(Gather(0), {network.add_constant("", values.values), place}));
  return network.add(Elementwise(ScalarOp::kSelect), {found, value, add_scalar(network, value, otherwise)});
}

// x * coefficients' + intercepts
Result<Tensor*> linear_scores(const OnnxNode& node, Network& network, int64_t targets) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::vector<double> weights, node.numbers("coefficients", {}));
  TRY_ASSIGN(const std::vector<double> intercepts, node.numbers("intercepts", {}));
  if (targets <= 0 || weights.empty() || static_cast<int64_t>(weights.size()) % targets != 0)
    return invalid(fmt::format("{} coefficients do not fall to {} targets", weights.size(), targets));
  TRY_ASSIGN(x, as_float(network, x));
  const int64_t features = static_cast<int64_t>(weights.size()) / targets;
  Tensor* w = network.add_constant("", Array::of(DataType::kFloat, {targets, features}, weights));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(false, true), {x, w}));
  if (intercepts.empty()) return y;
  return binary(network, ScalarOp::kAdd, y, row_of(network, DataType::kFloat, intercepts));
}

Result<Tensor*> linear_regressor(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const int64_t targets, node.integer("targets", 1));
  TRY_ASSIGN(Tensor * y, linear_scores(node, network, targets));
  return transformed_scores(node, network, y);
}

// The label of the largest score, and the scores. One row of coefficients scores the second of two classes.
Result<std::vector<Tensor*>> linear_classifier(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const ClassLabels labels, class_labels(node, "classlabels_ints"));
  TRY_ASSIGN(const std::vector<double> intercepts, node.numbers("intercepts", {}));
  const bool one_row = labels.count == 2 && intercepts.size() == 1;
  if (!one_row && !intercepts.empty() && static_cast<int64_t>(intercepts.size()) != labels.count)
    return invalid(fmt::format("there are {} intercepts for {} classes", intercepts.size(), labels.count));
  TRY_ASSIGN(Tensor * scores, linear_scores(node, network, one_row ? 1 : labels.count));
  Tensor* places = nullptr;
  if (one_row) {
    TRY_ASSIGN(places, places_above(network, scores, 0));
    TRY_ASSIGN(scores, two_scores(node, network, scores, false));
  } else {
    TRY_ASSIGN(places, places_of_largest(network, scores));
    TRY_ASSIGN(scores, transformed_scores(node, network, scores));
  }
  TRY_ASSIGN(Tensor * label, labels_at(labels, network, places));
  return std::vector<Tensor*>{label, scores};
}

// 1 at the place of x among the categories.
Result<Tensor*> one_hot_encoder(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::vector<int64_t> categories, node.integers("cats_int64s", {}));
  TRY_ASSIGN(const int64_t zeros, node.integer("zeros", 1));
  if (!zeros) return unsupported("OneHotEncoder that fails for unknown categories (zeros = 0); they give zeros here");
  TRY_ASSIGN(x, network.add(Elementwise::cast(DataType::kInt64), {x}));
  TRY_ASSIGN(x, network.add(Unsqueeze({-1}), {x}));
  TRY_ASSIGN(Tensor * y, binary(network, ScalarOp::kEqual, x, network.add_constant("", Array::from_int64s(categories))));
  return network.add(Elementwise::cast(DataType::kFloat), {y});
}

}  // namespace

REGISTER_OPERATORS(machine_learning) {
  constexpr const char* kDomain = "ai.onnx.ml";
  catalogue.add_onnx("ArrayFeatureExtractor", one_output<array_feature_extractor>, kDomain);
  catalogue.add_onnx("Binarizer", one_output<binarizer>, kDomain);
  catalogue.add_onnx("Scaler", one_output<scaler>, kDomain);
  catalogue.add_onnx("Normalizer", one_output<normalizer>, kDomain);
  catalogue.add_onnx("Imputer", one_output<imputer>, kDomain);
  catalogue.add_onnx("FeatureVectorizer", one_output<feature_vectorizer>, kDomain);
  catalogue.add_onnx("LabelEncoder", one_output<label_encoder>, kDomain);
  catalogue.add_onnx("LinearRegressor", one_output<linear_regressor>, kDomain);
  catalogue.add_onnx("LinearClassifier", linear_classifier, kDomain);
  catalogue.add_onnx("OneHotEncoder", one_output<one_hot_encoder>, kDomain);
}

}  // namespace ingot
