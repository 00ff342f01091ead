// The floors of lib/, from the ground up. A file imports only from its own floor and the floors below
// it, and no imports form a circle. `npm run check` verifies both.
const floors = [
  ["errors.ts", "base/"],
  ["native/", "schema/"],
  ["options/"],
  ["hub/"],
  ["model/"],
  ["engine/"],
  ["prompt/"],
  ["result.ts"],
  ["tools/"],
  ["remote/"],
  ["jobs/"],
  ["generation.ts"],
  ["modes/"],
  ["session.ts"],
  ["codellama.ts"],
  ["server/", "integrations/", "tune/"],
  ["cli/"],
  ["index.ts"],
].map((rooms) => `^lib/(${rooms.join("|").replaceAll(".", "[.]")})`);

// The floors of lib/server, from the ground up.
const serverFloors = [
  "http/",
  "observability/",
  "fields/|answers/",
  "openapi/",
  "service/",
  "routes/",
  "handler.ts|index.ts",
].map((rooms) => `^lib/server/(${rooms.replaceAll(".", "[.]")})`);

/** Forbids imports of the floors above, for each floor. */
const upwardArrows = (name, floors) =>
  floors.slice(0, -1).map((floor, index) => ({
    name: `${name}-${index + 1}`,
    severity: "error",
    from: { path: floor },
    to: { path: floors.slice(index + 1) },
  }));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-circle",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-unknown-room",
      comment: "Each file of lib/ belongs to a floor above.",
      severity: "error",
      from: { path: "^lib/", pathNot: floors },
      to: {},
    },
    ...upwardArrows("arrows-run-down-from-floor", floors),
    ...upwardArrows("arrows-run-down-from-server-floor", serverFloors),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".mjs", ".js", ".json"] },
  },
};
