#include "addon/inspect.h"

#include <algorithm>
#include <memory>
#include <string>

#include "addon/tasks.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/tensor_type.h"

namespace codellama {

namespace {

// Most elements of an array to return. Vocabularies have a hundred thousand.
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

template <typename Items, typename Function>
Napi::Array Entries(Napi::Env env, const Items& items, Function to_value) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); i++) array.Set(i, to_value(env, items[i]));
  return array;
}

Napi::Object FileToValue(Napi::Env env, const GgufFile& file) {
  const auto file_type = file.Integer("general.file_type");
  const char* file_type_name = file_type ? FileTypeName(*file_type) : nullptr;
  Napi::Object result = Napi::Object::New(env);
  result.Set("version", file.version);
  result.Set("fileSizeBytes", static_cast<double>(file.file_size));
  result.Set("parameters", static_cast<double>(file.parameter_count));
  result.Set("fileType", file_type_name == nullptr ? "unknown" : file_type_name);
  result.Set("metadata", Entries(env, file.metadata, MetadataEntry));
  result.Set("tensors", Entries(env, file.tensors, TensorEntry));
  return result;
}

}  // namespace

Napi::Value Inspect(const Napi::CallbackInfo& info) {
  const auto work = [path =
                         info[0].ToString().Utf8Value()](const Job::StopFlag&) -> Tasks::ToValue {
    const auto file = std::make_shared<const GgufFile>(ReadGguf(path));
    if (file->String("general.type") == "adapter") {
      CheckAdapter(*file, path);
    } else {
      CheckModel(*file, path);
    }
    return [file](Napi::Env env) { return FileToValue(env, *file); };
  };
  return Tasks::Of(info.Env()).Run(info.Env(), Lane::System(), work);
}

}  // namespace codellama
