#include "tactics/cpu/box_copies.h"

#include <algorithm>
#include <cstring>

namespace ingot {

Status BoxCopies::add(size_t input, int bytes, const Shape& sizes, int64_t from_offset, const Shape& from, int64_t to_offset,
                      const Shape& to) {
  Box box;
  TRY_ASSIGN(box.copy, StridedCopy::make(bytes, sizes, from, to));
  if (box.copy.parts() == 0) return Ok{};
  box.input = input;
  box.from_offset = from_offset * bytes;
  box.to_offset = to_offset * bytes;
  parts_ += box.copy.parts();
  boxes_.push_back(box);
  specs_.push_back({input, input == kFill, bytes, sizes, from, to, from_offset, to_offset, {}});
  return Ok{};
}

Status BoxCopies::add_fill(const void* value, int bytes, const Shape& sizes, int64_t to_offset, const Shape& to) {
  const size_t count = boxes_.size();
  TRY(add(kFill, bytes, sizes, 0, Shape(sizes.size(), 0), to_offset, to));
  if (boxes_.size() > count) {
    std::memcpy(boxes_.back().value, value, static_cast<size_t>(bytes));
    std::memcpy(specs_.back().value, value, static_cast<size_t>(bytes));
  }
  return Ok{};
}

void BoxCopies::run(ThreadPool& pool, const void* const* inputs, void* to) const {
  pool.run(parts_, [&](int64_t part, int) {
    size_t index = 0;
    while (part >= boxes_[index].copy.parts()) part -= boxes_[index++].copy.parts();
    const Box& box = boxes_[index];
    const void* from =
        box.input == kFill ? static_cast<const void*>(box.value) : static_cast<const char*>(inputs[box.input]) + box.from_offset;
    box.copy.run_part(part, from, static_cast<char*>(to) + box.to_offset);
  });
}

namespace {

struct BoxLaunch final : Launch {
  const std::vector<Array>& constants;
  BoxCopies copies;
  mutable std::vector<const void*> addresses;

  BoxLaunch(const std::vector<Array>& constants, BoxCopies copies)
      : constants(constants), copies(std::move(copies)), addresses(constants.size(), nullptr) {}

  Status run(const RunArguments& arguments) const override {
    for (size_t i = 0; i < constants.size(); ++i) addresses[i] = constants[i].data() ? constants[i].data() : arguments.inputs[i];
    copies.run(*arguments.pool, addresses.data(), arguments.outputs[0]);
    return Ok{};
  }
};

bool has_plain_strides(Format format) { return has_strides(format) && channel_group(format) == 1; }

}  // namespace

Result<std::unique_ptr<Launch>> BoxKernel::launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const {
  TRY_ASSIGN(BoxCopies copies, plan(problem, inputs, outputs[0]));
  return std::unique_ptr<Launch>(std::make_unique<BoxLaunch>(constants, std::move(copies)));
}

std::unique_ptr<Kernel> box_kernel(const Problem& problem, BoxPlan plan) {
  auto kernel = std::make_unique<BoxKernel>();
  for (size_t i = 0; i < problem.inputs.size(); ++i) kernel->problem.input_formats.push_back(input_format(problem, i));
  kernel->problem.output_format = output_format(problem, 0);
  kernel->problem.bytes = bits_of(problem.outputs[0].type) / 8;
  kernel->plan = std::move(plan);
  kernel->constants = problem.constants;
  kernel->constants.resize(problem.inputs.size());
  return kernel;
}

Status accepts_boxes(const Problem& problem, size_t inputs) {
  REQUIRES(problem.outputs.size() == 1 && problem.inputs.size() >= inputs, "it has other inputs or outputs");
  REQUIRES(bits_of(problem.outputs[0].type) >= 8, std::string(name_of(problem.outputs[0].type)) + " elements are smaller than a byte");
  for (size_t i = 0; i < inputs; ++i) {
    REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
    REQUIRES(problem.inputs[i].type == problem.outputs[0].type, "the element type changes");
    REQUIRES(has_plain_strides(input_format(problem, i)),
             "input " + std::to_string(i) + " is " + std::string(name_of(input_format(problem, i))));
    REQUIRES(!is_constant(problem, i) || input_format(problem, i) == Format::kLinear, "a constant is not linear");
  }
  REQUIRES(has_plain_strides(output_format(problem, 0)), "the output is " + std::string(name_of(output_format(problem, 0))));
  return Ok{};
}

std::vector<Tactic::Formats> mixed_formats(const Problem& problem) {
  std::vector<Tactic::Formats> result;
  if (problem.inputs.empty() || problem.outputs.empty()) return result;
  for (Format from : {Format::kLinear, Format::kChannelsLast}) {
    if (from != Format::kLinear && (problem.inputs[0].rank() < 3 || is_constant(problem, 0))) continue;
    for (Format to : {Format::kLinear, Format::kChannelsLast}) {
      if (to != Format::kLinear && problem.outputs[0].rank() < 3) continue;
      Tactic::Formats formats{std::vector<Format>(problem.inputs.size(), Format::kLinear), {to}};
      formats.inputs[0] = from;
      result.push_back(std::move(formats));
    }
  }
  return result;
}

std::optional<double> box_estimate_ms(const Problem& problem) {
  if (problem.opt_inputs.empty()) return std::nullopt;
  double bytes = 0;
  for (size_t i = 0; i < problem.opt_inputs.size() && i < problem.inputs.size(); ++i)
    bytes += static_cast<double>(volume(problem.opt_inputs[i]).value_or(0)) * bits_of(problem.inputs[i].type) / 8;
  return 0.002 + bytes * 2 / 12e6;
}

}  // namespace ingot
