#pragma once
// Thrown where inline execution on an event loop would have to wait: a row lock that somebody
// holds, a spill, a large scan. Deliberately no std::exception, so that no handler of errors takes
// it for one. The message being processed is undone and processed again on a worker thread, where
// waiting is fine.

namespace luma {

struct WouldBlock {};

}  // namespace luma
