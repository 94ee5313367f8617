#include "api/calibrate.h"

#include "api/load_engine.h"
#include "build/calibration.h"
#include "runtime/execution_context.h"

namespace ingot::api {
namespace {

// Memory of the device that ends with the holder.
class DeviceMemory {
 public:
  explicit DeviceMemory(Device& device) : device_(device) {}
  ~DeviceMemory() {
    if (memory_) device_.release(memory_);
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  void* at_least(size_t bytes) {
    if (bytes <= size_ && memory_) return memory_;
    auto fresh = device_.allocate(std::max<size_t>(bytes, 1));
    if (!fresh.ok()) return nullptr;
    if (memory_) device_.release(memory_);
    memory_ = *fresh;
    size_ = bytes;
    return memory_;
  }

 private:
  Device& device_;
  void* memory_ = nullptr;
  size_t size_ = 0;
};

Result<Shape> sample_shape(const Tensor& input, const Profile* profile) {
  if (all_constant(input.type.dims)) return constant_shape(input.type.dims);
  if (profile) {
    const auto entry = profile->shapes.find(input.name);
    if (entry != profile->shapes.end()) return entry->second.opt;
  }
  return invalid("calibration: the input '" + input.name + "' " + to_text(input.type.dims) +
                 " is dynamic; give its shape with setCalibrationProfile() or an optimization profile");
}

// Runs the network over the calibrator's batches and watches every tensor.
class Watch {
 public:
  Watch(CalibrationSettings settings, std::shared_ptr<Device> device, Log& log)
      : calibration_(settings), device_(std::move(device)), log_(log) {}

  Result<Scales> run(const Network& network, nvinfer1::IInt8Calibrator& calibrator, const Profile* profile) {
    TRY_ASSIGN(Plan plan, plan_to_watch(network, profile, *device_, log_));
    TRY_ASSIGN(std::shared_ptr<Engine> engine, load_engine(std::move(plan), device_, log_));
    ExecutionContext context(engine);
    const size_t inputs = engine->network().inputs().size();
    std::vector<Shape> shapes;
    for (size_t i = 0; i < inputs; ++i) {
      TRY_ASSIGN(Shape shape, sample_shape(*engine->io()[i].tensor, profile));
      TRY(context.set_input_shape(engine->io()[i].tensor->name, shape));
      shapes.push_back(shape);
    }
    std::vector<std::unique_ptr<DeviceMemory>> outputs;
    for (size_t i = inputs; i < engine->io().size(); ++i) {
      DeviceMemory* memory = outputs.emplace_back(std::make_unique<DeviceMemory>(*device_)).get();
      context.set_output_allocator(i, {[memory](const std::string&, void*, size_t bytes) { return memory->at_least(bytes); }, {}});
    }
    Status watched = Ok{};
    context.set_step_listener([&](size_t step, const std::vector<const void*>& addresses, const std::vector<Shape>& produced) {
      const Layer& layer = engine->layer(step);
      for (size_t o = 0; o < addresses.size() && watched.ok(); ++o) {
        if (network.find_tensor(layer.output(o)->name))
          watched = see(*layer.output(o), addresses[o], produced[o]);  // not those of reformats
      }
    });

    std::vector<const char*> names;
    for (size_t i = 0; i < inputs; ++i) names.push_back(engine->io()[i].tensor->name.c_str());
    std::vector<void*> bindings(inputs, nullptr);
    for (size_t batches = 0;; ++batches) {
      if (!calibrator.getBatch(bindings.data(), names.data(), static_cast<int32_t>(inputs))) {
        if (batches == 0) return invalid("calibration: getBatch() gave no batch, and readCalibrationCache() no cache");
        log_.info("calibrated with " + std::to_string(batches) + " batches");
        return calibration_.scales(log_);
      }
      for (size_t i = 0; i < inputs; ++i) {
        if (!bindings[i]) return invalid("calibration: getBatch() set no address for the input '" + std::string(names[i]) + "'");
        TRY(context.set_address(i, bindings[i]));
        TRY(see(*engine->io()[i].tensor, bindings[i], shapes[i]));
      }
      TRY(context.execute());
      TRY(Status(watched));
    }
  }

 private:
  Status see(const Tensor& tensor, const void* address, const Shape& shape) {
    const DataType type = tensor.type.type;
    if (type != DataType::kFloat && type != DataType::kHalf && type != DataType::kBf16) return Ok{};
    TRY_ASSIGN(Array values, Array::make(type, shape));
    if (values.count() == 0) return Ok{};
    TRY(device_->copy(values.mutable_data(), address, static_cast<size_t>(values.count()) * bits_of(type) / 8, {}));
    TRY(device_->synchronize({}));
    if (type != DataType::kFloat) {
      TRY_ASSIGN(Array wide, Array::make(DataType::kFloat, shape));
      for (int64_t i = 0; i < values.count(); ++i) wide.set_number(i, values.number(i));
      values = std::move(wide);
    }
    calibration_.add(tensor.name, static_cast<const float*>(values.data()), shape);
    return Ok{};
  }

  Calibration calibration_;
  std::shared_ptr<Device> device_;
  Log& log_;
};

CalibrationSettings settings_of(nvinfer1::IInt8Calibrator& calibrator) {
  CalibrationSettings settings;
  switch (calibrator.getAlgorithm()) {
    case nvinfer1::CalibrationAlgoType::kLEGACY_CALIBRATION: {
      settings.method = CalibrationMethod::kLegacy;
      const auto& legacy = static_cast<nvinfer1::IInt8LegacyCalibrator&>(calibrator);
      settings.quantile = legacy.getQuantile();
      settings.regression_cutoff = legacy.getRegressionCutoff();
      break;
    }
    case nvinfer1::CalibrationAlgoType::kENTROPY_CALIBRATION: settings.method = CalibrationMethod::kEntropy; break;
    case nvinfer1::CalibrationAlgoType::kENTROPY_CALIBRATION_2: settings.method = CalibrationMethod::kEntropy2; break;
    case nvinfer1::CalibrationAlgoType::kMINMAX_CALIBRATION: settings.method = CalibrationMethod::kMinMax; break;
  }
  return settings;
}

}  // namespace

Status calibrate(Network& network, nvinfer1::IInt8Calibrator& calibrator, const Profile* profile, std::shared_ptr<Device> device, Log& log,
                 int version) {
  if (!profile && !network.profiles.empty()) profile = &network.profiles[0];
  const CalibrationSettings settings = settings_of(calibrator);
  size_t length = 0;
  const void* kept = calibrator.readCalibrationCache(length);
  Scales scales;
  if (kept && length) {
    TRY_ASSIGN(scales, read_calibration_cache({static_cast<const char*>(kept), length}));
  } else {
    Watch watch(settings, std::move(device), log);
    TRY_ASSIGN(scales, watch.run(network, calibrator, profile));
    const std::string text = write_calibration_cache(scales, settings.method, version);
    calibrator.writeCalibrationCache(text.data(), text.size());
  }
  if (const size_t unknown = set_ranges(network, scales))
    log.warning("calibration: " + std::to_string(unknown) + " of " + std::to_string(scales.size()) +
                " scales name no tensor of the network");
  return Ok{};
}

}  // namespace ingot::api
