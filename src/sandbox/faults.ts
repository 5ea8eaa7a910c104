/** Faults the sandbox EHR can be told to make, so that delivery is tested against what real servers do. */

/** refuse: nothing is applied. cut: the connection ends before anything is applied. The other two apply first. */
export type Fault =
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfterS?: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'applyThenRefuse'; readonly status: number }
  | { readonly kind: 'applyThenCut' };

/** Asked once for each request; undefined: answer as usual. */
export type Faults = (request: { readonly method: string; readonly path: string }) => Fault | undefined;

const KINDS: readonly Fault[] = [
  { kind: 'refuse', status: 503 },
  { kind: 'cut' },
  { kind: 'applyThenRefuse', status: 502 },
  { kind: 'applyThenCut' },
];

/**
 * @param rate share of requests that fail, 0 to 1
 * @param random [0,1)
 * @returns faults of every kind, equally often
 */
export function randomFaults(rate: number, random: () => number): Faults {
  return () => (random() < rate ? KINDS[Math.floor(random() * KINDS.length)] : undefined);
}

/** @param seed any integer; the same seed gives the same sequence @returns a generator of [0,1) */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
