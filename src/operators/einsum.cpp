#include "operators/einsum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "operators/elementwise.h"
#include "operators/epilogue.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/scalar_functions.h"
#include "operators/shape.h"
#include "operators/transpose.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Labels are letters; the k-th dimension of an ellipsis, counted from its last, is the label -1 - k.
using Labels = std::vector<int>;
struct Equation {
  std::vector<Labels> operands;
  Labels result;
};

Error wrong(const std::string& equation, const std::string& what) { return invalid("einsum '" + equation + "': " + what); }

Result<Labels> parse_term(const std::string& equation, std::string_view term, int64_t ellipsis_rank) {
  Labels labels;
  bool has_ellipsis = false;
  for (size_t i = 0; i < term.size(); ++i) {
    if (std::isalpha(static_cast<unsigned char>(term[i]))) {
      labels.push_back(term[i]);
    } else if (term.substr(i, 3) == "..." && !has_ellipsis) {
      for (int64_t k = ellipsis_rank; k-- > 0;) labels.push_back(static_cast<int>(-1 - k));
      has_ellipsis = true;
      i += 2;
    } else {
      return wrong(equation, fmt::format("'{}' is neither a letter nor '...'", term[i]));
    }
  }
  return labels;
}

Result<Equation> parse_equation(const std::string& equation, const std::vector<int64_t>& ranks) {
  std::string text;
  for (char c : equation) {
    if (c != ' ') text += c;
  }
  const size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  std::vector<std::string> terms(1);
  for (char c : left) {
    if (c == ',')
      terms.emplace_back();
    else
      terms.back() += c;
  }
  if (terms.size() != ranks.size())
    return wrong(equation, fmt::format("it names {} operands, and there are {}", terms.size(), ranks.size()));
  Equation parsed;
  int64_t most_ellipsis = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    const bool has_ellipsis = terms[i].find("...") != std::string::npos;
    const int64_t letters = static_cast<int64_t>(terms[i].size()) - (has_ellipsis ? 3 : 0);
    const int64_t rest = ranks[i] - letters;
    if (rest < 0 || (!has_ellipsis && rest != 0))
      return wrong(equation, fmt::format("'{}' names {} dimensions of operand {}, which has {}", terms[i], letters, i, ranks[i]));
    TRY_ASSIGN(Labels labels, parse_term(equation, terms[i], rest));
    most_ellipsis = std::max(most_ellipsis, rest);
    parsed.operands.push_back(std::move(labels));
  }
  if (arrow != std::string::npos) {
    TRY_ASSIGN(parsed.result, parse_term(equation, std::string_view(text).substr(arrow + 2), most_ellipsis));
    std::set<int> seen;
    for (int label : parsed.result) {
      if (!seen.insert(label).second) return wrong(equation, "a label stands twice in the result");
    }
  } else {
    std::map<int, int> uses;
    for (const Labels& labels : parsed.operands) {
      for (int label : labels) ++uses[label];
    }
    for (const auto& [label, count] : uses) {  // ellipses first: their labels are negative, the outermost least
      if (label < 0 || count == 1) parsed.result.push_back(label);
    }
  }
  return parsed;
}

// The dimension of each label; of several the one that is not 1.
Result<std::map<int, Dim>> dims_of_labels(const std::string& equation, const Equation& parsed, const TensorTypes& inputs) {
  std::map<int, Dim> dims;
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t d = 0; d < parsed.operands[i].size(); ++d) {
      const int label = parsed.operands[i][d];
      const Dim& dim = inputs[i].dims[d];
      const auto [place, fresh] = dims.emplace(label, dim);
      if (fresh || place->second == dim || dim.is(1)) continue;
      if (place->second.is(1)) {
        place->second = dim;
      } else if (place->second.is_constant() && dim.is_constant()) {
        return wrong(equation, fmt::format("dimension {} of operand {} is {}, and before {}", d, i, dim.text(), place->second.text()));
      } else if (dim.is_constant()) {
        place->second = dim;
      }
    }
  }
  for (int label : parsed.result) {
    if (!dims.contains(label)) return wrong(equation, "a label of the result stands in no operand");
  }
  return dims;
}

std::vector<int64_t> ranks_of(const TensorTypes& inputs) {
  std::vector<int64_t> ranks;
  for (const TensorType& input : inputs) ranks.push_back(input.rank());
  return ranks;
}

}  // namespace

Result<TensorTypes> Einsum::infer(const TensorTypes& inputs) const {
  if (inputs.empty()) return invalid("einsum needs an operand");
  for (const TensorType& input : inputs) {
    if (input.type != inputs[0].type || input.type == DataType::kBool) return wrong(equation, "the operands are numbers of one type");
  }
  TRY_ASSIGN(const Equation parsed, parse_equation(equation, ranks_of(inputs)));
  TRY_ASSIGN(const auto dims, dims_of_labels(equation, parsed, inputs));
  TensorType y{inputs[0].type, {}};
  for (int label : parsed.result) y.dims.push_back(dims.at(label));
  return TensorTypes{std::move(y)};
}

Result<Einsum::Walk> Einsum::walk(const std::vector<Shape>& inputs) const {
  TensorTypes types;
  for (const Shape& shape : inputs) types.push_back({DataType::kFloat, to_dims(shape)});
  TRY_ASSIGN(const Equation parsed, parse_equation(equation, ranks_of(types)));
  TRY_ASSIGN(const auto dims, dims_of_labels(equation, parsed, types));
  // All labels, the result's first, so that each element is summed in one go.
  Labels order = parsed.result;
  for (const auto& [label, dim] : dims) {
    if (std::find(order.begin(), order.end(), label) == order.end()) order.push_back(label);
  }
  Walk walk;
  for (size_t i = 0; i < order.size(); ++i) (i < parsed.result.size() ? walk.outer : walk.inner).push_back(dims.at(order[i]).value());
  for (size_t k = 0; k < inputs.size(); ++k) {
    const Shape own = row_major_strides(inputs[k]);
    Shape by_label(order.size(), 0);
    for (size_t d = 0; d < own.size(); ++d) {
      const auto place = static_cast<size_t>(std::find(order.begin(), order.end(), parsed.operands[k][d]) - order.begin());
      if (inputs[k][d] != 1) by_label[place] += own[d];
    }
    walk.strides.push_back(std::move(by_label));
  }
  return walk;
}

Result<Arrays> Einsum::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(const TensorTypes outputs, infer(types_of(inputs)));
  std::vector<Shape> shapes;
  for (const Array& input : inputs) shapes.push_back(input.shape());
  TRY_ASSIGN(const Walk along_labels, walk(shapes));
  const auto& [outer, inner, strides] = along_labels;
  TRY_ASSIGN(Array y, Array::make(outputs[0].type, constant_shape(outputs[0].dims)));
  const bool real = is_floating(y.type());
  int64_t i = 0;
  for (IndexWalk at(outer); !at.done(); at.next(), ++i) {
    double sum = 0;
    int64_t integer_sum = 0;
    for (IndexWalk along(inner); !along.done(); along.next()) {
      double product = 1;
      int64_t integer_product = 1;
      for (size_t k = 0; k < inputs.size(); ++k) {
        int64_t element = 0;
        for (size_t d = 0; d < outer.size(); ++d) element += at.index()[d] * strides[k][d];
        for (size_t d = 0; d < inner.size(); ++d) element += along.index()[d] * strides[k][outer.size() + d];
        if (real)
          product *= inputs[k].number(element);
        else
          integer_product = compute_integer(ScalarOp::kMul, y.type(), integer_product, inputs[k].integer(element), 0, 0, 0);
      }
      sum += product;
      integer_sum = compute_integer(ScalarOp::kAdd, DataType::kInt64, integer_sum, integer_product, 0, 0, 0);
    }
    if (real)
      y.set_number(i, sum);
    else
      y.set_integer(i, wrap_integer(y.type(), integer_sum));
  }
  return Arrays{std::move(y)};
}

namespace {

bool contains(const Labels& labels, int label) { return std::find(labels.begin(), labels.end(), label) != labels.end(); }

// `x` with its dimensions in the order of `to`; `labels` names them now.
Result<Tensor*> arrange(Network& network, Tensor* x, const Labels& labels, const Labels& to) {
  std::vector<int64_t> permutation;
  for (int label : to) permutation.push_back(std::find(labels.begin(), labels.end(), label) - labels.begin());
  if (std::is_sorted(permutation.begin(), permutation.end())) return x;
  return network.add(Transpose(permutation), {x});
}

// `x` reshaped so that each of `groups` of consecutive dimensions is one.
Result<Tensor*> join(Network& network, Tensor* x, const std::vector<size_t>& groups) {
  Dims dims;
  int64_t d = 0;
  for (size_t size : groups) {
    Dim product = 1;
    for (size_t i = 0; i < size; ++i) product = product * input_dim(d++);
    dims.push_back(product);
  }
  if (std::all_of(groups.begin(), groups.end(), [](size_t size) { return size == 1; })) return x;
  return network.add(Reshape(dims), {x});
}

}  // namespace

Result<std::vector<Tensor*>> Einsum::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  REQUIRES(inputs.size() == 2 && inputs[0] && inputs[1], "einsum '" + equation + "' has other than two operands");
  const TensorTypes types{inputs[0]->type, inputs[1]->type};
  TRY_ASSIGN(const Equation parsed, parse_equation(equation, ranks_of(types)));
  TRY_ASSIGN(const auto dims, dims_of_labels(equation, parsed, types));
  Tensor* operands[2] = {inputs[0], inputs[1]};
  Labels labels[2] = {parsed.operands[0], parsed.operands[1]};
  for (size_t k = 0; k < 2; ++k) {
    std::set<int> seen;
    for (size_t d = 0; d < labels[k].size(); ++d) {
      REQUIRES(labels[k][d] >= 0, "einsum '" + equation + "' has an ellipsis");
      REQUIRES(seen.insert(labels[k][d]).second, "einsum '" + equation + "' takes a diagonal");
      REQUIRES(types[k].dims[d] == dims.at(labels[k][d]), "einsum '" + equation + "' broadcasts a dimension");
    }
    // What only this operand has and the result does not is summed first.
    std::vector<int64_t> summed;
    Labels kept;
    for (size_t d = 0; d < labels[k].size(); ++d) {
      const int label = labels[k][d];
      if (contains(parsed.result, label) || contains(parsed.operands[1 - k], label))
        kept.push_back(label);
      else
        summed.push_back(static_cast<int64_t>(d));
    }
    if (!summed.empty()) {
      TRY_ASSIGN(operands[k], network.add(Reduce(ReduceKind::kSum, summed, false), {operands[k]}));
    }
    labels[k] = std::move(kept);
  }
  // Shared labels are batch dimensions where the result has them, else they are summed by the product.
  Labels batch, rows, columns, inner;
  for (int label : labels[0]) {
    if (!contains(labels[1], label))
      rows.push_back(label);
    else
      (contains(parsed.result, label) ? batch : inner).push_back(label);
  }
  for (int label : labels[1]) {
    if (!contains(labels[0], label)) columns.push_back(label);
  }
  const auto together = [](std::initializer_list<const Labels*> parts) {
    Labels all;
    for (const Labels* part : parts) all.insert(all.end(), part->begin(), part->end());
    return all;
  };
  const auto groups = [&](size_t second, size_t third) {
    std::vector<size_t> sizes(batch.size(), 1);
    sizes.push_back(second);
    sizes.push_back(third);
    return sizes;
  };
  TRY_ASSIGN(Tensor * left, arrange(network, operands[0], labels[0], together({&batch, &rows, &inner})));
  TRY_ASSIGN(left, join(network, left, groups(rows.size(), inner.size())));
  TRY_ASSIGN(Tensor * right, arrange(network, operands[1], labels[1], together({&batch, &inner, &columns})));
  TRY_ASSIGN(right, join(network, right, groups(inner.size(), columns.size())));
  MatMul product;
  product.to = types[0].type;
  TRY_ASSIGN(Tensor * y, network.add(product, {left, right}));
  const Labels got = together({&batch, &rows, &columns});
  if (rows.size() != 1 || columns.size() != 1) {
    Dims wanted;
    for (int label : got) wanted.push_back(dims.at(label));
    const auto back = Reshape::between(y->type.dims, wanted);
    REQUIRES(back.has_value(), "einsum '" + equation + "' joins dimensions " + to_text(wanted) + " that cannot be told apart again");
    TRY_ASSIGN(y, network.add(*back, {y}));
  }
  TRY_ASSIGN(y, arrange(network, y, got, parsed.result));
  return std::vector<Tensor*>{y};
}

namespace {

Result<Tensor*> import_einsum(const OnnxNode& node, Network& network) {
  Einsum op;
  TRY_ASSIGN(op.equation, node.word("equation", ""));
  std::vector<Tensor*> operands;
  for (size_t i = 0; i < node.input_count(); ++i) {
    TRY_ASSIGN(Tensor * operand, required_input(node, i));
    operands.push_back(operand);
  }
  return network.add(op, operands);
}

}  // namespace

OPERATOR(Einsum, einsum, {"Einsum", one_output<import_einsum>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("a product of matrices in a batch") {
  expect_values("input a [1, 2, 2]\ninput b [1, 2, 2]\ny = einsum(a, b) equation=\"bij,bjk->bik\"\noutput y\n",
                {{{1, 2, 2}, {1, 2, 3, 4}}, {{1, 2, 2}, {1, 0, 1, 1}}}, {3, 2, 7, 4});
}

EXAMPLE("without an arrow the labels that stand once are the result") {
  expect_values("input a [2, 3]\ny = einsum(a) equation=ba\noutput y\n", {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {1, 4, 2, 5, 3, 6});
}

EXAMPLE("diagonals, sums, and no label at all") {
  expect_values(
      "input a [2, 2]\nd = einsum(a) equation=\"ii->i\"\nr = einsum(a) equation=\"ij->i\"\nt = einsum(a) equation=\"ii->\"\noutput "
      "d\noutput r\noutput t\n",
      {{{2, 2}, {1, 2, 3, 4}}}, {1, 4, 3, 7, 5});
}

EXAMPLE("an ellipsis broadcasts") {
  expect_values("input a [2, 1, 2]\ninput b [2, 2]\ny = einsum(a, b) equation=\"...i,...i->...\"\noutput y\n",
                {{{2, 1, 2}, {1, 2, 3, 4}}, {{2, 2}, {1, 0, 0, 1}}}, {1, 2, 3, 4});
  expect_types("input a [n, 8, t, 64]\ninput b [n, 8, s, 64]\ny = einsum(a, b) equation=\"bhtd,bhsd->bhts\"\noutput y\n",
               {"float [n, 8, t, s]"});
}

EXAMPLE("an operand of another rank is refused") {
  expect_error("input a [2, 2]\ny = einsum(a) equation=\"ijk->i\"\noutput y\n",
               "einsum 'ijk->i': 'ijk' names 3 dimensions of operand 0, which has 2");
}

EXAMPLE("dimensions that differ under one label are refused") {
  expect_error("input a [2, 3]\ninput b [4, 2]\ny = einsum(a, b) equation=\"ij,jk->ik\"\noutput y\n",
               "dimension 0 of operand 1 is 4, and before 3");
}

EXAMPLE("a contraction decomposes into a matrix product with the same values") {
  for (const char* equation : {"abcd,cbe->eda", "ab,cb->ac", "abc,abd->bcd", "ab,cd->dcab", "abc,bc->a"}) {
    Network whole, parts;
    const std::string text(equation);
    const int64_t lengths[] = {2, 3, 4, 2, 3};
    const auto type_of = [&](std::string_view term) {
      TensorType type;
      for (char c : term) type.dims.emplace_back(lengths[c - 'a']);
      return type;
    };
    const TensorTypes types{type_of(text.substr(0, text.find(','))),
                            type_of(text.substr(text.find(',') + 1, text.find('-') - text.find(',') - 1))};
    Arrays values;
    std::vector<Tensor*> inputs;
    for (size_t k = 0; k < 2; ++k) {
      Array array = Array::make(DataType::kFloat, constant_shape(types[k].dims)).value();
      for (int64_t i = 0; i < array.count(); ++i) array.set_number(i, static_cast<double>((i * 7 + static_cast<int64_t>(k)) % 11 - 5));
      values.push_back(array);
      inputs.push_back(parts.add_input("x" + std::to_string(k), types[k]).value());
    }
    const Einsum op(text);
    auto outputs = op.decompose(parts, inputs);
    expect_true(outputs.ok() && parts.mark_output((*outputs)[0]).ok(), text + " decomposes");
    if (!outputs.ok()) continue;
    auto got = parts.evaluate(values), want = op.evaluate(values);
    expect_true(got.ok() && want.ok() && (*got)[0].same_bits((*want)[0]), text + " keeps its values");
  }
}

}  // namespace ingot::testing
