/** Writes the source side of a rule: reading elements, loops, conditions, cardinalities. */
import { isRefusedName } from './element-name.ts';
import { emitCheck, emitCondition, emitExpression, literalOf } from './expression.ts';
import { nearest } from './finding.ts';
import { choiceKey, type Member, type Shape } from './shapes.ts';
import { codeOf, plain, type Site, type Value, variableOf, within } from './site.ts';
import type { Rule, Source } from './tree.ts';

/** Writes the sources of a rule around what `body` writes: several sources nest, and multiply. */
export function emitSources(site: Site, rule: Rule, body: (site: Site) => void, index = 0): void {
  const source = rule.sources[index];
  if (!source) return body(site);
  emitSource(site, source, (inner) => emitSources(inner, rule, body, index + 1));
}

function emitSource(site: Site, source: Source, body: (site: Site) => void): void {
  const { findings, shapes } = site.unit;
  if (source.log) findings.unsupported(source.log.at, 'log', 'it would write values of a person; remove it');
  const context = variableOf(site, source.context);
  if (!context) return;
  if (context.mode === 'target') {
    const message = `${source.context.text} is a target and cannot be read; name a source variable`;
    return findings.add('map-target-as-source', source.context.at, message);
  }
  const [step, more] = source.path;
  if (more) return refuseDeepPath(site, source);
  if (!step) return emitItem(site, source, { ...context, code: codeOf(site, context) }, body);
  if (isRefusedName(site.unit, step)) return;
  const member = shapes.member(context.shape, step.text);
  if (!member) {
    const where = shapes.describe(context.shape);
    const hint = nearest(step.text, shapes.names(context.shape));
    return findings.add('map-unknown-element', step.at, `${where} has no element ${step.text}${hint}`);
  }
  shapes.read(context.shape, member);
  if (step.text === 'value' && shapes.primitive(context.shape)) return emitItem(site, source, context, body);
  const narrowed = narrow(site, source, member);
  if (!narrowed) return;
  const reads = narrowed.keys.map((key) => `${context.code}[${JSON.stringify(key)}]`);
  emitElement(site, source, { ...narrowed, owner: context }, reads.join(' ?? '), body);
}

function refuseDeepPath(site: Site, source: Source): void {
  const path = source.path.map(({ text }) => text).join('.');
  const first = source.path[0]!.text;
  const instead = `nest: ${source.context.text}.${first} as x then { x.${source.path[1]!.text} … }`;
  site.unit.findings.unsupported(source.path[1]!.at, `a source path of several elements (${path})`, instead);
}

/** Applies `: Type` to an element. */
function narrow(site: Site, source: Source, member: Member): Member | undefined {
  if (!source.type) return member;
  const { findings, shapes } = site.unit;
  const shape = site.unit.typeShape(site.file, source.type);
  if (!shape) return undefined;
  const type = shape.kind === 'type' ? shape.name : '';
  if (member.isChoice && member.types.includes(type))
    return { ...member, shape, keys: [choiceKey(member.stem, type)], types: [type], isChoice: false };
  if (member.types.length === 1 && (member.types[0] === type || shapes.isResource(shape)))
    return { ...member, shape };
  const message = `${member.stem} is never a ${source.type.text}${nearest(source.type.text, member.types)}`;
  findings.add('map-type', source.type.at, message);
  return undefined;
}

function emitElement(
  site: Site,
  source: Source,
  { owner, ...member }: Member & { readonly owner: Value },
  read: string,
  body: (site: Site) => void,
): void {
  const { cardinality, listMode } = source;
  const { fresh } = owner;
  const isLaidOut = site.unit.shapes.layout(owner.shape) !== undefined;
  const once = (code: string): string =>
    source.fallback ? site.block.keep(code) : site.block.read(owner.code, code, isLaidOut);
  const filter = source.type && site.unit.shapes.isResource(member.shape) ? source.type.text : undefined;
  const isCounted = cardinality && (source.where || cardinality.max < 1);
  if (member.isArray === false && !isCounted && !listMode) {
    const code = once(withDefault(site, source, member.shape, read));
    const value = plain(code, member.shape, { fresh });
    if (cardinality && cardinality.min > 0) emitRequired(site, member.stem, code, cardinality);
    const isType = filter === undefined ? '' : ` && ${code}.resourceType === ${JSON.stringify(filter)}`;
    site.block.nest(`if (${code} !== undefined && ${code} !== null${isType})`, (block) => {
      block.bind(code);
      emitItem({ ...site, block }, source, value, body);
    });
    return;
  }
  const all = once(`items(${withDefault(site, source, member.shape, read)})`);
  const list = listMode || cardinality ? emitPicked(site, source, { ...member, fresh }, all, filter) : all;
  const index = site.block.name();
  site.block.nest(
    `for (let ${index} = 0; ${index} < ${list}.length; ${index}++)`,
    (block) => {
      const code = block.keep(`${list}[${index}]`);
      const isType = filter === undefined ? '' : ` || ${code}.resourceType !== ${JSON.stringify(filter)}`;
      block.line(`if (${code} === undefined || ${code} === null${isType}) continue;`);
      block.bind(code);
      const inner = { ...site, block };
      if (list === all) emitItem(inner, source, plain(code, member.shape, { fresh }), body);
      else bindItem(inner, source, plain(code, member.shape, { fresh }), body);
    },
    true,
  );
}

/** An element that occurs once at most has too few when it is absent. */
function emitRequired(
  site: Site,
  name: string,
  code: string,
  { min, max }: NonNullable<Source['cardinality']>,
): void {
  const call = `count(run, ${site.place}, ${JSON.stringify(name)}, items(${code}), ${min}, ${max});`;
  site.block.line(min > 1 ? call : `if (${code} === undefined || ${code} === null) ${call}`);
}

function withDefault(site: Site, source: Source, shape: Shape, read: string): string {
  if (!source.fallback) return read;
  const literal = literalOf(source.fallback);
  if (literal !== undefined) return `${read} ?? ${JSON.stringify(literal)}`;
  const value = emitExpression(site, source.fallback, undefined, shape);
  return value ? `${read} ?? single(run, ${site.place}, ${value})` : read;
}

/** List modes and cardinalities count what passed the conditions, so that is collected first. */
function emitPicked(
  site: Site,
  source: Source,
  { fresh, ...member }: Member & Pick<Value, 'fresh'>,
  all: string,
  filter: string | undefined,
): string {
  const kept = site.block.keep('[]');
  const index = site.block.name();
  site.block.nest(
    `for (let ${index} = 0; ${index} < ${all}.length; ${index}++)`,
    (block) => {
      const code = block.keep(`${all}[${index}]`);
      const isType = filter === undefined ? '' : ` || ${code}.resourceType !== ${JSON.stringify(filter)}`;
      block.line(`if (${code} === undefined || ${code} === null${isType}) continue;`);
      block.bind(code);
      guarded({ ...site, block }, source, plain(code, member.shape, { fresh }), (inner) =>
        inner.block.line(`${kept}.push(${code});`),
      );
    },
    true,
  );
  if (source.cardinality) {
    const { min, max } = source.cardinality;
    const name = JSON.stringify(member.stem);
    site.block.line(`count(run, ${site.place}, ${name}, ${kept}, ${min}, ${max});`);
  }
  if (!source.listMode) return kept;
  return site.block.keep(`pick(run, ${site.place}, ${JSON.stringify(source.listMode.text)}, ${kept})`);
}

/** One item of the source: its conditions, then what the rule does with it. */
function emitItem(site: Site, source: Source, value: Value, body: (site: Site) => void): void {
  guarded(site, source, value, (inner) => bindItem(inner, source, value, body));
}

function bindItem(site: Site, source: Source, value: Value, body: (site: Site) => void): void {
  const inner = within(site, source.variable?.text, { ...value, mode: 'source' });
  body({ ...inner, item: value });
}

/** Writes `where` and `check` around `body`. */
function guarded(site: Site, source: Source, value: Value, body: (site: Site) => void): void {
  const named = within(site, source.variable?.text, { ...value, mode: 'source' });
  const condition = source.where && emitCondition(named, source.where, value);
  const then = (inner: Site): void => {
    if (source.check) emitCheck(inner, source.check, value);
    body({ ...site, block: inner.block });
  };
  if (condition === undefined) then(named);
  else site.block.nest(`if (${condition})`, (block) => then({ ...named, block }));
}
