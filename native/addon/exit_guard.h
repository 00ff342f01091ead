// Ends the process without destructors while our threads are busy.
//
// exit() destroys static objects that a busy thread may use, and waiting is no option, because a
// file or a device may never answer. So exit() ends the process at once if a thread is busy.
#pragma once

namespace codellama {

// Installs the guard. Call it before a thread starts. Any thread.
void GuardExit();

// Marks a thread as busy during the object's life.
class BusyThread {
 public:
  BusyThread();
  ~BusyThread();
  BusyThread(const BusyThread&) = delete;
  BusyThread& operator=(const BusyThread&) = delete;
};

}  // namespace codellama
