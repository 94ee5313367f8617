#include "api/optimization_profile.h"

namespace ingot::api {

using nvinfer1::OptProfileSelector;

namespace {

constexpr const char* kNames[3] = {"kMIN", "kOPT", "kMAX"};

Status check_selector(char const* input, OptProfileSelector select) {
  if (!input || !*input) return invalid("a profile needs the name of an input");
  if (static_cast<int>(select) < 0 || static_cast<int>(select) > 2)
    return invalid("there is no OptProfileSelector " + std::to_string(static_cast<int>(select)));
  return Ok{};
}

}  // namespace

const std::optional<Shape>* OptimizationProfileFacade::find(const std::map<std::string, Three>& entries, char const* input,
                                                            OptProfileSelector select) const {
  if (!check_selector(input, select).ok()) return nullptr;
  const auto found = entries.find(input);
  if (found == entries.end() || !found->second.shapes[static_cast<int>(select)]) return nullptr;
  return &found->second.shapes[static_cast<int>(select)];
}

bool OptimizationProfileFacade::setDimensions64_(char const* input, OptProfileSelector select, WideDims const& dims) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    TRY(check_selector(input, select));
    TRY_ASSIGN(Shape shape, to_shape(dims));
    for (int64_t size : shape) {
      if (size < 0) return invalid("profile, input '" + std::string(input) + "': the shape " + to_text(shape) + " must be known");
    }
    Three& entry = shapes_[input];
    for (const auto& other : entry.shapes) {
      if (other && other->size() != shape.size())
        return invalid("profile, input '" + std::string(input) + "': " + to_text(shape) + " has another rank than " + to_text(*other));
    }
    entry.shapes[static_cast<int>(select)] = std::move(shape);
    return Ok{};
  });
}

WideDims OptimizationProfileFacade::getDimensions64_(char const* input, OptProfileSelector select) const noexcept {
  const auto* shape = find(shapes_, input, select);
  return shape ? to_api(**shape) : invalid_dims();
}

bool OptimizationProfileFacade::setShapeValuesV2(char const* input, OptProfileSelector select, int64_t const* values,
                                                 int32_t count) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    TRY(check_selector(input, select));
    if (count < 0 || (count > 0 && !values)) return invalid("profile, input '" + std::string(input) + "': there are no values");
    Three& entry = values_[input];
    for (const auto& other : entry.shapes) {
      if (other && other->size() != static_cast<size_t>(count))
        return invalid("profile, input '" + std::string(input) + "': " + std::to_string(count) + " values were given, " +
                       std::to_string(other->size()) + " before");
    }
    entry.shapes[static_cast<int>(select)] = Shape(values, values + count);
    entry.narrow[static_cast<int>(select)].clear();
    for (int32_t i = 0; i < count; ++i) entry.narrow[static_cast<int>(select)].push_back(nvinfer1::impl::saturate(values[i]));
    return Ok{};
  });
}

int64_t const* OptimizationProfileFacade::getShapeValuesV2(char const* input, OptProfileSelector select) const noexcept {
  const auto* values = find(values_, input, select);
  return values ? (*values)->data() : nullptr;
}

int32_t OptimizationProfileFacade::getNbShapeValues(char const* input) const noexcept {
  for (int i = 0; i < 3; ++i) {
    if (const auto* values = find(values_, input, static_cast<OptProfileSelector>(i))) return static_cast<int32_t>((*values)->size());
  }
  return -1;
}

bool OptimizationProfileFacade::setShapeValues(char const* input, OptProfileSelector select, int32_t const* values,
                                               int32_t count) noexcept {
  if (count < 0 || (count > 0 && !values)) return false;
  return guarded(reporter_, false, [&] {
    const std::vector<int64_t> wide(values, values + count);
    return setShapeValuesV2(input, select, wide.data(), count);
  });
}

int32_t const* OptimizationProfileFacade::getShapeValues(char const* input, OptProfileSelector select) const noexcept {
  if (!find(values_, input, select)) return nullptr;
  return values_.find(input)->second.narrow[static_cast<int>(select)].data();
}

bool OptimizationProfileFacade::setExtraMemoryTarget(float target) noexcept {
  if (!(target >= 0 && target <= 1)) return false;
  extra_memory_ = target;
  return true;
}

Result<Profile> OptimizationProfileFacade::core() const {
  Profile profile;
  const auto convert = [](const std::map<std::string, Three>& from, std::map<std::string, ProfileEntry>& to) -> Status {
    for (const auto& [name, three] : from) {
      for (int i = 0; i < 3; ++i) {
        if (!three.shapes[i]) return invalid("the profile lacks " + std::string(kNames[i]) + " of input '" + name + "'");
      }
      to[name] = {*three.shapes[0], *three.shapes[1], *three.shapes[2]};
      for (size_t d = 0; d < three.shapes[0]->size(); ++d) {
        if ((*three.shapes[0])[d] > (*three.shapes[1])[d] || (*three.shapes[1])[d] > (*three.shapes[2])[d])
          return invalid("profile, input '" + name + "': " + to_text(*three.shapes[0]) + ", " + to_text(*three.shapes[1]) + ", " +
                         to_text(*three.shapes[2]) + " do not rise from kMIN over kOPT to kMAX");
      }
    }
    return Ok{};
  };
  TRY(convert(shapes_, profile.shapes));
  TRY(convert(values_, profile.values));
  return profile;
}

bool OptimizationProfileFacade::isValid() const noexcept {
  return guarded(reporter_, false, [&]() -> bool { return core().ok(); });
}

}  // namespace ingot::api
