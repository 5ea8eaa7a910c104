/** Writes the source side of a rule: reading elements, loops, conditions, cardinalities. */
import { isInherited, isRefusedName } from './element-name.ts';
import { emitPicked, emitRequired, guarded } from './emit-picked.ts';
import { emitExpression, literalOf } from './expression.ts';
import { nearest } from './finding.ts';
import { itemOf, under } from './origins.ts';
import { choiceKey, type Member, type Shape } from './shapes.ts';
import { codeOf, plain, type Site, type Value, type Variable, variableOf, within } from './site.ts';
import type { Rule, Source, Word } from './tree.ts';

/** JavaScript that gives nothing. */
const NONE = '({})';

/** Writes the sources of a rule around what `body` writes: several sources nest, and multiply. */
export function emitSources(site: Site, rule: Rule, body: (site: Site) => void, index = 0): void {
  const source = rule.sources[index];
  if (!source) return body(site);
  emitSource(site, source, (inner) => emitSources(inner, rule, body, index + 1));
}

function emitSource(site: Site, source: Source, body: (site: Site) => void): void {
  const { findings, shapes } = site.unit;
  const context = variableOf(site, source.context);
  if (!context) return;
  if (context.mode === 'target') {
    const message = `${source.context.text} is a target and cannot be read; name a source variable`;
    return findings.add('map-target-as-source', source.context.at, message);
  }
  const [step, more] = source.path;
  if (more) return emitDeep(site, source, body);
  if (!step) return emitItem(site, source, { ...context, code: codeOf(site, context) }, body);
  if (isRefusedName(site.unit, step)) return;
  if (step.text === 'value' && shapes.primitive(context.shape)) return emitValue(site, source, context, body);
  const owner = ownerOf(site, context, step);
  const member = shapes.member(owner.shape, step.text);
  if (!member) {
    const where = shapes.describe(owner.shape);
    const hint = nearest(step.text, shapes.names(owner.shape));
    return findings.add('map-unknown-element', step.at, `${where} has no element ${step.text}${hint}`);
  }
  shapes.read(owner.shape, member);
  const narrowed = narrow(site, source, member);
  if (narrowed) emitElement(site, source, narrowed, owner, body);
}

/** `src.a.b as x`: the rule applies once for each `b` of each `a`. */
function emitDeep(site: Site, source: Source, body: (site: Site) => void): void {
  const [first, ...rest] = source.path;
  const { context } = source;
  emitSource(site, { ...NOTHING_MORE, context, path: [first!] }, (inner) => {
    const name = { ...context, text: `${context.text}.${first!.text}` }; // no variable of a map has a dot
    const scoped = within(inner, name.text, { ...inner.item!, mode: 'source' });
    emitSource(scoped, { ...source, context: name, path: rest }, body);
  });
}

const NOTHING_MORE = {
  type: undefined,
  cardinality: undefined,
  fallback: undefined,
  listMode: undefined,
  variable: undefined,
  where: undefined,
  check: undefined,
  log: undefined,
} as const;

/** What is read from: of a primitive, the value alone, or the id and extensions that stand beside it. */
function ownerOf(site: Site, context: Variable, step: Word): Value {
  if (step.text === 'value' || !site.unit.shapes.primitive(context.shape)) return context;
  return { ...context, code: context.companion ?? NONE, definite: context.companion !== undefined };
}

/** The value of a primitive without what it carries. */
function emitValue(
  site: Site,
  source: Source,
  { companion, ...value }: Value,
  body: (site: Site) => void,
): void {
  if (companion === undefined) return emitItem(site, source, value, body);
  site.block.nest(`if (${value.code} !== undefined)`, (block) => {
    block.bind(value.code);
    emitItem({ ...site, block }, source, { ...value, definite: true }, body);
  });
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
  const isOnly = member.types.length === 1 && (member.types[0] === type || shapes.isResource(shape));
  if (isOnly || shapes.primitive(member.shape) === type) return { ...member, shape };
  const message = `${member.stem} is never a ${source.type.text}${nearest(source.type.text, member.types)}`;
  findings.add('map-type', source.type.at, message);
  return undefined;
}

function emitElement(
  site: Site,
  source: Source,
  member: Member,
  owner: Value,
  body: (site: Site) => void,
): void {
  const { cardinality, listMode } = source;
  const isCounted = cardinality && (source.where || cardinality.max < 1);
  if (member.isArray === false && !isCounted && !listMode) emitOne(site, source, member, owner, body);
  else emitEach(site, source, member, owner, body);
}

/** Reads an element once for all rules, unless it may change: objects that the map builds do. */
function readOnce(site: Site, source: Source, owner: Value, code: string): string {
  if (source.fallback || owner.built) return site.block.keep(code);
  const isLaidOut = site.unit.shapes.layout(owner.shape) !== undefined;
  return site.block.read(owner.code, code, isLaidOut);
}

function emitOne(site: Site, source: Source, member: Member, owner: Value, body: (site: Site) => void): void {
  const { cardinality } = source;
  const from = codeOf(site, owner);
  const choice = choiceCode(site, member, from);
  const read = choice
    ? `(${choice} && ${from}[${JSON.stringify(member.stem)} + ${choice}])`
    : readCode(member, from);
  const code = readOnce(site, source, owner, withDefault(site, source, member.shape, read));
  const companion = companionOf(site, source, member, owner, choice);
  const value = plain(code, member.shape, {
    fresh: owner.fresh && !owner.built,
    definite: companion === undefined,
    ...(companion && { companion }),
    ...(choice && { choice }),
    origins: under(
      owner,
      choice ? `${JSON.stringify(member.stem)} + ${choice}` : JSON.stringify(member.keys[0]),
    ),
  });
  if (cardinality && cardinality.min > 0) emitRequired(site, member.stem, code, cardinality);
  const filter = filterOf(site, source, member);
  const isType = filter === undefined ? '' : ` && ${code}.resourceType === ${JSON.stringify(filter)}`;
  const isThere = `${code} !== undefined && ${code} !== null${isType}`;
  site.block.nest(`if (${companion ? `(${isThere}) || ${companion} !== undefined` : isThere})`, (block) => {
    if (!companion) block.bind(code);
    emitItem({ ...site, block }, source, value, body);
  });
}

/** @returns JavaScript of the type of a choice that neither its name nor `: Type` decides */
function choiceCode(site: Site, member: Member, from: string): string | undefined {
  if (!member.isChoice || member.keys.length < 2) return undefined;
  const types = site.unit.list(member.keys.map((key) => key.slice(member.stem.length)));
  return site.block.read(from, `choiceOf(${from}, ${JSON.stringify(member.stem)}, ${types})`, false);
}

function readCode(member: Member, from: string): string {
  return member.keys
    .map((key) =>
      isInherited(key) ? `own(${from}, ${JSON.stringify(key)})` : `${from}[${JSON.stringify(key)}]`,
    )
    .join(' ?? ');
}

/** @returns JavaScript of `_name`, where the element is a primitive of FHIR */
function companionOf(
  site: Site,
  source: Source,
  member: Member,
  owner: Value,
  choice?: string,
): string | undefined {
  if (!member.hasCompanion) return undefined;
  const from = codeOf(site, owner);
  const key = JSON.stringify(`_${choice ? member.stem : member.keys[0]}`);
  const code = choice ? `${choice} && ${from}[${key} + ${choice}]` : `${from}[${key}]`;
  return readOnce(site, { ...source, fallback: undefined }, owner, code);
}

function filterOf(site: Site, source: Source, member: Member): string | undefined {
  return source.type && site.unit.shapes.isResource(member.shape) ? source.type.text : undefined;
}

function emitEach(
  site: Site,
  source: Source,
  member: Member,
  owner: Value,
  body: (site: Site) => void,
): void {
  const from = codeOf(site, owner);
  const all = readOnce(
    site,
    source,
    owner,
    `items(${withDefault(site, source, member.shape, readCode(member, from), true)})`,
  );
  const fresh = owner.fresh && !owner.built;
  const filter = filterOf(site, source, member);
  const isPicked = source.listMode || source.cardinality;
  const picked = isPicked ? emitPicked(site, source, { ...member, fresh }, all, filter) : undefined;
  const list = picked?.list ?? all;
  const beside = isPicked ? undefined : companionOf(site, source, member, owner);
  const index = site.block.name();
  const length = beside ? `longer(${list}, ${beside})` : `${list}.length`;
  site.block.nest(
    `for (let ${index} = 0; ${index} < ${length}; ${index}++)`,
    (block) => {
      const code = block.keep(beside ? `${list}[${index}] ?? undefined` : `${list}[${index}]`);
      const companion = beside && block.keep(`${beside}?.[${index}] ?? undefined`);
      const isType = filter === undefined ? '' : ` || ${code}.resourceType !== ${JSON.stringify(filter)}`;
      const isAbsent = companion
        ? `${code} === undefined && ${companion} === undefined`
        : `${code} === undefined || ${code} === null${isType}`;
      block.line(`if (${isAbsent}) continue;`);
      if (!companion) block.bind(code);
      const inner = { ...site, block };
      const origins = itemOf(
        under(owner, JSON.stringify(member.keys[0])),
        picked ? picked.indexOf(index) : index,
        member.isArray ? undefined : `Array.isArray(${readCode(member, from)})`,
      );
      const value = plain(code, member.shape, {
        fresh,
        definite: !companion,
        ...(companion && { companion }),
        origins,
      });
      if (list === all) emitItem(inner, source, value, body);
      else bindItem(inner, source, value, body);
    },
    site.place,
  );
}

/** @param isList the element may repeat: a list of nothing takes the default too */
function withDefault(site: Site, source: Source, shape: Shape, read: string, isList = false): string {
  if (!source.fallback) return read;
  const found = isList ? `filled(${read})` : read;
  const literal = literalOf(source.fallback);
  if (literal !== undefined) return `${found} ?? ${JSON.stringify(literal)}`;
  const value = emitExpression(site, source.fallback, undefined, shape);
  return value ? `${found} ?? single(run, ${site.place}, ${value})` : read;
}

/** One item of the source: its conditions, then what the rule does with it. */
function emitItem(site: Site, source: Source, value: Value, body: (site: Site) => void): void {
  guarded(site, source, value, (inner) => bindItem(inner, source, value, body));
}

function bindItem(site: Site, source: Source, value: Value, body: (site: Site) => void): void {
  const inner = within(site, source.variable?.text, { ...value, mode: 'source' });
  body({ ...inner, item: value });
}
