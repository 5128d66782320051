// Locks that clang checks: a member says which mutex guards it (ABSL_GUARDED_BY), a function which one it wants held
// (ABSL_EXCLUSIVE_LOCKS_REQUIRED), and a clang build fails where that mutex is not held; other compilers see nothing of
// it. Used by everything in src/ and harness/ that locks.
//
// Not absl::Mutex: the packaged absl is built without ThreadSanitizer, which would see none of its locks and take what
// they guard for raced on. These are the standard library's, which it knows, with the annotations around them.
#pragma once

#include <absl/base/thread_annotations.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace pipeline {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Tells clang, which can't see it, that the caller holds it. Checks nothing.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  friend class MutexLock;
  friend class CondVar;
  std::mutex mutex_;
};

// Holds the mutex while it lives, but for what stands between its Unlock() and Lock(). Of one thread.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : lock_(mutex->mutex_) {}
  ~MutexLock() ABSL_UNLOCK_FUNCTION() {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void Unlock() ABSL_UNLOCK_FUNCTION() { lock_.unlock(); }
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { lock_.lock(); }

 private:
  std::unique_lock<std::mutex> lock_;
};

// A condition variable; thread-safe. Each wait lets go of the mutex, which its caller holds, and returns with it held.
// What it waits for is a function without arguments that is called with the mutex held, and says so when it reads what
// the mutex guards:
//   changed_.Wait(&mutex_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; });
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void NotifyOne() { changed_.notify_one(); }
  void NotifyAll() { changed_.notify_all(); }

  template <typename Condition>
  void Wait(Mutex* mutex, Condition condition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Adopted held(mutex);
    changed_.wait(held.lock, std::move(condition));
  }
  // Until the deadline at most. Whether the condition holds.
  template <typename Condition>
  bool WaitUntil(Mutex* mutex, std::chrono::steady_clock::time_point deadline, Condition condition)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Adopted held(mutex);
    return changed_.wait_until(held.lock, deadline, std::move(condition));
  }
  template <typename Condition>
  bool WaitFor(Mutex* mutex, std::chrono::nanoseconds duration, Condition condition)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Adopted held(mutex);
    return changed_.wait_for(held.lock, duration, std::move(condition));
  }
  // Until it is notified, or sooner.
  void WaitFor(Mutex* mutex, std::chrono::nanoseconds duration) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Adopted held(mutex);
    changed_.wait_for(held.lock, duration);
  }

 private:
  // The caller's hold as the standard library wants it. The caller keeps it.
  struct Adopted {
    explicit Adopted(Mutex* mutex) : lock(mutex->mutex_, std::adopt_lock) {}
    ~Adopted() { lock.release(); }
    Adopted(const Adopted&) = delete;
    Adopted& operator=(const Adopted&) = delete;
    std::unique_lock<std::mutex> lock;
  };

  std::condition_variable changed_;
};

// Of many readers or of one writer.
class ABSL_LOCKABLE SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

 private:
  friend class ReaderLock;
  friend class WriterLock;
  std::shared_mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE ReaderLock {
 public:
  explicit ReaderLock(SharedMutex* mutex) ABSL_SHARED_LOCK_FUNCTION(mutex) : lock_(mutex->mutex_) {}
  ~ReaderLock() ABSL_UNLOCK_FUNCTION() {}
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  std::shared_lock<std::shared_mutex> lock_;
};

class ABSL_SCOPED_LOCKABLE WriterLock {
 public:
  explicit WriterLock(SharedMutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : lock_(mutex->mutex_) {}
  ~WriterLock() ABSL_UNLOCK_FUNCTION() {}
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  std::unique_lock<std::shared_mutex> lock_;
};

}  // namespace pipeline
