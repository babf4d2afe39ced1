// pg_operator, pg_cast, pg_aggregate and what describes operator classes: PostgreSQL's rows, then
// those of the extensions that the database has, then what users have created.
#include "engine/type/type_info.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

// Nobody changes owners of extensions' operators: they are those of the extension.
const Extension* installed(const Catalog& catalog, std::string_view name) {
  return catalog.find_extension(name);
}

Oid function_oid(const Catalog& catalog, const Extension& extension, std::string_view name,
                 const std::vector<Oid>& types) {
  const Function* found = catalog.find_function(extension.schema, name, types);
  return found == nullptr ? kInvalidOid : found->oid;
}

Oid estimator_oid(std::string_view name) {
  if (name.empty()) return kInvalidOid;
  auto facts = proc_facts_named(name);
  return facts.empty() ? kInvalidOid : facts.front()->oid;
}

struct OperatorRow {
  OperatorFact fact;
  Oid owner = kBootstrapRole;
  Oid function = kInvalidOid, restrict_estimator = kInvalidOid, join_estimator = kInvalidOid;
};

void emit_operator(VirtualRow& row, const OperatorRow& o) {
  row.oid(o.fact.oid).text(o.fact.name).oid(o.fact.schema).oid(o.owner).letter(o.fact.kind);
  row.boolean(o.fact.can_merge).boolean(o.fact.can_hash);
  row.oid(o.fact.left).oid(o.fact.right).oid(o.fact.result);
  row.oid(o.fact.commutator).oid(o.fact.negator).oid(o.function);
  row.oid(o.restrict_estimator).oid(o.join_estimator).emit();
}

std::vector<Oid> operands(const OperatorFact& fact) {
  if (fact.left == kInvalidOid) return {fact.right};
  return {fact.left, fact.right};
}

template <typename Visit>
void for_each_opclass(const Catalog& catalog, const Visit& visit) {
  for (const ExtensionOpClassFact& row : extension_opclass_facts()) {
    if (const Extension* extension = installed(catalog, row.extension)) visit(row, *extension);
  }
}

// Of created families, and what was added to built-in ones.
template <typename Visit>
void for_each_member(const Catalog& catalog, const Visit& visit) {
  for (const OperatorFamily* family : created_operator_families(catalog)) {
    for (const OperatorFamily::Member& member : family->members) visit(*family, member);
  }
}

}  // namespace

void generate_pg_operator(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  for (const ExtensionOperatorFact& fact : extension_operator_facts()) {
    const Extension* extension = installed(catalog, fact.extension);
    if (extension == nullptr) continue;
    OperatorRow o{fact.fact(), extension->owner};
    o.fact.schema = extension->schema;
    o.function = function_oid(catalog, *extension, fact.function, operands(o.fact));
    o.restrict_estimator = estimator_oid(fact.restrict_estimator);
    o.join_estimator = estimator_oid(fact.join_estimator);
    emit_operator(row, o);
  }
  catalog.for_each_operator([&](const UserOperator& op) {
    OperatorRow o;
    o.fact.oid = op.oid;
    o.fact.name = op.name;
    o.fact.schema = op.schema;
    o.fact.kind = op.left == kInvalidOid ? 'l' : 'b';
    o.fact.can_merge = op.can_merge;
    o.fact.can_hash = op.can_hash;
    o.fact.left = op.left;
    o.fact.right = op.right;
    o.fact.result = op.result;
    o.fact.commutator = op.commutator;
    o.fact.negator = op.negator;
    o.owner = op.owner;
    o.function = op.function;
    o.restrict_estimator = op.restrict_estimator;
    o.join_estimator = op.join_estimator;
    emit_operator(row, o);
  });
}

void generate_pg_cast(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  for (const ExtensionCastFact& fact : extension_cast_facts()) {
    const Extension* extension = installed(catalog, fact.extension);
    if (extension == nullptr) continue;
    Oid source = find_type(fact.source)->oid;
    row.oid(fact.oid).oid(source).oid(find_type(fact.target)->oid);
    row.oid(fact.function.empty() ? kInvalidOid
                                  : function_oid(catalog, *extension, fact.function, {source}));
    row.letter(fact.context).letter(fact.function.empty() ? 'b' : 'f').emit();
  }
  catalog.for_each_cast([&](const Cast& cast) {
    row.oid(cast.oid).oid(cast.source).oid(cast.target).oid(cast.function);
    row.letter(cast.context).letter(cast.method).emit();
  });
}

void generate_pg_opclass(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  VirtualRow row(scan, sink);
  for_each_opclass(scan.catalog(), [&](const ExtensionOpClassFact& of, const Extension& extension) {
    OpClassFact fact = of.fact();
    row.oid(fact.oid).oid(fact.method).text(fact.name).oid(extension.schema).oid(extension.owner);
    row.oid(fact.family).oid(fact.input_type).boolean(fact.is_default).oid(fact.key_type).emit();
  });
  for (const OperatorClass* one : created_operator_classes(scan.catalog())) {
    row.oid(one->oid).oid(one->access_method).text(one->name).oid(one->schema).oid(one->owner);
    row.oid(one->family).oid(one->input).boolean(one->is_default).oid(one->stored).emit();
  }
}

void generate_pg_opfamily(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  VirtualRow row(scan, sink);
  for_each_opclass(scan.catalog(), [&](const ExtensionOpClassFact& of, const Extension& extension) {
    row.oid(of.family).oid(of.method).text(of.name).oid(extension.schema).oid(extension.owner);
    row.emit();
  });
  for (const OperatorFamily* one : created_operator_families(scan.catalog())) {
    if (one->oid < kFirstUserOid) continue;
    row.oid(one->oid).oid(one->access_method).text(one->name).oid(one->schema).oid(one->owner);
    row.emit();
  }
}

void generate_pg_amop(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  VirtualRow row(scan, sink);
  constexpr Oid kFirstOid = 15000, kPerClass = 12;
  for_each_opclass(scan.catalog(), [&](const ExtensionOpClassFact& of, const Extension&) {
    OpClassFact fact = of.fact();
    for (const ExtensionOpClassFact::Member& member : of.operators) {
      Oid right = member.right.empty() ? fact.input_type : find_type(member.right)->oid;
      Oid number = (fact.oid % 100) * kPerClass + static_cast<Oid>(member.number);
      row.oid(kFirstOid + number).oid(fact.family).oid(fact.input_type).oid(right);
      row.int2(member.number).letter('s').oid(opclass_operator(of, member)).oid(fact.method);
      row.oid(kInvalidOid).emit();
    }
  });
  for_each_member(scan.catalog(), [&](const OperatorFamily& family, const auto& member) {
    if (!member.is_operator) return;
    row.oid(member.oid).oid(family.oid).oid(member.left).oid(member.right).int2(member.number);
    row.letter(member.sort_family == kInvalidOid ? 's' : 'o').oid(member.target);
    row.oid(family.access_method).oid(member.sort_family).emit();
  });
}

void generate_pg_amproc(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  VirtualRow row(scan, sink);
  constexpr Oid kFirstOid = 16000, kPerClass = 5;
  for_each_opclass(scan.catalog(), [&](const ExtensionOpClassFact& of, const Extension& extension) {
    OpClassFact fact = of.fact();
    for (const ExtensionOpClassFact::Member& member : of.functions) {
      std::vector<Oid> types(of.method == kHashAm ? 1 : 2, fact.input_type);
      Oid number = (fact.oid % 100) * kPerClass + static_cast<Oid>(member.number);
      row.oid(kFirstOid + number).oid(fact.family).oid(fact.input_type).oid(fact.input_type);
      row.int2(member.number);
      row.oid(function_oid(scan.catalog(), extension, member.name, types)).emit();
    }
  });
  for_each_member(scan.catalog(), [&](const OperatorFamily& family, const auto& member) {
    if (member.is_operator) return;
    row.oid(member.oid).oid(family.oid).oid(member.left).oid(member.right).int2(member.number);
    row.oid(member.target).emit();
  });
}

void generate_pg_collation(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  VirtualRow row(scan, sink);
  constexpr int32_t kAnyEncoding = -1, kUtf8 = 6;
  for (const CollationObject* one : created_collations(scan.catalog())) {
    if (one->oid < kFirstUserOid) continue;
    row.oid(one->oid).text(one->name).oid(one->schema).oid(one->owner).letter(one->provider);
    row.boolean(one->deterministic).int4(one->provider == 'i' ? kAnyEncoding : kUtf8);
    row.text_or_null(one->collate).text_or_null(one->ctype).text_or_null(one->icu_locale);
    row.text_or_null(one->version).emit();
  }
}

void generate_pg_aggregate(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  VirtualRow row(scan, sink);
  scan.catalog().for_each_function([&](const Function& function) {
    if (!function.aggregate.has_value()) return;
    const Function::Aggregate& a = *function.aggregate;
    row.oid(function.oid).letter('n').int2(0).oid(a.transition).oid(a.final).oid(a.combine);
    row.oid(0).oid(0).oid(0).oid(0).oid(0);
    row.boolean(a.final_extra).boolean(false).letter(a.final_modify).letter('r');
    row.oid(a.sort_operator).oid(a.transition_type).int4(a.transition_space).oid(0).int4(0);
    row.optional_text(a.initial).null().emit();
  });
}

}  // namespace luma
