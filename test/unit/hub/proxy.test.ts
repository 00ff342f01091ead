import { expect, test } from "vitest";
import { proxyFor } from "../../../lib/hub/proxy.ts";

const proxyOf = (url: string, environment: Record<string, string>) =>
  proxyFor(new URL(url), environment)?.href;

test.each([
  ["https://a.example", { HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
  ["https://a.example", { https_proxy: "p:1" }, "http://p:1/"],
  ["https://a.example", { HTTP_PROXY: "http://p:1" }, undefined],
  ["http://a.example", { HTTP_PROXY: "http://p:1" }, "http://p:1/"],
  ["https://a.example", { ALL_PROXY: "http://p:1" }, "http://p:1/"],
  ["http://127.0.0.1", { ALL_PROXY: "http://p:1" }, undefined],
  ["http://localhost:80", { ALL_PROXY: "http://p:1" }, undefined],
])("%s with %j goes through %s", (url, environment, proxy) => {
  expect(proxyOf(url, environment)).toBe(proxy);
});

test.each([
  ["a.example", true],
  [".example", true],
  ["*.example", true],
  ["example", true],
  ["*", true],
  ["b, a.example:443", true],
  ["a.example:8443", false],
  ["example.com", false],
  ["xample", false],
  ["", false],
])("NO_PROXY=%s excludes a.example: %s", (NO_PROXY, isExcluded) => {
  const proxy = proxyOf("https://a.example", { HTTPS_PROXY: "http://p:1", NO_PROXY });
  expect(proxy === undefined).toBe(isExcluded);
});

test.each(["socks5://p:1", "https://p:1", "http://"])(
  "HTTPS_PROXY=%s is refused",
  (HTTPS_PROXY) => {
    expect(() => proxyOf("https://a.example", { HTTPS_PROXY })).toThrow(
      "HTTPS_PROXY must be the address of an http:// proxy",
    );
  },
);
