// Tactics whose launch is one kernel, or a few in a row: each gives its sizes and its kernels, the rest stands here.
#pragma once

#include <functional>

#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// What one launch does. `parameters` lacks the addresses; they come with the run.
struct Call {
  struct Step {
    KernelFunction kernel;
    GridSize grid;
    int block = 256;
    int64_t pass[2] = {0, 0};
  };
  CallParameters parameters{};
  std::vector<Step> steps;
  size_t workspace_bytes = 0;
  std::vector<DeviceMemory> tables;  // that parameters point to
  // Where the outputs' dims come from values: the shapes for the number that the kernels leave in the first 8 bytes of the workspace. The
  // run then waits for the stream.
  std::function<std::vector<Shape>(int64_t count)> shapes_for;

  // Adds the kernel `name` of kernels/<file>.cu. `count` threads in blocks of `block`, or as the second form says.
  Status add(CudaDevice& device, std::string_view file, const std::string& definitions, const std::string& name, int64_t count,
             int block = 256);
  Status add_grid(CudaDevice& device, std::string_view file, const std::string& definitions, const std::string& name, GridSize grid,
                  int block = 256);
};

// `index` of the parameters' inputs is input `index` of the layer, null where it is left out.
struct CallTactic : CudaTactic {
  // Why the operator, its fields or types do not fit.
  virtual Status takes(const Problem& problem) const = 0;
  // The kernels for these shapes; `problem` has the operator, the types, and the constants.
  virtual Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                            const std::vector<Shape>& outputs) const = 0;

  Status accepts(const Problem& problem) const override;
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const final;
};

// "typedef half_t NAME;\n": how the type lies in memory.
std::string storage_definition(const std::string& name, DataType type);
// An unsigned type of as many bytes, for elements that only move.
std::string moved_definition(const std::string& name, int64_t bytes);
std::string number_definition(const std::string& name, int64_t value);
// "#define STORE(value) ...": a number of double as the type, whose storage is typedef'd as Y, holds it.
std::string store_definition(DataType type);
// "#define NAME 0.5f\n", exactly.
std::string real_definition(const std::string& name, double value, bool single = false);

// Lines along an axis: element k of line (before, after) stands at (before * length + k) * after_count + after.
struct Lines {
  int64_t before = 1, length = 1, after = 1;
  static Result<Lines> make(const Shape& shape, int64_t axis);
};

}  // namespace ingot::cuda
