#pragma once
// Which relations of a join are connected by conditions, and all ways to divide connected sets of
// them into two connected parts: what dynamic programming over join orders goes through (after
// G. Moerkotte, T. Neumann: Analysis of Two Existing and One New Dynamic Programming Algorithm,
// VLDB 2006). Pure.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace luma {

using RelationSet = uint64_t;  // bit i: relation i

class JoinGraph {
 public:
  explicit JoinGraph(size_t relations) : neighbors_(relations) {}

  void connect(size_t a, size_t b);
  // Connects parts that no condition joins, so that every set can be reached.
  void connect_parts();
  size_t size() const { return neighbors_.size(); }
  // Relations outside of `set` that are connected to one inside.
  RelationSet neighbors(RelationSet set) const;

  // Calls visit(a, b) once for each pair of disjoint connected sets with a condition between them,
  // smaller ones before those that contain them. False when there are more than `budget` pairs:
  // then not all were visited.
  using Visit = std::function<void(RelationSet a, RelationSet b)>;
  bool for_each_pair(size_t budget, const Visit& visit) const;

 private:
  struct Walk;
  std::vector<RelationSet> neighbors_;
};

}  // namespace luma
