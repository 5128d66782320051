// Shows ThreadSanitizer the order that gRPC's own locks and queues make: linked into every program of the TSan build.
// The packaged gRPC is not instrumented, and its mutexes (Abseil's) and its queues between threads are atomics inside
// its libraries, so that whatever one of our threads hands to gRPC, and gRPC to another of ours, would look like a
// race. These functions take the place of the libraries', call them, and say what they order.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdint>
#include <cstdlib>

namespace {

// As absl::Duration and absl::Time are passed.
struct Time {
  int64_t high;
  uint32_t low;
};

constexpr int kCancelConditionsOffsetBytes = 8;
constexpr int kOutstandingOffsetBytes = 12;

// The library's own function of that name.
template <typename Function>
Function* Next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

// Waiting releases the mutex and takes it again.
bool WaitUntil(bool (*next)(void*, void*, Time), void* condition, void* mutex, Time time) {
  __tsan_release(mutex);
  const bool timed_out = next(condition, mutex, time);
  __tsan_acquire(mutex);
  return timed_out;
}

}  // namespace

// Abseil's debian3 is an inline namespace of Debian 12; elsewhere these are names that nobody calls.
#define MUTEX "_ZN4absl7debian35Mutex"
#define CONDITION "_ZN4absl7debian37CondVar"
#define CALL "_ZN4grpc8internal18ServerCallbackCall"
#define QUEUE "_ZN9grpc_core32MultiProducerSingleConsumerQueue"

extern "C" {

void MutexLock(void* mutex) asm(MUTEX "4LockEv");
void MutexLock(void* mutex) {
  static auto* const next = Next<void(void*)>(MUTEX "4LockEv");
  next(mutex);
  __tsan_acquire(mutex);
}

bool MutexTryLock(void* mutex) asm(MUTEX "7TryLockEv");
bool MutexTryLock(void* mutex) {
  static auto* const next = Next<bool(void*)>(MUTEX "7TryLockEv");
  const bool locked = next(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void MutexUnlock(void* mutex) asm(MUTEX "6UnlockEv");
void MutexUnlock(void* mutex) {
  static auto* const next = Next<void(void*)>(MUTEX "6UnlockEv");
  __tsan_release(mutex);
  next(mutex);
}

void ConditionWait(void* condition, void* mutex) asm(CONDITION "4WaitEPNS0_5MutexE");
void ConditionWait(void* condition, void* mutex) {
  static auto* const next = Next<void(void*, void*)>(CONDITION "4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  next(condition, mutex);
  __tsan_acquire(mutex);
}

bool ConditionWaitWithTimeout(void* condition, void* mutex,
                              Time timeout) asm(CONDITION "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
bool ConditionWaitWithTimeout(void* condition, void* mutex, Time timeout) {
  static auto* const next = Next<bool(void*, void*, Time)>(CONDITION "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  return WaitUntil(next, condition, mutex, timeout);
}

bool ConditionWaitWithDeadline(void* condition, void* mutex,
                               Time deadline) asm(CONDITION "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
bool ConditionWaitWithDeadline(void* condition, void* mutex, Time deadline) {
  static auto* const next = Next<bool(void*, void*, Time)>(CONDITION "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  return WaitUntil(next, condition, mutex, deadline);
}

// A push comes before the pop that finds what it pushed.
bool QueuePush(void* queue, void* node) asm(QUEUE "4PushEPNS0_4NodeE");
bool QueuePush(void* queue, void* node) {
  static auto* const next = Next<bool(void*, void*)>(QUEUE "4PushEPNS0_4NodeE");
  __tsan_release(queue);
  return next(queue, node);
}

void* QueuePopAndCheckEnd(void* queue, bool* empty) asm(QUEUE "14PopAndCheckEndEPb");
void* QueuePopAndCheckEnd(void* queue, bool* empty) {
  static auto* const next = Next<void*(void*, bool*)>(QUEUE "14PopAndCheckEndEPb");
  void* const node = next(queue, empty);
  __tsan_acquire(queue);
  return node;
}

void* QueuePop(void* queue) asm(QUEUE "3PopEv");
void* QueuePop(void* queue) {
  static auto* const next = Next<void*(void*)>(QUEUE "3PopEv");
  void* const node = next(queue);
  __tsan_acquire(queue);
  return node;
}

// A call ends, or is cancelled, when the last of those that hold it lets go: all that the others did comes before. The
// counters stand behind the vtable's pointer (grpcpp/support/server_callback.h), and are partly counted down by the
// library, unseen.
void ScheduleOnDone(char* call, bool inline_ondone) asm(CALL "14ScheduleOnDoneEb");
void ScheduleOnDone(char* call, bool inline_ondone) {
  static auto* const next = Next<void(char*, bool)>(CALL "14ScheduleOnDoneEb");
  __tsan_acquire(call + kOutstandingOffsetBytes);
  next(call, inline_ondone);
}

void CallOnCancel(char* call, void* reactor) asm(CALL "12CallOnCancelEPNS0_13ServerReactorE");
void CallOnCancel(char* call, void* reactor) {
  static auto* const next = Next<void(char*, void*)>(CALL "12CallOnCancelEPNS0_13ServerReactorE");
  __tsan_acquire(call + kCancelConditionsOffsetBytes);
  next(call, reactor);
}

}  // extern "C"
