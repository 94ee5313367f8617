// Where --int8 gets its ranges.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "NvInfer.h"
#include "lane.h"
#include "options.h"

namespace ingot::trtexec {

// Gives the library a calibration cache, or one batch to take the least and largest values of.
class Calibrator final : public nvinfer1::IInt8MinMaxCalibrator {
 public:
  // Reads the file of --calib, or makes a batch of the values of --loadInputs, random ones where there are none.
  bool prepare(const Options& options, const nvinfer1::INetworkDefinition& network, const Shapes& best_shapes);

  int32_t getBatchSize() const override { return 1; }
  bool getBatch(void* bindings[], char const* names[], int32_t count) override;
  void const* readCalibrationCache(std::size_t& length) override;
  void writeCalibrationCache(void const*, std::size_t) override {}

 private:
  bool check_cache(const std::string& path, const nvinfer1::INetworkDefinition& network) const;
  bool fill(const Options& options, const nvinfer1::ITensor& input, const Shapes& best_shapes);
  std::string cache_;
  std::map<std::string, std::unique_ptr<Buffer>> batch_;
  bool given_ = false;
};

}  // namespace ingot::trtexec
