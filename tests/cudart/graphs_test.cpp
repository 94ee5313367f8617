#include "check.h"

namespace {

cudaStream_t new_stream(unsigned flags = cudaStreamNonBlocking) {
  cudaStream_t stream = nullptr;
  EXPECT_OK(cudaStreamCreateWithFlags(&stream, flags));
  return stream;
}

cudaStreamCaptureStatus status_of(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  EXPECT_OK(cudaStreamIsCapturing(stream, &status));
  return status;
}

size_t node_count(cudaGraph_t graph) {
  size_t count = 0;
  EXPECT_OK(cudaGraphGetNodes(graph, nullptr, &count));
  return count;
}

TEST(Graphs, ReplayWhatWasCaptured) {
  cudaStream_t stream = new_stream();
  char *device = nullptr, *pinned = nullptr;
  ASSERT_OK(cudaMalloc(&device, 8));
  ASSERT_OK(cudaMallocHost(&pinned, 8));
  pinned[0] = 0;
  Record record;
  EXPECT_EQ(cudaStreamCaptureStatusNone, status_of(stream));
  ASSERT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  EXPECT_EQ(cudaStreamCaptureStatusActive, status_of(stream));
  ASSERT_OK(cudaMemsetAsync(device, 4, 8, stream));
  ASSERT_OK(cudaMemcpyAsync(pinned, device, 8, cudaMemcpyDeviceToHost, stream));
  ASSERT_OK(record.later(stream, 0));
  ASSERT_OK(record.later(stream, 1));
  cudaGraph_t graph = nullptr;
  ASSERT_OK(cudaStreamEndCapture(stream, &graph));
  EXPECT_EQ(cudaStreamCaptureStatusNone, status_of(stream));
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_TRUE(record.seen().empty()) << "a capture runs nothing";
  EXPECT_EQ(0, pinned[0]);
  EXPECT_EQ(4u, node_count(graph));

  cudaGraphExec_t exec = nullptr;
  ASSERT_OK(cudaGraphInstantiate(&exec, graph, 0));
  ASSERT_OK(cudaGraphDestroy(graph));
  ASSERT_OK(cudaGraphUpload(exec, stream));
  for (int i = 0; i < 3; ++i) ASSERT_OK(cudaGraphLaunch(exec, stream));
  ASSERT_OK(cudaGraphExecDestroy(exec));
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_EQ((std::vector<int>{0, 1, 0, 1, 0, 1}), record.seen());
  EXPECT_EQ(4, pinned[7]);
  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaFreeHost(pinned));
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Graphs, LaunchesAreAsynchronousAndInOrder) {
  cudaStream_t stream = new_stream();
  Record record;
  ASSERT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  ASSERT_OK(record.later(stream, 1));
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_OK(cudaStreamEndCapture(stream, &graph));
  ASSERT_OK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
  Gate gate;
  gate.hold(stream);
  ASSERT_OK(record.later(stream, 0));
  ASSERT_OK(cudaGraphLaunch(exec, stream));
  ASSERT_OK(record.later(stream, 2));
  EXPECT_TRUE(record.seen().empty());
  gate.open();
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_EQ((std::vector<int>{0, 1, 2}), record.seen());
  EXPECT_OK(cudaGraphExecDestroy(exec));
  EXPECT_OK(cudaGraphDestroy(graph));
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Graphs, CaptureStreamsThatEventsJoin) {
  cudaStream_t origin = new_stream(), branch = new_stream();
  cudaEvent_t fork, join;
  ASSERT_OK(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
  ASSERT_OK(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
  Record record;
  ASSERT_OK(cudaStreamBeginCapture(origin, cudaStreamCaptureModeGlobal));
  ASSERT_OK(record.later(origin, 0));
  ASSERT_OK(cudaEventRecord(fork, origin));
  ASSERT_OK(cudaStreamWaitEvent(branch, fork));
  EXPECT_EQ(cudaStreamCaptureStatusActive, status_of(branch));
  ASSERT_OK(record.later(branch, 1));
  ASSERT_OK(cudaEventRecord(join, branch));
  ASSERT_OK(cudaStreamWaitEvent(origin, join));
  ASSERT_OK(record.later(origin, 2));
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_OK(cudaStreamEndCapture(origin, &graph));
  EXPECT_EQ(cudaStreamCaptureStatusNone, status_of(branch));
  EXPECT_EQ(3u, node_count(graph));
  ASSERT_OK(cudaGraphInstantiate(&exec, graph, 0));
  ASSERT_OK(cudaGraphLaunch(exec, origin));
  ASSERT_OK(cudaStreamSynchronize(origin));
  EXPECT_EQ((std::vector<int>{0, 1, 2}), record.seen());
  EXPECT_OK(cudaGraphExecDestroy(exec));
  EXPECT_OK(cudaGraphDestroy(graph));
  EXPECT_OK(cudaEventDestroy(fork));
  EXPECT_OK(cudaEventDestroy(join));
  EXPECT_OK(cudaStreamDestroy(origin));
  EXPECT_OK(cudaStreamDestroy(branch));
}

TEST(Graphs, ABranchThatIsNotJoinedFailsTheCapture) {
  cudaStream_t origin = new_stream(), branch = new_stream();
  cudaEvent_t fork;
  ASSERT_OK(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
  Record record;
  ASSERT_OK(cudaStreamBeginCapture(origin, cudaStreamCaptureModeGlobal));
  ASSERT_OK(record.later(origin, 0));
  ASSERT_OK(cudaEventRecord(fork, origin));
  ASSERT_OK(cudaStreamWaitEvent(branch, fork));
  ASSERT_OK(record.later(branch, 1));
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA(cudaErrorStreamCaptureUnjoined, cudaStreamEndCapture(origin, &graph));
  EXPECT_EQ(nullptr, graph);
  EXPECT_EQ(cudaStreamCaptureStatusNone, status_of(branch));
  EXPECT_OK(cudaEventDestroy(fork));
  EXPECT_OK(cudaStreamDestroy(origin));
  EXPECT_OK(cudaStreamDestroy(branch));
  cudaGetLastError();
}

TEST(Graphs, WaitingForACapturingStreamSpoilsTheCapture) {
  cudaStream_t stream = new_stream();
  cudaGraph_t graph = nullptr;
  ASSERT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaErrorStreamCaptureUnsupported, cudaStreamSynchronize(stream));
  EXPECT_EQ(cudaStreamCaptureStatusInvalidated, status_of(stream));
  Record record;
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated, record.later(stream, 0));
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(stream, &graph));
  EXPECT_EQ(nullptr, graph);
  EXPECT_OK(cudaStreamSynchronize(stream));
  EXPECT_TRUE(record.seen().empty());
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

TEST(Graphs, TheDefaultStreamSpoilsTheCaptureOfABlockingStream) {
  cudaStream_t stream = new_stream(cudaStreamDefault);
  cudaGraph_t graph = nullptr;
  Record record;
  ASSERT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  EXPECT_CUDA(cudaErrorStreamCaptureImplicit, record.later(cudaStreamLegacy, 0));
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(stream, &graph));
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

TEST(Graphs, CapturesAreKeptApart) {
  cudaStream_t one = new_stream(), other = new_stream();
  cudaEvent_t event;
  cudaGraph_t graph = nullptr;
  ASSERT_OK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  EXPECT_CUDA(cudaErrorStreamCaptureUnsupported, cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeRelaxed));
  EXPECT_CUDA(cudaErrorIllegalState, cudaStreamEndCapture(one, &graph)) << "nothing to end";
  ASSERT_OK(cudaEventRecord(event, other));
  ASSERT_OK(cudaStreamBeginCapture(one, cudaStreamCaptureModeRelaxed));
  EXPECT_CUDA(cudaErrorIllegalState, cudaStreamBeginCapture(one, cudaStreamCaptureModeRelaxed));
  EXPECT_CUDA(cudaErrorStreamCaptureIsolation, cudaStreamWaitEvent(one, event)) << "recorded outside";
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(one, &graph));

  ASSERT_OK(cudaStreamBeginCapture(one, cudaStreamCaptureModeRelaxed));
  ASSERT_OK(cudaStreamBeginCapture(other, cudaStreamCaptureModeRelaxed));
  ASSERT_OK(cudaEventRecord(event, one));
  EXPECT_CUDA(cudaErrorStreamCaptureMerge, cudaStreamWaitEvent(other, event));
  cudaStreamEndCapture(one, &graph);
  cudaStreamEndCapture(other, &graph);

  ASSERT_OK(cudaStreamBeginCapture(one, cudaStreamCaptureModeRelaxed));
  ASSERT_OK(cudaEventRecord(event, one));
  EXPECT_CUDA(cudaErrorCapturedEvent, cudaEventQuery(event));
  EXPECT_CUDA(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(one, &graph)) << "asking spoilt it";
  EXPECT_CUDA(cudaErrorInvalidValue, cudaEventQuery(event));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaStreamWaitEvent(other, event));
  EXPECT_OK(cudaEventDestroy(event));
  EXPECT_OK(cudaStreamDestroy(one));
  EXPECT_OK(cudaStreamDestroy(other));
  cudaGetLastError();
}

TEST(Graphs, ACaptureEndsInTheThreadWhereItBegan) {
  cudaStream_t stream = new_stream();
  cudaGraph_t graph = nullptr;
  ASSERT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  std::thread([&] { EXPECT_CUDA(cudaErrorStreamCaptureWrongThread, cudaStreamEndCapture(stream, &graph)); }).join();
  cudaStreamEndCapture(stream, &graph);
  if (graph) {
    EXPECT_OK(cudaGraphDestroy(graph));
  }
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

TEST(Graphs, AreBuiltNodeByNode) {
  cudaStream_t stream = new_stream();
  Record record;
  Record::Entry entry{&record, 5};
  unsigned short* device = nullptr;
  unsigned short mine[4] = {};
  ASSERT_OK(cudaMalloc(&device, 8));
  cudaGraph_t graph = nullptr, child = nullptr;
  cudaGraphNode_t nodes[5] = {}, listed[5] = {};
  cudaHostNodeParams host = {};
  host.fn = Record::append;
  host.userData = &entry;
  cudaMemsetParams set = {};
  set.dst = device;
  set.value = 0x1234;
  set.elementSize = 2;
  set.width = 4;
  set.height = 1;
  ASSERT_OK(cudaGraphCreate(&child, 0));
  ASSERT_OK(cudaGraphAddHostNode(&nodes[0], child, nullptr, 0, &host));
  ASSERT_OK(cudaGraphCreate(&graph, 0));
  ASSERT_OK(cudaGraphAddEmptyNode(&nodes[0], graph, nullptr, 0));
  ASSERT_OK(cudaGraphAddMemsetNode(&nodes[1], graph, &nodes[0], 1, &set));
  ASSERT_OK(cudaGraphAddMemcpyNode1D(&nodes[2], graph, &nodes[1], 1, mine, device, 8, cudaMemcpyDeviceToHost));
  ASSERT_OK(cudaGraphAddHostNode(&nodes[3], graph, &nodes[2], 1, &host));
  ASSERT_OK(cudaGraphAddChildGraphNode(&nodes[4], graph, &nodes[3], 1, child));
  size_t count = 5;
  ASSERT_OK(cudaGraphGetNodes(graph, listed, &count));
  EXPECT_EQ(5u, count);
  cudaGraphNodeType type;
  ASSERT_OK(cudaGraphNodeGetType(nodes[1], &type));
  EXPECT_EQ(cudaGraphNodeTypeMemset, type);
  cudaGraphNode_t wrong = nullptr;
  host.fn = nullptr;
  EXPECT_CUDA(cudaErrorInvalidValue, cudaGraphAddHostNode(&wrong, graph, nullptr, 0, &host));
  set.elementSize = 3;
  EXPECT_CUDA(cudaErrorInvalidValue, cudaGraphAddMemsetNode(&wrong, graph, nullptr, 0, &set));

  cudaGraph_t clone = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_OK(cudaGraphClone(&clone, graph));
  ASSERT_OK(cudaGraphDestroy(graph));
  ASSERT_OK(cudaGraphDestroy(child));
  char log[8] = "text";
  ASSERT_OK(cudaGraphInstantiate(&exec, clone, nullptr, log, sizeof log));
  ASSERT_OK(cudaGraphLaunch(exec, stream));
  ASSERT_OK(cudaStreamSynchronize(stream));
  for (unsigned short value : mine) EXPECT_EQ(0x1234, value);
  EXPECT_EQ((std::vector<int>{5, 5}), record.seen());
  EXPECT_OK(cudaGraphExecDestroy(exec));
  EXPECT_OK(cudaGraphDestroy(clone));
  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

cudaGraph_t capture(cudaStream_t stream, Record& record, std::vector<int> numbers) {
  cudaGraph_t graph = nullptr;
  EXPECT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  for (int number : numbers) EXPECT_OK(record.later(stream, number));
  EXPECT_OK(cudaStreamEndCapture(stream, &graph));
  return graph;
}

TEST(Graphs, AreUpdatedWhereTheShapeStays) {
  cudaStream_t stream = new_stream();
  Record record;
  cudaGraph_t before = capture(stream, record, {0, 1}), after = capture(stream, record, {2, 3}),
              longer = capture(stream, record, {4, 5, 6});
  cudaGraphExec_t exec = nullptr;
  cudaGraphExecUpdateResultInfo info;
  ASSERT_OK(cudaGraphInstantiate(&exec, before, 0));
  ASSERT_OK(cudaGraphLaunch(exec, stream));
  ASSERT_OK(cudaGraphExecUpdate(exec, after, &info));
  EXPECT_EQ(cudaGraphExecUpdateSuccess, info.result);
  EXPECT_CUDA(cudaErrorGraphExecUpdateFailure, cudaGraphExecUpdate(exec, longer, &info));
  EXPECT_EQ(cudaGraphExecUpdateErrorTopologyChanged, info.result);
  ASSERT_OK(cudaGraphLaunch(exec, stream));
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_EQ((std::vector<int>{0, 1, 2, 3}), record.seen());
  for (cudaGraph_t graph : {before, after, longer}) EXPECT_OK(cudaGraphDestroy(graph));
  EXPECT_OK(cudaGraphExecDestroy(exec));
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

// How a library keeps what its captured work needs alive.
TEST(Graphs, HoldTheObjectsOfTheProgram) {
  cudaStream_t stream = new_stream();
  std::atomic<int> destroyed{0};
  cudaUserObject_t object = nullptr;
  cudaGraph_t graph = nullptr, building = nullptr;
  cudaStreamCaptureStatus status;
  unsigned long long id = 0;
  Record record;
  ASSERT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
#if CUDART_VERSION < 13000
  ASSERT_OK(cudaStreamGetCaptureInfo(stream, &status, &id, &building));
#else
  ASSERT_OK(cudaStreamGetCaptureInfo(stream, &status, &id, &building, nullptr, nullptr, nullptr));
#endif
  EXPECT_EQ(cudaStreamCaptureStatusActive, status);
  auto destroy = [](void* count) { ++*static_cast<std::atomic<int>*>(count); };
  ASSERT_OK(cudaUserObjectCreate(&object, &destroyed, destroy, 1, cudaUserObjectNoDestructorSync));
  ASSERT_OK(cudaGraphRetainUserObject(building, object, 1, cudaGraphUserObjectMove));
  ASSERT_OK(record.later(stream, 0));
  ASSERT_OK(cudaStreamEndCapture(stream, &graph));
  EXPECT_EQ(building, graph);
  cudaGraphExec_t exec = nullptr;
  ASSERT_OK(cudaGraphInstantiate(&exec, graph, 0));
  EXPECT_OK(cudaGraphDestroy(graph));
  EXPECT_EQ(0, destroyed);
  Gate gate;
  gate.hold(stream);
  ASSERT_OK(cudaGraphLaunch(exec, stream));
  EXPECT_OK(cudaGraphExecDestroy(exec));
  pause(10);
  EXPECT_EQ(0, destroyed) << "a launch is under way";
  gate.open();
  EXPECT_OK(cudaStreamSynchronize(stream));
  for (int i = 0; i < 1000 && destroyed == 0; ++i) pause(1);
  EXPECT_EQ(1, destroyed);
  EXPECT_OK(cudaStreamDestroy(stream));
}

}  // namespace
