// cpu.quantize_rows: floats to bytes and back in one pass, where a scale stands for all elements or for long rows of them.
#include <algorithm>

#include "operators/dequantize.h"
#include "operators/quantize.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kBlock = 4096;
constexpr int64_t kPartElements = 16 * 1024;
constexpr int64_t kShortestRow = 32;

// What both operators have.
struct Conversion {
  DataType bytes = DataType::kInt8, number = DataType::kFloat;
  int64_t axis = 0;
  bool quantizes = true;
};

Result<Conversion> conversion_of(const Problem& problem) {
  if (const auto* quantize = dynamic_cast<const Quantize*>(problem.op)) {
    REQUIRES(quantize->block_size == 0, "scales stand for blocks");
    REQUIRES(quantize->saturate, "out-of-range values do not saturate");
    return Conversion{quantize->to, problem.inputs[0].type, quantize->axis, true};
  }
  if (const auto* dequantize = dynamic_cast<const Dequantize*>(problem.op)) {
    REQUIRES(dequantize->block_size == 0, "scales stand for blocks");
    return Conversion{problem.inputs[0].type, dequantize->to, dequantize->axis, false};
  }
  return unsupported(std::string(problem.op->name()) + " is neither quantize nor dequantize");
}

struct QuantizeLaunch final : Launch {
  const std::vector<Array>& constants;
  Conversion conversion;
  QuantizeRow quantize = nullptr;
  DequantizeRow dequantize = nullptr;
  bool has_zero = false, zeros_differ = false;
  int64_t slices = 1, row = 0, blocks = 1, units = 0, parts = 1;

  explicit QuantizeLaunch(const std::vector<Array>& constants) : constants(constants) {}

  float zero_of(const void* zeros, int64_t slice) const {
    if (!has_zero) return 0;
    const int64_t at = zeros_differ ? slice : 0;
    return conversion.bytes == DataType::kInt8 ? static_cast<float>(static_cast<const int8_t*>(zeros)[at])
                                               : static_cast<float>(static_cast<const uint8_t*>(zeros)[at]);
  }

  Status run(const RunArguments& arguments) const override {
    const auto input = [&](size_t i) { return constants[i].data() ? constants[i].data() : arguments.inputs[i]; };
    const void *x = input(0), *zeros = has_zero ? input(2) : nullptr;
    const auto* scales = static_cast<const float*>(input(1));
    void* y = arguments.outputs[0];
    arguments.pool->run(units == 0 ? 0 : parts, [&](int64_t part, int) {
      for (int64_t unit = units * part / parts; unit < units * (part + 1) / parts; ++unit) {
        const int64_t slice = unit / blocks % slices, first = unit % blocks * kBlock, at = unit / blocks * row + first;
        const int64_t count = std::min(kBlock, row - first);
        if (quantize)
          quantize(static_cast<const float*>(x) + at, scales[slice], zero_of(zeros, slice), static_cast<char*>(y) + at, count);
        else
          dequantize(static_cast<const char*>(x) + at, scales[slice], zero_of(zeros, slice), static_cast<float*>(y) + at, count);
      }
    });
    return Ok{};
  }
};

struct QuantizeKernel final : Kernel {
  Conversion conversion;
  bool has_zero = false;
  std::vector<Array> constants;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<QuantizeLaunch>(constants);
    TRY_ASSIGN(const int64_t total, volume(inputs[0]));
    TRY_ASSIGN(launch->slices, volume(inputs[1]));
    launch->conversion = conversion;
    launch->has_zero = has_zero;
    if (has_zero) {
      TRY_ASSIGN(const int64_t zeros, volume(inputs[2]));
      launch->zeros_differ = zeros > 1;
    }
    launch->row = total;
    if (launch->slices > 1) {
      TRY_ASSIGN(const int64_t axis, normalize_axis(conversion.axis, static_cast<int64_t>(inputs[0].size())));
      launch->row = 1;
      for (size_t d = static_cast<size_t>(axis) + 1; d < inputs[0].size(); ++d) launch->row *= inputs[0][d];
    }
    launch->quantize = conversion.quantizes ? quantize_row(conversion.bytes) : nullptr;
    launch->dequantize = dequantize_row(conversion.bytes);
    launch->blocks = std::max<int64_t>(1, (launch->row + kBlock - 1) / kBlock);
    launch->units = total == 0 ? 0 : total / launch->row * launch->blocks;
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->units));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct QuantizeRows final : Tactic {
  std::string_view name() const override { return "cpu.quantize_rows"; }

  Status accepts(const Problem& problem) const override {
    TRY_ASSIGN(const Conversion conversion, conversion_of(problem));
    REQUIRES(conversion.number == DataType::kFloat, "the numbers are " + std::string(name_of(conversion.number)));
    REQUIRES(conversion.bytes == DataType::kInt8 || conversion.bytes == DataType::kUint8,
             std::string(name_of(conversion.bytes)) + " is neither int8 nor uint8");
    REQUIRES(problem.inputs[1].type == DataType::kFloat, "the scales are " + std::string(name_of(problem.inputs[1].type)));
    REQUIRES(!is_present(problem, 2) || problem.inputs[2].type == conversion.bytes, "the zero points have another type than the bytes");
    const Format format = input_format(problem, 0);
    REQUIRES(format == output_format(problem, 0), "input and output have different formats");
    REQUIRES(has_strides(format) && channel_group(format) == 1, "the format is " + std::string(name_of(format)));
    REQUIRES(!is_constant(problem, 0) || format == Format::kLinear, "a constant is not linear");
    for (size_t i = 1; i < problem.inputs.size(); ++i) REQUIRES(input_format(problem, i) == Format::kLinear, "scales are not linear");
    const Dim scales = volume(problem.inputs[1].dims);
    if (is_present(problem, 2)) {
      const Dim zeros = volume(problem.inputs[2].dims);
      REQUIRES(zeros == scales || zeros.is(1), "there are " + zeros.text() + " zero points and " + scales.text() + " scales");
    }
    if (scales.is(1)) return Ok{};
    REQUIRES(format == Format::kLinear, "a scale stands for a slice, whose elements lie apart");
    TRY_ASSIGN(const int64_t axis, normalize_axis(conversion.axis, problem.inputs[0].rank()));
    const Dims& dims = problem.inputs[0].dims;
    const Dim row = volume(Dims(dims.begin() + axis + 1, dims.end()));
    REQUIRES(row.is_constant() && row.value() >= kShortestRow, "a scale stands for rows of " + row.text() + " elements, not of 32");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result{linear_formats(problem)};
    if (!problem.inputs.empty() && problem.inputs[0].rank() >= 3 && !is_constant(problem, 0)) {
      result.push_back(result[0]);
      result[1].inputs[0] = result[1].outputs[0] = Format::kChannelsLast;
    }
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<QuantizeKernel>();
    TRY_ASSIGN(kernel->conversion, conversion_of(problem));
    kernel->has_zero = is_present(problem, 2);
    kernel->constants = problem.constants;
    kernel->constants.resize(problem.inputs.size());
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.001 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 2.5e-7;
  }
};

}  // namespace

TACTIC(QuantizeRows, cpu, quantize_rows)

}  // namespace ingot
