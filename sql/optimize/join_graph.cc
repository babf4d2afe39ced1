#include "sql/optimize/join_graph.h"

#include <bit>

namespace luma {
namespace {

RelationSet bit(size_t relation) { return RelationSet{1} << relation; }
// Relations up to and including this one.
RelationSet up_to(size_t relation) { return bit(relation) | (bit(relation) - 1); }

}  // namespace

void JoinGraph::connect(size_t a, size_t b) {
  if (a == b) return;
  neighbors_[a] |= bit(b);
  neighbors_[b] |= bit(a);
}

void JoinGraph::connect_parts() {
  RelationSet reached = 0;
  size_t last = 0;
  for (size_t start = 0; start < size(); ++start) {
    if ((reached & bit(start)) != 0) continue;
    if (reached != 0) connect(last, start);
    RelationSet part = bit(start);
    for (RelationSet more = part; more != 0; more = neighbors(part)) part |= more;
    reached |= part;
    last = start;
  }
}

RelationSet JoinGraph::neighbors(RelationSet set) const {
  RelationSet out = 0;
  for (RelationSet rest = set; rest != 0; rest &= rest - 1) {
    out |= neighbors_[static_cast<size_t>(std::countr_zero(rest))];
  }
  return out & ~set;
}

struct JoinGraph::Walk {
  const JoinGraph& graph;
  size_t left;
  const Visit& visit;

  // Every connected set that extends `set` by relations outside of `excluded`.
  template <typename Each>
  bool extend(RelationSet set, RelationSet excluded, const Each& each) {
    RelationSet around = graph.neighbors(set) & ~excluded;
    if (around == 0) return true;
    for (RelationSet part = (0 - around) & around;; part = (part - around) & around) {
      if (!each(set | part)) return false;
      if (part == around) break;
    }
    for (RelationSet part = (0 - around) & around;; part = (part - around) & around) {
      if (!extend(set | part, excluded | around, each)) return false;
      if (part == around) break;
    }
    return true;
  }

  bool pair(RelationSet a, RelationSet b) {
    if (left == 0) return false;
    --left;
    visit(a, b);
    return true;
  }

  // All partners of a connected set; those that contain a smaller relation have had their turn.
  bool partners(RelationSet set) {
    RelationSet excluded = up_to(static_cast<size_t>(std::countr_zero(set))) | set;
    RelationSet around = graph.neighbors(set) & ~excluded;
    for (size_t i = graph.size(); i-- > 0;) {
      if ((around & bit(i)) == 0) continue;
      if (!pair(set, bit(i))) return false;
      RelationSet earlier = around & up_to(i);
      if (!extend(bit(i), excluded | earlier,
                  [&](RelationSet other) { return pair(set, other); })) {
        return false;
      }
    }
    return true;
  }
};

bool JoinGraph::for_each_pair(size_t budget, const Visit& visit) const {
  Walk walk{*this, budget, visit};
  for (size_t i = size(); i-- > 0;) {
    if (!walk.partners(bit(i))) return false;
    if (!walk.extend(bit(i), up_to(i), [&](RelationSet set) { return walk.partners(set); })) {
      return false;
    }
  }
  return true;
}

}  // namespace luma
