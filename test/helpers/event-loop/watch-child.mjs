// Preloaded by servers that tests start: `node --import watch-child.mjs main.js serve`. It watches
// the event loop from the SIGUSR2 on that the test sends when the server listens: what loads a
// program may hold its loop. Reports go to the file that NODE_CODELLAMA_HELD_FILE names.
import { isMainThread } from "node:worker_threads";
import { LoopWatchdog } from "./watchdog.mjs";

const reportFile = process.env.NODE_CODELLAMA_HELD_FILE;
if (isMainThread && reportFile) process.once("SIGUSR2", () => new LoopWatchdog(reportFile));
