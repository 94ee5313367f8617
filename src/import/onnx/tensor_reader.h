// TensorProto and SparseTensorProto become arrays.
#pragma once

#include "import/onnx/external_data.h"
#include "import/onnx/model_file.h"
#include "network/array.h"

namespace ingot {

// A tensor of the message's type and dims whose elements are these bytes, which `keeper` keeps alive.
Result<Array> read_tensor_from(const proto::TensorProto& tensor, Bytes bytes, const std::shared_ptr<const void>& keeper);

// Element type and dims as they are said, checked: known type, no negative dims, a size that fits.
Result<Shape> tensor_shape(const google::protobuf::RepeatedField<int64_t>& dims);

// Borrows the elements where they lie ready in the message, which `keeper` keeps alive, or in a mapped file; decodes them otherwise.
// An error names what does not fit.
Result<Array> read_tensor(const proto::TensorProto& tensor, const std::shared_ptr<const void>& keeper, ExternalData& external);

// As a dense array; refuses one of more than `most_bytes`.
Result<Array> read_sparse_tensor(const proto::SparseTensorProto& sparse, const std::shared_ptr<const void>& keeper, ExternalData& external,
                                 int64_t most_bytes);

}  // namespace ingot
