// Handles for JavaScript of immutable C++ objects that threads share.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <utility>

namespace codellama {

// A handle that keeps the object alive until JavaScript collects the handle.
template <typename Object>
Napi::Value NewHandle(Napi::Env env, std::shared_ptr<const Object> object) {
  using Handle = std::shared_ptr<const Object>;
  return Napi::External<Handle>::New(
      env, new Handle(std::move(object)),  // NOLINT: the finalizer owns it
      [](Napi::Env, Handle* handle) { delete handle; });
}

// The object of a handle that NewHandle<Object>() made. Throws a TypeError that begins with `name`
// if the value is no handle.
template <typename Object>
std::shared_ptr<const Object> ReadHandle(const Napi::Value& handle, const std::string& name) {
  if (!handle.IsExternal()) throw Napi::TypeError::New(handle.Env(), name + " is no handle");
  return *handle.As<Napi::External<std::shared_ptr<const Object>>>().Data();
}

}  // namespace codellama
