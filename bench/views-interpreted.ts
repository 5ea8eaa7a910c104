/** The same flat view with loops, interpreted row by row with fhirpath.js: what a runner without a compiler does. */
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';

interface Select {
  readonly forEach?: string;
  readonly column: readonly { readonly name: string; readonly path: string }[];
}

type Path = (resource: unknown) => unknown[];

/** @returns a function from a resource to its rows; paths are compiled once, as that library can */
export function interpreted(view: {
  readonly select: readonly Select[];
}): (resource: unknown) => Record<string, unknown>[] {
  const compile = (path: string): Path => fhirpath.compile(path, r4) as unknown as Path;
  const selects = view.select.map(({ forEach, column }) => ({
    each: forEach === undefined ? undefined : compile(forEach),
    columns: column.map(({ name, path }) => ({ name, run: compile(path) })),
  }));
  return (resource) => {
    let rows: Record<string, unknown>[] = [{}];
    for (const { each, columns } of selects) {
      const found = (each ? each(resource) : [resource]).map((focus) =>
        Object.fromEntries(columns.map(({ name, run }) => [name, run(focus)[0] ?? null])),
      );
      rows = rows.flatMap((row) => found.map((more) => ({ ...row, ...more })));
    }
    return rows;
  };
}
