import { expect, test } from "vitest";
import { runCommand } from "../../helpers/command-line.ts";

test("doctor prints the devices and the paths of the binaries", async () => {
  const { stdout, stderr, code } = await runCommand(["doctor"]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toContain(process.version);
  expect(stdout).toContain(`${process.platform}-${process.arch}`);
  expect(stdout).toMatch(/addon +\S+\.node\n/);
  expect(stdout).toMatch(/CPU +\S*ggml-cpu/);
  expect(stdout).toMatch(/CPU +cpu, .*GiB free/);
});

test("doctor --json prints the same facts as JSON", async () => {
  const { stdout } = await runCommand(["doctor", "--json"]);
  const diagnosis = JSON.parse(stdout);
  expect(diagnosis).toMatchObject({
    node: process.version,
    addon: { llamaCommit: expect.stringMatching(/^[\da-f]{40}$/) },
    backends: expect.arrayContaining([expect.objectContaining({ backend: "CPU" })]),
    devices: expect.arrayContaining([expect.objectContaining({ kind: "cpu" })]),
  });
});
