// Objects that break code if it trusts its arguments.

/** A Proxy that throws at every access. */
export function revoked(): never {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as never;
}

/** An object with `levels` nested objects, built without recursion. */
export function nested(levels: number): object {
  let value = {};
  for (let level = 0; level < levels; level++) value = { inner: value };
  return value;
}

export const circular: { self?: object } = {};
circular.self = circular;
