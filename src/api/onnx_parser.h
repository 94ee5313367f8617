// How libnvonnxparser reaches the parser inside libnvinfer.
#pragma once

// An nvonnxparser::IParser* as void*; null where an argument is null.
extern "C" __attribute__((visibility("default"))) void* ingotMakeOnnxParser(void* network, void* logger) noexcept;
// The same for an nvonnxparser::IParserRefitter*.
extern "C" __attribute__((visibility("default"))) void* ingotMakeOnnxRefitter(void* refitter, void* logger) noexcept;
