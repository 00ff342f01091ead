// schema_bench MODEL ENGINE MASK_MS
//
// Runs JSON schemas through an engine, `codellama` or `llama.cpp`. For each token of an instance it
// computes the mask before it accepts the token. After MASK_MS milliseconds of masks for one
// schema, it only accepts tokens.
//
// Standard input, one line each: `schema TEXT`, then `valid TEXT` and `invalid TEXT` for each
// instance, then `end`. Standard output for each schema: `error MESSAGE`, or `first NS` (compiling
// and the first mask), `masks NS...` (each mask and the acceptance of its token) and
// `wrong REFUSED ACCEPTED` (valid instances refused, invalid instances accepted); then `end`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "engine/llama/backend.h"
#include "mask_engine.h"

namespace codellama {

namespace {

// Nanoseconds of processor time of this thread, because other programs may use the same cores.
// Where the system has no such clock, nanoseconds that passed.
int64_t Now() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
#else
  const auto passed = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count();
#endif
}

struct Instance {
  std::string text;
  bool valid = false;
};

class SchemaRun {
 public:
  SchemaRun(MaskEngine* engine, const Tokenizer& tokenizer, int64_t mask_ns)
      : engine_(engine), tokenizer_(tokenizer), mask_ns_(mask_ns) {}

  void Run(const std::string& schema, const std::vector<Instance>& instances) {
    const int64_t start = Now();
    engine_->Compile(schema);
    engine_->ComputeMask();
    std::printf("first %lld\n", static_cast<long long>(Now() - start));
    int refused = 0;
    int accepted = 0;
    for (const auto& [text, valid] : instances) {
      const bool accepts = Accepts(text);
      refused += valid && !accepts ? 1 : 0;
      accepted += !valid && accepts ? 1 : 0;
    }
    std::printf("masks");
    for (const int64_t mask : masks_) std::printf(" %lld", static_cast<long long>(mask));
    std::printf("\nwrong %d %d\n", refused, accepted);
  }

 private:
  bool Accepts(const std::string& text) {
    engine_->Restart();
    const PromptText inside = {.text = text, .inside = true};
    for (const Token token : tokenizer_.Encode({inside}, UINT32_MAX)) {
      const int64_t start = Now();
      const bool measured = total_ns_ <= mask_ns_;
      if (measured) engine_->ComputeMask();
      const bool accepted = engine_->Accept(token);
      if (measured) {
        masks_.push_back(Now() - start);
        total_ns_ += masks_.back();
      }
      if (!accepted) return false;
    }
    return engine_->MayEnd();
  }

  MaskEngine* const engine_;
  const Tokenizer& tokenizer_;
  const int64_t mask_ns_;
  int64_t total_ns_ = 0;
  std::vector<int64_t> masks_;
};

void RunSchemas(MaskEngine* engine, const Tokenizer& tokenizer, int64_t mask_ns) {
  std::string schema;
  std::vector<Instance> instances;
  for (std::string line; std::getline(std::cin, line);) {
    const size_t space = line.find(' ');
    const std::string word = line.substr(0, space);
    std::string text = space == std::string::npos ? "" : line.substr(space + 1);
    if (word == "schema") {
      schema = std::move(text);
      instances.clear();
    } else if (word == "end") {
      try {
        SchemaRun(engine, tokenizer, mask_ns).Run(schema, instances);
      } catch (const std::exception& error) {
        std::string message = error.what();
        std::replace(message.begin(), message.end(), '\n', ' ');
        std::printf("error %s\n", message.c_str());
      }
      std::printf("end\n");
      std::fflush(stdout);
    } else {
      instances.push_back({std::move(text), word == "valid"});
    }
  }
}

int Main(const std::vector<std::string>& args) {
  if (args.size() != 3) {
    std::fprintf(stderr, "usage: schema_bench MODEL codellama|llama.cpp MASK_MS\n");
    return 2;
  }
  InitializeBackends();
  ModelOptions options;
  options.path = args[0];
  options.vocabulary_only = true;
  const auto model = Model::Load(options, {}, [](float) { return true; });
  const auto engine = args[1] == "codellama" ? MakeOurEngine(*model) : MakeLlamaEngine(*model);
  RunSchemas(engine.get(), model->tokenizer(), std::stoll(args[2]) * 1'000'000);
  return 0;
}

}  // namespace

}  // namespace codellama

int main(int count, char** arguments) {
  try {
    return codellama::Main({arguments + 1, arguments + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "schema_bench: %s\n", error.what());
    return 1;
  }
}
