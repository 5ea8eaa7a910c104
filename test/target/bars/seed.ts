/** Names the seed of histories that are made up: another at each run, or that of HEDGEROW_SEED, to see one again. */
const asked = process.env.HEDGEROW_SEED;

export const SEEDED: { readonly seed?: number } = asked === undefined ? {} : { seed: Number(asked) };
