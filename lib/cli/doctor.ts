import type { Command } from "commander";
import colors from "picocolors";
import { type Diagnosis, diagnose } from "../native/diagnosis.ts";

export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("print which devices can be used and what is missing")
    .option("--json", "print one JSON object")
    .action(async (flags: { readonly json?: true }) => {
      const diagnosis = await diagnose();
      process.stdout.write(flags.json ? `${JSON.stringify(diagnosis)}\n` : describe(diagnosis));
      if ("error" in diagnosis.addon) process.exitCode = 1;
    });
}

function describe(diagnosis: Diagnosis): string {
  const { addon, backends, devices, packages, advice } = diagnosis;
  const system: [string, string][] = [
    ["node-codellama", diagnosis.version],
    ["Node.js", diagnosis.node],
    ["platform", [diagnosis.platform, diagnosis.libc].filter(Boolean).join(", ")],
    ["processor", diagnosis.processor],
    ["NVIDIA driver", diagnosis.nvidiaDriver ? "yes" : "no"],
    ...("error" in addon
      ? ([["addon", colors.red(addon.error)]] satisfies [string, string][])
      : ([
          ["addon", addon.path],
          ["llama.cpp", addon.llamaCommit.slice(0, 9)],
        ] satisfies [string, string][])),
  ];
  const sections: [string, [string, string][]][] = [
    ["System", system],
    [
      "Backends",
      backends.map(({ path, backend, features, error }) => [
        backend ?? colors.yellow("not loaded"),
        [path, features.join(" "), error].filter(Boolean).join("\n"),
      ]),
    ],
    ["Devices", devices.map((device) => [device.name, describeDevice(device)])],
    [
      "Optional packages",
      packages.map(({ name, folder, reason }) => [
        name,
        [folder, reason].filter(Boolean).join("\n"),
      ]),
    ],
    ["What to do", advice.map((line) => ["", line])],
  ];
  return sections
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows]) => `${colors.bold(title)}\n${table(rows)}`)
    .join("\n");
}

function describeDevice(device: Diagnosis["devices"][number]): string {
  const { kind, description, backend, totalMemoryBytes, freeMemoryBytes } = device;
  const memory =
    totalMemoryBytes > 0
      ? `, ${gibibytes(freeMemoryBytes)} of ${gibibytes(totalMemoryBytes)} GiB free`
      : "";
  return `${kind}, ${description} (${backend})${memory}`;
}

const gibibytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);

/** Formats rows with aligned cells. Further lines of a cell are indented below its first line. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const indent = " ".repeat(width > 0 ? width + 4 : 2);
  return rows
    .map(([name, cell]) => {
      const lines = cell.split("\n").join(`\n${indent}`);
      return width > 0 ? `  ${colors.dim(name.padEnd(width))}  ${lines}\n` : `  ${lines}\n`;
    })
    .join("");
}
