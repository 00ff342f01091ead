// Looks for files that pass our checks and still end the process inside llama.cpp.
//
//   gguf_fuzz [--runs N] [--seed S] [--model NAME] [--keep FOLDER]
//             [--every yes] [--unchecked yes] [--strict yes]
//   gguf_fuzz FILE...     tries these files and says how each ended
//
// It spoils small models at random, gives each to a child process that checks, loads and runs it,
// and reports every child that dies: each is a hole that wants a check.
//
//   --every      makes each single change there is, in place of N random ones
//   --unchecked  shows what llama.cpp dies of without the checks
//   --strict     lists the files that we refuse and llama.cpp would run
//
// Not part of the tests; build it by hand against a build of llama.cpp in $BUILD and its source in
// $LLAMA, for instance:
//
//   g++ -std=c++20 -O1 -g -I native -I $LLAMA/include -I $LLAMA/ggml/include
//     test/native/{gguf_{fuzz,trial,mutations,every_change,test_models},random_llama}.cc
//     test/native/other_architectures.cc
//     native/engine/{gguf/*,error}.cc
//     -L $BUILD/bin -Wl,-rpath,$BUILD/bin -lllama -lggml -lggml-base -o gguf_fuzz
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gguf_every_change.h"
#include "gguf_mutations.h"
#include "gguf_test_models.h"
#include "gguf_trial.h"
#include "llama.h"
#include "random_llama.h"
#include "tiny_llama.h"

namespace codellama::test {
namespace {

constexpr rlim_t kMemoryBytes = rlim_t{4} << 30;
constexpr unsigned kSeconds = 20;
constexpr char kRandom[] = "random";  // the model that is another one in every run

struct Ending {
  bool is_death = false;
  int number = 0;  // the signal, or the exit code
  std::string last_line;
};

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
}

// The line that says why: an assertion of ggml, or the last one.
std::string TellingLine(const std::string& path) {
  std::ifstream lines(path);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("GGML_ASSERT") != std::string::npos || line.find("fatal") != std::string::npos) {
      return line.substr(line.rfind('/') + 1);
    }
    if (!line.empty()) last = line;
  }
  return last;
}

Ending TryInChild(const std::string& path, const TrialOptions& options, const std::string& log) {
  const pid_t child = fork();
  if (child == 0) {
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDERR_FILENO);
    dup2(file, STDOUT_FILENO);
    const rlimit memory{kMemoryBytes, kMemoryBytes};
    const rlimit no_core{0, 0};
    if (std::getenv("NO_MEMORY_LIMIT") == nullptr) setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(kSeconds);
    _exit(static_cast<int>(RunTrial(path, options)));
  }
  int status = 0;
  waitpid(child, &status, 0);
  const bool is_death = WIFSIGNALED(status) || WEXITSTATUS(status) < 10;
  return {is_death, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), TellingLine(log)};
}

struct Options {
  size_t runs = 10'000;
  uint32_t seed = 1;
  std::string model;
  std::string keep = "gguf_holes";
  bool has_checks = true;
  bool reports_strictness = false;
  bool makes_every_change = false;
  std::vector<std::string> files;
};

Options ReadOptions(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const std::string value = i + 1 < count ? words[i + 1] : "";
    if (word == "--runs") {
      options.runs = std::stoul(value);
    } else if (word == "--seed") {
      options.seed = static_cast<uint32_t>(std::stoul(value));
    } else if (word == "--model") {
      options.model = value;
    } else if (word == "--keep") {
      options.keep = value;
    } else if (word == "--unchecked") {
      options.has_checks = false;
    } else if (word == "--strict") {
      options.reports_strictness = true;
    } else if (word == "--every") {
      options.makes_every_change = true;
    } else {
      options.files.push_back(word);
      continue;
    }
    ++i;
  }
  return options;
}

class Fuzzer {
 public:
  explicit Fuzzer(const Options& options) : options_(options), random_(options.seed) {
    std::filesystem::create_directories(options.keep);
    work_ = options.keep + "/work-" + std::to_string(getpid()) + ".gguf";
    adapter_ = options.keep + "/adapter-" + std::to_string(getpid()) + ".gguf";
    log_ = options.keep + "/log-" + std::to_string(getpid());
    for (TestModel& model : TestModels()) {
      if (options.model.empty() || model.name == options.model) models_.push_back(std::move(model));
    }
    if (options.model.empty() || options.model == kRandom)
      models_.push_back({kRandom, TinyLlama()});
  }

  ~Fuzzer() {
    for (const std::string& path : {work_, adapter_, log_}) std::filesystem::remove(path);
  }

  // Without spoiling anything: each model must run.
  bool TryModels() {
    bool all_ran = true;
    for (const TestModel& model : models_) {
      WriteFile(work_, model.draft.Serialize());
      const Ending ending = TryInChild(work_, OptionsFor(model), log_);
      const bool ran = ending.number == static_cast<int>(TrialOutcome::kRan) && !ending.is_death;
      if (!ran)
        std::printf("%s: %d %s\n", model.name.c_str(), ending.number, ending.last_line.c_str());
      all_ran = all_ran && ran;
    }
    return all_ran;
  }

  // Every change of every model, or as many random ones as were asked for. Returns the holes found.
  size_t Run() {
    if (options_.makes_every_change) {
      RunEveryChange();
    } else {
      for (size_t run = 0; run < options_.runs; ++run) RunRandomChange();
    }
    for (const auto& [outcome, count] : outcomes_) std::printf("outcome %d: %zu\n", outcome, count);
    for (const auto& [name, count] : holes_) std::printf("%zu x %s\n", count, name.c_str());
    return holes_.size();
  }

 private:
  TrialOptions OptionsFor(const TestModel& model) const {
    TrialOptions trial;
    trial.vocabulary_only = model.vocabulary_only;
    trial.has_checks = options_.has_checks;
    return trial;
  }

  void RunEveryChange() {
    for (const TestModel& model : models_) {
      if (model.name == kRandom) continue;
      ForEveryChange(model.draft, [&](const SpoiledFile& spoiled) { Try(model, spoiled, false); });
      if (!model.has_adapter) continue;
      ForEveryChange(TinyAdapter(), [&](const SpoiledFile& spoiled) { Try(model, spoiled, true); });
    }
  }

  void RunRandomChange() {
    const TestModel& model = models_[random_() % models_.size()];
    const bool is_adapter = model.has_adapter && random_() % 2 == 0;
    if (model.name != kRandom) {
      Try(model, Spoil(is_adapter ? TinyAdapter() : model.draft, random_), is_adapter);
    } else if (random_() % 2 == 0) {
      Try(model, {RandomLlama(random_).Serialize(), "nothing spoiled"}, false);
    } else {
      Try(model, Spoil(RandomLlama(random_), random_), false);
    }
  }

  // Tries a spoiled file: the model, or an adapter on top of the good model.
  void Try(const TestModel& model, const SpoiledFile& spoiled, bool is_adapter) {
    TrialOptions trial = OptionsFor(model);
    WriteFile(work_, is_adapter ? model.draft.Serialize() : spoiled.bytes);
    if (is_adapter) WriteFile(adapter_, spoiled.bytes);
    if (is_adapter) trial.adapter = adapter_;
    trial.use_mmap = random_() % 4 != 0;
    const Ending ending = TryInChild(work_, trial, log_);
    ++tries_;
    if (ending.is_death) return Report(model, spoiled, ending);
    ++outcomes_[ending.number];
    if (ending.number == static_cast<int>(TrialOutcome::kRefused)) {
      CheckStrictness(trial, ending.last_line, spoiled.description);
    }
  }

  void Report(const TestModel& model, const SpoiledFile& spoiled, const Ending& ending) {
    const std::string name =
        model.name + " signal " + std::to_string(ending.number) + " " + ending.last_line;
    if (++holes_[name] > 3) return;
    const std::string kept = options_.keep + "/" + model.name + "-" +
                             std::to_string(options_.seed) + "-" + std::to_string(tries_) + ".gguf";
    WriteFile(kept, spoiled.bytes);
    std::printf("HOLE %s\n  %s\n  %s\n", name.c_str(), spoiled.description.c_str(), kept.c_str());
    std::fflush(stdout);
  }

  void CheckStrictness(TrialOptions trial, const std::string& refusal,
                       const std::string& description) const {
    if (!options_.reports_strictness) return;
    trial.has_checks = false;
    const Ending ending = TryInChild(work_, trial, log_);
    if (ending.is_death || ending.number != static_cast<int>(TrialOutcome::kRan)) return;
    std::printf("STRICT %s\n  %s\n", refusal.c_str(), description.c_str());
  }

  const Options& options_;
  std::mt19937 random_;
  std::string work_;
  std::string adapter_;
  std::string log_;
  std::vector<TestModel> models_;
  size_t tries_ = 0;
  std::map<std::string, size_t> holes_;
  std::map<int, size_t> outcomes_;
};

}  // namespace
}  // namespace codellama::test

int main(int count, char** words) {
  using namespace codellama::test;
  const Options options = ReadOptions(count, words);
  setenv("GGML_NO_BACKTRACE", "1", 1);
  llama_backend_init();
  ggml_backend_load_all();
  const std::string log = (std::filesystem::temp_directory_path() / "gguf_fuzz.log").string();
  for (const std::string& file : options.files) {
    const Ending ending = TryInChild(file, TrialOptions(), log);
    std::printf("%s: %s %d %s\n", file.c_str(), ending.is_death ? "DIED" : "ended", ending.number,
                ending.last_line.c_str());
  }
  if (!options.files.empty()) return 0;
  Fuzzer fuzzer(options);
  return fuzzer.TryModels() && fuzzer.Run() == 0 ? 0 : 1;
}
