#include "engine/core/admission.h"

#include "engine/base/error.h"
#include "support/check.h"

using codellama::Admission;
using codellama::Error;
using codellama::ErrorCode;

namespace {

bool IsFull(Admission* admission, codellama::RequestId id) {
  try {
    admission->Enter(id);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kQueueFull);
    return true;
  }
  return false;
}

}  // namespace

TEST(AdmissionRefusesMoreThanParallelAndMaxQueue) {
  Admission admission(2, 1);
  for (const codellama::RequestId id : {1, 2, 3}) CHECK(!IsFull(&admission, id));
  CHECK(IsFull(&admission, 4));
  admission.Leave(2);
  admission.Leave(2);  // cancelled, then ended
  CHECK(!IsFull(&admission, 5));
  CHECK(IsFull(&admission, 6));
}

TEST(AdmissionWithoutLimitNeverRefuses) {
  Admission admission(4, UINT32_MAX);
  for (codellama::RequestId id = 1; id <= 1000; id++) CHECK(!IsFull(&admission, id));
}
