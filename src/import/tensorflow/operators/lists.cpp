// Lists of tensors, which loops read and write: TensorArray of TensorFlow 1 and TensorList of 2. A list is one tensor [count, element...].
#include "import/tensorflow/node.h"
#include "operators/gather.h"
#include "operators/reshape.h"
#include "operators/scatter_nd.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

TfValue filled(Tensor* tensor) {
  TfValue value{tensor};
  value.list = TfList::kFilled;
  return value;
}

TfValue reserved(std::optional<Dim> count) {
  TfValue value;
  value.list = TfList::kReserved;
  value.count = std::move(count);
  return value;
}

// The handle and the flow of TensorArrayV3; what is written goes along with the flow.
Result<std::vector<TfValue>> array(const TfOp& op) {
  TRY(op.expects(1, 1));
  TfValue value = reserved(op.element(0));
  return std::vector<TfValue>{value, value};
}

// Inputs: the dims of an element, the count.
Result<TfValue> reserve(const TfOp& op) {
  TRY(op.expects(2, 2));
  return reserved(op.element(1));
}

Result<TfValue> from_tensor(const TfOp& op) {
  TRY(op.expects(2, 2));
  TRY_ASSIGN(Tensor * tensor, op.tensor(0));
  return filled(tensor);
}

// Whether input `index` is 0, 1, 2, ... for all of the list.
bool counts_up(const TfOp& op, size_t index) {
  const auto places = op.elements(index);
  if (places) {
    for (size_t i = 0; i < places->size(); ++i) {
      if (!(*places)[i].is(static_cast<int64_t>(i))) return false;
    }
    return true;
  }
  const TfNode* source = op.source(index);
  return source && source->op == "Range" && op.is_counting(*source);
}

// Inputs: handle, places, values, flow.
Result<TfValue> scatter(const TfOp& op) {
  TRY(op.expects(4, 4));
  if (op.value(3).list != TfList::kReserved) return unsupported("the list has been written before");
  if (!counts_up(op, 1)) return unsupported("the list is filled in an order other than 0, 1, 2 and so on");
  TRY_ASSIGN(Tensor * tensor, op.tensor(2));
  return filled(tensor);
}

// Element `place` of the list that input `list` is.
Result<TfValue> element(const TfOp& op, size_t list, size_t place) {
  if (op.value(list).list != TfList::kFilled) return unsupported("the list of tensors is read before it is written");
  TRY_ASSIGN(Tensor * tensor, op.tensor(list));
  TRY_ASSIGN(Tensor * at, op.tensor(place));
  TRY_ASSIGN(Tensor * y, op.add(Gather(0), {tensor, at}));
  return TfValue{y};
}

Result<TfValue> read(const TfOp& op) {
  TRY(op.expects(3, 3));
  return element(op, 2, 1);
}
Result<TfValue> get_item(const TfOp& op) {
  TRY(op.expects(2, 3));
  return element(op, 0, 1);
}

// The list with `value` at `place`.
Result<TfValue> written(const TfOp& op, size_t list, size_t place, size_t value) {
  const TfValue& before = op.value(list);
  TRY_ASSIGN(Tensor * element, op.tensor(value));
  TRY_ASSIGN(Tensor * at, op.tensor(place));
  TfValue after;
  if (before.list == TfList::kReserved && before.slot >= 0) {
    after.tensor = element;
    after.list = TfList::kWritten;
    after.slot = before.slot;
    after.place = at;
    return after;
  }
  if (before.list == TfList::kWritten) return unsupported("a turn of the loop writes the list twice");
  Tensor* whole = nullptr;
  if (before.list == TfList::kFilled) {
    TRY_ASSIGN(whole, op.tensor(list));
  } else {
    if (!before.count || !before.count->is_constant() || !all_constant(element->type.dims))
      return unsupported("the list is written outside of a loop, and its count or the dims of its elements are not known");
    Shape shape = constant_shape(element->type.dims);
    shape.insert(shape.begin(), before.count->value());
    TRY_ASSIGN(int64_t count, volume(shape));
    if (count > (int64_t{1} << 28)) return unsupported("a list of " + to_text(shape) + " is too large to be written out");
    TRY_ASSIGN(Array zeros, Array::make(element->type.type, shape));
    whole = op.add_constant(zeros, "list");
  }
  TRY_ASSIGN(at, op.add(Reshape(std::vector<int64_t>{1, 1}), {at}, "place"));
  TRY_ASSIGN(element, op.add(Unsqueeze({0}), {element}, "element"));
  TRY_ASSIGN(whole, op.add(ScatterNd{}, {whole, at, element}));
  return filled(whole);
}

// Inputs: handle, place, value, flow.
Result<TfValue> write(const TfOp& op) {
  TRY(op.expects(4, 4));
  return written(op, 3, 1, 2);
}
// Inputs: list, place, value.
Result<TfValue> set_item(const TfOp& op) {
  TRY(op.expects(3, 3));
  return written(op, 0, 1, 2);
}

// Inputs: handle, places, flow.
Result<TfValue> gather(const TfOp& op) {
  TRY(op.expects(3, 3));
  if (op.value(2).list != TfList::kFilled) return unsupported("the list of tensors is read before it is written");
  TRY_ASSIGN(Tensor * tensor, op.tensor(2));
  if (counts_up(op, 1)) return TfValue{tensor};
  TRY_ASSIGN(Tensor * places, op.tensor(1));
  TRY_ASSIGN(Tensor * y, op.add(Gather(0), {tensor, places}));
  return TfValue{y};
}

Result<TfValue> stack(const TfOp& op) {
  TRY(op.expects(2, 2));
  if (op.value(0).list != TfList::kFilled) return unsupported("the list of tensors is read before it is written");
  TRY_ASSIGN(Tensor * tensor, op.tensor(0));
  return TfValue{tensor};
}

template <size_t kList>
Result<TfValue> size(const TfOp& op) {
  TRY(op.expects(kList + 1, kList + 1));
  const TfValue& list = op.value(kList);
  std::optional<Dim> count = list.count;
  if (list.list == TfList::kFilled && !list.is_planes && list.tensor && list.tensor->type.rank() > 0) count = list.tensor->type.dims[0];
  if (!count || !count->is_constant()) return unsupported("the length of the list of tensors is not known");
  TfValue value;
  value.is_constant = true;
  value.constant = Array::of(DataType::kInt32, {}, std::vector<int64_t>{count->value()});
  return value;
}

}  // namespace

TF_OPERATORS(lists) {
  catalogue.add("TensorArrayV3", array);
  catalogue.add("TensorArrayScatterV3", one_tf_output<scatter>);
  catalogue.add("TensorArrayReadV3", one_tf_output<read>);
  catalogue.add("TensorArrayWriteV3", one_tf_output<write>);
  catalogue.add("TensorArrayGatherV3", one_tf_output<gather>);
  catalogue.add("TensorArraySizeV3", one_tf_output<size<1>>);
  catalogue.add("TensorListReserve", one_tf_output<reserve>);
  catalogue.add("TensorListFromTensor", one_tf_output<from_tensor>);
  catalogue.add("TensorListGetItem", one_tf_output<get_item>);
  catalogue.add("TensorListSetItem", one_tf_output<set_item>);
  catalogue.add("TensorListStack", one_tf_output<stack>);
  catalogue.add("TensorListLength", one_tf_output<size<0>>);
}

}  // namespace ingot
