/** Turns the rules of a StructureMap's JSON, R4 or R5, into rules of the tree. */
import { isBareName } from './quote.ts';
import { readFhirPath, readWords } from './fragment.ts';
import { readParameter, takeMark } from './structure-map-argument.ts';
import { isDefaultGroup, isSimple } from './structure-map-simple.ts';
import type { JsonElement } from './structure-map-element.ts';
import type { Argument, Expression, Invocation, Rule, Source, Target, Transform } from './tree.ts';
import { literalText } from './write-argument.ts';

/** As deep as the text of a map may nest its rules. */
const DEEPEST = 99;

const SOURCE_LIST_MODES = ['first', 'not_first', 'last', 'not_last', 'only_one'] as const;
const TARGET_LIST_MODES: ReadonlySet<string> = new Set(['first', 'share', 'last', 'single', 'collate']);

/** R4's `defaultValue…` of primitive types by the literal that stands for them; of any other type FHIRPath has none. */
const DEFAULTS: ReadonlyMap<string, 'string' | 'integer' | 'decimal' | 'boolean' | 'date' | 'dateTime' | 'time'> =
  new Map([
    ['defaultValue', 'string'],
    ['defaultValueString', 'string'],
    ['defaultValueInteger', 'integer'],
    ['defaultValueDecimal', 'decimal'],
    ['defaultValueBoolean', 'boolean'],
    ['defaultValueDate', 'date'],
    ['defaultValueDateTime', 'dateTime'],
    ['defaultValueTime', 'time'],
  ]);
