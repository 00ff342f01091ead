// Guesses for the streams of the next step: by prompt lookup, and where that has none by a draft
// model.
#pragma once

#include <memory>
#include <unordered_map>

#include "engine/core/active_request.h"
#include "engine/schedule/prefill_pacer.h"
#include "engine/speculate/draft_model.h"

namespace codellama {

class Speculation {
 public:
  using Requests = std::unordered_map<RequestId, std::unique_ptr<ActiveRequest>>;

  // `model` may be null.
  Speculation(const ContextOptions& options, std::unique_ptr<DraftModel> model)
      : max_draft_(options.max_draft),
        adaptive_(options.adaptive_draft),
        model_(std::move(model)) {}

  // Drafts are as long as it pays by what the pacer has measured.
  void Draft(const Requests& requests, const PrefillPacer& pacer);

 private:
  DraftCosts CostsOf(const Requests& requests, const PrefillPacer& pacer) const;

  const uint32_t max_draft_;
  const bool adaptive_;
  const std::unique_ptr<DraftModel> model_;
};

}  // namespace codellama
