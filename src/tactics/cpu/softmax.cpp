// cpu.softmax: along any axis of a dense tensor; rows where the axis is innermost in memory, columns otherwise.
#include "operators/softmax.h"

#include <algorithm>

#include "tactics/cpu/row_buffer.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/cpu/scaled_rows.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kColumns = 16;  // of a block that is converted
constexpr int64_t kFloatColumns = 64;
constexpr int64_t kPartElements = 8 * 1024;

struct SoftmaxLaunch final : Launch {
  const Array* constant = nullptr;
  int64_t outer = 1, count = 1, inner = 1;
  bool log = false, is_float = true;
  ScaledRows convert;
  int bytes = 4, output_bytes = 4;
  int64_t units = 0, parts = 1, buffered = 0;  // floats of one part's buffer

  size_t workspace_bytes() const override { return RowBuffer::workspace_bytes(buffered, parts); }

  void rows(const char* from, char* to, int64_t begin, int64_t end, void* workspace, int64_t part) const {
    const RowKernels& kernels = row_kernels();
    if (is_float) {
      for (int64_t r = begin; r < end; ++r)
        kernels.softmax(reinterpret_cast<const float*>(from) + r * count, reinterpret_cast<float*>(to) + r * count, count, log);
      return;
    }
    RowBuffer buffer(buffered, workspace, part);
    for (int64_t r = begin; r < end; ++r) {
      convert.in.run(from + r * count * bytes, buffer.row(), count);
      kernels.softmax(buffer.row(), buffer.row(), count, log);
      convert.out.run(buffer.row(), to + r * count * output_bytes, count);
    }
  }

  void columns(const char* from, char* to, int64_t begin, int64_t end, void* workspace, int64_t part) const {
    const RowKernels& kernels = row_kernels();
    const int64_t width = is_float ? kFloatColumns : kColumns, blocks = (inner + width - 1) / width;
    alignas(64) float scratch[2 * kFloatColumns];
    if (is_float) {
      for (int64_t b = begin; b < end; ++b) {
        const int64_t first = b % blocks * width, at = b / blocks * count * inner + first;
        kernels.softmax_columns(reinterpret_cast<const float*>(from) + at, inner, reinterpret_cast<float*>(to) + at, inner, count,
                                std::min(width, inner - first), log, scratch);
      }
      return;
    }
    RowBuffer buffer(buffered, workspace, part);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b % blocks * width, at = b / blocks * count * inner + first, own = std::min(width, inner - first);
      for (int64_t r = 0; r < count; ++r) convert.in.run(from + (at + r * inner) * bytes, buffer.row() + r * own, own);
      kernels.softmax_columns(buffer.row(), own, buffer.row(), own, count, own, log, scratch);
      for (int64_t r = 0; r < count; ++r) convert.out.run(buffer.row() + r * own, to + (at + r * inner) * output_bytes, own);
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* from = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto* to = static_cast<char*>(arguments.outputs[0]);
    if (units == 0) return Ok{};
    arguments.pool->run(parts, [&](int64_t part, int) {
      const int64_t begin = units * part / parts, end = units * (part + 1) / parts;
      if (inner == 1)
        rows(from, to, begin, end, arguments.workspace, part);
      else
        columns(from, to, begin, end, arguments.workspace, part);
    });
    return Ok{};
  }
};

struct SoftmaxKernel final : Kernel {
  Softmax op;
  DataType type = DataType::kFloat, output_type = DataType::kFloat;
  Format format = Format::kLinear;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<SoftmaxLaunch>();
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t axis, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
    TRY_ASSIGN(const int64_t total, volume(shape));
    launch->count = shape[axis];
    launch->inner = memory_strides(format, shape)[axis];
    launch->outer = total == 0 ? 0 : total / launch->count / launch->inner;
    launch->log = op.log;
    launch->is_float = type == DataType::kFloat && output_type == DataType::kFloat;
    launch->bytes = bits_of(type) / 8;
    launch->output_bytes = bits_of(output_type) / 8;
    launch->convert = ScaledRows::make(op, type, output_type);
    const int64_t width = launch->is_float ? kFloatColumns : kColumns;
    launch->units = total == 0 ? 0 : launch->inner == 1 ? launch->outer : launch->outer * ((launch->inner + width - 1) / width);
    launch->buffered = launch->is_float ? 0 : launch->count * (launch->inner == 1 ? 1 : kColumns);
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->units));
    launch->parts = RowBuffer::bounded_parts(launch->buffered, launch->parts);
    if (constant.data()) launch->constant = &constant;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct SoftmaxRows final : Tactic {
  std::string_view name() const override { return "cpu.softmax"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Softmax*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no softmax");
    TRY(accepts_scaled_input(problem, *op));
    const Format format = input_format(problem, 0);
    REQUIRES(format == output_format(problem, 0), "input and output have different formats");
    REQUIRES(has_strides(format) && channel_group(format) == 1, "the format is " + std::string(name_of(format)));
    return Ok{};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<SoftmaxKernel>();
    kernel->op = static_cast<const Softmax&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->output_type = problem.outputs[0].type;
    kernel->format = input_format(problem, 0);
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 0.6e-6;
  }
};

}  // namespace

TACTIC(SoftmaxRows, cpu, softmax)

}  // namespace ingot
