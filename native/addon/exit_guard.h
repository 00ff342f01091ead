// Lets the process end at once while threads of ours still compute.
//
// exit() destroys static objects that such a thread may be using, and a file or device may never
// answer. So where a thread is busy the process ends without destroying anything.
#pragma once

namespace codellama {

// Before a thread is started. Any thread.
void GuardExit();

// While there is one, a thread is busy.
class BusyThread {
 public:
  BusyThread();
  ~BusyThread();
  BusyThread(const BusyThread&) = delete;
  BusyThread& operator=(const BusyThread&) = delete;
};

}  // namespace codellama
