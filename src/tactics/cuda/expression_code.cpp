#include "tactics/cuda/expression_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "operators/elementwise.h"
#include "operators/pointwise.h"

namespace ingot::cuda {
namespace {

bool is_narrow_float(DataType type) {
  return type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kFp8 ||
         type == DataType::kFp8E5m2;
}
bool is_real(DataType type) { return is_narrow_float(type) || type == DataType::kDouble; }

std::string constant_code(double value, DataType type) {
  if (is_real(type)) return number_code(value, type != DataType::kDouble);
  if (type == DataType::kBool) return value != 0 ? "(int64)1" : "(int64)0";
  const std::string whole = std::isfinite(value) ? fmt::format("{}", static_cast<int64_t>(value)) : "0";
  return type == DataType::kUint64 ? "(uint64)" + whole + "ll" : "(int64)" + whole + "ll";
}

// Integers after an operation: the low bits, as the type reads them.
std::string wrapped(const std::string& code, DataType type) {
  if (type == DataType::kInt64 || type == DataType::kUint64) return code;
  if (type == DataType::kBool) return "(int64)((" + code + ") != 0)";
  return "(int64)(" + storage_type(type) + ")(" + code + ")";
}

Result<std::string> cast_code(const std::string& x, DataType from, DataType to, float a) {
  const std::string storage = storage_type(to);
  if (storage.empty()) return unsupported("casts to " + std::string(name_of(to)) + " have no code");
  const bool small = to == DataType::kFp8 || to == DataType::kFp8E5m2;
  if (small && a != 0) return unsupported("a cast to " + std::string(name_of(to)) + " that does not saturate has no code");
  if (is_real(from)) {
    if (to == DataType::kBool) return "(int64)(" + x + " != 0)";
    if (to == DataType::kDouble) return "(double)" + x;
    if (to == DataType::kFloat) return "(float)" + x;
    if (is_narrow_float(to)) return "load(store<" + storage + ">((float)" + x + "))";
    if (to == DataType::kUint64) return "to_uint64((double)" + x + ")";
    return "to_integer<" + storage + ">((double)" + x + ")";
  }
  if (to == DataType::kDouble) return "(double)" + x;
  if (to == DataType::kFloat) return "(float)" + x;
  if (is_narrow_float(to)) return "load(store<" + storage + ">((float)" + x + "))";
  if (to == DataType::kUint64) return "(uint64)" + x;
  return wrapped(x, to);
}

Result<std::string> node_code(const Expression::Node& node, const std::vector<std::string>& x, const std::vector<DataType>& types,
                              DataType result) {
  const std::string name(name_of(node.op));
  const DataType first = types[0];
  switch (node.op) {
    case ScalarOp::kIdentity: return x[0];
    case ScalarOp::kCast: return cast_code(x[0], first, node.to, node.a);
    case ScalarOp::kSelect: return fmt::format("({} != 0 ? {} : {})", x[0], x[1], x[2]);
    case ScalarOp::kNot: return fmt::format("(int64)({} == 0)", x[0]);
    case ScalarOp::kPow:
      if (!is_real(first) && is_real(types[1]))
        return fmt::format("{}(m_pow((double){}, (double){}))",
                           first == DataType::kUint64 ? "to_uint64" : "to_integer<" + storage_type(first) + ">", x[0], x[1]);
      if (is_real(first)) return fmt::format("r_pow({}, ({}){})", x[0], compute_type(first), x[1]);
      return wrapped(fmt::format("i_pow({}, ({}){}, {})", x[0], compute_type(first), x[1], bits_of(first)), result);
    case ScalarOp::kClip:
      if (is_real(first)) break;
      {
        const bool sign = is_signed(first);
        const int bits = bits_of(first);
        const double least = sign ? -std::ldexp(1.0, bits - 1) : 0, most = sign ? std::ldexp(1.0, bits - 1) - 1 : std::ldexp(1.0, bits) - 1;
        if (node.b <= least) return constant_code(least, first);
        return fmt::format("i_clip_within({}, {}, {}, {}, {})", x[0], number_code(node.a, false), number_code(node.b, false),
                           number_code(least, false), number_code(most, false));
      }
    default: break;
  }
  if (is_real(first)) {
    if (arity_of(node.op) == 1)
      return fmt::format("r_{}({}, {}, {})", name, x[0], constant_code(node.a, first), constant_code(node.b, first));
    return fmt::format("r_{}({}, {})", name, x[0], x[1]);
  }
  if (arity_of(node.op) == 1)
    return wrapped(fmt::format("i_{}({}, {}, {}, {})", name, x[0], bits_of(first), number_code(node.a, false), number_code(node.b, false)),
                   result);
  return wrapped(fmt::format("i_{}({}, {}, {})", name, x[0], x[1], bits_of(first)), result);
}

}  // namespace

std::string storage_type(DataType type) {
  switch (type) {
    case DataType::kFloat: return "float";
    case DataType::kHalf: return "half_t";
    case DataType::kBf16: return "bf16_t";
    case DataType::kDouble: return "double";
    case DataType::kFp8: return "fp8_t";
    case DataType::kFp8E5m2: return "fp8_e5m2_t";
    case DataType::kBool: return "bool_t";
    case DataType::kInt8: return "int8";
    case DataType::kInt16: return "short";
    case DataType::kInt32: return "int";
    case DataType::kInt64: return "int64";
    case DataType::kUint8: return "uint8";
    case DataType::kUint16: return "uint16";
    case DataType::kUint32: return "uint32";
    case DataType::kUint64: return "uint64";
    default: return "";
  }
}

std::string compute_type(DataType type) {
  if (type == DataType::kDouble) return "double";
  if (is_narrow_float(type)) return "float";
  return type == DataType::kUint64 ? "uint64" : "int64";
}

std::string number_code(double value, bool single) {
  if (std::isnan(value)) return single ? "__int_as_float(0x7fc00000)" : "__longlong_as_double(0x7ff8000000000000ll)";
  if (std::isinf(value)) {
    if (single) return value > 0 ? "__int_as_float(0x7f800000)" : "__int_as_float((int)0xff800000u)";
    return value > 0 ? "__longlong_as_double(0x7ff0000000000000ll)" : "__longlong_as_double((long long)0xfff0000000000000ull)";
  }
  if (single) return fmt::format("({:.9e}f)", static_cast<double>(static_cast<float>(value)));
  return fmt::format("({:.17e})", value);
}

Result<std::string> expression_function(const std::string& name, const Expression& expression, const std::vector<DataType>& inputs,
                                        DataType output) {
  std::string code = "__device__ __forceinline__ " + compute_type(output) + " " + name + "(";
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (storage_type(inputs[i]).empty()) return unsupported("elements of type " + std::string(name_of(inputs[i])) + " have no code");
    code += (i ? ", " : "") + compute_type(inputs[i]) + " x" + std::to_string(i);
  }
  if (storage_type(output).empty()) return unsupported("elements of type " + std::string(name_of(output)) + " have no code");
  code += ") {\n";
  std::vector<std::optional<DataType>> types(expression.nodes.size());
  DataType last = inputs.empty() ? output : inputs[0];
  std::string result = "x0";
  for (size_t i = 0; i < expression.nodes.size(); ++i) {
    const Expression::Node& node = expression.nodes[i];
    if (node.is_constant) {
      last = output;
      result = constant_code(node.a, output);
      continue;
    }
    const int arity = arity_of(node.op);
    std::vector<std::optional<DataType>> given;
    for (int k = 0; k < arity; ++k)
      given.push_back(node.operands[k] < 0 ? std::optional(inputs[static_cast<size_t>(~node.operands[k])])
                                           : types[static_cast<size_t>(node.operands[k])]);
    const size_t first = node.op == ScalarOp::kSelect ? 1 : 0;
    std::optional<DataType> beside;
    for (size_t k = given.size(); k-- > first;) beside = given[k] ? given[k] : beside;
    std::vector<DataType> known;
    std::vector<std::string> operands;
    for (int k = 0; k < arity; ++k) {
      const auto at = static_cast<size_t>(k);
      known.push_back(given[at] ? *given[at] : at < first ? DataType::kBool : beside.value_or(DataType::kFloat));
      if (node.operands[k] < 0)
        operands.push_back("x" + std::to_string(~node.operands[k]));
      else if (given[at])
        operands.push_back("t" + std::to_string(node.operands[k]));
      else
        operands.push_back(constant_code(expression.nodes[static_cast<size_t>(node.operands[k])].a, known.back()));
    }
    TRY_ASSIGN(last, infer_scalar_op(node.op, known, node.to));
    types[i] = last;
    TRY_ASSIGN(std::string formula, node_code(node, operands, known, last));
    result = "t" + std::to_string(i);
    code += "  const " + compute_type(last) + " " + result + " = " + formula + ";\n";
  }
  if (compute_type(last) != compute_type(output)) result = "(" + compute_type(output) + ")" + result;
  return code + "  return " + result + ";\n}\n";
}

Result<std::string> pointwise_function(const std::string& name, const Operator& op, const std::vector<DataType>& inputs, DataType output) {
  if (const auto* chain = dynamic_cast<const Pointwise*>(&op)) return expression_function(name, chain->expression, inputs, output);
  const auto* one = dynamic_cast<const Elementwise*>(&op);
  REQUIRES(one, std::string(op.name()) + " is no pointwise operator");
  REQUIRES(inputs.empty() || inputs[0] != DataType::kDouble || one->has_float_parameters(),
           "parameters of a function of doubles are no floats");
  Expression expression;
  Expression::Node node;
  node.op = one->op;
  for (int k = 0; k < arity_of(one->op); ++k) node.operands[k] = Expression::input(k);
  node.a = static_cast<float>(one->a);
  node.b = static_cast<float>(one->b);
  node.to = one->to;
  expression.nodes.push_back(node);
  return expression_function(name, expression, inputs, output);
}

Result<std::string> finish_function(const EpilogueFields& fields, DataType accumulator, bool has_bias, bool has_residual, DataType output) {
  const std::string storage = storage_type(output);
  if (storage.empty()) return unsupported("elements of type " + std::string(name_of(output)) + " have no code");
  const bool wide = accumulator == DataType::kDouble;
  const std::string real = wide ? "double" : "float", sum = wide                              ? "double"
                                                            : is_real(accumulator)            ? "float"
                                                            : accumulator == DataType::kInt32 ? "int"
                                                                                              : "int64";
  std::string code = "#define HAS_BIAS " + std::to_string(has_bias) + "\n#define HAS_RESIDUAL " + std::to_string(has_residual) +
                     "\n#define HAS_SCALES " + std::to_string(fields.is_quantized()) + "\ntypedef " + sum + " accumulator_t;\ntypedef " +
                     real + " real_t;\ntypedef " + storage + " output_t;\n";
  const bool exact = is_integer(output) && !fields.is_quantized() && fields.output_scale == 0 && fields.sum_scale == 0 &&
                     fields.epilogue.empty() && !has_residual;
  const std::string head =
      "__device__ __forceinline__ output_t finish(accumulator_t sum, float scale, real_t bias, real_t residual, float residual_scale, "
      "float output_scale) {\n";
  if (exact)
    return code +
           "#define EXACT_BIAS 1\n__device__ __forceinline__ output_t finish_exactly(accumulator_t sum, int64 bias) { return "
           "(output_t)((uint64)sum + (uint64)bias); }\n";
  const DataType working = wide ? DataType::kDouble : DataType::kFloat;
  if (!fields.epilogue.empty()) {
    TRY_ASSIGN(std::string function, expression_function("epilogue", fields.epilogue, {working, working}, working));
    if (output == DataType::kHalf || output == DataType::kBf16) {
      // Their rounding hides that of a shorter formula; see scalar_functions.cu.
      for (const std::string_view name : {"r_erf(", "r_gelu("}) {
        for (size_t at = 0; (at = function.find(name, at)) != std::string::npos; at += name.size() + 6) function.insert(at, "short_");
      }
    }
    code += function;
  }
  code += "#define EXACT_BIAS 0\n" + head;
  std::string scaled = fields.is_quantized() ? "(real_t)sum * scale" : "(real_t)sum";
  if (fields.sum_scale != 0) scaled = "r_snap<real_t>(" + scaled + ", " + number_code(fields.sum_scale, !wide) + ", 0)";
  code += "  const real_t x0 = " + scaled + " + bias;\n";
  code += fields.residual_scale != 0 ? "  const real_t x1 = residual * residual_scale;\n" : "  const real_t x1 = residual;\n";
  code += std::string("  (void)x1;\n  const real_t y = ") + (fields.epilogue.empty() ? "x0" : "epilogue(x0, x1)") + ";\n";
  const std::string value = fields.output_scale != 0 ? "(y / output_scale)" : "y";
  if (is_integer(output))
    // As a double that is rounded to float first, a value next to the middle of two integers would become the middle.
    code += wide || output == DataType::kInt64 || output == DataType::kUint64 || bits_of(output) == 32
                ? "  return (output_t)to_integer<output_t>(rint((double)" + value + "));\n}\n"
                : "  return quantized<output_t>((float)" + value + ");\n}\n";
  else
    code += "  return store<output_t>((" + compute_type(output) + ")" + value + ");\n}\n";
  return code;
}

}  // namespace ingot::cuda
