// What a measurement says, as text and as JSON.
#pragma once

#include "inference.h"
#include "options.h"

namespace ingot::trtexec {

void print_performance(const Options& options, const Measurement& measurement);
void print_outputs(const Measurement& measurement);
void print_profile(const Measurement& measurement);

bool export_times(const std::string& path, const Measurement& measurement);
bool export_outputs(const std::string& path, const Measurement& measurement);
bool export_profile(const std::string& path, const Measurement& measurement);
// Prints and exports the engine's layers, as far as the options ask for it.
bool report_layers(const Options& options, const nvinfer1::ICudaEngine& engine);

}  // namespace ingot::trtexec
