// What other threads ask of the engine thread, and how they end a computation of its.
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
  // Any thread. False, and nothing comes of it, after Close().
  bool Post(Command command);

  // Any thread, idempotent: no more commands, and the computation under way ends.
  void Close();

  // Requests that were posted and are not yet settled. Any thread.
  uint32_t Submits() const;

  // The engine thread takes all commands; it waits for one until the deadline, unless it has work.
  std::vector<Command> Take(bool has_work,
                            std::optional<std::chrono::steady_clock::time_point> deadline);

  // The scheduler counts the submits that Take() returned last from here on.
  void Settle();

  // Between these the engine thread computes. Most of the batch is the prompt of `owner`, or of
  // nobody (0): cancelling it is worth an abort.
  void BeginComputing(RequestId owner);
  void EndComputing();

  // Turn true at any moment.
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
