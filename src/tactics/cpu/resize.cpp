// cpu.resize: nearest neighbours, linear and cubic interpolation along up to two spatial dims, by tables of taps made for each shape.
#include "operators/resize.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/row_kernels.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

constexpr int64_t kMostTaps = 64;     // of one axis
constexpr int64_t kMostWidth = 8192;  // elements of a linear row, and channels of a pixel
constexpr int64_t kPartElements = 8 * 1024;

// Taps of one axis, flattened; an axis that stays as it is has one tap a position.
struct AxisTaps {
  std::vector<int64_t> first{0}, index;
  std::vector<float> weight;
  bool copies = true;  // each position has one tap of weight 1

  static AxisTaps make(const Resize::Taps& taps, int64_t length) {
    AxisTaps result;
    for (int64_t i = 0; i < length; ++i) {
      if (taps.empty()) {
        result.index.push_back(i);
        result.weight.push_back(1);
      } else {
        for (const Resize::Tap& tap : taps[static_cast<size_t>(i)]) {
          if (tap.weight == 0 && taps[static_cast<size_t>(i)].size() > 1) continue;
          result.index.push_back(tap.index);
          result.weight.push_back(static_cast<float>(tap.weight));
        }
      }
      const auto count = static_cast<int64_t>(result.index.size()) - result.first.back();
      result.copies = result.copies && count == 1 && result.weight.back() == 1;
      result.first.push_back(static_cast<int64_t>(result.index.size()));
    }
    return result;
  }
  int64_t most() const {
    int64_t most = 0;
    for (size_t i = 0; i + 1 < first.size(); ++i) most = std::max(most, first[i + 1] - first[i]);
    return most;
  }
};

int64_t repeats_of(const AxisTaps& taps, int64_t length, int64_t out_length) {
  if (length == 0 || out_length % length != 0) return 0;
  const int64_t repeats = out_length / length;
  for (int64_t i = 0; i < out_length; ++i) {
    if (taps.index[static_cast<size_t>(i)] != i / repeats) return 0;
  }
  return repeats;
}

struct ResizeLaunch final : Launch {
  const Array* constant = nullptr;
  AxisTaps rows, columns;
  int64_t planes = 1, height = 1, width = 1, out_height = 1, out_width = 1, channels = 1;  // channels innermost; 1 where linear
  bool channels_last = false;
  DataType type = DataType::kFloat;
  int bytes = 4;
  LoadRow load = nullptr;
  StoreRow store = nullptr;
  BlendRows blend = nullptr;
  int64_t repeats = 0;  // of each column, where columns are copied in their order; else 0
  int64_t units = 0, parts = 1;

  // Output row `unit` of linear planes: rows are blended as vectors, columns one by one. Whether it continues one that is done already.
  void plane_row(const char* x, char* y, int64_t unit, bool continues) const {
    const int64_t h = unit % out_height;
    const char* plane = x + unit / out_height * height * width * bytes;
    char* out = y + unit * out_width * bytes;
    const int64_t begin = rows.first[static_cast<size_t>(h)], end = rows.first[static_cast<size_t>(h + 1)];
    if (rows.copies && columns.copies) {
      const int64_t source = rows.index[static_cast<size_t>(begin)];
      if (continues && h > 0 && rows.index[static_cast<size_t>(begin) - 1] == source) {  // the row before it once more
        std::memcpy(out, out - out_width * bytes, static_cast<size_t>(out_width * bytes));
        return;
      }
      const char* row = plane + source * width * bytes;
      switch (bytes) {
        case 1: return pick<uint8_t>(row, out);
        case 2: return pick<uint16_t>(row, out);
        case 4: return pick<uint32_t>(row, out);
        default: return pick<uint64_t>(row, out);
      }
    }
    alignas(64) float blended[kMostWidth], result[kMostWidth], converted[kMostWidth];
    const float* source = blended;
    if (type == DataType::kFloat && end - begin == 1 && rows.weight[static_cast<size_t>(begin)] == 1) {
      source = reinterpret_cast<const float*>(plane) + rows.index[static_cast<size_t>(begin)] * width;
    } else {
      const float* list[kMostTaps];
      if (type == DataType::kFloat) {
        for (int64_t t = begin; t < end; ++t)
          list[t - begin] = reinterpret_cast<const float*>(plane) + rows.index[static_cast<size_t>(t)] * width;
        blend(list, rows.weight.data() + begin, end - begin, blended, width);
      } else {
        for (int64_t t = begin; t < end; ++t) {
          load(plane + rows.index[static_cast<size_t>(t)] * width * bytes, converted, width);
          const float weights[2] = {1, rows.weight[static_cast<size_t>(t)]};
          list[0] = blended;
          list[1] = converted;
          if (t == begin)
            blend(list + 1, weights + 1, 1, blended, width);
          else
            blend(list, weights, 2, blended, width);
        }
      }
    }
    float* target = type == DataType::kFloat ? reinterpret_cast<float*>(out) : result;
    for (int64_t w = 0; w < out_width; ++w) {
      float sum = 0;
      for (int64_t t = columns.first[static_cast<size_t>(w)]; t < columns.first[static_cast<size_t>(w + 1)]; ++t)
        sum += columns.weight[static_cast<size_t>(t)] * source[columns.index[static_cast<size_t>(t)]];
      target[w] = sum;
    }
    if (type != DataType::kFloat) store(result, out, out_width);
  }

  template <class T>
  void pick(const char* row, char* out) const {
    const auto* from = reinterpret_cast<const T*>(row);
    auto* to = reinterpret_cast<T*>(out);
    if constexpr (sizeof(T) <= 4) {
      if (repeats == 2) {  // both in one number of twice the width
        using Pair = std::conditional_t<sizeof(T) == 4, uint64_t, uint32_t>;
        for (int64_t i = 0; i < width; ++i) {
          const Pair pair = static_cast<Pair>(static_cast<Pair>(from[i]) << (8 * sizeof(T)) | from[i]);
          std::memcpy(to + 2 * i, &pair, 2 * sizeof(T));
        }
        return;
      }
    }
    if (repeats > 1) {
      for (int64_t i = 0; i < width; ++i) {
        for (int64_t k = 0; k < repeats; ++k) *to++ = from[i];
      }
      return;
    }
    for (int64_t w = 0; w < out_width; ++w) to[w] = from[columns.index[static_cast<size_t>(w)]];
  }

  // Output row `unit` of channels-last pixels: each pixel blends rows of channels.
  void pixel_row(const char* x, char* y, int64_t unit) const {
    const int64_t h = unit % out_height, pixel = channels * bytes;
    const char* image = x + unit / out_height * height * width * pixel;
    char* out = y + unit * out_width * pixel;
    const int64_t begin = rows.first[static_cast<size_t>(h)], end = rows.first[static_cast<size_t>(h + 1)];
    alignas(64) float blended[kMostWidth], converted[kMostWidth];
    const float* list[kMostTaps * kMostTaps / 16];
    float weights[kMostTaps * kMostTaps / 16];
    for (int64_t w = 0; w < out_width; ++w, out += pixel) {
      int64_t count = 0;
      const char* only = nullptr;
      for (int64_t r = begin; r < end; ++r) {
        for (int64_t c = columns.first[static_cast<size_t>(w)]; c < columns.first[static_cast<size_t>(w + 1)]; ++c, ++count) {
          only = image + (rows.index[static_cast<size_t>(r)] * width + columns.index[static_cast<size_t>(c)]) * pixel;
          weights[count] = rows.weight[static_cast<size_t>(r)] * columns.weight[static_cast<size_t>(c)];
          list[count] = reinterpret_cast<const float*>(only);
        }
      }
      if (count == 1 && weights[0] == 1) {
        std::memcpy(out, only, static_cast<size_t>(pixel));
      } else if (type == DataType::kFloat) {
        blend(list, weights, count, reinterpret_cast<float*>(out), channels);
      } else {
        for (int64_t t = 0; t < count; ++t) {
          load(list[t], converted, channels);
          const float* pair[2] = {blended, converted};
          const float both[2] = {1, weights[t]};
          if (t == 0)
            blend(pair + 1, both + 1, 1, blended, channels);
          else
            blend(pair, both, 2, blended, channels);
        }
        store(blended, out, channels);
      }
    }
  }

  Status run(const RunArguments& arguments) const override {
    const auto* x = static_cast<const char*>(constant ? constant->data() : arguments.inputs[0]);
    auto* y = static_cast<char*>(arguments.outputs[0]);
    arguments.pool->run(parts, [&](int64_t part, int) {
      for (int64_t u = units * part / parts; u < units * (part + 1) / parts; ++u) {
        if (channels_last)
          pixel_row(x, y, u);
        else
          plane_row(x, y, u, u > units * part / parts);
      }
    });
    return Ok{};
  }
};

struct ResizeKernel final : Kernel {
  Resize op;
  DataType type = DataType::kFloat;
  Format format = Format::kLinear;
  Array constant, sizes;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<ResizeLaunch>();
    const Shape &x = inputs[0], &y = outputs[0];
    TRY_ASSIGN(const auto taps, op.taps(x, y, sizes.data() ? &sizes : nullptr));
    const size_t rank = x.size();
    launch->channels_last = format != Format::kLinear;
    launch->width = x[rank - 1];
    launch->out_width = y[rank - 1];
    launch->height = rank > 3 ? x[rank - 2] : 1;
    launch->out_height = rank > 3 ? y[rank - 2] : 1;
    launch->columns = AxisTaps::make(taps[rank - 1], launch->out_width);
    launch->rows = AxisTaps::make(rank > 3 ? taps[rank - 2] : Resize::Taps{}, launch->out_height);
    launch->channels = launch->channels_last ? x[1] : 1;
    launch->planes = launch->channels_last ? x[0] : x[0] * x[1];
    if (launch->rows.most() > kMostTaps || launch->columns.most() > kMostTaps ||
        launch->rows.most() * launch->columns.most() > kMostTaps * kMostTaps / 16)
      return unsupported("an output of the resize reads more than 256 elements");
    if (launch->columns.copies) launch->repeats = repeats_of(launch->columns, launch->width, launch->out_width);
    launch->type = type;
    launch->bytes = bits_of(type) / 8;
    launch->load = load_row(type);
    launch->store = store_row(type);
    launch->blend = blend_rows();
    if (constant.data()) launch->constant = &constant;
    TRY_ASSIGN(const int64_t total, volume(y));
    launch->units = total == 0 ? 0 : launch->planes * launch->out_height;
    launch->parts = std::clamp<int64_t>(total / kPartElements, 1, std::max<int64_t>(1, launch->units));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct ResizeRows final : Tactic {
  std::string_view name() const override { return "cpu.resize"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Resize*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no resize");
    const Dims &x = problem.inputs[0].dims, &y = problem.outputs[0].dims;
    const DataType type = problem.inputs[0].type;
    REQUIRES(x.size() == 3 || x.size() == 4, "the rank is " + std::to_string(x.size()) + ", not 3 or 4");
    REQUIRES(x[0] == y[0] && x[1] == y[1], "the batch or the channels are resized");
    REQUIRES(op->coordinates != ResizeCoordinates::kCropAndResize, "positions may lie outside of the input");
    REQUIRES(!op->antialias, "a kernel that grows with the scale may have any number of taps");
    const bool floats = type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16;
    REQUIRES(floats || op->mode == ResizeMode::kNearest, std::string(name_of(type)) + " is not interpolated");
    REQUIRES(bits_of(type) >= 8, std::string(name_of(type)) + " elements are smaller than a byte");
    for (size_t i = 1; i < problem.inputs.size(); ++i)
      REQUIRES(!is_present(problem, i) || is_constant(problem, i), "the sizes are known only at run time");
    const Format format = input_format(problem, 0);
    REQUIRES(has_strides(format) && channel_group(format) == 1 && format == output_format(problem, 0),
             "input and output are not both linear or channels-last");
    const Dim &row = format == Format::kLinear ? x.back() : x[1], &out = format == Format::kLinear ? y.back() : y[1];
    if (op->mode != ResizeMode::kNearest)
      REQUIRES(row.is_constant() && out.is_constant() && row.value() <= kMostWidth && out.value() <= kMostWidth,
               "a row may be longer than 8192");
    return Ok{};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ResizeKernel>();
    kernel->op = static_cast<const Resize&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->format = input_format(problem, 0);
    if (is_constant(problem, 0)) kernel->constant = problem.constants[0];
    if (is_constant(problem, 1)) kernel->sizes = problem.constants[1];
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result = Tactic::proposals(problem);
    if (problem.inputs.empty()) return result;
    for (Formats& formats : result) std::fill(formats.inputs.begin() + 1, formats.inputs.end(), Format::kLinear);
    return result;
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    if (problem.opt_inputs.empty()) return std::nullopt;
    return 0.002 + static_cast<double>(volume(problem.opt_inputs[0]).value_or(0)) * 4e-6;
  }
};

}  // namespace

TACTIC(ResizeRows, cpu, resize)

}  // namespace ingot
