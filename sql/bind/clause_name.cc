#include "sql/bind/clause_name.h"

namespace luma {

std::string_view clause_name(Clause clause) {
  switch (clause) {
    case Clause::kSelect:
      return "SELECT";
    case Clause::kWhere:
      return "WHERE";
    case Clause::kHaving:
      return "HAVING";
    case Clause::kJoinOn:
      return "JOIN conditions";
    case Clause::kJoinUsing:
      return "JOIN/USING";
    case Clause::kGroupBy:
      return "GROUP BY";
    case Clause::kOrderBy:
      return "ORDER BY";
    case Clause::kDistinctOn:
      return "DISTINCT ON";
    case Clause::kLimit:
      return "LIMIT";
    case Clause::kOffset:
      return "OFFSET";
    case Clause::kValues:
      return "VALUES";
    case Clause::kFromFunction:
      return "functions in FROM";
    case Clause::kFromSubselect:
      return "FROM clause of their own query level";
    case Clause::kFilter:
      return "FILTER";
    case Clause::kWindowPartition:
      return "window PARTITION BY";
    case Clause::kWindowOrder:
      return "window ORDER BY";
    case Clause::kWindowFrame:
      return "window ROWS";
    case Clause::kInsertTarget:
      return "INSERT";
    case Clause::kUpdateSource:
      return "UPDATE";
    case Clause::kMergeWhen:
      return "MERGE WHEN conditions";
    case Clause::kReturning:
      return "RETURNING";
    case Clause::kCheck:
      return "check constraints";
    case Clause::kDefault:
      return "DEFAULT expressions";
    case Clause::kIndex:
      return "index expressions";
    case Clause::kIndexPredicate:
      return "index predicates";
    case Clause::kGenerated:
      return "column generation expressions";
    case Clause::kExecute:
      return "EXECUTE parameters";
    case Clause::kCopyWhere:
      return "COPY FROM WHERE conditions";
    case Clause::kCallArgument:
      return "CALL arguments";
    case Clause::kAlterColumnUsing:
      return "transform expressions";
    case Clause::kPolicy:
      return "policy expressions";
    case Clause::kTriggerWhen:
      return "trigger WHEN conditions";
    case Clause::kPartition:
      return "partition key expressions";
    case Clause::kOther:
      return "this expression";
  }
  return "this expression";
}

}  // namespace luma
