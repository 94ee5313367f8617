#include "operators/sequences.h"

#include "operators/concat.h"
#include "operators/elementwise.h"
#include "operators/epilogue.h"
#include "operators/gather.h"
#include "operators/moving.h"
#include "operators/onnx_reroute.h"
#include "operators/reduce.h"
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<Tensor*> binary(Network& network, ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); }

// Whether the lengths are places where sequences begin.
bool are_places(const TensorType& tokens, const TensorType& lengths) {
  return tokens.rank() == 3 || lengths.dims[0] == tokens.dims[0] + Dim(1);
}

Result<Tensor*> as_int64(Network& network, Tensor* x) {
  return x->type.type == DataType::kInt64 ? Result<Tensor*>(x) : network.add(Elementwise::cast(DataType::kInt64), {x});
}

// The number of tokens of each sequence, int64 [batch].
Result<Tensor*> counts_of(Network& network, const Sequences& sequences) {
  TRY_ASSIGN(Tensor * lengths, as_int64(network, sequences.lengths));
  if (!are_places(sequences.tokens->type, lengths->type)) return lengths;
  TRY_ASSIGN(Tensor * ends, slice_axis(network, lengths, 0, 1, INT64_MAX));
  TRY_ASSIGN(Tensor * begins, slice_axis(network, lengths, 0, 0, -1));
  return binary(network, ScalarOp::kSub, ends, begins);
}

// Of each token of joined sequences: the number of its sequence, its place there, and how many tokens that has; int64 [N] or [1].
struct Tokens {
  Tensor *sequence = nullptr, *place = nullptr, *count = nullptr;
};

Result<Tokens> packed_tokens(Network& network, const Sequences& sequences) {
  Tokens tokens;
  TRY_ASSIGN(Tensor * each, length_of(network, sequences.tokens, 0));
  TRY_ASSIGN(each, count_up(network, each));
  TRY_ASSIGN(Tensor * places, as_int64(network, sequences.lengths));
  TRY_ASSIGN(Tensor * ends, slice_axis(network, places, 0, 1, INT64_MAX));
  // As many sequences lie before a token as end at it or before. Tokens behind the last sequence make one more, which nobody asked for.
  TRY_ASSIGN(Tensor * column, network.add(Unsqueeze({1}), {each}));
  TRY_ASSIGN(Tensor * is_behind, binary(network, ScalarOp::kGreaterEqual, column, ends));
  TRY_ASSIGN(is_behind, as_int64(network, is_behind));
  TRY_ASSIGN(tokens.sequence, network.add(Reduce(ReduceKind::kSum, {1}, false), {is_behind}));
  TRY_ASSIGN(Tensor * begin, network.add(Gather(0), {places, tokens.sequence}));
  TRY_ASSIGN(tokens.place, binary(network, ScalarOp::kSub, each, begin));
  TRY_ASSIGN(Tensor * begins, slice_axis(network, places, 0, 0, -1));
  TRY_ASSIGN(Tensor * counts, binary(network, ScalarOp::kSub, ends, begins));
  TRY_ASSIGN(counts, network.add(Concat(0), {counts, network.add_constant("", Array::from_int64s({0}))}));
  TRY_ASSIGN(tokens.count, network.add(Gather(0), {counts, tokens.sequence}));
  return tokens;
}

Result<Tokens> padded_tokens(Network& network, const Sequences& sequences) {
  Tokens tokens;
  TRY_ASSIGN(Tensor * batch, length_of(network, sequences.tokens, 0));
  TRY_ASSIGN(Tensor * length, length_of(network, sequences.tokens, 2));
  TRY_ASSIGN(Tensor * all, binary(network, ScalarOp::kMul, batch, length));
  TRY_ASSIGN(Tensor * each, count_up(network, all));
  TRY_ASSIGN(tokens.sequence, binary(network, ScalarOp::kFloorDiv, each, length));
  TRY_ASSIGN(Tensor * begin, binary(network, ScalarOp::kMul, tokens.sequence, length));
  TRY_ASSIGN(tokens.place, binary(network, ScalarOp::kSub, each, begin));
  tokens.count = length;
  if (!sequences.lengths) return tokens;
  TRY_ASSIGN(Tensor * counts, counts_of(network, sequences));
  TRY_ASSIGN(tokens.count, network.add(Gather(0), {counts, tokens.sequence}));
  return tokens;
}

Result<Tokens> tokens_of(Network& network, const Sequences& sequences) {
  return sequences.is_packed() ? packed_tokens(network, sequences) : padded_tokens(network, sequences);
}

// Both, where there are two.
Result<Tensor*> both(Network& network, Tensor* a, Tensor* b) {
  return !a ? Result<Tensor*>(b) : !b ? Result<Tensor*>(a) : binary(network, ScalarOp::kAnd, a, b);
}

// What a causal mask sees: places and counts of queries stand in columns, those of keys in rows.
Result<Tensor*> causal_keys(Network& network, const Tokens& queries, const Tokens& keys, bool lower_right) {
  Tensor *query = queries.place, *key = keys.place;
  if (lower_right) {
    // key - keys <= query - queries
    TRY_ASSIGN(query, binary(network, ScalarOp::kAdd, query, keys.count));
    TRY_ASSIGN(key, binary(network, ScalarOp::kAdd, key, queries.count));
  }
  return binary(network, ScalarOp::kLessEqual, key, query);
}

// Numbers for each sequence of a batch, [batch] or [1], as [batch or 1, 1, 1, 1].
Result<Tensor*> for_each_sequence(Network& network, const Sequences& sequences) {
  if (!sequences.lengths) return length_of(network, sequences.tokens, 2);
  TRY_ASSIGN(Tensor * counts, counts_of(network, sequences));
  return network.add(Unsqueeze({1, 2, 3}), {counts});
}

}  // namespace

bool Sequences::is_packed() const { return tokens->type.rank() == 3; }

Status check_sequence_lengths(const TensorType& tokens, const TensorType& lengths, const char* what) {
  TRY(check_index_type(what, lengths.type));
  if (lengths.rank() != 1) return invalid(std::string(what) + " are " + lengths.text() + "; one number for each sequence is wanted");
  const Dim &given = lengths.dims[0], &batch = tokens.dims[0];
  if (tokens.rank() == 3) {
    if (given.is(0))
      return invalid(std::string(what) + " of packed sequences are the places where they begin, and where the last one ends");
    return Ok{};
  }
  if (are_places(tokens, lengths)) return Ok{};
  TRY(same_dim(given, batch, std::string("numbers of ") + what + " and of sequences"));
  return Ok{};
}

Result<Tensor*> places_of_tokens(Network& network, Tensor* tokens, Tensor* lengths) {
  if (tokens->type.rank() < 1 || lengths->type.rank() != 1)
    return invalid("tokens are " + tokens->type.text() + " and the places of sequences " + lengths->type.text() +
                   "; rows and [batch + 1] are wanted");
  TRY_ASSIGN(const Tokens found, packed_tokens(network, {tokens, lengths}));
  return found.place;
}

Result<Tensor*> joined_tokens(Network& network, const Sequences& sequences) {
  Tensor* x = sequences.tokens;
  if (sequences.is_packed()) {
    TRY_ASSIGN(x, network.add(Transpose({1, 0, 2}), {x}));
    return network.add(Unsqueeze({0}), {x});
  }
  TRY_ASSIGN(x, network.add(Transpose({1, 0, 2, 3}), {x}));
  return network.add(Reshape(Dims{Dim(1), input_dim(0), input_dim(1) * input_dim(2), input_dim(3)}), {x});
}

Result<Tensor*> seen_keys(Network& network, const Sequences& queries, const Sequences& keys, bool upper_left, bool lower_right) {
  Tensor* seen = nullptr;
  if (!queries.is_packed() && !keys.is_packed()) {
    Tokens query, key;
    TRY_ASSIGN(Tensor * length, length_of(network, keys.tokens, 2));
    TRY_ASSIGN(key.place, count_up(network, length));
    TRY_ASSIGN(key.count, for_each_sequence(network, keys));
    if (keys.lengths) {
      TRY_ASSIGN(seen, binary(network, ScalarOp::kLess, key.place, key.count));
    }
    if (!upper_left && !lower_right) return seen;
    TRY_ASSIGN(length, length_of(network, queries.tokens, 2));
    TRY_ASSIGN(query.place, count_up(network, length));
    TRY_ASSIGN(query.place, network.add(Unsqueeze({1}), {query.place}));
    TRY_ASSIGN(query.count, for_each_sequence(network, queries));
    TRY_ASSIGN(Tensor * causal, causal_keys(network, query, key, lower_right));
    return both(network, seen, causal);
  }
  TRY_ASSIGN(Tokens query, tokens_of(network, queries));
  TRY_ASSIGN(const Tokens key, tokens_of(network, keys));
  for (Tensor** part : {&query.sequence, &query.place}) {
    TRY_ASSIGN(*part, network.add(Unsqueeze({1}), {*part}));
  }
  TRY_ASSIGN(seen, binary(network, ScalarOp::kEqual, query.sequence, key.sequence));
  if (!keys.is_packed() && keys.lengths) {
    TRY_ASSIGN(Tensor * inside, binary(network, ScalarOp::kLess, key.place, key.count));
    TRY_ASSIGN(seen, both(network, seen, inside));
  }
  if (upper_left || lower_right) {
    // Keys of other sequences are not seen anyway, so the key's count serves for that of the query's sequence, and the other way round.
    if (query.count->type.dims != Dims{Dim(1)}) {
      TRY_ASSIGN(query.count, network.add(Unsqueeze({1}), {query.count}));
    }
    TRY_ASSIGN(Tensor * causal, causal_keys(network, query, key, lower_right));
    TRY_ASSIGN(seen, both(network, seen, causal));
  }
  return network.add(Unsqueeze({0, 1}), {seen});
}

}  // namespace ingot
