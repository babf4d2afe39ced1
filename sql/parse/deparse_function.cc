#include "sql/parse/deparser.h"

namespace luma::parse {

void Deparser::function(const ast::FuncCall& node) {
  bool done = node.funcformat == ast::CoercionForm::kSqlSyntax && sql_syntax(node);
  if (!done) {
    qualified(node.funcname);
    put("(");
    if (node.agg_distinct) put("DISTINCT ");
    if (node.agg_star) put("*");
    for (size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) put(", ");
      if (node.func_variadic && i + 1 == node.args.size()) put("VARIADIC ");
      this->node(node.args[i]);
    }
    if (!node.agg_within_group) clause(" ORDER BY ", node.agg_order);
    put(")");
    if (node.agg_within_group) {
      clause(" WITHIN GROUP (ORDER BY ", node.agg_order);
      put(")");
    }
  }
  if (node.agg_filter != nullptr) {
    clause(" FILTER (WHERE ", node.agg_filter);
    put(")");
  }
  if (node.over == nullptr) return;
  put(" OVER ");
  if (node.over->name.data() != nullptr) {
    identifier(node.over->name);
  } else {
    window(*node.over);
  }
}

// Calls that were written in the standard's own syntax. False for a function that has none.
bool Deparser::sql_syntax(const ast::FuncCall& node) {
  std::string_view name = node.funcname.back();
  const ast::NodeList& args = node.args;
  // NFC, ...: a keyword here, maybe stored with its type.
  auto form = [&](size_t i) {
    const auto* cast = ast::try_as<ast::TypeCast>(args[i]);
    put(ast::as<ast::AConst>(cast != nullptr ? cast->arg : args[i])->text);
  };
  if (name == "timezone") {
    operand(args[1]);
    put(" AT TIME ZONE ");
    operand(args[0]);
    return true;
  }
  if (name == "overlaps") {
    put("(");
    list({args.begin(), 2});
    put(") OVERLAPS (");
    list({args.begin() + 2, 2});
    put(")");
    return true;
  }
  if (name == "is_normalized") {
    operand(args[0]);
    put(" IS ");
    if (args.size() > 1) {
      form(1);
      put(" ");
    }
    put("NORMALIZED");
    return true;
  }
  if (name == "extract") {
    put("EXTRACT(");
    extract_field(args[0]);
    put(" FROM ");
    this->node(args[1]);
  } else if (name == "position") {
    put("POSITION(");
    parenthesized(args[1]);
    put(" IN ");
    parenthesized(args[0]);
  } else if (name == "normalize") {
    put("NORMALIZE(");
    this->node(args[0]);
    if (args.size() > 1) {
      put(", ");
      form(1);
    }
  } else if (name == "pg_collation_for") {
    put("COLLATION FOR (");
    this->node(args[0]);
  } else if (name == "xmlexists") {
    put("XMLEXISTS(");
    primary(args[0]);
    put(" PASSING ");
    primary(args[1]);
  } else if (name == "btrim" || name == "ltrim" || name == "rtrim") {
    put(name == "btrim" ? "TRIM(BOTH " : name == "ltrim" ? "TRIM(LEADING " : "TRIM(TRAILING ");
    if (args.size() > 1) {
      this->node(args[1]);
      put(" ");
    }
    put("FROM ");
    this->node(args[0]);
  } else if (name == "substring") {
    substring(node);
  } else if (name == "overlay") {
    overlay(node);
  } else {
    return false;
  }
  put(")");
  return true;
}

// The grammar takes names and strings here, so both are written as what they mean.
void Deparser::extract_field(const ast::Node* node) {
  const auto* typed = ast::try_as<ast::TypeCast>(node);
  const auto* field = ast::try_as<ast::AConst>(typed == nullptr ? node : typed->arg);
  if (field != nullptr && field->kind == ast::ConstKind::kString) {
    identifier(field->text);
  } else {
    this->node(node);
  }
}

void Deparser::substring(const ast::FuncCall& node) {
  put("SUBSTRING(");
  this->node(node.args[0]);
  put(" FROM ");
  this->node(node.args[1]);
  if (node.args.size() > 2) clause(" FOR ", node.args[2]);
}

void Deparser::overlay(const ast::FuncCall& node) {
  put("OVERLAY(");
  this->node(node.args[0]);
  clause(" PLACING ", node.args[1]);
  clause(" FROM ", node.args[2]);
  if (node.args.size() > 3) clause(" FOR ", node.args[3]);
}

void Deparser::sort_by(const ast::SortBy& node) {
  sort_key(node.node);
  switch (node.sortby_dir) {
    case ast::SortByDir::kDefault:
      break;
    case ast::SortByDir::kAsc:
      put(" ASC");
      break;
    case ast::SortByDir::kDesc:
      put(" DESC");
      break;
    case ast::SortByDir::kUsing:
      put(" USING ");
      operator_name(node.use_op);
      break;
  }
  if (node.sortby_nulls == ast::SortByNulls::kFirst) put(" NULLS FIRST");
  if (node.sortby_nulls == ast::SortByNulls::kLast) put(" NULLS LAST");
}

void Deparser::window(const ast::WindowDef& node) {
  put("(");
  std::string_view space;
  if (node.refname.data() != nullptr) {
    identifier(node.refname);
    space = " ";
  }
  if (!node.partition_clause.empty()) {
    put(space);
    sort_keys("PARTITION BY ", node.partition_clause);
    space = " ";
  }
  if (!node.order_clause.empty()) {
    put(space);
    clause("ORDER BY ", node.order_clause);
    space = " ";
  }
  if ((node.frame_options & ast::kFrameNondefault) != 0) {
    put(space);
    frame(node);
  }
  put(")");
}

void Deparser::frame(const ast::WindowDef& node) {
  int32_t options = node.frame_options;
  put((options & ast::kFrameRows) != 0
          ? "ROWS "
          : ((options & ast::kFrameGroups) != 0 ? "GROUPS " : "RANGE "));
  bool between = (options & ast::kFrameBetween) != 0;
  if (between) put("BETWEEN ");
  frame_bound(options, true, node.start_offset);
  if (between) {
    put(" AND ");
    frame_bound(options, false, node.end_offset);
  }
  if ((options & ast::kFrameExcludeCurrentRow) != 0) put(" EXCLUDE CURRENT ROW");
  if ((options & ast::kFrameExcludeGroup) != 0) put(" EXCLUDE GROUP");
  if ((options & ast::kFrameExcludeTies) != 0) put(" EXCLUDE TIES");
}

void Deparser::frame_bound(int32_t options, bool start, const ast::Node* offset) {
  // Each bit of an end bound is the next one after that of the start bound.
  auto has = [&](int32_t start_bit) {
    return (options & (start ? start_bit : start_bit << 1)) != 0;
  };
  if (has(ast::kFrameStartUnboundedPreceding)) {
    put("UNBOUNDED PRECEDING");
  } else if (has(ast::kFrameStartUnboundedFollowing)) {
    put("UNBOUNDED FOLLOWING");
  } else if (has(ast::kFrameStartCurrentRow)) {
    put("CURRENT ROW");
  } else {
    operand(offset);
    put(has(ast::kFrameStartOffsetPreceding) ? " PRECEDING" : " FOLLOWING");
  }
}

}  // namespace luma::parse
