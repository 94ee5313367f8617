// libnvparsers: the C functions of the Caffe and UFF parsers. The readers live in libnvinfer with the rest.
#include "api/nvparsers.h"

#include "NvCaffeParser.h"
#include "NvUffParser.h"

namespace {

// NV_TENSORRT_VERSION of a program: 1000 * major up to generation 9, 10000 * major from 10 on.
int major_of(int32_t version) { return version >= 100000 ? version / 10000 : version / 1000; }

}  // namespace

extern "C" {

TENSORRTAPI void* createNvCaffeParserForVersion_INTERNAL(int32_t version) noexcept {
  const int major = major_of(version);
  return major >= 10  ? ingot::api::make_caffe_parser_10()
         : major >= 8 ? ingot::api::make_caffe_parser_8()
                      : ingot::api::make_caffe_parser_7();
}

TENSORRTAPI void* createNvCaffeParser_INTERNAL() noexcept { return ingot::api::make_caffe_parser_8(); }

TENSORRTAPI void* createNvUffParserForVersion_INTERNAL(int32_t version) noexcept {
  const int major = major_of(version);
  return major >= 10 ? ingot::api::make_uff_parser_10() : major >= 8 ? ingot::api::make_uff_parser_8() : ingot::api::make_uff_parser_7();
}

TENSORRTAPI void* createNvUffParser_INTERNAL() noexcept { return ingot::api::make_uff_parser_8(); }

}  // extern "C"

// The messages of protobuf that the parsers use belong to libnvinfer, which goes on.
namespace nvcaffeparser1 {
TENSORRTAPI void shutdownProtobufLibrary() noexcept {}
}  // namespace nvcaffeparser1
namespace nvuffparser {
TENSORRTAPI void shutdownProtobufLibrary() noexcept {}
}  // namespace nvuffparser
