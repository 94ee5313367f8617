// cuda.transpose, cuda.slice and their like: the boxes that the CPU's tactics plan, copied by the GPU.
#include "tactics/cuda/boxes.h"

#include <algorithm>
#include <cstring>

#include "operators/reformat.h"

namespace ingot::cuda {
namespace {

std::string element_of(int bytes) {
  switch (bytes) {
    case 1: return "uint8";
    case 2: return "uint16";
    case 4: return "uint32";
    case 8: return "uint64";
    default: return "Pack<uint64, 2>";
  }
}

struct BoxDims {
  Shape sizes, from, to;
};

int64_t count_of(const Shape& sizes) {
  int64_t count = 1;
  for (int64_t size : sizes) count *= size;
  return count;
}

Result<KernelFunction> compiled(CudaDevice& device, const std::string& name, int bytes, size_t rank, int64_t count) {
  const std::string code = "typedef " + element_of(bytes) + " ELEMENT;\n#define RANK " + std::to_string(std::max<size_t>(rank, 1)) +
                           "\ntypedef " + (count < (int64_t{1} << 31) ? "uint32" : "int64") + " INDEX;\n";
  return KernelFunction::make(device, kernel_source("copy", code), name);
}

void fill_parameters(const BoxDims& dims, CopyParameters* p, GridSize* grid) {
  p->count = count_of(dims.sizes);
  for (size_t d = 0; d < dims.sizes.size(); ++d) {
    p->sizes[d] = dims.sizes[d];
    p->from_strides[d] = dims.from[d];
    p->to_strides[d] = dims.to[d];
  }
  if (dims.sizes.empty()) p->sizes[0] = 1;
  *grid = {ceil_divide(p->count, 256)};
}

}  // namespace

Result<DeviceBoxes> DeviceBoxes::make(CudaDevice& device, const BoxCopies& copies) {
  DeviceBoxes result;
  result.device_ = &device;
  for (const BoxCopies::Spec& spec : copies.specs()) {
    Box box;
    box.input = spec.input;
    box.from_offset = spec.is_fill ? 0 : spec.from_offset * spec.bytes;
    box.to_offset = spec.to_offset * spec.bytes;
    std::memcpy(box.in_single.fill, spec.value, 16);
    // In the order of writing, merged.
    std::vector<size_t> order(spec.sizes.size());
    for (size_t d = 0; d < order.size(); ++d) order[d] = d;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return std::abs(spec.to[a]) > std::abs(spec.to[b]); });
    BoxDims dims{reordered(spec.sizes, order), reordered(spec.from, order), reordered(spec.to, order)};
    TRY(merge_dims(&dims.sizes, {&dims.from, &dims.to}));
    const int64_t count = count_of(dims.sizes);
    if (count == 0) continue;
    const size_t rank = dims.sizes.size();
    fill_parameters(dims, &box.in_single, &box.single_grid);
    if (spec.is_fill) {
      box.kind = Box::Kind::kFill;
      TRY_ASSIGN(box.single, compiled(device, "fill_box", spec.bytes, rank, count));
      result.boxes_.push_back(std::move(box));
      continue;
    }
    if (rank == 0 || (rank == 1 && dims.from[0] == 1 && dims.to[0] == 1)) {
      box.kind = Box::Kind::kBytes;
      box.bytes = static_cast<size_t>(count * spec.bytes);
      result.boxes_.push_back(std::move(box));
      continue;
    }
    // Rows that lie together on both sides move as wider elements.
    int width = 1;
    const auto divides = [&](int wider) {
      bool good =
          dims.sizes[rank - 1] % wider == 0 && spec.from_offset % wider == 0 && spec.to_offset % wider == 0 && spec.bytes * wider <= 16;
      for (size_t d = 0; d + 1 < rank; ++d) good = good && dims.from[d] % wider == 0 && dims.to[d] % wider == 0;
      return good;
    };
    if (dims.from[rank - 1] == 1 && dims.to[rank - 1] == 1) {
      while (divides(width * 2)) width *= 2;
    }
    TRY_ASSIGN(box.single, compiled(device, "copy_box", spec.bytes, rank, count));
    BoxDims wide = dims;
    if (width > 1) {
      wide.sizes[rank - 1] /= width;
      for (size_t d = 0; d + 1 < rank; ++d) {
        wide.from[d] /= width;
        wide.to[d] /= width;
      }
    }
    fill_parameters(wide, &box.in_wide, &box.wide_grid);
    box.alignment = static_cast<size_t>(width * spec.bytes);
    TRY_ASSIGN(box.wide, compiled(device, "copy_box", spec.bytes * width, rank, count));
    // Two dims that change places: through tiles.
    if (width == 1 && (rank == 2 || rank == 3) && dims.to[rank - 1] == 1) {
      const size_t column = rank == 3 && dims.from[0] == 1 ? 0 : rank - 2, outer = rank - 2 - column;
      const int64_t outers = rank == 3 ? dims.sizes[outer] : 1;
      if (dims.from[column] == 1 && dims.from[rank - 1] > 1 && outers <= 65535 && dims.sizes[column] >= 4 && dims.sizes[rank - 1] >= 4) {
        CopyParameters p{};
        p.sizes[0] = outers;
        p.sizes[1] = dims.sizes[rank - 1];  // rows of the source
        p.sizes[2] = dims.sizes[column];    // its columns
        p.from_strides[0] = rank == 3 ? dims.from[outer] : 0;
        p.to_strides[0] = rank == 3 ? dims.to[outer] : 0;
        p.from_strides[1] = dims.from[rank - 1];
        p.to_strides[2] = dims.to[column];
        box.kind = Box::Kind::kTranspose;
        box.in_wide = p;
        box.wide_grid = {ceil_divide(p.sizes[1], 32) * ceil_divide(p.sizes[2], 32), outers};
        TRY_ASSIGN(box.wide, compiled(device, "transpose_tiles", spec.bytes, rank, count));
      }
    }
    result.boxes_.push_back(std::move(box));
  }
  return result;
}

Status DeviceBoxes::run(const void* const* inputs, void* to, Stream stream) const {
  for (const Box& box : boxes_) {
    const void* source = box.kind == Box::Kind::kFill ? nullptr : static_cast<const char*>(inputs[box.input]) + box.from_offset;
    void* target = static_cast<char*>(to) + box.to_offset;
    if (box.kind == Box::Kind::kBytes) {
      TRY(device_->queue_copy(target, source, box.bytes, stream));
      continue;
    }
    const bool aligned = box.kind != Box::Kind::kFill && reinterpret_cast<uintptr_t>(source) % box.alignment == 0 &&
                         reinterpret_cast<uintptr_t>(target) % box.alignment == 0;
    CopyParameters p = aligned ? box.in_wide : box.in_single;
    p.from = source;
    p.to = target;
    TRY((aligned ? box.wide : box.single).launch(aligned ? box.wide_grid : box.single_grid, 256, stream, p));
  }
  return Ok{};
}

namespace {

struct BoxLaunch final : Launch {
  DeviceBoxes boxes;
  Operands operands;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override {
    constexpr size_t kFew = 64;
    const void* few[kFew];
    std::vector<const void*> many(inputs > kFew ? inputs : 0);
    const void** addresses = inputs > kFew ? many.data() : few;
    for (size_t i = 0; i < inputs; ++i) addresses[i] = operands.at(arguments, i);
    return boxes.run(addresses, arguments.outputs[0], arguments.stream);
  }
};

struct DeviceBoxKernel final : Kernel {
  CudaDevice* device = nullptr;
  BoxProblem problem;
  BoxPlan plan;
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<BoxLaunch>();
    TRY_ASSIGN(BoxCopies copies, plan(problem, inputs, outputs[0]));
    TRY_ASSIGN(launch->boxes, DeviceBoxes::make(*device, copies));
    launch->operands = operands;
    launch->inputs = inputs.size();
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

// Takes the boxes that a tactic of the CPU plans.
struct BoxTwin final : CudaTactic {
  explicit BoxTwin(const std::string& operation) : name_("cuda." + operation), planner_("cpu." + operation) {}
  std::string_view name() const override { return name_; }
  const Tactic* planner() const { return TacticCatalogue::instance().find(planner_); }

  Status accepts(const Problem& problem) const override {
    const Tactic* tactic = planner();
    REQUIRES(tactic, planner_ + ", which plans the boxes, is switched off");
    return tactic->accepts(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    return planner() ? planner()->proposals(problem) : std::vector<Formats>{};
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>& packed) const override {
    auto kernel = std::make_unique<DeviceBoxKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(std::unique_ptr<Kernel> planned, planner()->prepare(problem, packed));
    auto* boxes = dynamic_cast<BoxKernel*>(planned.get());
    if (!boxes) return internal(planner_ + " plans no boxes");
    kernel->problem = boxes->problem;
    kernel->plan = boxes->plan;
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

 private:
  std::string name_, planner_;
};

struct ReformatTwin final : CudaTactic {
  std::string_view name() const override { return "cuda.reformat"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(problem.op->name() == "reformat", std::string(problem.op->name()) + " is no reformat");
    REQUIRES(problem.inputs[0].type == problem.outputs[0].type, "the element type changes");
    REQUIRES(bits_of(problem.inputs[0].type) >= 8, std::string(name_of(problem.inputs[0].type)) + " elements are smaller than a byte");
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
    auto kernel = std::make_unique<DeviceBoxKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->problem.input_formats = {input_format(problem, 0)};
    kernel->problem.output_format = output_format(problem, 0);
    kernel->problem.bytes = bits_of(problem.inputs[0].type) / 8;
    kernel->plan = [](const BoxProblem& own, const std::vector<Shape>& inputs, const Shape&) {
      return layout_change(own.bytes, own.input_formats[0], own.output_format, inputs[0]);
    };
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

// Views whose output cannot share its input's place are copied.
struct ViewLaunch final : Launch {
  CudaDevice* device = nullptr;
  Operands operands;
  size_t bytes = 0;
  Status run(const RunArguments& arguments) const override {
    const void* from = operands.at(arguments, 0);
    return from == arguments.outputs[0] ? Status(Ok{}) : device->queue_copy(arguments.outputs[0], from, bytes, arguments.stream);
  }
};
struct ViewKernel final : Kernel {
  CudaDevice* device = nullptr;
  Operands operands;
  DataType type = DataType::kFloat;
  Format format = Format::kLinear;
  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>&, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<ViewLaunch>();
    launch->device = device;
    launch->operands = operands;
    TRY_ASSIGN(launch->bytes, storage_bytes(type, format, outputs[0]));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};
struct ViewTwin final : CudaTactic {
  std::string_view name() const override { return "cuda.view"; }
  static const Tactic* planner() { return TacticCatalogue::instance().find("cpu.view"); }
  Status accepts(const Problem& problem) const override {
    REQUIRES(planner(), "cpu.view, which knows views, is switched off");
    return planner()->accepts(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    return planner() ? planner()->proposals(problem) : std::vector<Formats>{};
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ViewKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    kernel->type = problem.outputs[0].type;
    kernel->format = output_format(problem, 0);
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem&) const override { return 0.0001; }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_boxes) {
  for (const char* operation : {"concat", "expand", "pad", "slice", "transpose"}) catalogue.add(std::make_unique<cuda::BoxTwin>(operation));
  catalogue.add(std::make_unique<cuda::ReformatTwin>());
  catalogue.add(std::make_unique<cuda::ViewTwin>());
}
}  // namespace ingot
