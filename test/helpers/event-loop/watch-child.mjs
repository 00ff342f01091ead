// Preload of the servers that tests start: `node --import watch-child.mjs main.js serve`. It watches
// the event loop from SIGUSR2 on. The test sends SIGUSR2 when the server listens, because loading the
// program may hold the loop. Reports go to the file that NODE_CODELLAMA_HELD_FILE names.
import { isMainThread } from "node:worker_threads";
import { LoopWatchdog } from "./watchdog.mjs";

const reportFile = process.env.NODE_CODELLAMA_HELD_FILE;
if (isMainThread && reportFile) process.once("SIGUSR2", () => new LoopWatchdog(reportFile));
