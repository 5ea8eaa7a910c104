/** Writes the count of steps into compiled code: a loop, or a group that is called, costs as much as it has code. */

/** Characters of code that one step may run. */
const CODE_OF_A_STEP = 2_000;

/** @returns a line of JavaScript that ends the run when it takes too many steps @param body the code that each turn or call runs */
export function stepLine(place: number, body: string): string {
  const steps = Math.floor(body.length / CODE_OF_A_STEP);
  const add = steps === 0 ? '++run.steps' : `(run.steps += ${1 + steps})`;
  return `if (${add} > run.limits.steps) tooMany(run, ${place});\n`;
}
