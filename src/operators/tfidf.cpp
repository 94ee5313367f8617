#include "operators/tfidf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<int64_t> TfIdf::output_count() const {
  if (shortest < 1 || longest < shortest || most_skip < 0)
    return invalid(fmt::format("n-grams of {} to {} numbers with up to {} skipped cannot be", shortest, longest, most_skip));
  if (starts.size() < static_cast<size_t>(longest))
    return invalid(fmt::format("the pool says where {} lengths of n-grams begin; {} are wanted", starts.size(), longest));
  size_t grams = 0;
  for (size_t n = 1; n <= starts.size(); ++n) {
    const int64_t end = n < starts.size() ? starts[n] : static_cast<int64_t>(pool.size()), count = end - starts[n - 1];
    if (starts[n - 1] < 0 || count < 0 || count % static_cast<int64_t>(n) != 0)
      return invalid(fmt::format("the {}-grams stand at {} to {} of the pool, which are no whole ones", n, starts[n - 1], end));
    grams += static_cast<size_t>(count) / n;
  }
  if (starts.empty() || starts[0] != 0 || grams != outputs.size() || (!weights.empty() && weights.size() != grams))
    return invalid(fmt::format("there are {} n-grams, {} outputs and {} weights; their numbers must be the same", grams, outputs.size(),
                               weights.size()));
  int64_t most = -1;
  for (int64_t output : outputs) {
    if (output < 0 || output > INT32_MAX) return invalid(fmt::format("an n-gram counts for output {}", output));
    most = std::max(most, output);
  }
  return most + 1;
}

Result<TensorTypes> TfIdf::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const TensorType& x = inputs[0];
  if (!is_integer(x.type) || x.rank() < 1 || x.rank() > 2)
    return invalid("the input is " + x.text() + "; integers [C] or [N, C] are wanted");
  TRY_ASSIGN(const int64_t count, output_count());
  TensorType y{DataType::kFloat, x.dims};
  y.dims.back() = Dim(count);
  return TensorTypes{y};
}

Result<Arrays> TfIdf::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  TRY_ASSIGN(const int64_t width, output_count());
  Shape shape = x.shape();
  const int64_t length = shape.back();
  shape.back() = width;
  TRY_ASSIGN(Array y, Array::make(DataType::kFloat, shape));
  // Which n-gram of the pool these numbers are; a number of n-grams before tells where its output and weight stand.
  std::map<std::vector<int64_t>, size_t> known;
  size_t number = 0;
  for (size_t n = 1; n <= starts.size(); ++n) {
    const int64_t end = n < starts.size() ? starts[n] : static_cast<int64_t>(pool.size());
    for (int64_t at = starts[n - 1]; at < end; at += static_cast<int64_t>(n), ++number) {
      known.emplace(std::vector<int64_t>(pool.begin() + at, pool.begin() + at + static_cast<int64_t>(n)), number);
    }
  }
  std::vector<int64_t> counts(outputs.size());
  const int64_t rows = length > 0 ? x.count() / length : 0;
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(counts.begin(), counts.end(), 0);
    for (int64_t n = shortest; n <= longest; ++n) {
      for (int64_t gap = 1; gap <= (n == 1 ? 1 : most_skip + 1); ++gap) {
        for (int64_t start = 0; start + gap * (n - 1) < length; ++start) {
          std::vector<int64_t> gram;
          for (int64_t i = 0; i < n; ++i) gram.push_back(x.integer(row * length + start + i * gap));
          if (const auto found = known.find(gram); found != known.end()) ++counts[found->second];
        }
      }
    }
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      const double weight = mode == TfIdfMode::kTf || weights.empty() ? 1 : weights[i];
      const double count = mode == TfIdfMode::kIdf ? 1 : static_cast<double>(counts[i]);
      y.set_number(row * width + outputs[i], weight * count);
    }
  }
  return Arrays{y};
}

Result<Tensor*> TfIdf::from_onnx(const OnnxNode& node, Network& network) {
  TfIdf op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::string mode, node.word("mode", ""));
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") return invalid("mode is '" + mode + "'; it is TF, IDF or TFIDF");
  op.mode = mode == "TF" ? TfIdfMode::kTf : mode == "IDF" ? TfIdfMode::kIdf : TfIdfMode::kTfIdf;
  TRY_ASSIGN(op.shortest, node.integer("min_gram_length", 1));
  TRY_ASSIGN(op.longest, node.integer("max_gram_length", 1));
  TRY_ASSIGN(op.most_skip, node.integer("max_skip_count", 0));
  TRY_ASSIGN(op.pool, node.integers("pool_int64s", {}));
  TRY_ASSIGN(op.starts, node.integers("ngram_counts", {}));
  TRY_ASSIGN(op.outputs, node.integers("ngram_indexes", {}));
  TRY_ASSIGN(op.weights, node.numbers("weights", {}));
  return network.add(op, {x}, node.name());
}

OPERATOR(TfIdf, tfidf, {"TfIdfVectorizer", one_output<TfIdf::from_onnx>})

using namespace testing;

EXAMPLE("n-grams are counted, with numbers left out between theirs") {
  const char* pool = " pool=[2, 3, 5, 6] starts=[0, 2] outputs=[0, 1, 2] longest=2";
  const std::vector<Values> x = {{{6}, {2, 5, 6, 5, 2, 6}}};
  expect_values(std::string("input x int64 [6]\ny = tfidf(x)") + pool + "\noutput y\n", x, {2, 0, 1});
  expect_values(std::string("input x int64 [6]\ny = tfidf(x) most_skip=2") + pool + "\noutput y\n", x, {2, 0, 2});
  expect_values(std::string("input x int64 [6]\ny = tfidf(x) mode=idf weights=[0.5, 2, 3]") + pool + "\noutput y\n", x, {0.5, 0, 3});
  expect_values(std::string("input x int64 [6]\ny = tfidf(x) mode=tfidf weights=[0.5, 2, 3]") + pool + "\noutput y\n", x, {1, 0, 3});
  expect_types(std::string("input x int64 [n, c]\ny = tfidf(x)") + pool + "\noutput y\n", {"float [n, 3]"});
}

EXAMPLE("lists of n-grams that do not belong together are refused") {
  expect_error("input x int64 [4]\ny = tfidf(x) pool=[1, 2, 3] starts=[0, 0] outputs=[0] longest=2\noutput y\n",
               "the 2-grams stand at 0 to 3 of the pool, which are no whole ones");
}

}  // namespace ingot
