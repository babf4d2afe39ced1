#include "engine/base/work_counts.h"

namespace luma {

WorkCounts& thread_work() {
  static thread_local WorkCounts counts;
  return counts;
}

}  // namespace luma
