// cpu.reformat: between all memory layouts, and between the element types that rows convert.
#include "operators/reformat.h"

#include <algorithm>

#include "tactics/cpu/box_copies.h"
#include "tactics/cpu/convert_rows.h"

namespace ingot {
namespace {

const std::byte kZeros[16] = {};

// Strides of a layout with channels split into blocks of `group`: [N, C / group, group, spatial...].
struct GroupedStrides {
  int64_t batch, block, within;
  Shape spatial;
};

GroupedStrides grouped_strides(Format format, const Shape& shape, int64_t group) {
  GroupedStrides result;
  if (has_strides(format)) {
    const Shape strides = memory_strides(format, shape);
    result = {strides[0], strides[1] * group, strides[1], Shape(strides.begin() + 2, strides.end())};
    return result;
  }
  const int64_t own = channel_group(format), blocks = (shape[1] + own - 1) / own;
  Shape spatial(shape.size() - 2);
  int64_t step = own;
  for (size_t d = spatial.size(); d-- > 0;) {
    spatial[d] = step;
    step *= shape[d + 2];
  }
  return {step * blocks, step, 1, std::move(spatial)};
}

// Where channel c starts.
int64_t channel_offset(Format format, const Shape& shape, int64_t c) {
  const int64_t group = has_strides(format) ? 1 : channel_group(format);
  const GroupedStrides strides = grouped_strides(format, shape, group);
  return c / group * strides.block + c % group * strides.within;
}

// A box of `channels` channels, each a step apart.
Status add_plane(BoxCopies& copies, int bytes, const Shape& shape, const GroupedStrides* f, const GroupedStrides& t, int64_t from_offset,
                 int64_t to_offset, int64_t channels) {
  Shape sizes{shape[0], channels}, to{t.batch, t.within};
  sizes.insert(sizes.end(), shape.begin() + 2, shape.end());
  to.insert(to.end(), t.spatial.begin(), t.spatial.end());
  if (!f) return copies.add_fill(kZeros, bytes, sizes, to_offset, to);
  Shape from{f->batch, f->within};
  from.insert(from.end(), f->spatial.begin(), f->spatial.end());
  return copies.add(0, bytes, sizes, from_offset, from, to_offset, to);
}

}  // namespace

Result<BoxCopies> layout_change(int bytes, Format from, Format to, const Shape& shape) {
  BoxCopies copies;
  const auto rank = static_cast<int64_t>(shape.size());
  if (rank < 3 || from == to) {
    TRY_ASSIGN(const size_t all, storage_bytes(DataType::kInt8, usual_format(from, rank), shape));
    TRY(copies.add(0, bytes, {static_cast<int64_t>(all)}, 0, {1}, 0, {1}));
    return copies;
  }
  const int64_t channels = shape[1];
  const int64_t from_group = has_strides(from) ? 1 : channel_group(from), to_group = has_strides(to) ? 1 : channel_group(to);
  if (from_group > 1 && to_group > 1) {  // two different groupings have no common box but single channels
    const GroupedStrides f = grouped_strides(from, shape, from_group), t = grouped_strides(to, shape, to_group);
    for (int64_t c = 0; c < channels; ++c)
      TRY(add_plane(copies, bytes, shape, &f, t, channel_offset(from, shape, c), channel_offset(to, shape, c), 1));
  } else {
    const int64_t group = std::max(from_group, to_group), whole = channels / group;
    const GroupedStrides f = grouped_strides(from, shape, group), t = grouped_strides(to, shape, group);
    if (whole > 0) {
      Shape sizes{shape[0], whole, group}, from_steps{f.batch, f.block, f.within}, to_steps{t.batch, t.block, t.within};
      sizes.insert(sizes.end(), shape.begin() + 2, shape.end());
      from_steps.insert(from_steps.end(), f.spatial.begin(), f.spatial.end());
      to_steps.insert(to_steps.end(), t.spatial.begin(), t.spatial.end());
      TRY(copies.add(0, bytes, sizes, 0, from_steps, 0, to_steps));
    }
    if (channels % group) TRY(add_plane(copies, bytes, shape, &f, t, whole * f.block, whole * t.block, channels % group));
  }
  // Padding channels are zeros.
  const int64_t padded_group = channel_group(to), padding = (padded_group - channels % padded_group) % padded_group;
  if (padding)
    TRY(add_plane(copies, bytes, shape, nullptr, grouped_strides(to, shape, to_group), 0, channel_offset(to, shape, channels), padding));
  return copies;
}

namespace {

constexpr int64_t kConvertPiece = 16 * 1024;

struct ReformatLaunch final : Launch {
  std::optional<BoxCopies> change;
  RowConversion conversion;  // load is null where the types agree
  bool convert_first = false;
  int64_t from_count = 0, to_count = 0;  // elements stored, padding included
  size_t scratch = 0;
  const void* constant = nullptr;

  size_t workspace_bytes() const override { return scratch; }

  void convert(ThreadPool& pool, const void* from, void* to, int64_t count) const {
    pool.run((count + kConvertPiece - 1) / kConvertPiece, [&](int64_t piece, int) {
      const int64_t begin = piece * kConvertPiece;
      conversion.run(static_cast<const char*>(from) + begin * conversion.from_bytes, static_cast<char*>(to) + begin * conversion.to_bytes,
                     std::min(kConvertPiece, count - begin));
    });
  }

  Status run(const RunArguments& arguments) const override {
    const void* from = constant ? constant : arguments.inputs[0];
    void* to = arguments.outputs[0];
    if (to_count == 0) return Ok{};
    if (!conversion.load) {
      change->run(*arguments.pool, &from, to);
    } else if (!change) {
      convert(*arguments.pool, from, to, from_count);
    } else if (convert_first) {
      convert(*arguments.pool, from, arguments.workspace, from_count);
      const void* converted = arguments.workspace;
      change->run(*arguments.pool, &converted, to);
    } else {
      change->run(*arguments.pool, &from, arguments.workspace);
      convert(*arguments.pool, arguments.workspace, to, to_count);
    }
    return Ok{};
  }
};

struct ReformatKernel final : Kernel {
  DataType from_type = DataType::kFloat, to_type = DataType::kFloat;
  Format from = Format::kLinear, to = Format::kLinear;
  float scale = 1;
  Array constant;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    const Shape& shape = inputs[0];
    auto launch = std::make_unique<ReformatLaunch>();
    TRY_ASSIGN(size_t from_bytes, storage_bytes(DataType::kInt8, from, shape));
    TRY_ASSIGN(size_t to_bytes, storage_bytes(DataType::kInt8, to, shape));
    launch->from_count = static_cast<int64_t>(from_bytes);
    launch->to_count = static_cast<int64_t>(to_bytes);
    launch->constant = constant.data();
    const int from_size = bits_of(from_type) / 8, to_size = bits_of(to_type) / 8;
    const bool converts = from_type != to_type;
    if (converts) {
      launch->conversion = RowConversion::make(from_type, to_type);
      if (to_type == DataType::kInt8)
        launch->conversion.divide_by(scale);
      else if (from_type == DataType::kInt8)
        launch->conversion.factor = scale;
    }
    if (!converts || from != to) {
      if (bits_of(from_type) < 8) {  // packed pairs move as bytes; the layouts are equal then
        launch->from_count = launch->to_count = static_cast<int64_t>(bytes_of(from_type, launch->from_count));
        TRY_ASSIGN(launch->change, layout_change(1, Format::kLinear, Format::kLinear, {launch->from_count}));
        return std::unique_ptr<Launch>(std::move(launch));
      }
      TRY_ASSIGN(launch->change, layout_change(std::min(from_size, to_size), from, to, shape));
    }
    launch->convert_first = to_size <= from_size;
    if (converts && from != to)
      launch->scratch = static_cast<size_t>(launch->convert_first ? launch->from_count * to_size : launch->to_count * from_size);
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ReformatBoxes final : Tactic {
  std::string_view name() const override { return "cpu.reformat"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(problem.op->name() == "reformat", std::string(problem.op->name()) + " is no reformat");
    const DataType from = problem.inputs[0].type, to = problem.outputs[0].type;
    if (from == to) {
      REQUIRES(bits_of(from) >= 8 || input_format(problem, 0) == output_format(problem, 0),
               std::string(name_of(from)) + " elements are smaller than a byte");
      return Ok{};
    }
    const auto converts = [](DataType type) {
      return type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kInt8;
    };
    REQUIRES(converts(from) && converts(to), "it does not convert " + std::string(name_of(from)) + " to " + std::string(name_of(to)));
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result;
    if (problem.inputs.empty()) return result;
    for (Format from : {Format::kLinear, Format::kChannelsLast}) {
      for (Format to : {Format::kLinear, Format::kChannelsLast}) {
        if (problem.inputs[0].rank() >= 3 || (from == Format::kLinear && to == Format::kLinear)) result.push_back({{from}, {to}});
      }
    }
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ReformatKernel>();
    kernel->from_type = problem.inputs[0].type;
    kernel->to_type = problem.outputs[0].type;
    kernel->from = input_format(problem, 0);
    kernel->to = output_format(problem, 0);
    kernel->scale = static_cast<float>(static_cast<const Reformat&>(*problem.op).scale);
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    const auto count = static_cast<double>(volume(problem.opt_inputs[0]).value_or(0));
    const double bytes = count * (bits_of(problem.inputs[0].type) + bits_of(problem.outputs[0].type)) / 8;
    return 0.002 + bytes / 15e6;  // about 15 GB/s, both ways together
  }
};

}  // namespace

TACTIC(ReformatBoxes, cpu, reformat)

}  // namespace ingot
