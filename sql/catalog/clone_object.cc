#include "sql/catalog/clone_object.h"

#include "engine/base/sql_error.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/event_trigger.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/statistics.h"
#include "sql/catalog/text_search_objects.h"

namespace luma {

std::shared_ptr<CatalogObject> clone_object(const CatalogObject& object) {
  switch (object.kind) {
    case ObjectKind::kDatabase:
      return std::make_shared<Database>(static_cast<const Database&>(object));
    case ObjectKind::kRole:
      return std::make_shared<Role>(static_cast<const Role&>(object));
    case ObjectKind::kSchema:
      return std::make_shared<Schema>(static_cast<const Schema&>(object));
    case ObjectKind::kTable:
      return std::make_shared<Table>(static_cast<const Table&>(object));
    case ObjectKind::kIndex:
      return std::make_shared<Index>(static_cast<const Index&>(object));
    case ObjectKind::kSequence:
      return std::make_shared<Sequence>(static_cast<const Sequence&>(object));
    case ObjectKind::kType:
      return std::make_shared<Type>(static_cast<const Type&>(object));
    case ObjectKind::kDefaultAcl:
      return std::make_shared<DefaultAcl>(static_cast<const DefaultAcl&>(object));
    case ObjectKind::kAccessList:
      return std::make_shared<AccessList>(static_cast<const AccessList&>(object));
    case ObjectKind::kFunction:
      return std::make_shared<Function>(static_cast<const Function&>(object));
    case ObjectKind::kStatistics:
      return std::make_shared<TableStatisticsObject>(
          static_cast<const TableStatisticsObject&>(object));
    case ObjectKind::kExtension:
      return std::make_shared<Extension>(static_cast<const Extension&>(object));
    case ObjectKind::kOperator:
      return std::make_shared<UserOperator>(static_cast<const UserOperator&>(object));
    case ObjectKind::kCast:
      return std::make_shared<Cast>(static_cast<const Cast&>(object));
    case ObjectKind::kExtendedStatistics:
      return std::make_shared<ExtendedStatistics>(static_cast<const ExtendedStatistics&>(object));
    case ObjectKind::kTextDictionary:
      return std::make_shared<TextDictionaryObject>(
          static_cast<const TextDictionaryObject&>(object));
    case ObjectKind::kTextConfiguration:
      return std::make_shared<TextConfigurationObject>(
          static_cast<const TextConfigurationObject&>(object));
    case ObjectKind::kCollation:
      return std::make_shared<CollationObject>(static_cast<const CollationObject&>(object));
    case ObjectKind::kEventTrigger:
      return std::make_shared<EventTrigger>(static_cast<const EventTrigger&>(object));
    case ObjectKind::kOperatorFamily:
      return std::make_shared<OperatorFamily>(static_cast<const OperatorFamily&>(object));
    case ObjectKind::kOperatorClass:
      return std::make_shared<OperatorClass>(static_cast<const OperatorClass&>(object));
  }
  LUMA_CHECK(false);
}

}  // namespace luma
