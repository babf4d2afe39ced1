// Event triggers: what a data definition has done is told to the functions that wait for it.
#include "sql/catalog/event_trigger.h"
#include "sql/catalog/object_set.h"
#include "sql/command/command_log.h"
#include "sql/command/command_tag.h"
#include "sql/session/routine_frame.h"
#include "sql/session/session_parts.h"

namespace luma {
namespace {

// `before` with what other transactions have committed meanwhile, between `former` and `committed`.
CatalogPtr rebased(const CatalogPtr& before, const CatalogPtr& former,
                   const CatalogPtr& committed) {
  if (former->version() == committed->version()) return before;
  auto local = std::make_shared<ObjectSet>(*before->local_objects());
  auto is_own = [&](const ObjectAddress& address) {
    return before->share(address) != former->share(address);
  };
  committed->local_objects()->for_each([&](const ObjectPtr& object) {
    const ObjectAddress address = object->address();
    if (former->share(address) != object && !is_own(address)) local->put(object);
  });
  former->local_objects()->for_each([&](const ObjectPtr& object) {
    const ObjectAddress address = object->address();
    if (committed->share(address) == nullptr && !is_own(address)) {
      local->erase({address.class_id, address.oid});
    }
  });
  return std::make_shared<Catalog>(before->database_oid(), before->version(),
                                   before->shared_objects(), std::move(local));
}

bool fires(const EventTrigger& trigger, const EventTriggerData& data, bool replays_changes) {
  if (trigger.event != data.event || trigger.enabled == 'D') return false;
  if (trigger.enabled == (replays_changes ? 'O' : 'R')) return false;
  return trigger.tags.empty() || std::ranges::find(trigger.tags, data.tag) != trigger.tags.end();
}

template <typename T>
class Restored {
 public:
  Restored(T& place, T value) : place_(place), old_(std::exchange(place, std::move(value))) {}
  ~Restored() { place_ = std::move(old_); }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  T& place_;
  T old_;
};

}  // namespace

void SqlSession::Routines::fire_event(const EventTriggerData& data) {
  StatementEnvironment& environment = session_.environment_;
  CatalogPtr catalog = environment.share_view();
  for (const EventTrigger* trigger : all_event_triggers(*catalog)) {
    if (!fires(*trigger, data, environment.replays_changes())) continue;
    environment.refresh();
    const Function& function = require_function(trigger->function);
    CompiledPtr compiled = compile(function, {}, function.result);
    Frame frame(*this, function);
    Restored<const EventTriggerData*> current(event_, &data);
    PlRun(*this, conversions_, compiled->tree).call_event_trigger(data.event, data.tag);
  }
  environment.refresh();
}

std::string SqlSession::Routines::with_event_triggers(const ast::Node* node,
                                                      const std::function<std::string()>& run) {
  StatementEnvironment& environment = session_.environment_;
  if (!has_event_triggers(environment.catalog())) return run();
  std::string tag = command_tag(node);
  if (!fires_event_triggers(tag) || !is_of_one_database(node)) return run();
  // Functions run on workers; the statement must not be half done when that is found out.
  if (session_.inline_) throw WouldBlock{};
  EventTriggerData data;
  data.tag = tag;
  data.event = "ddl_command_start";
  fire_event(data);

  const CatalogStore& store = session_.instance_.catalog();
  CatalogPtr former = store.snapshot(environment.database());
  CatalogPtr before = environment.share_view();
  std::string result;
  {
    Restored<std::string> rewriting(rewriting_tag_, tag);
    result = run();
  }
  environment.refresh();
  CatalogPtr after = environment.share_view();
  before = rebased(before, former, store.snapshot(environment.database()));
  const SearchPath path = environment.search_path();
  data.dropped = logged_drops(node, *before, *after, path);
  if (!data.dropped.empty()) {
    data.event = "sql_drop";
    fire_event(data);
  }
  data.event = "ddl_command_end";
  data.commands = logged_commands(node, tag, *before, *after, path);
  fire_event(data);
  return result;
}

void SqlSession::Routines::fire_table_rewrite(Oid table, int32_t reason) {
  if (!may_rewrite_tables(rewriting_tag_)) return;
  EventTriggerData data;
  data.tag = rewriting_tag_;
  data.event = "table_rewrite";
  data.rewritten_table = table;
  data.rewrite_reason = reason;
  fire_event(data);
}

}  // namespace luma
