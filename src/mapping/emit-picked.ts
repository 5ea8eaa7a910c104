/** Writes what comes between reading an element and using it: conditions, counts, and the picking of list modes. */
import { emitCheck, emitCondition, emitLog } from './expression.ts';
import type { Member } from './shapes.ts';
import { plain, type Site, type Value, within } from './site.ts';
import type { Source } from './tree.ts';

/** Writes `where` and `check` around `body`. */
export function guarded(site: Site, source: Source, value: Value, body: (site: Site) => void): void {
  const named = within(site, source.variable?.text, { ...value, mode: 'source' });
  const condition = source.where && emitCondition(named, source.where, value);
  const then = (inner: Site): void => {
    if (source.check) emitCheck(inner, source.check, value);
    if (source.log) emitLog(inner, source.log, value);
    body({ ...site, block: inner.block });
  };
  if (condition === undefined) then(named);
  else site.block.nest(`if (${condition})`, (block) => then({ ...named, block }));
}

/** An element that occurs once at most has too few when it is absent. */
export function emitRequired(
  site: Site,
  name: string,
  code: string,
  { min, max }: NonNullable<Source['cardinality']>,
): void {
  const call = `count(run, ${site.place}, ${JSON.stringify(name)}, items(${code}), ${min}, ${max});`;
  site.block.line(min > 1 ? call : `if (${code} === undefined || ${code} === null) ${call}`);
}

/** What was collected, as JavaScript. */
export interface Picked {
  readonly list: string;
  /** @returns the index in the source's list of the item at an index of the collected one; for lineage */
  readonly indexOf: (index: string) => string;
}

/** List modes and cardinalities count what passed the conditions, so that is collected first. */
export function emitPicked(
  site: Site,
  source: Source,
  { fresh, ...member }: Member & Pick<Value, 'fresh'>,
  all: string,
  filter: string | undefined,
): Picked {
  const kept = site.block.keep('[]');
  const places = site.unit.isTraced ? site.block.keep('[]') : undefined;
  const index = site.block.name();
  site.block.nest(
    `for (let ${index} = 0; ${index} < ${all}.length; ${index}++)`,
    (block) => {
      const code = block.keep(`${all}[${index}]`);
      const isType = filter === undefined ? '' : ` || ${code}.resourceType !== ${JSON.stringify(filter)}`;
      block.line(`if (${code} === undefined || ${code} === null${isType}) continue;`);
      block.bind(code);
      guarded({ ...site, block }, source, plain(code, member.shape, { fresh }), (inner) =>
        inner.block.line(`${kept}.push(${code});${places ? ` ${places}.push(${index});` : ''}`),
      );
    },
    site.place,
  );
  if (source.cardinality) {
    const { min, max } = source.cardinality;
    const name = JSON.stringify(member.stem);
    site.block.line(`count(run, ${site.place}, ${name}, ${kept}, ${min}, ${max});`);
  }
  const mode = source.listMode?.text;
  const list = mode ? site.block.keep(`pick(run, ${site.place}, ${JSON.stringify(mode)}, ${kept})`) : kept;
  const skipped = mode === 'not_first' ? '1' : mode === 'last' ? `${kept}.length - 1` : '0';
  return { list, indexOf: (at) => `${places}[${at} + ${skipped}]` };
}
