#include "engine/exec/join_filter.h"

#include <bit>

namespace luma {

void JoinFilter::begin(uint64_t key_count) {
  forget();
  least_ = INT64_MAX;
  greatest_ = INT64_MIN;
  // 16 to 32 bits a key: one of a hundred others passes at most.
  const uint64_t words = std::bit_ceil(std::max<uint64_t>(key_count / 4, 2));
  words_.assign(words, 0);
  shift_ = static_cast<uint32_t>(64 - std::countr_zero(words));
}

bool offer_filter(Operator& op, uint32_t column, const JoinFilterRef& filter) {
  auto* target = dynamic_cast<JoinFilterTarget*>(&op);
  return target != nullptr && target->accept_filter(column, filter);
}

}  // namespace luma
