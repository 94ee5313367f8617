// cuda.trilu, cuda.fill and their kin: elements that follow from their place, a thread for each.
#include <cstring>
#include <limits>

#include "operators/affine_grid.h"
#include "operators/bit_cast.h"
#include "operators/cosine_window.h"
#include "operators/eye_like.h"
#include "operators/fill.h"
#include "operators/linspace.h"
#include "operators/max_unpool.h"
#include "operators/prior_box.h"
#include "operators/ragged_softmax.h"
#include "operators/random.h"
#include "operators/reverse_sequence.h"
#include "operators/roi_pool.h"
#include "operators/rotary_embedding.h"
#include "operators/tensor_scatter.h"
#include "operators/trilu.h"
#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

std::string flag(const std::string& name, int64_t value) { return "#define " + name + " " + std::to_string(value) + "\n"; }

// Whether input `index` is there, and its type, as HAS_<name> and <name>.
std::string optional_input(const Problem& problem, size_t index, const std::string& name) {
  const bool there = is_present(problem, index);
  return flag("HAS_" + name, there) + storage_definition(name, there ? problem.inputs[index].type : DataType::kInt64);
}

using Shapes = std::vector<Shape>;
using Make = Status (*)(const Problem& problem, const Shapes& inputs, const Shapes& outputs, CallParameters* p, std::string* code);

Status make_trilu(const Problem& problem, const Shapes& inputs, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const Trilu&>(*problem.op);
  p->sizes[0] = inputs[0][inputs[0].size() - 2];
  p->sizes[1] = inputs[0].back();
  p->sizes[2] = op.k;
  *code = moved_definition("ELEMENT", bits_of(problem.inputs[0].type) / 8) + flag("UPPER", op.upper) + optional_input(problem, 1, "K");
  return Ok{};
}

Status make_reverse_sequence(const Problem& problem, const Shapes& inputs, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const ReverseSequence&>(*problem.op);
  const Shape strides = row_major_strides(inputs[0]);
  size_t at = 0;
  for (int64_t axis : {op.batch_axis, op.time_axis}) {
    TRY_ASSIGN(const int64_t d, normalize_axis(axis, static_cast<int64_t>(inputs[0].size())));
    p->sizes[at++] = inputs[0][static_cast<size_t>(d)];
    p->sizes[at++] = strides[static_cast<size_t>(d)];
  }
  *code = moved_definition("ELEMENT", bits_of(problem.inputs[0].type) / 8) + storage_definition("LENGTH", problem.inputs[1].type);
  return Ok{};
}

Status make_eye_like(const Problem& problem, const Shapes&, const Shapes& outputs, CallParameters* p, std::string* code) {
  p->sizes[0] = outputs[0][1];
  p->sizes[1] = static_cast<const EyeLike&>(*problem.op).k;
  *code = storage_definition("Y", problem.outputs[0].type) + "typedef " + compute_type(problem.outputs[0].type) + " COMPUTE;\n";
  return Ok{};
}

Status make_fill(const Problem& problem, const Shapes&, const Shapes&, CallParameters* p, std::string* code) {
  const Array& value = static_cast<const Fill&>(*problem.op).value;
  const auto bytes = static_cast<size_t>(bits_of(problem.outputs[0].type) / 8);
  if (value.data()) std::memcpy(&p->sizes[0], value.data(), bytes);
  *code = moved_definition("ELEMENT", static_cast<int64_t>(bytes));
  return Ok{};
}

Status make_linspace(const Problem& problem, const Shapes&, const Shapes& outputs, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const Linspace&>(*problem.op);
  p->sizes[0] = static_cast<int64_t>(outputs[0].size());
  p->sizes[1] = op.to == DataType::kInt64 ? op.int_start : static_cast<int64_t>(op.start);
  p->sizes[2] = op.to == DataType::kInt64 ? op.int_delta : static_cast<int64_t>(op.delta);
  std::copy(outputs[0].begin(), outputs[0].end(), p->sizes + 8);
  p->reals[0] = op.start;
  p->reals[1] = op.delta;
  const bool exact = op.to == DataType::kInt64 || op.to == DataType::kInt32;
  *code = storage_definition("Y", op.to) + flag("EXACT", exact) + optional_input(problem, 1, "START") +
          optional_input(problem, 2, "DELTA") + (exact ? "#define STORE(value) ((Y)(value))\n" : store_definition(op.to));
  return Ok{};
}

Status make_tensor_scatter(const Problem& problem, const Shapes& inputs, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const TensorScatter&>(*problem.op);
  TRY_ASSIGN(const Lines lines, Lines::make(inputs[0], op.axis));
  TRY_ASSIGN(const int64_t along, normalize_axis(op.axis, static_cast<int64_t>(inputs[0].size())));
  const bool packed = TensorScatter::is_packed(static_cast<int64_t>(inputs[0].size()), static_cast<int64_t>(inputs[1].size()));
  const bool has_lengths = is_present(problem, 3);
  if (packed && !has_lengths) return invalid("packed updates need their lengths");
  p->sizes[0] = inputs[0][0] == 0 ? 1 : lines.before / inputs[0][0];
  p->sizes[1] = lines.length;
  p->sizes[2] = lines.after;
  p->sizes[3] = inputs[1][packed ? 0 : static_cast<size_t>(along)];
  *code = moved_definition("ELEMENT", bits_of(problem.inputs[0].type) / 8) + flag("CIRCULAR", op.circular) +
          optional_input(problem, 2, "STARTS") + optional_input(problem, 3, "LENGTHS") + flag("PACKED", packed) +
          flag("PLACES", has_lengths && inputs[3][0] == inputs[0][0] + 1);
  return Ok{};
}

Status make_rotary_embedding(const Problem& problem, const Shapes& inputs, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const RotaryEmbedding&>(*problem.op);
  const bool flat = op.heads > 0;
  p->sizes[0] = flat ? op.heads : inputs[0][1];
  p->sizes[1] = inputs[0][flat ? 1 : 2];
  p->sizes[2] = flat ? inputs[0][2] / op.heads : inputs[0][3];
  p->sizes[3] = op.rotary_dims > 0 ? op.rotary_dims : p->sizes[2];
  p->sizes[4] = inputs[1][0];
  const bool by_position = is_present(problem, 3);
  *code = storage_definition("X", problem.inputs[0].type) + "typedef " + compute_type(problem.inputs[0].type) + " REAL;\n" +
          flag("FLAT", flat) + flag("INTERLEAVED", op.interleaved) + flag("BY_POSITION", by_position) +
          storage_definition("POSITION", by_position ? problem.inputs[3].type : DataType::kInt64);
  return Ok{};
}

Status make_max_unpool(const Problem& problem, const Shapes& inputs, const Shapes& outputs, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const MaxUnpool&>(*problem.op);
  const Shape& x = inputs[0];
  if (x.size() > kMostRank) return unsupported("more than " + std::to_string(kMostRank) + " dims");
  TRY_ASSIGN(p->sizes[0], volume(x));
  if (p->sizes[0] > INT32_MAX) return unsupported("more than 2^31 elements");
  p->sizes[1] = static_cast<int64_t>(x.size());
  // The indices count through y as it is without given dims.
  const Shape strides = row_major_strides(outputs[0]);
  const size_t axes = x.size() - 2;
  for (size_t d = 0; d < x.size(); ++d) {
    p->sizes[2 + d] = x[d];
    if (d >= 2) {
      const int64_t stride = op.strides.empty() ? 1 : op.strides[d - 2];
      const int64_t cut = op.pads.empty() ? 0 : op.pads[d - 2] + op.pads[axes + d - 2];
      p->sizes[2 + d] = (x[d] - 1) * stride + op.kernel[d - 2] - cut;
    }
    p->sizes[10 + d] = strides[d];
  }
  *code = storage_definition("X", problem.inputs[0].type) + "typedef " + compute_type(problem.inputs[0].type) + " COMPUTE;\n";
  return Ok{};
}

Status make_affine_grid(const Problem& problem, const Shapes&, const Shapes& outputs, CallParameters* p, std::string* code) {
  const Shape& y = outputs[0];
  if (y.size() > 5) return unsupported("more than 3 axes");
  p->sizes[0] = y.back();
  std::copy(y.begin(), y.end() - 1, p->sizes + 1);
  *code = storage_definition("X", problem.inputs[0].type) + "typedef " + compute_type(problem.inputs[0].type) + " REAL;\n" +
          flag("ALIGN_CORNERS", static_cast<const AffineGrid&>(*problem.op).align_corners);
  return Ok{};
}

Status make_random(const Problem& problem, const Shapes&, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const Random&>(*problem.op);
  p->sizes[0] = op.seed;
  p->reals[0] = op.a;
  p->reals[1] = op.b;
  *code = std::string(kernel_text("uniform")) + storage_definition("Y", op.to) + flag("NORMAL", op.kind == RandomKind::kNormal) +
          store_definition(op.to);
  return Ok{};
}

Status make_ragged_softmax(const Problem& problem, const Shapes& inputs, const Shapes&, CallParameters* p, std::string* code) {
  p->sizes[0] = inputs[0].back();
  p->count = p->sizes[0] == 0 ? 0 : p->count / p->sizes[0];
  *code = storage_definition("X", problem.inputs[0].type) + "typedef " + compute_type(problem.inputs[0].type) + " REAL;\n" +
          storage_definition("BOUND", problem.inputs[1].type);
  return Ok{};
}

Status make_bit_cast(const Problem& problem, const Shapes&, const Shapes&, CallParameters*, std::string* code) {
  *code = moved_definition("ELEMENT", bits_of(problem.outputs[0].type) / 8);
  return Ok{};
}

Status make_cosine_window(const Problem& problem, const Shapes&, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const CosineWindow&>(*problem.op);
  std::copy(op.terms.begin(), op.terms.end(), p->reals);
  p->reals[3] = static_cast<double>(op.periodic ? p->count : p->count - 1);
  *code = storage_definition("Y", op.to) + store_definition(op.to);
  return Ok{};
}

Status make_prior_box(const Problem& problem, const Shapes& inputs, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const PriorBox&>(*problem.op);
  const int64_t rows = inputs[0][2], columns = inputs[0][3];
  p->sizes[0] = columns;
  p->sizes[1] = p->count / 2;
  p->sizes[2] = inputs[1][3];
  p->sizes[3] = inputs[1][2];
  p->reals[0] = op.step_x > 0 ? op.step_x : static_cast<double>(inputs[1][3]) / static_cast<double>(columns);
  p->reals[1] = op.step_y > 0 ? op.step_y : static_cast<double>(inputs[1][2]) / static_cast<double>(rows);
  p->reals[2] = op.offset;
  std::string widths, heights, variances;
  const auto boxes = op.boxes();
  for (const auto& [width, height] : boxes) {
    widths += (widths.empty() ? "" : ", ") + number_code(width, false);
    heights += (heights.empty() ? "" : ", ") + number_code(height, false);
  }
  for (size_t i = 0; i < 4; ++i) variances += (i ? ", " : "") + number_code(op.variances[op.variances.size() == 1 ? 0 : i], false);
  const DataType type = problem.outputs[0].type;
  *code = storage_definition("Y", type) + store_definition(type) + flag("CLIP", op.clip) +
          flag("BOXES", static_cast<int64_t>(boxes.size())) + "#define WIDTHS " + widths + "\n#define HEIGHTS " + heights +
          "\n#define VARIANCES " + variances + "\n";
  return Ok{};
}

Status make_roi_pool(const Problem& problem, const Shapes& inputs, const Shapes&, CallParameters* p, std::string* code) {
  const auto& op = static_cast<const RoiPool&>(*problem.op);
  const Shape& x = inputs[0];
  if (inputs[1][1] != 5) return invalid("regions are " + to_text(inputs[1]) + "; [R, 5] is wanted");
  const int64_t sizes[] = {x[1], x[2], x[3], op.height, op.width, x[0]};
  std::copy(std::begin(sizes), std::end(sizes), p->sizes);
  p->reals[0] = op.scale;
  const DataType type = problem.inputs[0].type;
  *code = storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\n" +
          storage_definition("REGION", problem.inputs[1].type);
  return Ok{};
}

struct Pattern {
  const char *operation, *switch_name;
  std::vector<const char*> kernels;
  Make make;
  int64_t threads = 1;         // for each element that is counted
  size_t workspace_bytes = 0;  // for each
  int64_t most_rank = std::numeric_limits<int64_t>::max();
};

struct PatternTactic final : CallTactic {
  explicit PatternTactic(Pattern pattern) : name_(std::string("cuda.") + pattern.operation), pattern_(std::move(pattern)) {}
  std::string_view name() const override { return name_; }
  Status takes(const Problem& problem) const override {
    REQUIRES(problem.op->name() == pattern_.operation, std::string(problem.op->name()) + " is no " + pattern_.operation);
    REQUIRES(problem.outputs[0].rank() <= pattern_.most_rank,
             "the output has " + std::to_string(problem.outputs[0].rank()) + " dims, more than " + std::to_string(pattern_.most_rank));
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const Shapes& inputs, const Shapes& outputs) const override {
    Call call;
    TRY_ASSIGN(call.parameters.count, volume(outputs[0]));
    std::string code;
    TRY(pattern_.make(problem, inputs, outputs, &call.parameters, &code));
    code += std::string("#define ") + pattern_.switch_name + " 1\n";
    call.workspace_bytes = static_cast<size_t>(call.parameters.count) * pattern_.workspace_bytes;
    for (size_t i = 0; i < pattern_.kernels.size(); ++i) {
      // Where several follow each other, the second goes by the elements of the first input.
      TRY(call.add(device, "patterns", code, pattern_.kernels[i],
                   i == 1 ? call.parameters.sizes[0] : call.parameters.count * pattern_.threads));
    }
    return call;
  }

 private:
  std::string name_;
  Pattern pattern_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_patterns) {
  using namespace cuda;
  for (Pattern pattern :
       {Pattern{"trilu", "TRILU", {"trilu"}, make_trilu},
        {"reverse_sequence", "REVERSE_SEQUENCE", {"reverse_sequence"}, make_reverse_sequence},
        {"eye_like", "EYE_LIKE", {"eye_like"}, make_eye_like},
        {"fill", "FILL", {"fill"}, make_fill},
        {"linspace", "LINSPACE", {"linspace"}, make_linspace, 1, 0, kMostRank},
        {"tensor_scatter", "TENSOR_SCATTER", {"tensor_scatter"}, make_tensor_scatter},
        {"rotary_embedding", "ROTARY", {"rotary_embedding"}, make_rotary_embedding},
        {"max_unpool", "MAX_UNPOOL", {"max_unpool_clear", "max_unpool", "max_unpool_take"}, make_max_unpool, 1, sizeof(int)},
        {"bit_cast", "BIT_CAST", {"bit_cast"}, make_bit_cast},
        {"cosine_window", "COSINE_WINDOW", {"cosine_window"}, make_cosine_window},
        {"prior_box", "PRIOR_BOX", {"prior_box"}, make_prior_box},
        {"roi_pool", "ROI_POOL", {"roi_pool"}, make_roi_pool},
        {"affine_grid", "AFFINE_GRID", {"affine_grid"}, make_affine_grid},
        {"random", "RANDOM", {"random_numbers"}, make_random},
        {"ragged_softmax", "RAGGED_SOFTMAX", {"ragged_softmax"}, make_ragged_softmax, 32}})
    catalogue.add(std::make_unique<PatternTactic>(std::move(pattern)));
}
}  // namespace ingot
