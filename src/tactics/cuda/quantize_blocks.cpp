// cuda.quantize_blocks: quantize and dequantize with scales of blocks, and of elements of four bits.
#include <cmath>

#include "operators/dequantize.h"
#include "operators/quantize.h"
#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

// "#define READ_X(P, I) ...": element I of P; empty where the type has no code.
std::string reader(const std::string& name, DataType type) {
  std::string code;
  switch (type) {
    case DataType::kInt4: code = "signed_nibble(P, I)"; break;
    case DataType::kUint4: code = "((double)nibble(P, I))"; break;
    case DataType::kFp4: code = "fp4_value(P, I)"; break;
    case DataType::kE8m0: code = "power_value(P, I)"; break;
    default:
      if (bits_of(type) < 8 || is_rare_float(type) || storage_type(type).empty()) return "";
      code = "((double)load(((const " + storage_type(type) + "*)(P))[I]))";
  }
  return "#define " + name + "(P, I) " + code + "\n";
}

struct Parts {
  int64_t axis = 1, block_size = 0;
  bool quantizes = true;
};

struct QuantizeBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.quantize_blocks"; }

  static std::optional<Parts> parts_of(const Operator& op) {
    if (const auto* quantize = dynamic_cast<const Quantize*>(&op)) return Parts{quantize->axis, quantize->block_size, true};
    if (const auto* dequantize = dynamic_cast<const Dequantize*>(&op)) return Parts{dequantize->axis, dequantize->block_size, false};
    return std::nullopt;
  }

  Status takes(const Problem& problem) const override {
    const auto parts = parts_of(*problem.op);
    REQUIRES(parts, std::string(problem.op->name()) + " is neither quantize nor dequantize");
    const DataType from = problem.inputs[0].type, to = problem.outputs[0].type;
    const bool is_rare = bits_of(from) < 8 || bits_of(to) < 8 || problem.inputs[1].type == DataType::kE8m0;
    REQUIRES(parts->block_size > 0 || is_rare, "scales stand for no blocks, and elements are whole bytes");
    if (const auto* quantize = dynamic_cast<const Quantize*>(problem.op))
      REQUIRES(quantize->saturate || !is_floating(to), "out-of-range values do not saturate");
    for (size_t i = 0; i < problem.inputs.size(); ++i)
      REQUIRES(!is_present(problem, i) || !reader("X", problem.inputs[i].type).empty(),
               "input " + std::to_string(i) + " is of type " + std::string(name_of(problem.inputs[i].type)));
    REQUIRES(to == DataType::kInt4 || to == DataType::kUint4 || to == DataType::kFp4 || (bits_of(to) >= 8 && !is_rare_float(to)),
             "the output is of type " + std::string(name_of(to)));
    return all_linear(problem);
  }
  Status accepts(const Problem& problem) const override { return takes(problem); }

  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const Parts parts = *parts_of(*problem.op);
    const DataType to = problem.outputs[0].type;
    const Shape& x = inputs[0];
    Call call;
    TRY_ASSIGN(const int64_t elements, volume(x));
    // A scale for all needs no axis, which may be none of x.
    const auto kind = [&](size_t input) -> Result<int> {
      if (input >= inputs.size() || !is_present(problem, input)) return -1;
      TRY_ASSIGN(const int64_t count, volume(inputs[input]));
      return parts.block_size > 0 ? (inputs[input].size() == x.size() ? 2 : 0) : count == 1 ? 0 : 1;
    };
    TRY_ASSIGN(const int scale_kind, kind(1));
    TRY_ASSIGN(const int zero_kind, kind(2));
    Lines lines;
    if (scale_kind > 0 || zero_kind > 0) {
      TRY_ASSIGN(lines, Lines::make(x, parts.axis));
    }
    auto& sizes = call.parameters.sizes;
    sizes[0] = elements;
    sizes[1] = lines.length;
    sizes[2] = lines.after;
    sizes[4] = std::max<int64_t>(1, parts.block_size);
    sizes[3] = ceil_divide(lines.length, sizes[4]);
    const bool nibbles = bits_of(to) < 8;
    std::string code = reader("READ_X", problem.inputs[0].type) + reader("READ_SCALE", problem.inputs[1].type) + "#define SCALE_KIND " +
                       std::to_string(scale_kind) + "\n#define ZERO_KIND " + std::to_string(zero_kind) + "\n" +
                       (zero_kind < 0 ? "#define READ_ZERO(P, I) 0\n" : reader("READ_ZERO", problem.inputs[2].type));
    if (!nibbles) code += storage_definition("Y", to) + "typedef " + compute_type(to) + " COMPUTE;\n";
    if (!parts.quantizes) {
      TRY(call.add(device, "quantize_blocks", code + "#define DEQUANTIZES\n", "dequantize_blocks", elements));
      return call;
    }
    const int bits = bits_of(to) - (is_signed(to) ? 1 : 0);
    code += "#define FLOATS " + std::to_string(is_floating(to)) + "\n#define NIBBLES " + std::to_string(nibbles) + "\n";
    if (!is_floating(to))
      code += real_definition("LEAST", is_signed(to) ? -std::ldexp(1.0, bits) : 0) + real_definition("MOST", std::ldexp(1.0, bits) - 1);
    TRY(call.add(device, "quantize_blocks", code, "quantize_blocks", nibbles ? ceil_divide(elements, 2) : elements));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::QuantizeBlocks, cuda, quantize_blocks)
}  // namespace ingot
