#include "cost.h"

#include <algorithm>
#include <set>

#include "operators/attention.h"
#include "operators/einsum.h"
#include "operators/if.h"
#include "operators/loop.h"
#include "operators/matmul.h"
#include "operators/matrix_product.h"
#include "operators/pool.h"

namespace ingot::tools {
namespace {

bool is_parameter(DataType type) {
  return type != DataType::kInt32 && type != DataType::kInt64 && type != DataType::kUint32 && type != DataType::kUint64 &&
         type != DataType::kBool;
}

bool only_moves(std::string_view name) {
  static const std::set<std::string_view> kNames = {"reshape",
                                                    "transpose",
                                                    "concat",
                                                    "slice",
                                                    "split",
                                                    "gather",
                                                    "gather_elements",
                                                    "gather_nd",
                                                    "squeeze",
                                                    "unsqueeze",
                                                    "shuffle",
                                                    "flatten",
                                                    "expand",
                                                    "tile",
                                                    "shape",
                                                    "shape_of",
                                                    "size",
                                                    "constant",
                                                    "identity",
                                                    "pad",
                                                    "space_to_depth",
                                                    "depth_to_space",
                                                    "reformat",
                                                    "scatter",
                                                    "scatter_elements",
                                                    "scatter_nd",
                                                    "fill",
                                                    "eye_like",
                                                    "reverse_sequence",
                                                    "dim_list",
                                                    "if",
                                                    "loop",
                                                    "scan",
                                                    "assertion"};
  return kNames.contains(name);
}

class Counter {
 public:
  explicit Counter(NetworkCost& cost) : cost_(cost) {}

  double count(const Network& network) {
    for (const auto& tensor : network.tensors()) {
      if (!tensor->is_constant() || !is_parameter(tensor->type.type) || (tensor->readers().empty() && !tensor->is_output())) continue;
      const double elements = elements_of(tensor->type.dims);
      cost_.parameters += elements;
      cost_.parameter_bytes += elements * bits_of(tensor->type.type) / 8;
    }
    double sum = 0;
    for (const auto& layer : network.layers()) {
      OperatorCost& cost = cost_.operators[std::string(layer->op().name())];
      ++cost.layers;
      const double flops = flops_of(*layer);
      cost.flops += flops;
      sum += flops + inside(*layer);
    }
    return sum;
  }

  const std::set<std::string>& open() const { return open_; }

 private:
  double length_of(const Dim& dim) {
    dim.visit_symbols([&](const std::string& symbol) { open_.insert(symbol); });
    SymbolValues values;
    dim.visit_symbols([&](const std::string& symbol) { values[symbol] = 1; });
    const auto length = dim.evaluate(values);
    return length.ok() && *length > 0 ? static_cast<double>(*length) : 0;
  }
  double elements_of(const Dims& dims) {
    double product = 1;
    for (const Dim& dim : dims) product *= length_of(dim);
    return product;
  }
  double elements_of(const Tensor* tensor) { return tensor ? elements_of(tensor->type.dims) : 0; }

  double inside(const Layer& layer) {
    const auto networks = layer.op().subnetworks();
    if (layer.as<If>()) {
      double most = 0;
      for (const auto& network : networks) most = std::max(most, network ? count(*network) : 0);
      return most;
    }
    double sum = 0;
    for (const auto& network : networks) sum += network ? count(*network) : 0;
    if (!layer.as<Loop>()) return sum;
    const Tensor* turns = layer.input(0);
    const bool known = turns && turns->is_constant() && turns->constant.count() == 1;
    // A trip count at the end of its range says that the condition ends the loop.
    const int64_t count = known ? turns->constant.integer(0) : 1;
    return sum * static_cast<double>(count >= 0 && count < (int64_t{1} << 31) - 1 ? count : 1);
  }

  double einsum(const Einsum& op, const Layer& layer) {
    std::map<char, double> lengths;
    size_t input = 0, axis = 0;
    for (char label : op.equation.substr(0, op.equation.find("->"))) {
      if (label == ',') {
        ++input, axis = 0;
      } else if (label != ' ') {
        const Tensor* tensor = layer.input(input);
        if (label == '.' || !tensor || axis >= tensor->type.dims.size()) return 2 * elements_of(layer.output());
        lengths[label] = length_of(tensor->type.dims[axis++]);
      }
    }
    double product = 2;
    for (const auto& [label, length] : lengths) product *= length;
    return product;
  }

  // The length that a product sums over, of operand a.
  double summed(const Tensor* a, bool transposed) {
    const Dims& dims = a->type.dims;
    if (dims.empty()) return 1;
    return length_of(dims.size() > 1 && transposed ? dims[dims.size() - 2] : dims.back());
  }

  double flops_of(const Layer& layer) {
    const std::string_view name = layer.op().name();
    const Tensor *x = layer.input(0), *w = layer.input(1), *y = layer.output();
    if (only_moves(name) || !y) return 0;
    const double made = elements_of(y);
    if ((name == "convolution" || name == "deformable_convolution") && w && !w->type.dims.empty())
      return 2 * made * elements_of({w->type.dims.begin() + 1, w->type.dims.end()});
    if (name == "deconvolution" && w && !w->type.dims.empty())
      return 2 * elements_of(x) * elements_of({w->type.dims.begin() + 1, w->type.dims.end()});
    if (const auto* op = layer.as<MatMul>()) return 2 * made * summed(x, op->transpose_a);
    if (const auto* op = layer.as<MatrixProduct>()) return 2 * made * summed(x, op->a == MatrixForm::kTransposed);
    if (name == "fully_connected" && w) return 2 * made * summed(w, false);
    if (const auto* op = layer.as<Einsum>()) return einsum(*op, layer);
    if (const auto* op = layer.as<Attention>(); op && x) {
      const Tensor* keys = op->packed ? x : w;
      if (!keys || keys->type.rank() < 3) return made;
      const double seen = length_of(keys->type.dims[op->heads > 0 ? 1 : 2]);
      return 2 * seen * ((op->packed ? made : elements_of(x)) + made);
    }
    if (name == "recurrent" && x && w && layer.input(2)) {
      const double steps = elements_of({x->type.dims.begin(), x->type.dims.end() - 1});
      return 2 * steps * (elements_of(w) + elements_of(layer.input(2)));
    }
    if (const auto* op = layer.as<Pool>()) {
      double taps = 1;
      for (int64_t length : op->kernel) taps *= static_cast<double>(length);
      return made * taps;
    }
    return std::max(made, x ? elements_of(x) : 0);
  }

  NetworkCost& cost_;
  std::set<std::string> open_;
};

}  // namespace

NetworkCost cost_of(const Network& network) {
  NetworkCost cost;
  Counter counter(cost);
  cost.flops = counter.count(network);
  cost.open.assign(counter.open().begin(), counter.open().end());
  return cost;
}

}  // namespace ingot::tools
