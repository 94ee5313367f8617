// What kernels are launched with: plain structs that host and device code share. The text of this file is part of every kernel.
#ifndef INGOT_KERNEL_PARAMETERS
#define INGOT_KERNEL_PARAMETERS

namespace ingot_kernels {

constexpr int kMostRank = 8;  // after merging dims
constexpr int kMostInputs = 16;
constexpr int kMostCallInputs = 10;
constexpr int kMostCallOutputs = 4;

struct PointwiseParameters {
  const void* inputs[kMostInputs];
  void* output;                               // dense in the order of `sizes`
  long long count;                            // of vectors
  long long sizes[kMostRank];                 // outermost first; the last one counts vectors
  long long strides[kMostInputs][kMostRank];  // in elements, of the last dim in vectors
};

// A box of elements from strided to strided places.
struct CopyParameters {
  const void* from;
  void* to;
  long long count;
  long long sizes[kMostRank], from_strides[kMostRank], to_strides[kMostRank];
  unsigned long long fill[2];  // an element, where the kernel fills
};

// Rows along one set of axes for each index of another; see rows.cu.
struct RowParameters {
  const void* x;
  void* y;
  const void* extra[kMostInputs];
  long long outer_sizes[kMostRank], outer_strides[kMostRank];  // of kept axes, in x
  long long row_sizes[kMostRank], row_strides[kMostRank];      // of the axes of a row, in x
  long long extra_outer[kMostInputs][kMostRank], extra_row[kMostInputs][kMostRank];
  long long outputs, row;          // rows, and elements of each
  long long y_strides[kMostRank];  // of kept axes, in y, where a row gives one element
  float epsilon;
};

struct ProductParameters {
  const void *a, *b, *bias, *residual, *scales;
  void* y;
  long long rows, columns, depth;  // of one product
  long long a_row, a_depth;        // strides in elements
  long long b_column, b_depth;
  long long y_row, y_column;
  long long residual_row, residual_column;
  int batch_rank;
  long long batch_sizes[kMostRank], a_batch[kMostRank], b_batch[kMostRank], y_batch[kMostRank], residual_batch[kMostRank];
  float residual_scale, output_scale;
};

// Elements of x, the residual and y that lie alike and dense.
struct FinishParameters {
  const void *x, *residual;
  void* y;
  long long count;
  float residual_scale, output_scale;
};

// Windows over up to three spatial dims.
struct WindowParameters {
  const void *x, *w, *bias, *residual, *scales;
  void *y, *indices;
  int batch, groups, group_inputs, group_outputs;
  int input[3], output[3], kernel[3], stride[3], dilation[3], pad[3], pad_end[3];
  long long x_image, x_channel, x_pixel;  // strides in elements; pixels are dense
  long long y_image, y_channel, y_pixel;
  long long residual_image, residual_channel, residual_pixel;
  float residual_scale, output_scale;
};

// Where the rows of a convolution's product lie in a channels-last image: the taps of a line of its window are neighbours there.
struct WindowRows {
  int output[2];          // height and width
  int height, line;       // of an image: lines, and elements of each
  int stride[2], pad[2];  // lines, and elements along a line
  int dilation;           // lines from tap to tap
  long long image;        // elements
};

struct GatherParameters {
  const void *x, *indices, *updates;
  void* y;
  long long count;
  int rank;
  long long sizes[kMostRank], index_strides[kMostRank], x_strides[kMostRank], y_strides[kMostRank];
  long long axis_size, axis_stride;
  int tuple;
  long long tuple_sizes[kMostRank], tuple_strides[kMostRank];
};

struct ResizeParameters {
  const void* x;
  void* y;
  long long count;
  int rank;
  long long sizes[kMostRank], x_strides[kMostRank], y_strides[kMostRank];
  const int* starts[kMostRank];  // by output position: its first tap, and one behind the last position
  const int* places[kMostRank];
  const float* weights[kMostRank];  // null where the axis stays as it is
};

// Kernels of single operators. `sizes` and `reals` mean what the head of each kernel's file says.
struct CallParameters {
  const void* inputs[kMostCallInputs];
  void* outputs[kMostCallOutputs];
  void* workspace;
  long long count;
  long long sizes[24];
  double reals[4];
  long long pass[2];  // what differs between launches of one kernel in a row
};

struct AttentionParameters {
  const void *q, *k, *v, *mask;
  void* y;
  int batch, heads, key_heads, queries, keys, depth, value_depth;
  long long q_strides[3], k_strides[3], v_strides[3], y_strides[3];  // batch, head, position
  long long mask_strides[4];                                         // batch, head, query, key
  float scale, softcap;
  int causal;
  void* scores;         // of each batch, head and query: `keys` floats, over which their weights are written
  long long score_row;  // floats from row to row
};

}  // namespace ingot_kernels

#endif
