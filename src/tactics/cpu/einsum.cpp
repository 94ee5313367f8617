// cpu.einsum: sums of products of any equation, element by element. What is a matrix product has become one before it gets here.
#include "operators/einsum.h"

#include "base/float_types.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

constexpr size_t kMostOperands = 4;
constexpr size_t kMostLabels = 16;

// A walk through `sizes` in row-major order with one offset for each operand.
struct Odometer {
  const int64_t* sizes;
  size_t dims, operands;
  const int64_t* strides[kMostOperands];  // by operand, along the dims
  int64_t index[kMostLabels] = {};
  int64_t offsets[kMostOperands] = {};

  void start(int64_t at) {
    for (size_t k = 0; k < operands; ++k) offsets[k] = 0;
    for (size_t d = dims; d-- > 0;) {
      index[d] = at % sizes[d];
      at /= sizes[d];
      for (size_t k = 0; k < operands; ++k) offsets[k] += index[d] * strides[k][d];
    }
  }
  void next() {
    for (size_t d = dims; d-- > 0;) {
      for (size_t k = 0; k < operands; ++k) offsets[k] += strides[k][d];
      if (++index[d] < sizes[d]) return;
      for (size_t k = 0; k < operands; ++k) offsets[k] -= sizes[d] * strides[k][d];
      index[d] = 0;
    }
  }
};

// Floats are summed as doubles; integers wrap.
struct Floats {
  using Element = float;
  using Sum = double;
  static Sum wide(Element x) { return x; }
  static Element narrow(Sum x) { return static_cast<float>(x); }
};
struct Halves {
  using Element = uint16_t;
  using Sum = double;
  static Sum wide(Element x) { return float_from_half(x); }
  static Element narrow(Sum x) { return half_from_float(static_cast<float>(x)); }
};
struct Bfloats {
  using Element = uint16_t;
  using Sum = double;
  static Sum wide(Element x) { return float_from_bf16(x); }
  static Element narrow(Sum x) { return bf16_from_float(static_cast<float>(x)); }
};
template <class Unsigned>
struct Integers {
  using Element = Unsigned;
  using Sum = Unsigned;
  static Sum wide(Element x) { return x; }
  static Element narrow(Sum x) { return x; }
};

template <class Kind>
void sum_products(const PlainCall& call, const Einsum::Walk& walk) {
  using Element = typename Kind::Element;
  const size_t operands = call.inputs.size(), outer = walk.outer.size(), inner = walk.inner.size();
  int64_t outputs = 1, rows = 1;  // sums, and rows of products in each
  for (int64_t size : walk.outer) outputs *= size;
  const int64_t length = inner > 0 ? walk.inner.back() : 1;
  for (size_t d = 0; d + 1 < inner; ++d) rows *= walk.inner[d];
  const Element* x[kMostOperands];
  int64_t steps[kMostOperands];
  for (size_t k = 0; k < operands; ++k) {
    x[k] = call.from<Element>(k);
    steps[k] = inner > 0 ? walk.strides[k][outer + inner - 1] : 0;
  }
  auto* y = call.to<Element>(0);
  call.share(outputs, rows * length, [&](int64_t first, int64_t last) {
    Odometer at{walk.outer.data(), outer, operands, {}}, along{walk.inner.data(), inner > 0 ? inner - 1 : 0, operands, {}};
    for (size_t k = 0; k < operands; ++k) {
      at.strides[k] = walk.strides[k].data();
      along.strides[k] = walk.strides[k].data() + outer;
    }
    at.start(first);
    for (int64_t i = first; i < last; ++i, at.next()) {
      typename Kind::Sum sum = 0;
      if (length > 0 && rows > 0) along.start(0);
      for (int64_t row = 0; row < rows; ++row, along.next()) {
        const Element* from[kMostOperands];
        for (size_t k = 0; k < operands; ++k) from[k] = x[k] + at.offsets[k] + along.offsets[k];
        if (operands == 2) {
          for (int64_t j = 0; j < length; ++j) sum += Kind::wide(from[0][j * steps[0]]) * Kind::wide(from[1][j * steps[1]]);
        } else {
          for (int64_t j = 0; j < length; ++j) {
            typename Kind::Sum product = Kind::wide(from[0][j * steps[0]]);
            for (size_t k = 1; k < operands; ++k) product *= Kind::wide(from[k][j * steps[k]]);
            sum += product;
          }
        }
      }
      y[i] = Kind::narrow(sum);
    }
  });
}

struct EinsumSums final : PlainTactic {
  std::string_view name() const override { return "cpu.einsum"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Einsum*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no einsum");
    REQUIRES(problem.inputs.size() <= kMostOperands, "there are more than 4 operands");
    size_t labels = 0;
    for (const TensorType& input : problem.inputs) labels += input.dims.size();
    REQUIRES(labels <= kMostLabels, "the operands have more than 16 dims");
    const DataType type = problem.inputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kInt32 ||
                 type == DataType::kInt64,
             std::string(name_of(type)) + " is not summed");
    return all_linear(problem);
  }

  std::shared_ptr<const void> make_tables(const Operator& op, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto walk = static_cast<const Einsum&>(op).walk(inputs);
    return walk.ok() ? std::make_shared<const Einsum::Walk>(std::move(*walk)) : nullptr;
  }

  Status run(const PlainCall& call) const override {
    const auto* walk = static_cast<const Einsum::Walk*>(call.tables);
    if (!walk) return std::move(call.as<Einsum>().walk(call.inputs)).error();
    switch (call.types[0].type) {
      case DataType::kFloat: sum_products<Floats>(call, *walk); break;
      case DataType::kHalf: sum_products<Halves>(call, *walk); break;
      case DataType::kBf16: sum_products<Bfloats>(call, *walk); break;
      case DataType::kInt32: sum_products<Integers<uint32_t>>(call, *walk); break;
      default: sum_products<Integers<uint64_t>>(call, *walk);
    }
    return Ok{};
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    auto walk = static_cast<const Einsum&>(*problem.op).walk(problem.opt_inputs);
    if (!walk.ok()) return std::nullopt;
    double products = 1;
    for (const Shape* sizes : {&walk->outer, &walk->inner}) {
      for (int64_t size : *sizes) products *= static_cast<double>(size);
    }
    return 0.002 + products * 1e-6;
  }
};

}  // namespace

TACTIC(EinsumSums, cpu, einsum)

}  // namespace ingot
