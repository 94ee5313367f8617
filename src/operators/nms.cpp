#include "operators/nms.h"

#include <algorithm>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

namespace {

struct Box {
  float y0, x0, y1, x1;
  float area() const { return (y1 - y0) * (x1 - x0); }
};

Box box_at(const Array& boxes, int64_t index, bool centered) {
  const auto at = [&](int64_t k) { return static_cast<float>(boxes.number(4 * index + k)); };
  if (centered) return {at(1) - at(3) / 2, at(0) - at(2) / 2, at(1) + at(3) / 2, at(0) + at(2) / 2};
  // The corners come in any order.
  return {std::min(at(0), at(2)), std::min(at(1), at(3)), std::max(at(0), at(2)), std::max(at(1), at(3))};
}

bool overlap(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0), width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  if (height <= 0 || width <= 0) return false;
  const float shared = height * width, whole = a.area() + b.area() - shared;
  return whole > 0 && shared / whole > threshold;
}

}  // namespace

Result<TensorTypes> Nms::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 5));
  const TensorType &boxes = inputs[0], &scores = inputs[1];
  const bool by_class = classes_last && boxes.rank() == 4;
  if ((boxes.rank() != 3 && !by_class) || (boxes.dims.back().is_constant() && !boxes.dims.back().is(4)))
    return invalid("boxes are " + boxes.text() + "; [batches, count, 4] is wanted");
  const size_t count_axis = classes_last ? 1 : 2;
  if (scores.rank() != 3)
    return invalid("scores are " + scores.text() + "; " + (classes_last ? "[batches, count, classes]" : "[batches, classes, count]") +
                   " is wanted");
  TRY(same_dim(boxes.dims[0], scores.dims[0], "batches of boxes and scores"));
  TRY(same_dim(boxes.dims[1], scores.dims[count_axis], "numbers of boxes and scores"));
  if (by_class && !boxes.dims[2].is(1)) TRY(same_dim(boxes.dims[2], scores.dims[2], "classes of boxes and scores"));
  TRY_ASSIGN(Dim count, runtime_dim(kName, symbol, 0));
  TensorTypes types{{index_type, {count, 3}}};
  if (with_count) types.push_back({DataType::kInt32, {}});
  return types;
}

Result<Arrays> Nms::evaluate(const Arrays& inputs) const {
  const Array &boxes = inputs[0], &scores = inputs[1];
  for (size_t i = 2; i < inputs.size(); ++i) {
    if (inputs[i].count() != 1)
      return invalid("input " + std::to_string(i) + " is " + to_text(inputs[i].shape()) + "; one element is wanted");
  }
  const int64_t limit = inputs.size() > 2 ? inputs[2].integer(0) : most;
  const auto threshold = static_cast<float>(inputs.size() > 3 ? inputs[3].number(0) : overlap_threshold);
  const double least = inputs.size() > 4 ? inputs[4].number(0) : score_threshold;
  const int64_t batches = scores.shape()[0], classes = scores.shape()[classes_last ? 2 : 1], count = scores.shape()[classes_last ? 1 : 2];
  const int64_t box_sets = boxes.rank() == 4 ? boxes.shape()[2] : 1;
  std::vector<int64_t> kept;
  for (int64_t batch = 0; batch < batches; ++batch) {
    for (int64_t group = 0; group < classes; ++group) {
      const auto score = [&](int64_t i) {
        return scores.number(classes_last ? (batch * count + i) * classes + group : (batch * classes + group) * count + i);
      };
      std::vector<int64_t> order;
      for (int64_t i = 0; i < count; ++i) {
        if (score(i) > least) order.push_back(i);
      }
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return score(a) > score(b); });
      if (candidates > 0 && static_cast<int64_t>(order.size()) > candidates) order.resize(static_cast<size_t>(candidates));
      std::vector<Box> chosen;
      for (int64_t i : order) {
        if (static_cast<int64_t>(chosen.size()) >= limit) break;
        const Box box = box_at(boxes, (batch * count + i) * box_sets + (box_sets > 1 ? group : 0), centered);
        if (std::any_of(chosen.begin(), chosen.end(), [&](const Box& better) { return overlap(box, better, threshold); })) continue;
        chosen.push_back(box);
        kept.insert(kept.end(), {batch, group, i});
      }
    }
  }
  const auto found = static_cast<int64_t>(kept.size()) / 3;
  Arrays results{Array::of(index_type, {found, 3}, kept)};
  if (with_count) results.push_back(Array::of(DataType::kInt32, {}, std::vector<int64_t>{found}));
  return results;
}

Result<Tensor*> Nms::from_onnx(const OnnxNode& node, Network& network) {
  Nms op;
  TRY_ASSIGN(int64_t centered, node.integer("center_point_box", 0));
  op.centered = centered != 0;
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  bool known = true;
  for (size_t i = 2; i < 5; ++i) {
    if (!node.input(i)) continue;
    known = known && node.is_constant(i);
    if (!node.is_constant(i)) continue;
    TRY_ASSIGN(Array value, node.constant(i));
    if (value.count() != 1) return invalid("input " + std::to_string(i) + " is " + to_text(value.shape()) + "; one element is wanted");
    if (i == 2) op.most = value.integer(0);
    if (i == 3) op.overlap_threshold = value.number(0);
    if (i == 4) op.score_threshold = value.number(0);
  }
  if (!known) {
    // One of them is a tensor, so all are.
    const auto input_or = [&](size_t index, const Array& fallback) {
      return node.input(index) ? node.input(index) : network.add_constant("", fallback);
    };
    inputs.push_back(input_or(2, Array::from_int64s({0})));
    inputs.push_back(input_or(3, Array::scalar(DataType::kFloat, 0)));
    inputs.push_back(input_or(4, Array::scalar(DataType::kFloat, -__builtin_inf())));
  }
  const Dims& scores = inputs[1]->type.dims;
  const Dim all = scores.size() == 3 ? scores[2] : Dim(0);
  const Dim each = known ? smaller(all, std::max<int64_t>(op.most, 0)) : all;
  const Dim bound = scores.size() == 3 ? scores[0] * scores[1] * each : Dim(0);
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name(), {bound}));
  return layer->output();
}

OPERATOR(Nms, nms, {"NonMaxSuppression", one_output<Nms::from_onnx>})

using namespace testing;

EXAMPLE("of boxes that overlap the best one stays") {
  const std::vector<Values> inputs = {{{1, 3, 4}, {0, 0, 2, 2, 0, 0, 2, 1.9, 5, 5, 6, 6}}, {{1, 1, 3}, {0.5, 0.9, 0.7}}};
  expect_values("input b [1, 3, 4]\ninput s [1, 1, 3]\ny = nms(b, s) most=9 overlap_threshold=0.5 symbol=run_n\noutput y\n", inputs,
                {0, 0, 1, 0, 0, 2});
  expect_values("input b [1, 3, 4]\ninput s [1, 1, 3]\ny = nms(b, s) most=9 overlap_threshold=0.99 symbol=run_n\noutput y\n", inputs,
                {0, 0, 1, 0, 0, 2, 0, 0, 0});
  expect_values("input b [1, 3, 4]\ninput s [1, 1, 3]\ny = nms(b, s) most=1 symbol=run_n\noutput y\n", inputs, {0, 0, 1});
  expect_values("input b [1, 3, 4]\ninput s [1, 1, 3]\ny = nms(b, s) most=9 score_threshold=0.8 symbol=run_n\noutput y\n", inputs,
                {0, 0, 1});
  expect_types("input b [1, 3, 4]\ninput s [1, 1, 3]\ny = nms(b, s) symbol=run_n\noutput y\n", {"int64 [run_n, 3]"});
}

EXAMPLE("with classes last, each class may have boxes of its own, and the number of boxes is an output") {
  expect_values(
      "input b [1, 2, 2, 4]\ninput s [1, 2, 2]\ny, n = nms(b, s) most=9 overlap_threshold=0.5 classes_last=true with_count=true "
      "symbol=run_n\noutput y\noutput n\n",
      {{{1, 2, 2, 4}, {0, 0, 2, 2, 5, 5, 6, 6, 0, 0, 2, 1.9, 0, 0, 1, 1}}, {{1, 2, 2}, {0.5, 0.9, 0.7, 0.8}}},
      {0, 0, 1, 0, 1, 0, 0, 1, 1, 3});
  expect_values(
      "input b [1, 2, 4]\ninput s [1, 2, 1]\ny, n = nms(b, s) most=9 candidates=1 classes_last=true with_count=true symbol=run_n\noutput "
      "y\noutput n\n",
      {{{1, 2, 4}, {0, 0, 1, 1, 5, 5, 6, 6}}, {{1, 2, 1}, {0.5, 0.9}}}, {0, 0, 1, 1});
}

EXAMPLE("boxes and scores go together") {
  expect_error("input b [1, 3, 4]\ninput s [1, 1, 2]\ny = nms(b, s) symbol=run_n\noutput y\n",
               "numbers of boxes and scores: 3 and 2 differ");
  expect_error("input b [1, 3, 5]\ninput s [1, 1, 3]\ny = nms(b, s) symbol=run_n\noutput y\n",
               "boxes are float [1, 3, 5]; [batches, count, 4] is wanted");
}

}  // namespace ingot
