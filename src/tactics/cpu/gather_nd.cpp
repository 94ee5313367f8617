// cpu.gather_nd: slices of a linear tensor by tuples of indices; blocks of bytes are copied.
#include "operators/gather_nd.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/indices.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kPartBytes = 48 * 1024;
constexpr int64_t kTupleBytes = 16;  // what finding a slice costs, as bytes copied in that time
constexpr size_t kMostTuple = 8;

struct GatherNdLaunch final : Launch {
  const IndexedOperands* operands = nullptr;
  size_t tuple = 1;
  int64_t lengths[kMostTuple] = {}, strides[kMostTuple] = {};  // in bytes
  int64_t block = 1, batch_bytes = 0;
  int64_t tuples = 0, tuples_per_batch = 1, parts = 1;

  // kBlock: the bytes of a slice where they are few; 0 otherwise.
  template <int kBlock>
  void gather(const char* x, const Indices& indices, char* y, int64_t first, int64_t last, WrongIndex& wrong) const {
    for (int64_t t = first; t < last; ++t) {
      const char* from = x + t / tuples_per_batch * batch_bytes;
      for (size_t k = 0; k < tuple; ++k) {
        const int64_t at = t * static_cast<int64_t>(tuple) + static_cast<int64_t>(k);
        from += wrong.checked(indices[at], lengths[k], at) * strides[k];
      }
      std::memcpy(y + t * block, from, static_cast<size_t>(kBlock > 0 ? kBlock : block));
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(operands->at(arguments, 0));
    const Indices indices = operands->indices(arguments);
    auto* y = static_cast<char*>(arguments.outputs[0]);
    WrongIndex wrong;
    arguments.pool->run(tuples == 0 ? 0 : parts, [&](int64_t part, int) {
      const int64_t first = tuples * part / parts, last = tuples * (part + 1) / parts;
      if (block == 4)
        gather<4>(x, indices, y, first, last, wrong);
      else if (block == 8)
        gather<8>(x, indices, y, first, last, wrong);
      else
        gather<0>(x, indices, y, first, last, wrong);
    });
    return wrong.status("gather_nd", indices);
  }
};

struct GatherNdKernel final : Kernel {
  GatherNd op;
  IndexedOperands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<GatherNdLaunch>();
    const Shape &data = inputs[0], &picks = inputs[1];
    const auto batch_dims = static_cast<size_t>(op.batch_dims);
    launch->tuple = static_cast<size_t>(picks.back());
    TRY_ASSIGN(const int64_t total, volume(outputs[0]));
    const int64_t bytes = bits_of(operands.type()) / 8;
    const Shape strides = memory_strides(Format::kLinear, data);
    launch->block = bytes;
    int64_t batches = 1;
    for (size_t d = 0; d < batch_dims; ++d) batches *= data[d];
    for (size_t d = batch_dims + launch->tuple; d < data.size(); ++d) launch->block *= data[d];
    launch->batch_bytes = bytes;
    for (size_t d = batch_dims; d < data.size(); ++d) launch->batch_bytes *= data[d];
    for (size_t k = 0; k < launch->tuple; ++k) {
      launch->lengths[k] = data[batch_dims + k];
      launch->strides[k] = strides[batch_dims + k] * bytes;
      if (total > 0 && launch->lengths[k] == 0) return invalid("gather_nd: there is nothing to gather from " + to_text(data));
    }
    if (total > 0) {
      launch->tuples = 1;
      for (size_t d = 0; d + 1 < picks.size(); ++d) launch->tuples *= picks[d];
      launch->tuples_per_batch = launch->tuples / batches;
    }
    launch->parts =
        std::clamp<int64_t>(launch->tuples * (launch->block + kTupleBytes) / kPartBytes, 1, std::max<int64_t>(1, launch->tuples));
    launch->operands = &operands;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct GatherNdBlocks final : LinearTactic {
  std::string_view name() const override { return "cpu.gather_nd"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const GatherNd*>(problem.op), std::string(problem.op->name()) + " is no gather_nd");
    REQUIRES(bits_of(problem.inputs[0].type) >= 8, std::string(name_of(problem.inputs[0].type)) + " elements are smaller than a byte");
    const Dim tuple = problem.inputs[1].dims.back();
    REQUIRES(tuple.is_constant() && tuple.value() >= 1 && tuple.value() <= static_cast<int64_t>(kMostTuple),
             "tuples are not of 1 to 8 indices");
    return all_linear(problem);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return indexed_kernel<GatherNdKernel>(problem);
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.size() < 2) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[1]).value_or(0)) * 1e-5;
  }
};

}  // namespace

TACTIC(GatherNdBlocks, cpu, gather_nd)

}  // namespace ingot
