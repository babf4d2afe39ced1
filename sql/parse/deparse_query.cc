#include "engine/base/sql_error.h"
#include "sql/parse/deparser.h"

namespace luma::parse {

using ast::NodeTag;

bool Deparser::query(const ast::Node* node) {
  switch (node->tag) {
    case NodeTag::kSelectStmt:
      select(*ast::as<ast::SelectStmt>(node));
      return true;
    case NodeTag::kInsertStmt:
      insert(*ast::as<ast::InsertStmt>(node));
      return true;
    case NodeTag::kUpdateStmt:
      update(*ast::as<ast::UpdateStmt>(node));
      return true;
    case NodeTag::kDeleteStmt:
      delete_from(*ast::as<ast::DeleteStmt>(node));
      return true;
    case NodeTag::kMergeStmt:
      merge(*ast::as<ast::MergeStmt>(node));
      return true;
    case NodeTag::kResTarget:
      select_target(*ast::as<ast::ResTarget>(node));
      return true;
    case NodeTag::kGroupingSet:
      grouping_set(*ast::as<ast::GroupingSet>(node));
      return true;
    case NodeTag::kReturnStmt:
      clause("RETURN ", ast::as<ast::ReturnStmt>(node)->returnval);
      return true;
    default:
      return false;
  }
}

void Deparser::select(const ast::SelectStmt& node) {
  int32_t indent = indent_;
  with(node.with_clause);
  if (node.op == ast::SetOperation::kNone) {
    if (in_lines()) {
      indent_ += kQueryIndent;
      put(" ");
    }
    select_core(node);
  } else {
    static constexpr std::string_view kOperations[] = {"", "UNION ", "INTERSECT ", "EXCEPT "};
    bool same = node.larg->op == node.op && node.larg->all == node.all;
    set_operand(*node.larg, same, "");
    in_lines() ? new_line(0, 0) : put(" ");
    put(kOperations[static_cast<size_t>(node.op)], node.all ? "ALL " : "");
    set_operand(*node.rarg, false, "\n");
  }
  select_tail(node);
  indent_ = indent;
}

// `lead`: what separates it from the operator before it, where there are lines.
void Deparser::set_operand(const ast::SelectStmt& node, bool same_operation,
                           std::string_view lead) {
  bool plain = node.sort_clause.empty() && node.limit_count == nullptr &&
               node.limit_offset == nullptr && node.locking_clause.empty() &&
               node.with_clause == nullptr;
  bool nested = node.op != ast::SetOperation::kNone;
  if (!plain || (nested && !in_lines())) {
    if (!lead.empty()) new_line(0, 0);
    parenthesized(&node);
    return;
  }
  int32_t indent = indent_;
  if (!nested) {
    if (!lead.empty()) new_line(0, 0);
    if (in_lines()) {
      indent_ += kQueryIndent;
      put(" ");
    }
    select_core(node);
  } else if (same_operation) {
    select(node);
  } else {
    put("(");
    indent_ += kQueryIndent;
    new_line(0, 0);
    select(node);
    indent_ = indent;
    new_line(0, 0);
    put(lead.empty() ? ") " : ")");
  }
  indent_ = indent;
}

void Deparser::select_core(const ast::SelectStmt& node) {
  if (!node.values_lists.empty()) {
    put("VALUES ");
    for (size_t i = 0; i < node.values_lists.size(); ++i) {
      put(i > 0 ? ", (" : "(");
      list(ast::as<ast::ListNode>(node.values_lists[i])->items, in_lines() ? "," : ", ");
      put(")");
    }
    return;
  }
  put("SELECT");
  if (!node.distinct_clause.empty()) {
    put(" DISTINCT");
    if (node.distinct_clause.front() != nullptr) {
      sort_keys(" ON (", node.distinct_clause);
      put(")");
    }
  }
  list_in_lines(" ", node.target_list);
  if (node.into_clause != nullptr) into(*node.into_clause);
  if (!node.from_clause.empty()) new_line(kQueryIndent, 2);
  list_in_lines(" FROM ", node.from_clause);
  if (node.where_clause != nullptr) new_line(kQueryIndent, 1);
  clause(" WHERE ", node.where_clause);
  if (!node.group_clause.empty()) new_line(kQueryIndent, 1);
  sort_keys(node.group_distinct ? " GROUP BY DISTINCT " : " GROUP BY ", node.group_clause);
  if (node.having_clause != nullptr) new_line(kQueryIndent, 0);
  clause(" HAVING ", node.having_clause);
  if (!node.window_clause.empty()) new_line(kQueryIndent, 1);
  for (size_t i = 0; i < node.window_clause.size(); ++i) {
    const auto& definition = *ast::as<ast::WindowDef>(node.window_clause[i]);
    put(i > 0 ? ", " : " WINDOW ");
    identifier(definition.name);
    put(" AS ");
    window(definition);
  }
}

void Deparser::select_tail(const ast::SelectStmt& node) {
  if (!node.sort_clause.empty()) new_line(kQueryIndent, 1);
  clause(" ORDER BY ", node.sort_clause);
  if (node.limit_offset != nullptr) new_line(kQueryIndent, 0);
  clause(" OFFSET ", node.limit_offset);
  if (node.limit_count != nullptr) {
    new_line(kQueryIndent, 0);
    const auto* all = ast::try_as<ast::AConst>(node.limit_count);
    if (node.limit_option == ast::LimitOption::kWithTies) {
      put(" FETCH FIRST ");
      parenthesized(node.limit_count);
      put(" ROWS WITH TIES");
    } else if (all != nullptr && all->isnull()) {
      put(" LIMIT ALL");
    } else {
      clause(" LIMIT ", node.limit_count);
    }
  }
  for (const ast::Node* item : node.locking_clause) {
    new_line(kQueryIndent, 0);
    locking(*ast::as<ast::LockingClause>(item));
  }
}

void Deparser::into(const ast::IntoClause& node) {
  put(" INTO ");
  if (node.rel->relpersistence == 't') put("TEMPORARY ");
  if (node.rel->relpersistence == 'u') put("UNLOGGED ");
  put("TABLE ");
  table(*node.rel);
}

void Deparser::locking(const ast::LockingClause& node) {
  static constexpr std::string_view kStrengths[] = {"", " FOR KEY SHARE", " FOR SHARE",
                                                    " FOR NO KEY UPDATE", " FOR UPDATE"};
  put(kStrengths[static_cast<size_t>(node.strength)]);
  clause(" OF ", node.locked_rels);
  if (node.wait_policy == ast::LockWaitPolicy::kSkip) put(" SKIP LOCKED");
  if (node.wait_policy == ast::LockWaitPolicy::kError) put(" NOWAIT");
}

void Deparser::with(const ast::WithClause* node) {
  if (node == nullptr) return;
  if (in_lines()) {
    indent_ += kQueryIndent;
    put(" ");
  }
  put(node->recursive ? "WITH RECURSIVE " : "WITH ");
  for (size_t i = 0; i < node->ctes.size(); ++i) {
    if (i > 0) put(", ");
    common_table(*ast::as<ast::CommonTableExpr>(node->ctes[i]));
  }
  if (in_lines()) {
    indent_ -= kQueryIndent;
    new_line(0, 0);
  } else {
    put(" ");
  }
}

void Deparser::common_table(const ast::CommonTableExpr& node) {
  identifier(node.ctename);
  if (!node.aliascolnames.empty()) {
    put(in_lines() ? "(" : " (");
    names(node.aliascolnames);
    put(")");
  }
  put(" AS ");
  if (node.ctematerialized == ast::CTEMaterialize::kAlways) put("MATERIALIZED ");
  if (node.ctematerialized == ast::CTEMaterialize::kNever) put("NOT MATERIALIZED ");
  put("(");
  new_line(0, 0);
  this->node(node.ctequery);
  new_line(0, 0);
  put(")");
  if (const auto* search = node.search_clause) {
    put(search->search_breadth_first ? " SEARCH BREADTH FIRST BY " : " SEARCH DEPTH FIRST BY ");
    names(search->search_col_list);
    put(" SET ");
    identifier(search->search_seq_column);
  }
  if (const auto* cycle = node.cycle_clause) {
    put(" CYCLE ");
    names(cycle->cycle_col_list);
    put(" SET ");
    identifier(cycle->cycle_mark_column);
    put(" TO ");
    typed_constant(cycle->cycle_mark_value);
    put(" DEFAULT ");
    typed_constant(cycle->cycle_mark_default);
    put(" USING ");
    identifier(cycle->cycle_path_column);
  }
}

void Deparser::grouping_set(const ast::GroupingSet& node) {
  static constexpr std::string_view kKinds[] = {"(", "(", "ROLLUP(", "CUBE(", "GROUPING SETS ("};
  put(kKinds[static_cast<size_t>(node.kind)]);
  for (size_t i = 0; i < node.content.size(); ++i) {
    const ast::Node* item = node.content[i];
    if (i > 0) put(", ");
    bool single = !ast::is<ast::GroupingSet>(item) && !ast::is<ast::RowExpr>(item);
    if (node.kind == ast::GroupingSetKind::kSets && single) {
      parenthesized(item);
    } else {
      sort_key(item);
    }
  }
  put(")");
}

void Deparser::select_target(const ast::ResTarget& node) {
  this->node(node.val);
  if (node.name.data() != nullptr) {
    put(" AS ");
    identifier(node.name);
  }
}

void Deparser::target_column(const ast::ResTarget& node) {
  identifier(node.name);
  indirection(node.indirection);
}

void Deparser::returning(const ast::NodeList& targets) {
  if (!targets.empty()) new_line(kQueryIndent, 1);
  list_in_lines(" RETURNING ", targets);
}

void Deparser::insert(const ast::InsertStmt& node) {
  with(node.with_clause);
  const int32_t indent = begin_statement();
  put("INSERT INTO ");
  this->node(node.relation);
  for (size_t i = 0; i < node.cols.size(); ++i) {
    put(i > 0 ? ", " : " (");
    target_column(*ast::as<ast::ResTarget>(node.cols[i]));
  }
  if (!node.cols.empty()) put(")");
  if (node.override_ == ast::OverridingKind::kUserValue) put(" OVERRIDING USER VALUE");
  if (node.override_ == ast::OverridingKind::kSystemValue) put(" OVERRIDING SYSTEM VALUE");
  if (node.select_stmt == nullptr) {
    put(" DEFAULT VALUES");
  } else {
    insert_source(*ast::as<ast::SelectStmt>(node.select_stmt));
  }
  if (node.on_conflict_clause != nullptr) on_conflict(*node.on_conflict_clause);
  returning(node.returning_list);
  indent_ = indent;
}

int32_t Deparser::begin_statement() {
  const int32_t indent = indent_;
  if (in_lines()) {
    indent_ += kQueryIndent;
    put(" ");
  }
  return indent;
}

void Deparser::insert_source(const ast::SelectStmt& source) {
  if (!in_lines() || source.values_lists.empty()) {
    clause(" ", &source);
    return;
  }
  // One row has a line of its own, several are a query.
  if (source.values_lists.size() == 1) {
    new_line(kQueryIndent, 2);
    clause("VALUES (", ast::as<ast::ListNode>(source.values_lists[0])->items);
    put(")");
    return;
  }
  put(" ");
  select_core(source);
}

void Deparser::on_conflict(const ast::OnConflictClause& node) {
  put(" ON CONFLICT");
  if (const auto* infer = node.infer) {
    if (infer->conname.data() != nullptr) {
      put(" ON CONSTRAINT ");
      identifier(infer->conname);
    } else {
      for (size_t i = 0; i < infer->index_elems.size(); ++i) {
        put(i > 0 ? ", " : in_lines() ? "(" : " (");
        infer_element(*ast::as<ast::IndexElem>(infer->index_elems[i]));
      }
      put(")");
    }
    if (infer->where_clause != nullptr) new_line(kQueryIndent, 1);
    clause(" WHERE ", infer->where_clause);
  }
  if (node.action == ast::OnConflictAction::kNothing) {
    put(" DO NOTHING");
    return;
  }
  put(" DO UPDATE SET ");
  assignments(node.target_list);
  if (node.where_clause != nullptr) new_line(kQueryIndent, 1);
  clause(" WHERE ", node.where_clause);
}

void Deparser::infer_element(const ast::IndexElem& node) {
  if (node.expr == nullptr) {
    identifier(node.name);
  } else {
    parenthesized(node.expr);
  }
  if (!node.collation.empty()) {
    put(" COLLATE ");
    qualified(node.collation);
  }
  if (!node.opclass.empty()) {
    put(" ");
    qualified(node.opclass);
  }
  if (!node.opclassopts.empty()) throw unsupported("writing operator class options as SQL");
  if (node.ordering == ast::SortByDir::kAsc) put(" ASC");
  if (node.ordering == ast::SortByDir::kDesc) put(" DESC");
  if (node.nulls_ordering == ast::SortByNulls::kFirst) put(" NULLS FIRST");
  if (node.nulls_ordering == ast::SortByNulls::kLast) put(" NULLS LAST");
}

void Deparser::assignments(const ast::NodeList& targets) {
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto& target = *ast::as<ast::ResTarget>(targets[i]);
    if (i > 0) put(", ");
    const auto* multiple = ast::try_as<ast::MultiAssignRef>(target.val);
    if (multiple == nullptr) {
      target_column(target);
      clause(" = ", target.val);
      continue;
    }
    for (int32_t column = 0; column < multiple->ncolumns; ++column) {
      put(column > 0 ? ", " : "(");
      target_column(*ast::as<ast::ResTarget>(targets[i + static_cast<size_t>(column)]));
    }
    clause(") = ", multiple->source);
    i += static_cast<size_t>(multiple->ncolumns) - 1;
  }
}

void Deparser::update(const ast::UpdateStmt& node) {
  with(node.with_clause);
  const int32_t indent = begin_statement();
  put("UPDATE ");
  this->node(node.relation);
  put(" SET ");
  assignments(node.target_list);
  if (!node.from_clause.empty()) new_line(kQueryIndent, 2);
  list_in_lines(" FROM ", node.from_clause);
  if (node.where_clause != nullptr) new_line(kQueryIndent, 1);
  clause(" WHERE ", node.where_clause);
  returning(node.returning_list);
  indent_ = indent;
}

void Deparser::delete_from(const ast::DeleteStmt& node) {
  with(node.with_clause);
  const int32_t indent = begin_statement();
  put("DELETE FROM ");
  this->node(node.relation);
  if (!node.using_clause.empty()) new_line(kQueryIndent, 2);
  list_in_lines(" USING ", node.using_clause);
  if (node.where_clause != nullptr) new_line(kQueryIndent, 1);
  clause(" WHERE ", node.where_clause);
  returning(node.returning_list);
  indent_ = indent;
}

void Deparser::merge(const ast::MergeStmt& node) {
  with(node.with_clause);
  put("MERGE INTO ");
  this->node(node.relation);
  clause(" USING ", node.source_relation);
  clause(" ON ", node.join_condition);
  for (const ast::Node* item : node.merge_when_clauses) {
    merge_when(*ast::as<ast::MergeWhenClause>(item));
  }
}

void Deparser::merge_when(const ast::MergeWhenClause& node) {
  put(node.matched ? " WHEN MATCHED" : " WHEN NOT MATCHED");
  clause(" AND ", node.condition);
  put(" THEN ");
  switch (node.command_type) {
    case ast::CmdType::kUpdate:
      put("UPDATE SET ");
      assignments(node.target_list);
      return;
    case ast::CmdType::kDelete:
      put("DELETE");
      return;
    case ast::CmdType::kInsert:
      break;
    default:
      put("DO NOTHING");
      return;
  }
  put("INSERT");
  for (size_t i = 0; i < node.target_list.size(); ++i) {
    put(i > 0 ? ", " : " (");
    target_column(*ast::as<ast::ResTarget>(node.target_list[i]));
  }
  if (!node.target_list.empty()) put(")");
  if (node.override_ == ast::OverridingKind::kUserValue) put(" OVERRIDING USER VALUE");
  if (node.override_ == ast::OverridingKind::kSystemValue) put(" OVERRIDING SYSTEM VALUE");
  if (node.values.empty()) {
    put(" DEFAULT VALUES");
  } else {
    clause(" VALUES (", node.values);
    put(")");
  }
}

}  // namespace luma::parse
