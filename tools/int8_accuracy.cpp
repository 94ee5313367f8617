// What calibration to int8 costs: usage int8_accuracy --models DIR --images DIR [--crops N] [--seed N] [--only PART]
//
// Builds each network in fp32 and, with each of the four kinds of calibrators, in int8, and compares them. The three LeNets (ONNX, Caffe,
// UFF) see the ten digits of the project after calibrating with digits that are moved; ResNet-20 and UltraFace see crops of the photographs
// in --images, at seeded places and sizes, after calibrating with crops of another seed. Ends with 1 where a digit is lost or a cosine lies
// below 0.99.
#define INGOT_API 8
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "../examples/face_detection/image.h"
#include "NvCaffeParser.h"
#include "NvInfer.h"
#include "NvOnnxParser.h"
#include "NvUffParser.h"

namespace {

using namespace nvinfer1;

constexpr double kLeastCosine = 0.99;
constexpr int kDigits = 10, kPixels = 28 * 28, kCalibrationSamples = 128;

using Floats = std::vector<float>;

struct Logger : ILogger {
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kERROR) std::fprintf(stderr, "%s\n", message);
  }
} logger;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

// Device memory that ends with its holder.
struct Buffer {
  explicit Buffer(size_t floats) { require(cudaMalloc(&data, floats * sizeof(float)) == cudaSuccess, "no memory on the device"); }
  ~Buffer() { cudaFree(data); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  void* data = nullptr;
};

// A network and the samples that it is calibrated with and asked about.
struct Model {
  std::string name;
  std::function<void(INetworkDefinition&)> read;
  bool implicit_batch = false, is_classifier_of_digits = false;
  int batch = 1;  // of calibration
  std::vector<Floats> calibration, samples;
};

// Gives samples, batch by batch, and keeps no cache.
template <class Base>
class Calibrator : public Base {
 public:
  explicit Calibrator(const Model& model) : model_(model), batch_(model.calibration[0].size() * static_cast<size_t>(model.batch)) {}
  int32_t getBatchSize() const noexcept override { return model_.batch; }
  bool getBatch(void* bindings[], char const*[], int32_t) noexcept override {
    const size_t count = static_cast<size_t>(model_.batch);
    if (next_ + count > model_.calibration.size()) return false;
    for (size_t i = 0; i < count; ++i) {
      const Floats& sample = model_.calibration[next_++];
      cudaMemcpy(static_cast<float*>(batch_.data) + i * sample.size(), sample.data(), sample.size() * sizeof(float),
                 cudaMemcpyHostToDevice);
    }
    bindings[0] = batch_.data;
    return true;
  }
  void const* readCalibrationCache(std::size_t& length) noexcept override { return length = 0, nullptr; }
  void writeCalibrationCache(void const*, std::size_t) noexcept override {}

 private:
  const Model& model_;
  Buffer batch_;
  size_t next_ = 0;
};

// Nearly all of each sample's peak, and of those nearly the largest.
struct Legacy : IInt8LegacyCalibrator {
  double getQuantile() const noexcept override { return 0.999; }
  double getRegressionCutoff() const noexcept override { return 1; }
  void const* readHistogramCache(std::size_t& length) noexcept override { return length = 0, nullptr; }
  void writeHistogramCache(void const*, std::size_t) noexcept override {}
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<IInt8Calibrator>(const Model&)> make;
};

const Kind kKinds[] = {
    {"Legacy", [](const Model& model) { return std::make_unique<Calibrator<Legacy>>(model); }},
    {"Entropy", [](const Model& model) { return std::make_unique<Calibrator<IInt8EntropyCalibrator>>(model); }},
    {"Entropy2", [](const Model& model) { return std::make_unique<Calibrator<IInt8EntropyCalibrator2>>(model); }},
    {"MinMax", [](const Model& model) { return std::make_unique<Calibrator<IInt8MinMaxCalibrator>>(model); }},
};

std::unique_ptr<ICudaEngine> build(const Model& model, IInt8Calibrator* calibrator) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(model.implicit_batch ? 0U : 1U));
  model.read(*network);
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  builder->setMaxBatchSize(model.batch);
  if (calibrator) {
    config->setFlag(BuilderFlag::kINT8);
    config->setInt8Calibrator(calibrator);
  }
  ITensor& input = *network->getInput(0);
  Dims dims = input.getDimensions();
  if (!model.implicit_batch && dims.d[0] == -1) {
    IOptimizationProfile *run = builder->createOptimizationProfile(), *calibration = builder->createOptimizationProfile();
    for (auto which : {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX}) {
      dims.d[0] = 1;
      run->setDimensions(input.getName(), which, dims);
      dims.d[0] = model.batch;
      calibration->setDimensions(input.getName(), which, dims);
    }
    config->addOptimizationProfile(run);
    config->setCalibrationProfile(calibration);
  }
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  require(plan != nullptr, model.name + ": no plan");
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  return std::unique_ptr<ICudaEngine>(runtime->deserializeCudaEngine(plan->data(), plan->size()));
}

// The outputs of each sample, one behind the other.
struct Answers {
  std::vector<std::string> names;           // of outputs
  std::vector<std::vector<Floats>> values;  // by output, by sample
};

Answers run(const Model& model, ICudaEngine& engine) {
  Answers answers;
  std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  const int bindings = engine.getNbBindings();
  std::vector<std::unique_ptr<Buffer>> buffers;
  std::vector<size_t> sizes;
  std::vector<void*> addresses;
  int input = 0;
  for (int i = 0; i < bindings; ++i) {
    Dims dims = context->getBindingDimensions(i);
    if (engine.bindingIsInput(i) && dims.nbDims > 0 && dims.d[0] == -1) {
      dims.d[0] = 1;
      require(context->setBindingDimensions(i, dims), model.name + " takes no single sample");
    }
    size_t size = 1;
    for (int d = 0; d < dims.nbDims; ++d) size *= static_cast<size_t>(std::abs(dims.d[d]));
    sizes.push_back(size);
    buffers.push_back(std::make_unique<Buffer>(size));
    addresses.push_back(buffers.back()->data);
    if (engine.bindingIsInput(i))
      input = i;
    else
      answers.names.emplace_back(engine.getBindingName(i));
  }
  answers.values.resize(answers.names.size());
  for (const Floats& sample : model.samples) {
    require(sample.size() == sizes[static_cast<size_t>(input)], model.name + ": a sample has another size than the input");
    cudaMemcpy(addresses[static_cast<size_t>(input)], sample.data(), sample.size() * sizeof(float), cudaMemcpyHostToDevice);
    require(model.implicit_batch ? context->execute(1, addresses.data()) : context->executeV2(addresses.data()),
            model.name + " does not run");
    for (int i = 0, output = 0; i < bindings; ++i) {
      if (i == input) continue;
      Floats values(sizes[static_cast<size_t>(i)]);
      cudaMemcpy(values.data(), addresses[static_cast<size_t>(i)], values.size() * sizeof(float), cudaMemcpyDeviceToHost);
      answers.values[static_cast<size_t>(output++)].push_back(std::move(values));
    }
  }
  return answers;
}

double cosine(const Floats& a, const Floats& b) {
  double product = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return aa > 0 && bb > 0 ? product / std::sqrt(aa * bb) : aa == bb;
}

// One line a calibrator; false where a figure falls short.
bool compare(const Model& model) {
  const std::unique_ptr<ICudaEngine> reference = build(model, nullptr);
  const Answers wanted = run(model, *reference);
  bool good = true;
  for (const Kind& kind : kKinds) {
    const std::unique_ptr<IInt8Calibrator> calibrator = kind.make(model);
    const std::unique_ptr<ICudaEngine> engine = build(model, calibrator.get());
    const Answers got = run(model, *engine);
    std::printf("%-18s %-9s", model.name.c_str(), kind.name);
    for (size_t output = 0; output < wanted.names.size(); ++output) {
      double sum = 0, least = 1;
      int right = 0;
      for (size_t s = 0; s < model.samples.size(); ++s) {
        const Floats &a = wanted.values[output][s], &b = got.values[output][s];
        const double c = cosine(a, b);
        sum += c;
        least = std::min(least, c);
        right += std::max_element(a.begin(), a.end()) - a.begin() == std::max_element(b.begin(), b.end()) - b.begin();
      }
      const double mean = sum / static_cast<double>(model.samples.size());
      const bool enough = model.is_classifier_of_digits ? right == kDigits : mean >= kLeastCosine;
      good &= enough;
      std::printf("  %s: cosine %.5f, least %.5f", wanted.names[output].c_str(), mean, least);
      if (wanted.values[output][0].size() == kDigits) std::printf(", same class %d of %zu", right, model.samples.size());
      if (!enough) std::printf("  TOO LOW");
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  return good;
}

// ---- Samples ----

Floats floats_at_end(const std::string& path, size_t count) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  require(bytes.size() >= count * sizeof(float), path + " is missing or too short");
  Floats values(count);
  std::memcpy(values.data(), bytes.data() + bytes.size() - count * sizeof(float), count * sizeof(float));
  return values;
}

// The digits as they are, and moved by one or two pixels.
void take_digits(Model& model, const std::string& path) {
  const Floats all = floats_at_end(path, kDigits * kPixels);
  for (int digit = 0; digit < kDigits; ++digit) {
    const float* pixels = all.data() + digit * kPixels;
    model.samples.emplace_back(pixels, pixels + kPixels);
    for (int dy = -2; dy <= 2; ++dy) {
      for (int dx = -2; dx <= 2; ++dx) {
        if (dx == 0 && dy == 0) continue;
        Floats moved(kPixels);
        for (int y = 0; y < 28; ++y) {
          for (int x = 0; x < 28; ++x) moved[y * 28 + x] = pixels[std::clamp(y + dy, 0, 27) * 28 + std::clamp(x + dx, 0, 27)];
        }
        model.calibration.push_back(std::move(moved));
      }
    }
  }
  model.batch = 8;
  model.is_classifier_of_digits = true;
}

std::vector<Image> photographs(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jpg") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  require(!paths.empty(), folder + " has no .jpg");
  std::vector<Image> images;
  for (const std::string& path : paths) images.push_back(read_jpeg(path));
  return images;
}

// A part of a photograph, between a quarter of it and all of its height, as [3, height, width] with (v - mean) / deviation of each channel.
Floats crop(const std::vector<Image>& images, std::mt19937& random, int width, int height, const float (&mean)[3],
            const float (&deviation)[3]) {
  const auto below = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(std::max(1, most))); };
  const Image& image = images[static_cast<size_t>(below(static_cast<int>(images.size())))];
  const int most = std::min(image.height, image.width * height / width), part_height = most / 4 + below(most - most / 4 + 1);
  const int part_width = std::min(image.width, part_height * width / height);
  const int left = below(image.width - part_width + 1), top = below(image.height - part_height + 1);
  Image part{part_width, part_height, std::vector<uint8_t>(3 * static_cast<size_t>(part_width) * static_cast<size_t>(part_height))};
  for (int y = 0; y < part_height; ++y) std::memcpy(part.at(0, y), image.at(left, top + y), 3 * static_cast<size_t>(part_width));
  const Image sized = resize(part, width, height);
  const bool mirrored = below(2) == 1;
  Floats values;
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x)
        values.push_back((static_cast<float>(sized.at(mirrored ? width - 1 - x : x, y)[c]) - mean[c]) / deviation[c]);
    }
  }
  return values;
}

void take_crops(Model& model, const std::vector<Image>& images, int count, unsigned seed, int width, int height, const float (&mean)[3],
                const float (&deviation)[3]) {
  std::mt19937 to_calibrate(seed + 1000000), to_ask(seed);
  for (int i = 0; i < kCalibrationSamples; ++i) model.calibration.push_back(crop(images, to_calibrate, width, height, mean, deviation));
  for (int i = 0; i < count; ++i) model.samples.push_back(crop(images, to_ask, width, height, mean, deviation));
}

void read_onnx(INetworkDefinition& network, const std::string& path) {
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(network, logger));
  require(parser->parseFromFile(path.c_str(), static_cast<int>(ILogger::Severity::kERROR)), path + " cannot be read");
}

std::vector<Model> models_of(const std::string& folder, const std::vector<Image>& images, int crops, unsigned seed) {
  std::vector<Model> models(5);
  models[0].name = "LeNet (ONNX)";
  models[0].read = [folder](INetworkDefinition& network) { read_onnx(network, folder + "/mnist_lenet/mnist_lenet_op13.onnx"); };
  take_digits(models[0], folder + "/mnist_lenet/input.npy");
  models[1].name = "LeNet (Caffe)";
  models[1].implicit_batch = true;
  models[1].read = [folder](INetworkDefinition& network) {
    std::unique_ptr<nvcaffeparser1::ICaffeParser> parser(nvcaffeparser1::createCaffeParser());
    const std::string lenet = folder + "/caffe/mnist_lenet/";
    const auto* blobs =
        parser->parse((lenet + "deploy.prototxt").c_str(), (lenet + "mnist_fp16raw.caffemodel").c_str(), network, DataType::kFLOAT);
    require(blobs != nullptr, lenet + " cannot be read");
    network.markOutput(*blobs->find("prob"));
  };
  take_digits(models[1], folder + "/caffe/mnist_lenet/input_data.npy");
  models[2].name = "LeNet (UFF)";
  models[2].implicit_batch = true;
  models[2].read = [folder](INetworkDefinition& network) {
    std::unique_ptr<nvuffparser::IUffParser> parser(nvuffparser::createUffParser());
    require(parser->registerInput("input_1", Dims3(1, 28, 28), nvuffparser::UffInputOrder::kNCHW) &&
                parser->registerOutput("MarkOutput_0") &&
                parser->parse((folder + "/uff/mnist_lenet/mnist_lenet.uff").c_str(), network, DataType::kFLOAT),
            "the UFF file cannot be read");
  };
  take_digits(models[2], folder + "/uff/mnist_lenet/input_nchw.npy");
  models[3].name = "ResNet-20";
  models[3].batch = 16;
  models[3].read = [folder](INetworkDefinition& network) { read_onnx(network, folder + "/resnet20_cifar10/resnet20_cifar10.onnx"); };
  take_crops(models[3], images, crops, seed, 32, 32, {123.675f, 116.28f, 103.53f}, {58.395f, 57.12f, 57.375f});
  models[4].name = "UltraFace";
  models[4].read = [folder](INetworkDefinition& network) { read_onnx(network, folder + "/ultraface_rfb320/version-RFB-320.onnx"); };
  take_crops(models[4], images, crops, seed, 320, 240, {127, 127, 127}, {128, 128, 128});
  return models;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder, pictures, only;
  int crops = 256, seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--models") folder = argv[i + 1];
    if (flag == "--images") pictures = argv[i + 1];
    if (flag == "--crops") crops = std::atoi(argv[i + 1]);
    if (flag == "--seed") seed = std::atoi(argv[i + 1]);
    if (flag == "--only") only = argv[i + 1];
  }
  if (folder.empty() || pictures.empty() || crops < 1)
    return std::fprintf(stderr, "usage: int8_accuracy --models DIR --images DIR [--crops N] [--seed N] [--only PART]\n"), 2;
  try {
    bool good = true;
    for (const Model& model : models_of(folder, photographs(pictures), crops, static_cast<unsigned>(seed))) {
      if (model.name.find(only) != std::string::npos) good &= compare(model);
    }
    return good ? 0 : 1;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
