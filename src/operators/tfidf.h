// y[..., o] = how often the n-grams of output o occur in each row of x, with n - 1 equal gaps between their numbers; or its weight.
// Source: ONNX TfIdfVectorizer-9, of integers.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class TfIdfMode { kTf, kIdf, kTfIdf };
inline EnumWords<TfIdfMode> words_of(TfIdfMode) { return {{TfIdfMode::kTf, "tf"}, {TfIdfMode::kIdf, "idf"}, {TfIdfMode::kTfIdf, "tfidf"}}; }

// Input x [C] or [N, C]. Of each n from `shortest` to `longest` the pool lists its n-grams one behind the other from starts[n - 1] on.
struct TfIdf final : OperatorBase<TfIdf> {
  static constexpr const char* kName = "tfidf";
  TfIdfMode mode = TfIdfMode::kTf;  // the count; the weight where it is not 0; count * weight
  int64_t shortest = 1, longest = 1;
  int64_t most_skip = 0;         // numbers left out between two of an n-gram: 0, 1, ... up to this
  std::vector<int64_t> pool;     // numbers of all n-grams
  std::vector<int64_t> starts;   // where the n-grams of length 1, 2, ... begin in the pool
  std::vector<int64_t> outputs;  // of each n-gram: the element of y that it counts for
  std::vector<double> weights;   // of each n-gram; empty for 1

  template <class Visitor>
  void fields(Visitor visit) {
    visit("mode", mode);
    visit("shortest", shortest);
    visit("longest", longest);
    visit("most_skip", most_skip);
    visit("pool", pool);
    visit("starts", starts);
    visit("outputs", outputs);
    visit("weights", weights);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);

 private:
  // Checks that the lists belong together; the number of elements of a row of y.
  Result<int64_t> output_count() const;
};

}  // namespace ingot
