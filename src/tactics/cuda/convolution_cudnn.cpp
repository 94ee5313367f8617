// cuda.convolution_cudnn_N: convolutions by cuDNN's graphs, channels-last, by the N-th of the engines that it proposes for the shapes to
// tune for, so that selection times them; the same engine serves other shapes where it can. Bias, residual and ReLU are part of the graph,
// other epilogues a pass over its result.
#include <algorithm>
#include <map>

#include "base/hash.h"
#include "device/cuda/cudnn.h"
#include "operators/convolution.h"
#include "tactics/cuda/device_weights.h"
#include "tactics/cuda/equal_rows.h"
#include "tactics/cuda/library_product.h"
#include "tactics/cuda/product_code.h"

namespace ingot::cuda {
namespace {

constexpr int kRanks = 4;
constexpr int64_t kMostWorkspace = int64_t{256} << 20;
constexpr int64_t kAlignment = 16;
// Attributes of what a graph is made of.
constexpr int kTensorAlignment = 900, kTensorType = 901, kTensorDims = 902, kTensorStrides = 903, kTensorId = 906, kTensorVirtual = 907;
constexpr int kConvolutionType = 100, kConvolutionMode = 101, kConvolutionDilations = 102, kConvolutionStrides = 103,
              kConvolutionPadsAfter = 104, kConvolutionPadsBefore = 105, kConvolutionDims = 106;
constexpr int kForwardAlpha = 700, kForwardBeta = 701, kForwardConvolution = 702, kForwardW = 703, kForwardX = 704, kForwardY = 705;
constexpr int kPointwiseMode = 0, kPointwiseType = 1, kStepPointwise = 750, kStepX = 751, kStepB = 752, kStepY = 753;
constexpr int kGraphHandle = 800, kGraphSteps = 801;
constexpr int kAdd = 0, kRelu = 100, kCrossCorrelation = 1;
constexpr int kDnnFloat = 0, kDnnHalf = 2, kDnnBf16 = 9;
// What engines say of their rounding.
constexpr int kNoteTensorCore = 0, kNoteDownConvert = 1, kNoteReducedPrecision = 2, kNoteFft = 3, kNoteNondeterministic = 4,
              kNoteWinograd6 = 7, kNoteWinograd13 = 8;
enum Id : int64_t { kX = 1, kW, kBias, kResidual, kY, kFirstVirtual };

int dnn_type(DataType type) { return type == DataType::kHalf ? kDnnHalf : type == DataType::kBf16 ? kDnnBf16 : kDnnFloat; }

// The graph of a convolution: its objects live as long as it.
class Graph {
 public:
  Graph(const Cudnn& library, void* handle) : library_(library), handle_(handle) {}

  Status build(const WindowGeometry& g, DataType type, DataType output, const EpiloguePlan& plan) {
    const size_t first = g.input[0] == 1 && g.output[0] == 1 && g.kernel[0] == 1 ? 1 : 0, spatial = 3 - first;
    std::vector<int64_t> x{g.batch, g.input_channels}, w{g.output_channels, g.group_inputs()}, y{g.batch, g.output_channels},
        bias{1, g.output_channels};
    std::vector<int64_t> before, after, strides, dilations;
    for (size_t d = first; d < 3; ++d) {
      x.push_back(g.input[d]);
      w.push_back(g.kernel[d]);
      y.push_back(g.output[d]);
      bias.push_back(1);
      const int64_t reach = g.dilations[d] * (g.kernel[d] - 1) + 1;
      REQUIRES(g.pads[d] >= 0, "the padding is negative");
      // The same padding on both sides where it gives as many outputs: some engines know no other.
      const bool same = (g.input[d] + 2 * g.pads[d] - reach) / g.strides[d] + 1 == g.output[d];
      before.push_back(g.pads[d]);
      after.push_back(same ? g.pads[d] : std::max<int64_t>(0, (g.output[d] - 1) * g.strides[d] + reach - g.input[d] - g.pads[d]));
      strides.push_back(g.strides[d]);
      dilations.push_back(g.dilations[d]);
    }
    TRY_ASSIGN(CudnnObject convolution, CudnnObject::make(library_, CudnnKind::kConvolution));
    const int compute = kDnnFloat, mode = kCrossCorrelation;
    TRY(convolution.set(kConvolutionType, kCudnnDataType, 1, &compute));
    TRY(convolution.set(kConvolutionMode, kCudnnConvolutionMode, 1, &mode));
    TRY(convolution.set_ints(kConvolutionDims, {static_cast<int64_t>(spatial)}));
    TRY(convolution.set_ints(kConvolutionDilations, dilations));
    TRY(convolution.set_ints(kConvolutionStrides, strides));
    TRY(convolution.set_ints(kConvolutionPadsBefore, before));
    TRY(convolution.set_ints(kConvolutionPadsAfter, after));
    TRY(convolution.finalize());

    const int steps = 1 + plan.residual + plan.bias + plan.relu;
    int step = 0;
    // Between the steps nothing is stored.
    const auto next = [&]() -> Result<const CudnnObject*> {
      ++step;
      return step == steps ? tensor(kY, y, output, false) : tensor(kFirstVirtual + step, y, DataType::kFloat, true);
    };
    TRY_ASSIGN(const CudnnObject* of_x, tensor(kX, x, type, false));
    TRY_ASSIGN(const CudnnObject* of_w, tensor(kW, w, type, false));
    TRY_ASSIGN(const CudnnObject* result, next());
    TRY_ASSIGN(CudnnObject forward, CudnnObject::make(library_, CudnnKind::kConvolutionForward));
    const float one = 1, none = 0;
    TRY(forward.set(kForwardAlpha, kCudnnFloat, 1, &one));
    TRY(forward.set(kForwardBeta, kCudnnFloat, 1, &none));
    TRY(forward.set_object(kForwardConvolution, convolution));
    TRY(forward.set_object(kForwardX, *of_x));
    TRY(forward.set_object(kForwardW, *of_w));
    TRY(forward.set_object(kForwardY, *result));
    TRY(forward.finalize());
    keep(std::move(convolution));
    steps_.push_back(std::move(forward));
    // The residual before the bias: that order has precompiled kernels.
    if (plan.residual) {
      TRY_ASSIGN(const CudnnObject* residual, tensor(kResidual, y, output, false));
      TRY_ASSIGN(result, pointwise(kAdd, result, residual, next));
    }
    if (plan.bias) {
      TRY_ASSIGN(const CudnnObject* addend, tensor(kBias, bias, output, false));
      TRY_ASSIGN(result, pointwise(kAdd, result, addend, next));
    }
    if (plan.relu) {
      TRY_ASSIGN(result, pointwise(kRelu, result, nullptr, next));
    }
    TRY_ASSIGN(graph_, CudnnObject::make(library_, CudnnKind::kGraph));
    std::vector<void*> raws;
    for (const CudnnObject& operation : steps_) raws.push_back(operation.raw());
    TRY(graph_.set(kGraphHandle, kCudnnHandle, 1, &handle_));
    TRY(graph_.set(kGraphSteps, kCudnnDescriptor, static_cast<int64_t>(raws.size()), raws.data()));
    return graph_.finalize();
  }
  const CudnnObject& made() const { return graph_; }

 private:
  const CudnnObject* keep(CudnnObject object) {
    objects_.push_back(std::make_unique<CudnnObject>(std::move(object)));
    return objects_.back().get();
  }
  Result<const CudnnObject*> tensor(int64_t id, const std::vector<int64_t>& dims, DataType type, bool is_virtual) {
    TRY_ASSIGN(CudnnObject made, CudnnObject::make(library_, CudnnKind::kTensor));
    // Channels innermost.
    std::vector<int64_t> strides(dims.size());
    strides[1] = 1;
    int64_t stride = dims[1];
    for (size_t d = dims.size(); d-- > 2;) {
      strides[d] = stride;
      stride *= dims[d];
    }
    strides[0] = stride;
    const int number = dnn_type(type);
    TRY(made.set(kTensorType, kCudnnDataType, 1, &number));
    TRY(made.set_ints(kTensorDims, dims));
    TRY(made.set_ints(kTensorStrides, strides));
    TRY(made.set_ints(kTensorId, {id}));
    TRY(made.set_ints(kTensorAlignment, {kAlignment}));
    TRY(made.set(kTensorVirtual, kCudnnBool, 1, &is_virtual));
    TRY(made.finalize());
    return keep(std::move(made));
  }
  template <class Next>
  Result<const CudnnObject*> pointwise(int mode, const CudnnObject* x, const CudnnObject* b, Next next) {
    TRY_ASSIGN(CudnnObject how, CudnnObject::make(library_, CudnnKind::kPointwise));
    const int compute = kDnnFloat;
    TRY(how.set(kPointwiseMode, kCudnnPointwiseMode, 1, &mode));
    TRY(how.set(kPointwiseType, kCudnnDataType, 1, &compute));
    TRY(how.finalize());
    TRY_ASSIGN(const CudnnObject* y, next());
    TRY_ASSIGN(CudnnObject operation, CudnnObject::make(library_, CudnnKind::kPointwiseOperation));
    TRY(operation.set_object(kStepPointwise, how));
    TRY(operation.set_object(kStepX, *x));
    if (b) TRY(operation.set_object(kStepB, *b));
    TRY(operation.set_object(kStepY, *y));
    TRY(operation.finalize());
    keep(std::move(how));
    steps_.push_back(std::move(operation));
    return y;
  }

  const Cudnn& library_;
  void* handle_;
  std::vector<std::unique_ptr<CudnnObject>> objects_;
  std::vector<CudnnObject> steps_;
  CudnnObject graph_;
};

bool is_right(const CudnnEngine& engine, const Problem& problem) {
  const bool exact = problem.inputs[0].type == DataType::kFloat && !problem.allow_tf32;
  return std::none_of(engine.notes.begin(), engine.notes.end(), [&](int note) {
    return note == kNoteNondeterministic || note == kNoteReducedPrecision || note == kNoteFft || note == kNoteWinograd6 ||
           note == kNoteWinograd13 || (exact && (note == kNoteTensorCore || note == kNoteDownConvert));
  });
}

// What is known of graphs by now. Making plans takes up to half a second each, and building, loading and layers alike ask for the same.
struct Known {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const CudnnPlan>> plans;  // by graph and rank
  std::map<std::string, std::vector<CudnnEngine>> engines;        // by graph
};
Known& known() {
  static auto* made = new Known;
  return *made;
}
constexpr size_t kMostKnown = 512;

template <class Value>
void remember(std::map<std::string, Value>* values, const std::string& key, const Value& value) {
  if (values->size() >= kMostKnown) values->clear();
  (*values)[key] = value;
}

struct DnnLaunch final : Launch {
  const Cudnn* library = nullptr;
  CudnnHandle* handle = nullptr;
  std::shared_ptr<const CudnnPlan> made;
  Operands operands;
  DeviceMemory bias;
  EpiloguePlan plan;
  Rest rest;
  bool has_residual = false;

  size_t workspace_bytes() const override {
    return made->workspace_bytes > 0 ? static_cast<size_t>(made->workspace_bytes) + kWorkspaceAlignment : 0;
  }
  Status run(const RunArguments& arguments) const override {
    std::vector<int64_t> ids{kX, kW, kY};
    std::vector<void*> data{const_cast<void*>(operands.at(arguments, 0)), const_cast<void*>(operands.at(arguments, 1)),
                            arguments.outputs[0]};
    void* residual = has_residual ? const_cast<void*>(operands.at(arguments, 3)) : nullptr;
    if (plan.bias) {
      ids.push_back(kBias);
      data.push_back(bias.get());
    }
    if (plan.residual) {
      ids.push_back(kResidual);
      data.push_back(residual);
    }
    TRY(cudnn_run(*library, *handle, *made, ids, data, aligned_workspace(arguments.workspace), arguments.stream));
    return rest.run(arguments.outputs[0], residual, arguments.stream);
  }
};

struct DnnKernel final : Kernel {
  CudaDevice* device = nullptr;
  const Cudnn* library = nullptr;
  CudnnHandle* handle = nullptr;
  Convolution op;
  Problem problem;
  Operands operands;
  DeviceMemory bias;
  EpiloguePlan plan;
  WindowGeometry tuned;  // for the shapes to tune for
  int rank = 0;

  WindowGeometry geometry_for(const std::vector<Shape>& shapes, const Shape& output) const {
    const Shape taps(shapes[1].begin() + 2, shapes[1].end()), spatial(shapes[0].begin() + 2, shapes[0].end());
    return window_geometry(op, op.pads_for(spatial, taps), taps, op.groups, shapes[0], output);
  }

  // All that makes one graph and its right engines differ from others.
  std::string key_of(const WindowGeometry& g) const {
    std::string key = device->description() + " cudnn " + std::to_string(library->version_call()) + " " +
                      std::string(name_of(problem.inputs[0].type)) + (problem.allow_tf32 ? " tf32" : "");
    for (const bool flag : {plan.bias, plan.relu, plan.residual}) key += flag ? " 1" : " 0";
    const auto add = [&](int64_t number) { key += " " + std::to_string(number); };
    for (const int64_t number : {g.batch, g.groups, g.input_channels, g.output_channels}) add(number);
    for (int d = 0; d < 3; ++d) {
      for (const int64_t number : {g.input[d], g.output[d], g.kernel[d], g.strides[d], g.dilations[d], g.pads[d]}) add(number);
    }
    return key;
  }

  // The right engines for a geometry, best first; `graph` is built for it.
  Result<std::vector<CudnnEngine>> engines_for(const std::string& key, const Graph& graph) const {
    std::lock_guard lock(known().mutex);
    if (const auto found = known().engines.find(key); found != known().engines.end()) return found->second;
    TRY_ASSIGN(std::vector<CudnnEngine> engines, cudnn_engines(*library, graph.made()));
    std::erase_if(engines, [&](const CudnnEngine& engine) { return !is_right(engine, problem); });
    remember(&known().engines, key, engines);
    return engines;
  }

  // The plan for a geometry: one that is known, one from the cache of kernels, or a new one, by the engine that has this rank for the
  // shapes to tune for, else by the first that serves it.
  Result<std::shared_ptr<const CudnnPlan>> plan_for(const WindowGeometry& geometry) const {
    const std::string key = key_of(geometry), ranked = key_of(tuned) + " rank " + std::to_string(rank) + " for " + key,
                      entry = hash_text("cudnn plan with equal rows " + ranked).hex();
    {
      std::lock_guard lock(known().mutex);
      if (const auto found = known().plans.find(ranked); found != known().plans.end()) return found->second;
    }
    std::vector<std::byte> bytes;
    CudnnPlan made;
    if (read_cache_entry(entry, &bytes)) {
      if (auto read = cudnn_plan_from(*library, handle->handle, bytes); read.ok()) made = std::move(read).value();
    }
    if (!made.plan) {
      TRY_ASSIGN(made, new_plan(key, geometry));
      if (auto written = cudnn_plan_bytes(made); written.ok()) write_cache_entry(entry, *written);
    }
    auto shared = std::make_shared<const CudnnPlan>(std::move(made));
    std::lock_guard lock(known().mutex);
    remember<std::shared_ptr<const CudnnPlan>>(&known().plans, ranked, shared);
    return shared;
  }

  // Some engines round the last images of a batch in another way than the same images elsewhere, as one of cuDNN 9.19 does with 1024 x 14
  // x 14.
  Status check_rows(const CudnnPlan& plan, const WindowGeometry& g) const {
    if (g.batch < 2) return Ok{};
    const DataType type = problem.inputs[0].type, output = problem.outputs[0].type;
    const int64_t y_row = g.output_channels * g.output_count();
    TRY_ASSIGN(const DeviceMemory x, equal_rows(*device, type, g.batch, g.input_channels * g.input_count(), 1));
    TRY_ASSIGN(const DeviceMemory y, equal_rows(*device, output, g.batch, y_row, 2));
    DeviceMemory residual;
    if (this->plan.residual) {
      TRY_ASSIGN(residual, equal_rows(*device, output, g.batch, y_row, 3));
    }
    TRY_ASSIGN(const DeviceMemory workspace,
               device_memory(*device, static_cast<size_t>(plan.workspace_bytes) + static_cast<size_t>(kWorkspaceAlignment)));
    std::vector<int64_t> ids{kX, kW, kY};
    std::vector<void*> data{x.get(), const_cast<void*>(operands.at(RunArguments{}, 1)), y.get()};
    if (this->plan.bias) {
      ids.push_back(kBias);
      data.push_back(bias.get());
    }
    if (residual) {
      ids.push_back(kResidual);
      data.push_back(residual.get());
    }
    TRY(device->run_now(
        [&](Stream stream) { return cudnn_run(*library, *handle, plan, ids, data, aligned_workspace(workspace.get()), stream); }));
    TRY_ASSIGN(const bool equal, has_equal_rows(*device, y.get(), output, g.batch, y_row));
    REQUIRES(equal, "it rounds equal images of a batch in different ways");
    return Ok{};
  }

  Result<CudnnPlan> new_plan(const std::string& key, const WindowGeometry& geometry) const {
    Graph graph(*library, handle->handle), for_tuned(*library, handle->handle);
    TRY(build(&graph, geometry));
    TRY(build(&for_tuned, tuned));
    TRY_ASSIGN(std::vector<CudnnEngine> engines, engines_for(key_of(tuned), for_tuned));
    REQUIRES(engines.size() > static_cast<size_t>(rank), "cuDNN proposes " + std::to_string(engines.size()) + " engines");
    const auto try_engine = [&](const CudnnEngine& engine) -> Result<CudnnPlan> {
      TRY_ASSIGN(CudnnPlan made, cudnn_plan(*library, handle->handle, graph.made(), engine));
      REQUIRES(made.workspace_bytes <= kMostWorkspace, "it takes a workspace of " + std::to_string(made.workspace_bytes >> 20) + " MiB");
      TRY(check_rows(made, geometry));
      return made;
    };
    auto made = try_engine(engines[static_cast<size_t>(rank)]);
    if (made.ok() || key == key_of(tuned)) return made;
    TRY_ASSIGN(engines, engines_for(key, graph));
    for (size_t i = 0; i < engines.size() && !made.ok(); ++i) made = try_engine(engines[i]);
    return made;
  }

  Status build(Graph* graph, const WindowGeometry& geometry) const {
    const Status status = graph->build(geometry, problem.inputs[0].type, problem.outputs[0].type, plan);
    return status.ok() ? Status(Ok{}) : Status(unsupported(status.error().message));
  }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<DnnLaunch>();
    TRY_ASSIGN(const int64_t count, volume(outputs[0]));
    if (count == 0) return launch_by("cuda.convolution", problem, shapes, outputs);
    TRY(device->make_current());
    auto made = plan_for(geometry_for(shapes, outputs[0]));
    if (!made.ok()) return launch_by("cuda.convolution", problem, shapes, outputs);
    launch->made = std::move(made).value();
    launch->library = library;
    launch->handle = handle;
    launch->operands = operands;
    launch->bias = bias;
    launch->plan = plan;
    launch->has_residual = has_input(problem, 3);
    TRY_ASSIGN(launch->rest, Rest::make(*device, problem, op, plan, count));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

class CudnnConvolution final : public CudaTactic {
 public:
  explicit CudnnConvolution(int rank) : rank_(rank), name_("cuda.convolution_cudnn_" + std::to_string(rank)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Convolution*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no convolution");
    TRY_ASSIGN([[maybe_unused]] const Cudnn* library, cudnn());
    TRY(accepts_window_product(problem, *op));
    const DataType type = problem.inputs[0].type, output = problem.outputs[0].type;
    REQUIRES(is_channels_last_problem(problem), "the tensors are not channels-last");
    REQUIRES(output == type, "the output is of type " + std::string(name_of(output)));
    REQUIRES(is_constant(problem, 1), "the weights are no constant");
    REQUIRES(!has_input(problem, 3) || !is_constant(problem, 3), "the residual is a constant");
    return accepts_library_product(problem, *op);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    if (problem.inputs.empty() || problem.inputs[0].rank() < 3) return {};
    return {window_formats(problem).back()};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<DnnKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->library, cudnn());
    TRY_ASSIGN(kernel->handle, cudnn_handle(*kernel->device));
    kernel->op = static_cast<const Convolution&>(*problem.op);
    kernel->problem = problem;
    kernel->plan = epilogue_plan(problem, kernel->op);
    TRY(kernel->device->make_current());
    TRY_ASSIGN(const Shape output, tuned_output(problem));
    REQUIRES(volume(output).value_or(0) > 0, "the output is empty");
    kernel->rank = rank_;
    kernel->tuned = kernel->geometry_for(problem.opt_inputs, output);
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem, {1}));
    TRY_ASSIGN(DeviceMemory weights, uploaded_taps_first(*kernel->device, problem.constants[1]));
    kernel->operands.set(1, std::move(weights));
    TRY_ASSIGN(kernel->bias, library_bias(*kernel->device, problem, kernel->plan));
    TRY_ASSIGN(const std::shared_ptr<const CudnnPlan> plan, kernel->plan_for(kernel->tuned));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override {
    return 0.004 + 0.001 * rank_ + input_elements(problem) * 1e-9;
  }

 private:
  int rank_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_convolution_cudnn) { cuda::add_ranked<cuda::CudnnConvolution>(catalogue, cuda::kRanks); }
}  // namespace ingot
