#pragma once
// Collations of a bound statement: derives each expression's by PostgreSQL's rules (42P21, 42P22)
// and puts a function of sort keys in where one orders, compares or maps texts by a collation other
// than that of bytes. What is below the binder knows bytes only, so indexes and zone maps, which
// hold the texts themselves, are never asked about another order.
#include "sql/bind/binder.h"

namespace luma {

class CollationPass {
 public:
  explicit CollationPass(Binder& binder) : binder_(binder) {}
  // The plan that takes its place.
  LogicalOp* run(LogicalOp& root);
  Expr* run(Expr* expr);

  // Whether any column of the plan, or the statement itself, has a collation that could matter.
  static bool is_needed(Binder& binder);

 private:
  enum class Strength : uint8_t { kNone, kImplicit, kExplicit, kConflict };
  struct State {
    Oid collation = kInvalidOid;
    Strength strength = Strength::kNone;
    Oid first = kInvalidOid, other = kInvalidOid;  // of a conflict
  };
  struct Done {
    Expr* expr;
    State state;
  };

  LogicalOp* visit(LogicalOp& op);
  LogicalOp* texts_of_keys(AggregateOp& op);
  void set_output_collations(LogicalOp& op);
  Done derive(Expr* expr);
  Done derive_new(Expr* expr);
  Expr* with_children(Expr* expr, State& merged);
  void merge(State& into, const State& from, int location) const;
  State result_state(const Expr& expr, const State& merged) const;

  Expr* apply(Expr* expr, const State& merged);
  Expr* apply_call(Expr* expr, const State& merged);
  Expr* apply_aggregate(Expr* expr, const State& merged);
  Expr* apply_largest(Expr* expr);
  Expr* with_array_of_keys(Expr* expr, Oid collation);
  [[noreturn]] void throw_mismatch(const State& state, int location) const;
  Expr* key_of(Expr* text, Oid collation);
  Expr* call(std::string_view function, std::vector<Expr*> args, int location);
  void wrap_key(SortKey& key);
  SortKey wrapped(SortKey key);
  void refuse_grouping(Expr* expr);
  void refuse_grouping_of(const std::vector<ColumnId>& columns);

  // What a collation is, by oid.
  struct Kind {
    bool bytewise = true;  // in its order
    bool deterministic = true;
    bool maps_as_database = true;  // letters to lower case and upper case
    std::string collator;
  };
  const Kind& kind_of(Oid collation);
  std::string name_of(Oid collation) const;

  Binder& binder_;
  std::unordered_map<const Expr*, Done> done_;
  std::unordered_set<const Expr*> keyed_;  // aggregates over sort keys
  std::map<Oid, Kind> kinds_;
};

}  // namespace luma
