// Objects that break code which trusts its arguments.

/** A Proxy that throws at every access. */
export function revoked(): never {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as never;
}

/** Objects nested `levels` deep, made without recursion. */
export function nested(levels: number): object {
  let value = {};
  for (let level = 0; level < levels; level++) value = { inner: value };
  return value;
}

export const circular: { self?: object } = {};
circular.self = circular;
