// What the GPU's own tactics of convolutions and deconvolutions share between the choice of their code and the launch.
#pragma once

#include <algorithm>

#include "operators/convolution.h"
#include "operators/deconvolution.h"
#include "tactics/cuda/product_code.h"

namespace ingot::cuda {

struct WindowLaunch final : Launch {
  KernelFunction kernel;
  Operands operands;
  DeviceMemory scales;
  WindowParameters parameters{};
  GridSize grid;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override {
    WindowParameters p = parameters;
    set_pointers(&p, operands, arguments, inputs);
    p.scales = scales.get();
    return kernel.launch(grid, 256, arguments.stream, p);
  }
};

// A tile of 64 outputs by 64 channels of a group for each block.
inline GridSize tile_grid(const WindowGeometry& geometry) {
  return {ceil_divide(geometry.batch * geometry.output_count(), 64), ceil_divide(geometry.group_outputs(), 64), geometry.groups};
}

// The definitions with which the kernel of products walks windows.
inline std::string window_product_code(bool transposed, bool channels_last) {
  return "#define CONVOLUTION 1\n#define TRANSPOSED " + std::to_string(transposed) + "\n#define A_ROWS_FAST " +
         std::to_string(!channels_last) + "\n#define B_COLUMNS_FAST 0\n";
}

// Pads in force for known lengths.
inline Window::Pads pads_of(const Convolution& op, const Shape& spatial, const Shape& taps) { return op.pads_for(spatial, taps); }
inline Window::Pads pads_of(const Deconvolution& op, const Shape& spatial, const Shape& taps) {
  return op.deconvolution_pads(spatial, taps);
}

// Of a Convolution or Deconvolution; kGrid says how many blocks a geometry takes.
template <class Op, GridSize (*kGrid)(const WindowGeometry&)>
struct WindowKernel final : Kernel {
  Op op;
  KernelFunction kernel;
  Operands operands;
  DeviceMemory scales;
  bool channels_last = false;
  size_t inputs = 0;

  // `weights` in the order in which the kernel reads them, `code` behind the definitions of products.
  static Result<std::unique_ptr<Kernel>> make(const Problem& problem, Array weights, const std::string& code, const char* name) {
    auto kernel = std::make_unique<WindowKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const Op&>(*problem.op);
    kernel->channels_last = is_channels_last_problem(problem);
    kernel->inputs = problem.inputs.size();
    Problem own = problem;
    own.constants[1] = std::move(weights);
    TRY_ASSIGN(kernel->operands, Operands::make(*device, own));
    const Dim& channels = problem.outputs[0].dims[1];
    TRY_ASSIGN(kernel->scales, product_scales(*device, kernel->op, channels.is_constant() ? channels.value() : 0));
    TRY_ASSIGN(const std::string types, product_definitions(problem, kernel->op));
    const std::string definitions = types + code + "#define CHANNELS_LAST " + std::to_string(kernel->channels_last) + "\n";
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source(name, definitions, true), name));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<WindowLaunch>();
    const Shape taps(shapes[1].begin() + 2, shapes[1].end()), spatial(shapes[0].begin() + 2, shapes[0].end());
    const WindowGeometry geometry = window_geometry(op, pads_of(op, spatial, taps), taps, op.groups, shapes[0], outputs[0]);
    TRY_ASSIGN(launch->parameters, window_parameters(geometry, channels_last, op));
    launch->kernel = kernel;
    launch->operands = operands;
    launch->scales = scales;
    launch->inputs = inputs;
    launch->grid = kGrid(geometry);
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

}  // namespace ingot::cuda
