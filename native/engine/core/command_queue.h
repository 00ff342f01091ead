// Commands from other threads to the engine thread, and the flags that end its computation.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

struct SubmitCommand {
  Request request;
  std::chrono::steady_clock::time_point submitted;
};
struct CancelCommand {
  RequestId id;
};
struct PauseCommand {
  RequestId id;
  bool paused;
};
struct AddPromptCommand {
  std::vector<Token> tokens;
  std::vector<float> lora_scales;
  std::vector<uint8_t> state;
};
using Command = std::variant<SubmitCommand, CancelCommand, PauseCommand, AddPromptCommand>;

class CommandQueue {
 public:
  // Any thread. After Close() it returns false and drops the command.
  bool Post(Command command);

  // Any thread. Refuses later commands and ends the current computation. Idempotent.
  void Close();

  // Number of posted requests that Settle() has not taken over yet. Any thread.
  uint32_t Submits() const;

  // Takes all commands. Without work it waits for a command until the deadline; an empty deadline
  // means no limit. Engine thread only.
  std::vector<Command> Take(bool has_work,
                            std::optional<std::chrono::steady_clock::time_point> deadline);

  // The scheduler counts the requests of the last Take() from here on. Engine thread only.
  void Settle();

  // Mark a computation of the engine thread. `owner`: the request whose prompt is most of the
  // batch, or 0. Cancelling that request aborts the computation.
  void BeginComputing(RequestId owner);
  void EndComputing();

  // Flags that may turn true at any time.
  const std::atomic<bool>& closing() const { return closing_; }
  const std::atomic<bool>& abort() const { return abort_; }

 private:
  bool CancelWaits(RequestId id) const;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Command> commands_;
  uint32_t submits_ = 0;
  uint32_t taken_submits_ = 0;
  RequestId owner_ = 0;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> abort_ = false;
};

}  // namespace codellama
