// INSERT of many rows of literals: planned once, as of one row of parameters, and run over all.
#include "engine/base/sql_error.h"
#include "sql/copy/value_reader.h"
#include "sql/optimize/cost_model.h"
#include "sql/session/repeatable.h"
#include "sql/session/session_parts.h"

namespace luma {

namespace {

// What a statement may leave behind for the next one.
constexpr size_t kKeptLiterals = size_t{1} << 16;

Oid type_of(RowLiteralKind kind) {
  switch (kind) {
    case RowLiteralKind::kBool:
      return type_oid::kBool;
    case RowLiteralKind::kInteger:
      return type_oid::kInt4;
    case RowLiteralKind::kBigint:
      return type_oid::kInt8;
    case RowLiteralKind::kNumeric:
      return type_oid::kNumeric;
    case RowLiteralKind::kNull:
    case RowLiteralKind::kString:
      break;
  }
  return type_oid::kUnknown;
}

std::string_view without_doubled_quotes(std::string_view text, Arena& arena) {
  char* out = arena.allocate_bytes(text.size());
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    out[size++] = text[i];
    if (text[i] == '\'') ++i;
  }
  return {out, size};
}

}  // namespace

bool SqlSession::literals_begin_with_row() const {
  if (literals_.size() < literal_rows_.width) return false;
  for (uint32_t i = 0; i < literal_rows_.width; ++i) {
    if (static_cast<size_t>(literals_[i].byte_offset) != literal_rows_.literal_offset(i)) {
      return false;
    }
  }
  return true;
}

// The plan for literal_rows_, from the cache when it is there. nullptr when it cannot be had.
CachedQueryPtr SqlSession::plan_of_literal_rows() {
  const LiteralRows& rows = literal_rows_;
  // Every literal behind the rows is a parameter of its own.
  if (!normalize_literals(rows.one_row, key_, literals_) || !literals_begin_with_row()) {
    return nullptr;
  }
  key_ += " rows ";
  for (RowLiteralKind kind : rows.kinds) key_ += "nuibds"[static_cast<int>(kind)];
  if (CachedQueryPtr query = cache_.find(key_)) return query;
  if (mentions_present_time(key_)) return nullptr;
  std::vector<Oid> types;
  for (RowLiteralKind kind : rows.kinds) types.push_back(type_of(kind));
  for (size_t i = rows.width; i < literals_.size(); ++i) {
    types.push_back(type_of_literal(literals_[i]));
  }
  CachedQueryPtr query = make_query(key_, types);
  query->takes_parameter_rows = query->for_literals = true;
  ParseResult parsed = parse_sql(query->text, query->arena, {});
  if (parsed.statements.size() != 1) return nullptr;
  set_statement(*query, parsed.statements[0].node);
  if (query->kind != StatementKind::kPlan) return nullptr;
  give_back(*query, acquire(*query));
  if (query->spare == nullptr || query->spare->plan().parameter_rows == nullptr ||
      query->parameter_types.size() != literals_.size()) {
    return nullptr;
  }
  cache_.insert(key_, query, settings_.vars().plan_cache_size);
  return query;
}

// The literals as vectors, and those behind the rows as parameters. False for types that need more.
bool SqlSession::read_literal_rows(PlanRun& run) {
  const LiteralRows& rows = literal_rows_;
  const std::vector<TypeRef>& types = run.plan().parameter_types;
  std::vector<ValueReader> readers;
  std::vector<PhysicalType> physical;
  for (uint32_t i = 0; i < rows.width; ++i) {
    if (type_info(types[i].oid).type_type == 'd') return false;  // its constraints are not ours
    readers.emplace_back(types[i], environment_.io());
    physical.push_back(type_info(types[i].oid).physical);
  }
  size_t chunks = (rows.size() + kVectorSize - 1) / kVectorSize;
  literal_chunks_.clear();
  const RowLiteral* literal = rows.literals.data();
  for (size_t c = 0; c < chunks; ++c) {
    Chunk& chunk = literal_chunks_.emplace_back();
    auto size = static_cast<uint32_t>(std::min<size_t>(kVectorSize, rows.size() - c * kVectorSize));
    chunk.init(physical, size);
    chunk.begin();
    chunk.size = size;
    for (uint32_t i = 0; i < rows.width; ++i) readers[i].begin(chunk.columns[i]);
    for (uint32_t row = 0; row < size; ++row) {
      for (uint32_t i = 0; i < rows.width; ++i, ++literal) {
        if (literal->kind == RowLiteralKind::kNull) {
          readers[i].read_null(row);
        } else {
          std::string_view text = literal->view();
          if (literal->has_doubled_quote) text = without_doubled_quotes(text, run.arena());
          readers[i].read_text(row, text, run.arena());
        }
      }
    }
  }
  for (size_t i = rows.width; i < literals_.size(); ++i) {
    run.parameters()[i] = read_literal(literals_[i], types[i], run.arena());
  }
  return true;
}

// False, before anything has happened, when the statement has to be taken as it is; it then has the
// error to report, if there is one.
bool SqlSession::run_literal_rows(std::string_view sql, RowReceiver& receiver) {
  if (settings_.vars().plan_cache_size == 0 || !settings_.vars().standard_conforming_strings ||
      !find_literal_rows(sql, literal_rows_)) {
    return false;
  }
  const double cost = static_cast<double>(literal_rows_.size()) * cost::kModifyRow;
  if (inline_ && cost > settings_.vars().inline_cost_limit) {
    throw WouldBlock{};
  }
  CachedQueryPtr query;
  std::unique_ptr<PlanRun> run;
  bool done = repeatable([&] {
    std::string tag;
    try {
      query = plan_of_literal_rows();
      if (query == nullptr) return false;
      run = acquire(*query);
      if (run->plan().parameter_rows == nullptr ||
          query->parameter_types.size() != literals_.size()) {
        return false;
      }
      ensure_transaction();
      if (!read_literal_rows(*run)) return false;
    } catch (const SqlError&) {
      return false;
    }
    run->plan().parameter_rows->set_rows(&literal_chunks_);
    try {
      tag = run_plan(*run, &receiver);
    } catch (const PlanChanged&) {
      return false;
    } catch (SqlError& error) {
      error.byte_offset = -1;  // counted in the key
      throw;
    } catch (const WouldBlock&) {
      give_back(*query, std::move(run));
      throw;
    }
    finish_implicit(true);
    live_->end_statement(tag);
    receiver.complete(tag);
    return true;
  });
  if (query != nullptr) give_back(*query, std::move(run));
  if (literal_rows_.literals.capacity() > kKeptLiterals) literal_rows_ = {};
  literal_chunks_.clear();
  return done;
}

}  // namespace luma
