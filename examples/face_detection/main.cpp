// Finds the faces in a photograph with a plan that trtexec built: usage: face_detection PLAN IMAGE.jpg OUT.png
// Written as programs for TensorRT 10 are; nothing here knows that it may run on a CPU.
#include <NvInfer.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "image.h"

namespace {

// The network was trained on 320 x 240 pictures, with colours mapped to (v - 127) / 128.
constexpr int kWidth = 320, kHeight = 240;
constexpr float kLeastScore = 0.7f, kMostOverlap = 0.3f;

class Logger : public nvinfer1::ILogger {
  void log(Severity severity, const char* message) noexcept override {
    if (severity <= Severity::kWARNING) std::fprintf(stderr, "%s\n", message);
  }
};

void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(code));
}

struct Face {
  float left, top, right, bottom, score;  // pixels of the photograph
  float area() const { return std::max(0.f, right - left) * std::max(0.f, bottom - top); }
};

float overlap(const Face& a, const Face& b) {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left), height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (a.area() + b.area() - width * height);
}

// The best of overlapping boxes.
std::vector<Face> best_of(std::vector<Face> faces) {
  std::sort(faces.begin(), faces.end(), [](const Face& a, const Face& b) { return a.score > b.score; });
  std::vector<Face> kept;
  for (const Face& face : faces) {
    if (std::none_of(kept.begin(), kept.end(), [&](const Face& other) { return overlap(face, other) > kMostOverlap; }))
      kept.push_back(face);
  }
  return kept;
}

void run(const std::string& plan_path, const std::string& image_path, const std::string& out_path) {
  Image image = read_jpeg(image_path);
  const Image small = resize(image, kWidth, kHeight);
  std::vector<float> input(3 * kWidth * kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      for (int c = 0; c < 3; ++c) input[(c * kHeight + y) * kWidth + x] = (small.at(x, y)[c] - 127.f) / 128.f;
    }
  }

  std::ifstream file(plan_path, std::ios::binary);
  if (!file) throw std::runtime_error(plan_path + ": cannot be read");
  const std::vector<char> plan((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());

  Logger logger;
  std::unique_ptr<nvinfer1::IRuntime> runtime(nvinfer1::createInferRuntime(logger));
  std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime->deserializeCudaEngine(plan.data(), plan.size()));
  if (!engine) throw std::runtime_error(plan_path + ": no plan");
  std::unique_ptr<nvinfer1::IExecutionContext> context(engine->createExecutionContext());

  const nvinfer1::Dims shape = engine->getTensorShape("scores");
  const int64_t candidates = shape.d[1];
  std::vector<float> scores(candidates * 2), boxes(candidates * 4);

  cudaStream_t stream;
  check(cudaStreamCreate(&stream), "cudaStreamCreate");
  void *device_input, *device_scores, *device_boxes;
  check(cudaMalloc(&device_input, input.size() * sizeof(float)), "cudaMalloc");
  check(cudaMalloc(&device_scores, scores.size() * sizeof(float)), "cudaMalloc");
  check(cudaMalloc(&device_boxes, boxes.size() * sizeof(float)), "cudaMalloc");

  context->setTensorAddress("input", device_input);
  context->setTensorAddress("scores", device_scores);
  context->setTensorAddress("boxes", device_boxes);
  check(cudaMemcpyAsync(device_input, input.data(), input.size() * sizeof(float), cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync");
  if (!context->enqueueV3(stream)) throw std::runtime_error("enqueueV3 failed");
  check(cudaMemcpyAsync(scores.data(), device_scores, scores.size() * sizeof(float), cudaMemcpyDeviceToHost, stream), "cudaMemcpyAsync");
  check(cudaMemcpyAsync(boxes.data(), device_boxes, boxes.size() * sizeof(float), cudaMemcpyDeviceToHost, stream), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");

  std::vector<Face> faces;
  for (int64_t i = 0; i < candidates; ++i) {
    if (scores[2 * i + 1] < kLeastScore) continue;
    const float* box = &boxes[4 * i];  // corners as fractions of width and height
    faces.push_back({box[0] * image.width, box[1] * image.height, box[2] * image.width, box[3] * image.height, scores[2 * i + 1]});
  }
  faces = best_of(faces);
  std::printf("%zu faces in %s (%d x %d)\n", faces.size(), image_path.c_str(), image.width, image.height);
  for (const Face& face : faces) {
    std::printf("  score %.3f  box %4.0f %4.0f %4.0f %4.0f\n", face.score, face.left, face.top, face.right, face.bottom);
    draw_box(image, static_cast<int>(face.left), static_cast<int>(face.top), static_cast<int>(face.right), static_cast<int>(face.bottom));
  }
  write_png(image, out_path);
  std::printf("the picture with the boxes is %s\n", out_path.c_str());

  check(cudaFree(device_input), "cudaFree");
  check(cudaFree(device_scores), "cudaFree");
  check(cudaFree(device_boxes), "cudaFree");
  check(cudaStreamDestroy(stream), "cudaStreamDestroy");
  if (faces.empty()) throw std::runtime_error("no faces were found");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: face_detection PLAN IMAGE.jpg OUT.png\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "face_detection: %s\n", error.what());
    return 1;
  }
  return 0;
}
