// cuda.tfidf: n-grams counted by a thread for each element of the output.
#include "operators/tfidf.h"

#include <algorithm>
#include <set>

#include "tactics/cuda/call.h"

namespace ingot::cuda {
namespace {

struct Gram {
  int64_t output, number, begin, length;
  double weight;
};

// Those that can occur, by output; the later ones of an output first. Of equal ones the first counts.
std::vector<Gram> grams_of(const TfIdf& op) {
  std::vector<Gram> grams;
  std::set<std::vector<int64_t>> known;
  int64_t number = 0;
  for (size_t n = 1; n <= op.starts.size(); ++n) {
    const int64_t end = n < op.starts.size() ? op.starts[n] : static_cast<int64_t>(op.pool.size()), length = static_cast<int64_t>(n);
    for (int64_t at = op.starts[n - 1]; at < end; at += length, ++number) {
      if (!known.emplace(op.pool.begin() + at, op.pool.begin() + at + length).second || length < op.shortest || length > op.longest)
        continue;
      const auto place = static_cast<size_t>(number);
      grams.push_back({op.outputs[place], number, at, length, op.weights.empty() ? 1 : op.weights[place]});
    }
  }
  std::sort(grams.begin(), grams.end(),
            [](const Gram& a, const Gram& b) { return a.output != b.output ? a.output < b.output : a.number > b.number; });
  return grams;
}

struct TfIdfCounts final : CallTactic {
  std::string_view name() const override { return "cuda.tfidf"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const TfIdf*>(problem.op), std::string(problem.op->name()) + " is no tfidf");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const TfIdf&>(*problem.op);
    const std::vector<Gram> grams = grams_of(op);
    const int64_t width = outputs[0].back();
    std::vector<int64_t> list, starts;
    std::vector<double> weights;
    for (const Gram& gram : grams) {
      while (static_cast<int64_t>(starts.size()) <= gram.output) starts.push_back(static_cast<int64_t>(weights.size()));
      list.insert(list.end(), {gram.begin, gram.length});
      weights.push_back(gram.weight);
    }
    starts.resize(static_cast<size_t>(width) + 1, static_cast<int64_t>(weights.size()));
    Call call;
    const auto add = [&](size_t input, const void* data, size_t bytes) -> Status {
      TRY_ASSIGN(DeviceMemory table, uploaded(device, data, bytes));
      call.parameters.inputs[input] = table.get();
      call.tables.push_back(std::move(table));
      return Ok{};
    };
    TRY(add(1, op.pool.data(), op.pool.size() * sizeof(int64_t)));
    TRY(add(2, list.data(), list.size() * sizeof(int64_t)));
    TRY(add(3, starts.data(), starts.size() * sizeof(int64_t)));
    TRY(add(4, weights.data(), weights.size() * sizeof(double)));
    TRY_ASSIGN(const int64_t elements, volume(outputs[0]));
    call.parameters.sizes[0] = width > 0 ? elements / width : 0;
    call.parameters.sizes[1] = inputs[0].back();
    call.parameters.sizes[2] = width;
    call.parameters.sizes[3] = op.most_skip;
    const int mode = op.mode == TfIdfMode::kTf ? 0 : op.mode == TfIdfMode::kIdf ? 1 : 2;
    TRY(call.add(device, "tfidf", storage_definition("X", problem.inputs[0].type) + "#define MODE " + std::to_string(mode) + "\n", "tfidf",
                 elements));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::TfIdfCounts, cuda, tfidf)
}  // namespace ingot
