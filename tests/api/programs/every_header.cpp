// Compiles as generations 4 5 6 7 8 9 10 11.
// All headers in one program.
#include "NvCaffeParser.h"
#include "NvInfer.h"
#include "NvInferConsistency.h"
#include "NvInferConsistencyImpl.h"
#include "NvInferImpl.h"
#include "NvInferLegacyDims.h"
#include "NvInferPlugin.h"
#include "NvInferPluginBase.h"
#include "NvInferPluginUtils.h"
#include "NvInferRuntime.h"
#include "NvInferRuntimeBase.h"
#include "NvInferRuntimeCommon.h"
#include "NvInferRuntimePlugin.h"
#include "NvInferSafeRuntime.h"
#include "NvInferVersion.h"
#include "NvOnnxConfig.h"
#include "NvOnnxParser.h"
#include "NvOnnxParserRuntime.h"
#include "NvUffParser.h"
#include "NvUtils.h"
#include "impl/NvInferPythonPlugin.h"

// LEVEL is what the test asked for, by whichever way.
static_assert(NV_TENSORRT_MAJOR == LEVEL, "the wrong generation was chosen");
static_assert(sizeof(nvinfer1::Dims::d[0]) == (LEVEL >= 10 ? 8 : 4), "Dims has the wrong width");
static_assert(NV_TENSORRT_VERSION / (LEVEL >= 10 ? 10000 : 1000) == LEVEL, "the version has the wrong scale");
