// Sequences of different lengths in one tensor, and which of them sees what: masks of attention.
#pragma once

#include "network/network.h"

namespace ingot {

// Tokens of all sequences, [batch, heads, length, size] padded or [tokens, heads, size] packed, and their lengths, null for whole ones:
// [batch], or the places where sequences begin and the last one ends, [batch + 1].
struct Sequences {
  Tensor* tokens = nullptr;
  Tensor* lengths = nullptr;
  bool is_packed() const;
};

// An error where these lengths do not go with tokens of these dims.
Status check_sequence_lengths(const TensorType& tokens, const TensorType& lengths, const char* what);
// The place of each of `count` packed tokens in its sequence, int64 [count], from the places where sequences begin and the last one ends;
// `tokens` has a token a row.
Result<Tensor*> places_of_tokens(Network& network, Tensor* tokens, Tensor* lengths);
// The same tokens as one sequence, [1, heads, all tokens, size].
Result<Tensor*> joined_tokens(Network& network, const Sequences& sequences);

// Bools, true where a query sees a key: [1 or batch, 1, S, T] of padded queries and keys; [1, 1, N, M] of joined ones, where either is
// packed. `upper_left`: no key behind the query's place; `lower_right`: the same with the ends of both sequences aligned. Null where all
// queries see all keys.
Result<Tensor*> seen_keys(Network& network, const Sequences& queries, const Sequences& keys, bool upper_left, bool lower_right);

}  // namespace ingot
