// Generation 9: a program that links nothing and loads the libraries by the names of several generations.
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "NvOnnxParser.h"
#include "check.h"

namespace {

template <class Function>
Function* symbol_of(void* library, char const* name) {
  CHECK(library != nullptr);
  void* symbol = dlsym(library, name);
  CHECK(symbol != nullptr);
  Function* function = nullptr;
  *reinterpret_cast<void**>(&function) = symbol;
  return function;
}

}  // namespace

int main(int, char** arguments) {
  std::string const folder = std::string(arguments[1]) + "/../lib/ingot/generations/";
  void* first = nullptr;
  for (int major = 4; major <= 11; ++major) {
    void* library = dlopen((folder + "libnvinfer.so." + std::to_string(major)).c_str(), RTLD_NOW);
    CHECK(library != nullptr && (first == nullptr || first == library));  // one library under all names
    first = library;
    for (char const* name : {"libnvonnxparser.so.", "libnvinfer_plugin.so.", "libnvparsers.so."})
      CHECK(dlopen((folder + name + std::to_string(major)).c_str(), RTLD_NOW) != nullptr);
  }
  ShowingLogger logger;
  void* made = symbol_of<void*(void*, int32_t)>(first, "createInferBuilder_INTERNAL")(&logger, NV_TENSORRT_VERSION);
  nvinfer1::IBuilder* builder = static_cast<nvinfer1::IBuilder*>(made);
  CHECK(builder != nullptr);
  nvinfer1::INetworkDefinition* network = builder->createNetworkV2(1);
  CHECK(network != nullptr);
  delete network;
  delete builder;
  CHECK(symbol_of<int32_t()>(first, "getInferLibVersion")() > 0);
  return 0;
}
