// Searches for model files that pass our checks and still end the process inside llama.cpp.
//
//   gguf_fuzz [--seconds N] [--seed S] [--model NAME] [--keep FOLDER]
//             [--every yes] [--unchecked yes] [--strict yes]
//   gguf_fuzz FILE...     tries these files and prints how each trial ended
//
// It changes small models of all architectures at random. A child process checks, loads and runs
// each model. A child that dies shows a missing check. The exit code is 1 when a child died. `node
// scripts/build.mjs --tests` builds this program.
//
//   --model      only this architecture or test model
//   --keep       folder for the files that end the process
//   --every      makes all single changes instead of random ones
//   --unchecked  skips our checks, to show what they prevent
//   --strict     lists the files that our checks refuse although llama.cpp would run them
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "fuzz/architecture_models.h"
#include "fuzz/child_trial.h"
#include "fuzz/gguf_every_change.h"
#include "fuzz/gguf_mutations.h"
#include "fuzz/gguf_test_models.h"
#include "fuzz/random_llama.h"
#include "llama.h"
#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

constexpr char kRandom[] = "random";  // a model that differs in every run

struct Options {
  size_t seconds = 10;
  uint32_t seed = 1;
  std::string model;
  std::string keep = "gguf_crashes";
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
    if (word == "--seconds") {
      options.seconds = std::stoul(value);
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

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
}

class Fuzzer {
 public:
  explicit Fuzzer(const Options& options)
      : options_(options),
        random_(options.seed),
        end_(std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds)) {
    std::filesystem::create_directories(options.keep);
    folder_ = (std::filesystem::temp_directory_path() / ("gguf_fuzz-" + std::to_string(getpid())))
                  .string();
    std::filesystem::create_directories(folder_);
    ChooseModels();
  }

  ~Fuzzer() { std::filesystem::remove_all(folder_); }

  // Tries the unchanged models. Each must run, or be of a kind that cannot generate text.
  bool TryModels() {
    bool all_ran = true;
    for (const TestModel& model : models_) {
      WriteFile(work_file(), Draft(model).Serialize());
      const Ending ending = TryInChild(work_file(), OptionsFor(model), log_file());
      if (ending.Is(TrialOutcome::kRan) || ending.Is(TrialOutcome::kGeneratesNothing)) continue;
      if (ending.last_line.ends_with("cannot generate text")) continue;
      all_ran = false;
      std::printf("%s: %d %s\n", model.name.c_str(), ending.number, ending.last_line.c_str());
    }
    return all_ran;
  }

  // Tries all changes of all models, or random changes until the time is over. Returns the number
  // of files that ended the process.
  size_t Run() {
    if (options_.makes_every_change) RunEveryChange();
    while (!options_.makes_every_change && std::chrono::steady_clock::now() < end_) {
      RunRandomChange();
    }
    std::printf("%zu files with seed %u\n", tries_, options_.seed);
    for (const auto& [outcome, count] : outcomes_) std::printf("outcome %d: %zu\n", outcome, count);
    for (const auto& [name, count] : caught_) std::printf("caught %zu x %s\n", count, name.c_str());
    for (const auto& [name, count] : crashes_) std::printf("%zu x %s\n", count, name.c_str());
    return crashes_.size();
  }

 private:
  std::string work_file() const { return folder_ + "/work.gguf"; }
  std::string adapter_file() const { return folder_ + "/adapter.gguf"; }
  std::string log_file() const { return folder_ + "/log"; }

  // Makes as many architectures as the time allows. Making one takes a tenth of a second.
  void ChooseModels() {
    std::vector<std::string> names = ArchitectureNames();
    std::shuffle(names.begin(), names.end(), random_);
    const size_t most = std::max<size_t>(4, options_.seconds);
    if (names.size() > most && !options_.makes_every_change) names.resize(most);
    if (!options_.model.empty()) names = {options_.model};
    std::string pattern;
    for (const std::string& name : names) pattern += (pattern.empty() ? "^(" : "|") + name;
    WriteArchitectureModels(folder_, pattern + ")$");
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      models_.push_back({entry.path().stem().string(), {}, false, false, entry.path().string()});
    }
    // The order of files in a folder depends on the system.
    std::sort(models_.begin(), models_.end(),
              [](const auto& left, const auto& right) { return left.name < right.name; });
    for (TestModel& model : TestModels()) {
      if (options_.model.empty() || model.name == options_.model) {
        models_.push_back(std::move(model));
      }
    }
    if (options_.model.empty() || options_.model == kRandom) {
      models_.push_back({kRandom, TinyLlama()});
    }
  }

  static GgufDraft Draft(const TestModel& model) {
    return model.file.empty() ? model.draft : ReadDraft(model.file);
  }

  static std::vector<std::string> Keys(const GgufDraft& draft) {
    return MetadataKeys(GgufDraft(draft).Entry("general.architecture").elements[0]);
  }

  TrialOptions OptionsFor(const TestModel& model) const {
    TrialOptions trial;
    trial.vocabulary_only = model.vocabulary_only;
    trial.has_checks = options_.has_checks;
    return trial;
  }

  void RunEveryChange() {
    for (const TestModel& model : models_) {
      if (model.name == kRandom) continue;
      const GgufDraft draft = Draft(model);
      ForEveryChange(draft, Keys(draft),
                     [&](const MutatedFile& mutated) { Try(model, mutated, false); });
      if (!model.has_adapter) continue;
      ForEveryChange(TinyAdapter(), Keys(TinyAdapter()),
                     [&](const MutatedFile& mutated) { Try(model, mutated, true); });
    }
  }

  void RunRandomChange() {
    const TestModel& model = models_[random_() % models_.size()];
    if (model.name == kRandom && random_() % 2 == 0) {
      return Try(model, {RandomLlama(random_).Serialize(), "no mutation"}, false);
    }
    const bool is_adapter = model.has_adapter && random_() % 2 == 0;
    const GgufDraft draft = model.name == kRandom ? RandomLlama(random_)
                            : is_adapter          ? TinyAdapter()
                                                  : Draft(model);
    Try(model, Mutate(draft, Keys(draft), random_), is_adapter);
  }

  // Tries a changed file: a model, or an adapter for the unchanged model.
  void Try(const TestModel& model, const MutatedFile& mutated, bool is_adapter) {
    TrialOptions trial = OptionsFor(model);
    WriteFile(work_file(), is_adapter ? model.draft.Serialize() : mutated.bytes);
    if (is_adapter) WriteFile(adapter_file(), mutated.bytes);
    if (is_adapter) trial.adapter = adapter_file();
    trial.use_mmap = random_() % 4 != 0;
    const Ending ending = TryInChild(work_file(), trial, log_file());
    ++tries_;
    if (ending.is_death) return Report(model, mutated, ending);
    ++outcomes_[ending.number];
    if (ending.Is(TrialOutcome::kAsserted)) ++caught_[model.name + " " + ending.last_line];
    if (ending.Is(TrialOutcome::kRefused)) {
      CheckStrictness(trial, ending.last_line, mutated.description);
    }
  }

  void Report(const TestModel& model, const MutatedFile& mutated, const Ending& ending) {
    const std::string name =
        model.name + " signal " + std::to_string(ending.number) + " " + ending.last_line;
    if (++crashes_[name] > 3) return;
    const std::string kept = options_.keep + "/" + model.name + "-" +
                             std::to_string(options_.seed) + "-" + std::to_string(tries_) + ".gguf";
    WriteFile(kept, mutated.bytes);
    std::printf("CRASH %s\n  %s\n  %s\n", name.c_str(), mutated.description.c_str(), kept.c_str());
    std::fflush(stdout);
  }

  void CheckStrictness(TrialOptions trial, const std::string& refusal,
                       const std::string& description) const {
    if (!options_.reports_strictness) return;
    trial.has_checks = false;
    if (!TryInChild(work_file(), trial, log_file()).Is(TrialOutcome::kRan)) return;
    std::printf("STRICT %s\n  %s\n", refusal.c_str(), description.c_str());
  }

  const Options& options_;
  std::mt19937 random_;
  std::chrono::steady_clock::time_point end_;
  std::string folder_;
  std::vector<TestModel> models_;
  size_t tries_ = 0;
  std::map<std::string, size_t> crashes_;
  std::map<std::string, size_t> caught_;
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
  std::printf("seed %u\n", options.seed);
  Fuzzer fuzzer(options);
  const bool models_run = fuzzer.TryModels();
  return fuzzer.Run() == 0 && models_run ? 0 : 1;
}
