#include "inspect.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/tensor_type.h"
#include "values.h"

namespace codellama {

namespace {

// Elements of an array that are shown; vocabularies have a hundred thousand.
constexpr size_t kShownElements = 16;

Napi::Value Element(Napi::Env env, const GgufValue& value, size_t index) {
  if (value.type() == GgufType::kString) {
    const std::string_view text = value.StringAt(index);
    return Napi::String::New(env, text.data(), text.size());
  }
  if (value.type() == GgufType::kBool) {
    return Napi::Boolean::New(env, value.IntegerAt(index) != 0);
  }
  return Napi::Number::New(env, value.NumberAt(index));
}

Napi::Object MetadataEntry(Napi::Env env, const GgufEntry& entry) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("key", entry.key);
  object.Set("type", entry.value.TypeName());
  if (!entry.value.is_array()) {
    object.Set("value", Element(env, entry.value, 0));
    return object;
  }
  const size_t shown = std::min(entry.value.size(), kShownElements);
  Napi::Array elements = Napi::Array::New(env, shown);
  for (uint32_t i = 0; i < shown; i++) elements.Set(i, Element(env, entry.value, i));
  object.Set("value", elements);
  object.Set("length", static_cast<double>(entry.value.size()));
  return object;
}

Napi::Object TensorEntry(Napi::Env env, const GgufTensor& tensor) {
  Napi::Array dimensions = Napi::Array::New(env, tensor.dimensions.size());
  for (uint32_t i = 0; i < tensor.dimensions.size(); i++) {
    dimensions.Set(i, static_cast<double>(tensor.dimensions[i]));
  }
  const TensorType* type = FindTensorType(tensor.type);
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", tensor.name);
  object.Set("dimensions", dimensions);
  object.Set("type", type == nullptr ? "unknown" : type->name);
  object.Set("sizeBytes", static_cast<double>(tensor.size_bytes));
  return object;
}

class InspectWorker : public Napi::AsyncWorker {
 public:
  InspectWorker(Napi::Env env, std::string path)
      : AsyncWorker(env, "node-codellama.inspect"),
        path_(std::move(path)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      file_ = ReadGguf(path_);
      if (file_.String("general.type") == "adapter") {
        CheckAdapter(file_, path_);
      } else {
        CheckModel(file_, path_);
      }
    } catch (const Error& error) {
      error_ = error;
    }
  }

  void OnOK() override {
    const Napi::Env env = Env();
    if (error_) {
      deferred_.Reject(ToJavaScriptError(env, *error_).Value());
      return;
    }
    const auto file_type = file_.Integer("general.file_type");
    const char* file_type_name = file_type ? FileTypeName(*file_type) : nullptr;
    Napi::Object result = Napi::Object::New(env);
    result.Set("version", file_.version);
    result.Set("fileSizeBytes", static_cast<double>(file_.file_size));
    result.Set("parameters", static_cast<double>(file_.parameter_count));
    result.Set("fileType", file_type_name == nullptr ? "unknown" : file_type_name);
    result.Set("metadata", Entries(file_.metadata, MetadataEntry));
    result.Set("tensors", Entries(file_.tensors, TensorEntry));
    deferred_.Resolve(result);
  }

 private:
  template <typename Items, typename Function>
  Napi::Array Entries(const Items& items, Function to_value) {
    Napi::Array array = Napi::Array::New(Env(), items.size());
    for (uint32_t i = 0; i < items.size(); i++) array.Set(i, to_value(Env(), items[i]));
    return array;
  }

  const std::string path_;
  Napi::Promise::Deferred deferred_;
  GgufFile file_;
  std::optional<Error> error_;
};

}  // namespace

Napi::Value Inspect(const Napi::CallbackInfo& info) {
  auto* worker = new InspectWorker(info.Env(), info[0].ToString());  // NOLINT: deletes itself
  worker->Queue();
  return worker->promise();
}

}  // namespace codellama
