/** Most processor time of one turn of the event loop. */
export const limitMs: number;
export function watchdogUnavailable(): string | undefined;
export class LoopWatchdog {
  constructor(reportFile?: string);
  take(): Promise<{ readonly reports: readonly string[]; readonly peakResidentBytes: number }>;
  beginExemption(): void;
  endExemption(): void;
}
