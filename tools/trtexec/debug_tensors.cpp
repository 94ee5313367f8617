#include "debug_tensors.h"

#include <algorithm>
#include <cctype>

#include "files.h"
#include "lane.h"
#include "log.h"

namespace ingot::trtexec {

using nvinfer1::DataType;

namespace {

// Names of tensors hold slashes and colons, which names of files do not.
std::string file_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_'; },
      '_');
  return name;
}

const char* numpy_type(DataType type) {
  switch (type) {
    case DataType::kFLOAT: return "<f4";
    case DataType::kHALF: return "<f2";
    case DataType::kINT8: return "|i1";
    case DataType::kUINT8: return "|u1";
    case DataType::kBOOL: return "|b1";
    case DataType::kINT32: return "<i4";
    case DataType::kINT64: return "<i8";
    default: return nullptr;
  }
}

// Version 1.0 of NumPy's format: a header that is padded to 64 bytes, then the elements.
std::string numpy_file(const Layout& layout, const std::string& bytes) {
  std::string shape;
  for (int32_t i = 0; i < layout.dims.nbDims; ++i) shape += std::to_string(layout.dims.d[i]) + ",";
  std::string header = std::string("{'descr': '") + numpy_type(layout.type) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header += std::string(63 - (10 + header.size()) % 64, ' ') + '\n';
  std::string file = "\x93NUMPY";
  file += '\1';
  file += '\0';
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  return file + header + bytes;
}

std::string text_file(const Layout& layout, const std::string& bytes) {
  std::string text;
  for (int64_t i = 0; i < layout.count(); ++i) text += layout.element_text(bytes.data(), i) + "\n";
  return text;
}

std::string summary(const Layout& layout, const std::string& bytes) {
  const int64_t count = layout.count();
  if (count == 0) return "no elements";
  double least = layout.element(bytes.data(), 0), most = least, sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double value = layout.element(bytes.data(), i);
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
  }
  return "from " + std::to_string(least) + " to " + std::to_string(most) + ", mean " + std::to_string(sum / static_cast<double>(count));
}

}  // namespace

bool DebugSaver::attach(nvinfer1::IExecutionContext& context) {
  if (!is_wanted()) return true;
  if (!context.setDebugListener(this)) return fail("The context takes no debug listener");
  if (!kinds_.empty()) {
    if (!context.setAllTensorsDebugState(true)) return fail("--saveAllDebugTensors: the tensors cannot be switched on");
    context.setUnfusedTensorsDebugState(true);  // false where the network did not ask for them, which is as well
  }
  for (const auto& [name, file] : files_) {
    if (!context.setTensorDebugState(name.c_str(), true))
      return fail("--saveDebugTensors: '" + name + "' is no debug tensor of the engine; mark it with --markDebug=" + name +
                  " when it is built");
  }
  return true;
}

bool DebugSaver::finish() const {
  for (const auto& [name, file] : files_) {
    if (seen_.count(name) == 0) return fail("--saveDebugTensors: '" + name + "' was not written");
  }
  return true;
}

bool DebugSaver::processDebugTensor(void const* address, nvinfer1::TensorLocation location, DataType type, nvinfer1::Dims const& shape,
                                    char const* name, cudaStream_t stream) {
  const Layout layout{shape, type, nvinfer1::TensorFormat::kLINEAR};
  std::string bytes(static_cast<size_t>(layout.bytes()), '\0');
  const auto kind = location == nvinfer1::TensorLocation::kHOST ? cudaMemcpyHostToHost : cudaMemcpyDeviceToHost;
  if (!bytes.empty() && (!succeeded(cudaMemcpyAsync(bytes.data(), address, bytes.size(), kind, stream), "cudaMemcpyAsync") ||
                         !succeeded(cudaStreamSynchronize(stream), "cudaStreamSynchronize")))
    return false;
  // The tensors of the first run; later ones would write the same files again.
  return !seen_.insert(name).second || save(name, layout, bytes);
}

bool DebugSaver::save(const std::string& name, const Layout& layout, const std::string& bytes) const {
  const auto write = [&](const std::string& path, const std::string& text) { return write_file(path, text.data(), text.size()); };
  if (const auto file = files_.find(name); file != files_.end() && !write(file->second, bytes)) return false;
  const std::string stem = file_name(name);
  if (kinds_.count("summary") > 0) info("Debug tensor " + name + " (" + text_of(layout.dims) + "): " + summary(layout, bytes));
  if (kinds_.count("raw") > 0 && !write(stem + ".raw", bytes)) return false;
  if (kinds_.count("string") > 0 && !write(stem + ".txt", text_file(layout, bytes))) return false;
  if (kinds_.count("numpy") == 0) return true;
  if (numpy_type(layout.type)) return write(stem + ".npy", numpy_file(layout, bytes));
  warn("--saveAllDebugTensors: NumPy has no type for '" + name + "'; it is written as raw bytes");
  return write(stem + ".raw", bytes);
}

}  // namespace ingot::trtexec
