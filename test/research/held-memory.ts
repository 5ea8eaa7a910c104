/** Tells how much memory a process holds. */

/** Of node, for a process whose memory is measured: garbage does not stay, nor room for it grow. */
export const MEASURED = ['--expose-gc', '--max-semi-space-size=1', '--max-old-space-size=96'] as const;

/** @returns megabytes, once garbage is gone */
export function heldMegabytes(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}
