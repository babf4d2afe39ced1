#include "sql/catalog/comments.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "sql/catalog/fact_table.h"

namespace luma {
namespace {

Oid number(std::string_view text) {
  Oid value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

using Comments = std::unordered_map<uint64_t, std::string_view>;

const Comments& builtin_comments() {
  static const Comments comments = [] {
    Comments out;
    const FactTable& facts = fact_table("pg_description");
    for (size_t i = 0; i < facts.row_count(); ++i) {
      auto f = facts.row(i);
      out.emplace(uint64_t{number(f[1])} << 32 | number(f[0]), f[3]);
    }
    return out;
  }();
  return comments;
}

std::optional<std::string> text_or_none(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

std::optional<std::string> object_comment(const Catalog& catalog, const ObjectAddress& address) {
  if (address.class_id == kInvalidOid) {
    for (Oid class_id :
         {class_oid::kRelation, class_oid::kConstraint, class_oid::kType, class_oid::kSchema,
          class_oid::kProc, class_oid::kOperator, class_oid::kAm}) {
      if (auto found = object_comment(catalog, {class_id, address.oid, 0})) return found;
    }
    return std::nullopt;
  }
  if (address.class_id == class_oid::kConstraint) {
    const Table* table = catalog.table_of_constraint(address.oid);
    return table == nullptr ? std::nullopt
                            : text_or_none(table->find_constraint(address.oid)->comment);
  }
  if (address.class_id == class_oid::kPolicy) {
    const Table* table = catalog.table_of_policy(address.oid);
    if (table == nullptr) return std::nullopt;
    return text_or_none(std::ranges::find(table->policies, address.oid, &Policy::oid)->comment);
  }
  if (address.class_id == class_oid::kRewrite) {
    const Table* table = catalog.table_of_rule(address.oid);
    if (table == nullptr) return std::nullopt;
    return text_or_none(std::ranges::find(table->rules, address.oid, &Rule::oid)->comment);
  }
  if (address.class_id == class_oid::kTrigger) {
    const Table* table = catalog.table_of_trigger(address.oid);
    if (table == nullptr) return std::nullopt;
    return text_or_none(std::ranges::find(table->triggers, address.oid, &Trigger::oid)->comment);
  }
  if (address.sub_id != 0) {
    const Table* table = catalog.table(address.oid);
    const Column* column =
        table == nullptr ? nullptr : table->column(static_cast<int16_t>(address.sub_id));
    return column == nullptr ? std::nullopt : text_or_none(column->comment);
  }
  ObjectPtr object = catalog.share(address);
  if (object != nullptr) return text_or_none(object->comment);
  auto found = builtin_comments().find(uint64_t{address.class_id} << 32 | address.oid);
  return found == builtin_comments().end() ? std::nullopt
                                           : std::optional<std::string>(found->second);
}

}  // namespace luma
