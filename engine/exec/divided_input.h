#pragma once
// Parallel execution. An operator that reads all of its child's rows before it gives any (an
// aggregation, a sort, the build side of a join) may have the child divided: siblings of it, one a
// thread, share hash tables and the pieces of the source, and each thread's rows go into state of
// its own that is merged afterwards. To the rest of the plan this is one call that takes its time:
// when it returns, no other thread is at work, so nothing else needs to know of threads.
//
// What is divided: pipelines of scans, filters, projections and join probes, without anything
// volatile or of the session's (engine/exec/parallel_safety.h). Workers have contexts of their own,
// with arenas and exec parameters of their own. The first error wins; the others end at their next
// chunk.
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/exec/operator.h"

namespace luma {

// Thrown in workers whose work is not wanted any more; never leaves run().
struct WorkAbandoned {};

// Contexts of the threads that work on one part of a plan. Belongs to the statement's thread.
class WorkerTeam {
 public:
  WorkerTeam(ExecContext& context, size_t size);
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;

  size_t size() const { return members_.size(); }
  // EXPLAIN ANALYZE wants to know who did what.
  bool is_instrumented() const { return members_.front()->context.instrument; }
  // Calls work(i, context of i) for each i < count, each on one thread, as many at once as there
  // are threads; returns when all are done. Throws the first error.
  void run(size_t count, const std::function<void(size_t, ExecContext&)>& work);
  void run(const std::function<void(size_t, ExecContext&)>& work) { run(size(), work); }

 private:
  struct Member {
    explicit Member(const ExecContext& context);
    Arena arena;  // what results of functions may point into
    std::vector<Value> exec_parameters;
    ExecContext context;
  };
  void fail(std::exception_ptr error);

  WorkerThreads& threads_;
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<bool> abandoned_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
};

// The siblings of an operator that was divided, and who runs them.
class DividedInput {
 public:
  // Null when `input` (open, nothing read yet) cannot be divided, or is not worth it, or nobody is
  // there to help: then it is read as usual.
  static std::unique_ptr<DividedInput> make(Operator& input, ExecContext& context);
  ~DividedInput();

  size_t size() const { return siblings_.size(); }
  WorkerTeam& team() { return team_; }
  Operator& sibling(size_t i) { return *siblings_[i]; }
  // Reads all rows: consume(i, chunk, context) gets those of sibling i.
  using Consume = std::function<void(size_t, const Chunk&, ExecContext&)>;
  void read(const Consume& consume);

 private:
  DividedInput(Operator& input, ExecContext& context, size_t size);
  Operator& input_;
  WorkerTeam team_;
  std::vector<OperatorPtr> siblings_;
};

}  // namespace luma
