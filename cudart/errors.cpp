// The last error of each thread, and the errors' names and words.
#include "runtime.h"

namespace ingot::cudart {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

struct ErrorText {
  const char* name;
  const char* words;
};

ErrorText text_of(cudaError_t error) {
#define CASE(code, words) \
  case code: return {#code, words};
  switch (error) {
    CASE(cudaSuccess, "no error")
    CASE(cudaErrorInvalidValue, "invalid argument")
    CASE(cudaErrorMemoryAllocation, "out of memory")
    CASE(cudaErrorInitializationError, "initialization error")
    CASE(cudaErrorCudartUnloading, "the runtime is shutting down")
    CASE(cudaErrorProfilerDisabled, "no profiler can be used here")
    CASE(cudaErrorProfilerNotInitialized, "the profiler is not initialized")
    CASE(cudaErrorProfilerAlreadyStarted, "the profiler is already started")
    CASE(cudaErrorProfilerAlreadyStopped, "the profiler is already stopped")
    CASE(cudaErrorInvalidConfiguration, "invalid launch configuration")
    CASE(cudaErrorInvalidPitchValue, "invalid pitch: it is smaller than the row")
    CASE(cudaErrorInvalidSymbol, "invalid device symbol")
    CASE(cudaErrorInvalidHostPointer, "invalid host pointer")
    CASE(cudaErrorInvalidDevicePointer, "invalid device pointer")
    CASE(cudaErrorInvalidTexture, "invalid texture")
    CASE(cudaErrorInvalidTextureBinding, "the texture is not bound")
    CASE(cudaErrorInvalidChannelDescriptor, "invalid channel descriptor")
    CASE(cudaErrorInvalidMemcpyDirection, "invalid copy direction")
    CASE(cudaErrorAddressOfConstant, "the address of a constant was taken")
    CASE(cudaErrorTextureFetchFailed, "a texture fetch failed")
    CASE(cudaErrorTextureNotBound, "no texture is bound")
    CASE(cudaErrorSynchronizationError, "synchronization failed")
    CASE(cudaErrorInvalidFilterSetting, "invalid filter setting")
    CASE(cudaErrorInvalidNormSetting, "invalid normalization setting")
    CASE(cudaErrorMixedDeviceExecution, "device and emulation code were mixed")
    CASE(cudaErrorNotYetImplemented, "not implemented yet")
    CASE(cudaErrorMemoryValueTooLarge, "the memory value is too large")
    CASE(cudaErrorStubLibrary, "the loaded driver is a stub")
    CASE(cudaErrorInsufficientDriver, "the driver is too old for this runtime")
    CASE(cudaErrorCallRequiresNewerDriver, "the call needs a newer driver")
    CASE(cudaErrorInvalidSurface, "invalid surface")
    CASE(cudaErrorDuplicateVariableName, "two device variables share a name")
    CASE(cudaErrorDuplicateTextureName, "two textures share a name")
    CASE(cudaErrorDuplicateSurfaceName, "two surfaces share a name")
    CASE(cudaErrorDevicesUnavailable, "all devices are busy or unavailable")
    CASE(cudaErrorIncompatibleDriverContext, "the driver context does not fit this runtime")
    CASE(cudaErrorMissingConfiguration, "the launch was not configured")
    CASE(cudaErrorPriorLaunchFailure, "an earlier launch failed")
    CASE(cudaErrorLaunchMaxDepthExceeded, "launches are nested too deeply")
    CASE(cudaErrorLaunchFileScopedTex, "a nested launch used a file-scoped texture")
    CASE(cudaErrorLaunchFileScopedSurf, "a nested launch used a file-scoped surface")
    CASE(cudaErrorSyncDepthExceeded, "nested synchronization is too deep")
    CASE(cudaErrorLaunchPendingCountExceeded, "too many launches are pending")
    CASE(cudaErrorInvalidDeviceFunction, "invalid device function")
    CASE(cudaErrorNoDevice, "no device is present")
    CASE(cudaErrorInvalidDevice, "invalid device ordinal")
    CASE(cudaErrorDeviceNotLicensed, "the device has no licence")
    CASE(cudaErrorSoftwareValidityNotEstablished, "the software could not be verified")
    CASE(cudaErrorStartupFailure, "the runtime failed to start")
    CASE(cudaErrorInvalidKernelImage, "invalid kernel image")
    CASE(cudaErrorDeviceUninitialized, "no context is current")
    CASE(cudaErrorMapBufferObjectFailed, "a buffer could not be mapped")
    CASE(cudaErrorUnmapBufferObjectFailed, "a buffer could not be unmapped")
    CASE(cudaErrorArrayIsMapped, "the array is mapped")
    CASE(cudaErrorAlreadyMapped, "the resource is already mapped")
    CASE(cudaErrorNoKernelImageForDevice, "no kernel image fits the device")
    CASE(cudaErrorAlreadyAcquired, "the resource is already acquired")
    CASE(cudaErrorNotMapped, "the resource is not mapped")
    CASE(cudaErrorNotMappedAsArray, "the resource is not mapped as an array")
    CASE(cudaErrorNotMappedAsPointer, "the resource is not mapped as a pointer")
    CASE(cudaErrorECCUncorrectable, "an uncorrectable memory error was found")
    CASE(cudaErrorUnsupportedLimit, "the limit is not supported")
    CASE(cudaErrorDeviceAlreadyInUse, "another thread uses the device exclusively")
    CASE(cudaErrorPeerAccessUnsupported, "peer access is not supported")
    CASE(cudaErrorInvalidPtx, "the PTX code could not be compiled")
    CASE(cudaErrorInvalidGraphicsContext, "invalid graphics context")
    CASE(cudaErrorNvlinkUncorrectable, "an uncorrectable link error was found")
    CASE(cudaErrorJitCompilerNotFound, "the PTX compiler was not found")
    CASE(cudaErrorUnsupportedPtxVersion, "the PTX version is not supported")
    CASE(cudaErrorJitCompilationDisabled, "PTX compilation is disabled")
    CASE(cudaErrorUnsupportedExecAffinity, "the execution affinity is not supported")
    CASE(cudaErrorUnsupportedDevSideSync, "device-side synchronization is not supported")
    CASE(cudaErrorInvalidSource, "invalid kernel source")
    CASE(cudaErrorFileNotFound, "file not found")
    CASE(cudaErrorSharedObjectSymbolNotFound, "a symbol of a shared library was not found")
    CASE(cudaErrorSharedObjectInitFailed, "a shared library failed to initialize")
    CASE(cudaErrorOperatingSystem, "an operating system call failed")
    CASE(cudaErrorInvalidResourceHandle, "invalid resource handle")
    CASE(cudaErrorIllegalState, "the resource is in the wrong state for this call")
    CASE(cudaErrorLossyQuery, "the query would lose information")
    CASE(cudaErrorSymbolNotFound, "named symbol not found")
    CASE(cudaErrorNotReady, "device not ready")
    CASE(cudaErrorIllegalAddress, "an illegal memory address was used")
    CASE(cudaErrorLaunchOutOfResources, "the launch asked for too many resources")
    CASE(cudaErrorLaunchTimeout, "the launch timed out")
    CASE(cudaErrorLaunchIncompatibleTexturing, "the launch uses an incompatible texturing mode")
    CASE(cudaErrorPeerAccessAlreadyEnabled, "peer access is already enabled")
    CASE(cudaErrorPeerAccessNotEnabled, "peer access is not enabled")
    CASE(cudaErrorSetOnActiveProcess, "the device is already initialized")
    CASE(cudaErrorContextIsDestroyed, "the context was destroyed")
    CASE(cudaErrorAssert, "a device-side assertion failed")
    CASE(cudaErrorTooManyPeers, "too many peers")
    CASE(cudaErrorHostMemoryAlreadyRegistered, "the memory is already registered")
    CASE(cudaErrorHostMemoryNotRegistered, "the memory is not registered")
    CASE(cudaErrorHardwareStackError, "hardware stack error")
    CASE(cudaErrorIllegalInstruction, "an illegal instruction was found")
    CASE(cudaErrorMisalignedAddress, "misaligned address")
    CASE(cudaErrorInvalidAddressSpace, "an operation does not exist in that address space")
    CASE(cudaErrorInvalidPc, "invalid program counter")
    CASE(cudaErrorLaunchFailure, "the launch failed")
    CASE(cudaErrorCooperativeLaunchTooLarge, "the cooperative launch has too many blocks")
    CASE(cudaErrorNotPermitted, "the operation is not permitted")
    CASE(cudaErrorNotSupported, "the operation is not supported")
    CASE(cudaErrorSystemNotReady, "the system is not ready")
    CASE(cudaErrorSystemDriverMismatch, "the display driver and the compute driver differ")
    CASE(cudaErrorCompatNotSupportedOnDevice, "forward compatibility is not supported on this device")
    CASE(cudaErrorMpsConnectionFailed, "no connection to the MPS control daemon")
    CASE(cudaErrorMpsRpcFailure, "a call to the MPS server failed")
    CASE(cudaErrorMpsServerNotReady, "the MPS server is not ready")
    CASE(cudaErrorMpsMaxClientsReached, "the MPS server has too many clients")
    CASE(cudaErrorMpsMaxConnectionsReached, "the MPS server has too many connections")
    CASE(cudaErrorMpsClientTerminated, "the MPS client was terminated")
    CASE(cudaErrorCdpNotSupported, "nested launches are not supported")
    CASE(cudaErrorCdpVersionMismatch, "the nested launch runtime has another version")
    CASE(cudaErrorStreamCaptureUnsupported, "the operation cannot be captured")
    CASE(cudaErrorStreamCaptureInvalidated, "an earlier error made the capture invalid")
    CASE(cudaErrorStreamCaptureMerge, "two independent captures would merge")
    CASE(cudaErrorStreamCaptureUnmatched, "the capture did not begin on this stream")
    CASE(cudaErrorStreamCaptureUnjoined, "the capture has work that was not joined to the stream where it began")
    CASE(cudaErrorStreamCaptureIsolation, "captured work would depend on work outside of the capture")
    CASE(cudaErrorStreamCaptureImplicit, "the default stream would depend on a capturing stream")
    CASE(cudaErrorCapturedEvent, "the event was last recorded in a capture")
    CASE(cudaErrorStreamCaptureWrongThread, "the capture began in another thread")
    CASE(cudaErrorTimeout, "the wait timed out")
    CASE(cudaErrorGraphExecUpdateFailure, "the graph differs too much to update the instance")
    CASE(cudaErrorExternalDevice, "an external device failed")
    CASE(cudaErrorInvalidClusterSize, "invalid cluster size")
    CASE(cudaErrorUnknown, "unknown error")
    CASE(cudaErrorApiFailureBase, "API failure base")
  }
#undef CASE
  return {"unrecognized error code", "unrecognized error code"};
}

}  // namespace

cudaError_t set_last_error(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) last_error = error;  // "not yet" is an answer, no failure
  return error;
}

}  // namespace ingot::cudart

using namespace ingot::cudart;

cudaError_t cudaGetLastError() {
  cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() { return last_error; }
const char* cudaGetErrorName(cudaError_t error) { return text_of(error).name; }
const char* cudaGetErrorString(cudaError_t error) { return text_of(error).words; }
