/** Turns a resource and a FHIRPath Patch into the patched resource; a patch that fails changes nothing. */
import type { Definitions } from '../../fhir/definitions.ts';
import { counted, countedTogether, DEFAULT_LIMITS } from '../limits.ts';
import { type Patched, PatchFault, runInOrder } from './fault.ts';
import {
  expressionOf,
  labelOf,
  type OperationType,
  type PatchOperation,
  readOperations,
} from './operation.ts';
import { Path } from './path.ts';
import {
  itemsOf,
  type JsonObject,
  type Place,
  type Slot,
  slotOf,
  withoutEmpty,
  withSibling,
  writeItems,
} from './slot.ts';
import { many, none, slotBelow } from './step.ts';
import { type TypedPair, valueFor } from './value.ts';

/** Of all expressions of one patch together. */
const LIMITS = { ...DEFAULT_LIMITS, visits: 2_000_000, built: 4_000_000 };

interface Run {
  readonly path: Path;
  readonly definitions: Definitions;
}

/**
 * Applies a FHIRPath Patch.
 * @param resource JSON; not changed
 * @param patch a Parameters resource; anything else is refused
 * @param keeps throws a PatchFault when an operation has made of the resource what it must not be
 * @returns the patched resource, without the objects and lists that were left empty; or the operation that failed and what to change.
 *   It is not validated.
 * @source FHIR R4 fhirpatch.html
 */
export function fhirpathPatch(
  resource: JsonObject,
  patch: unknown,
  definitions: Definitions,
  keeps: (resource: JsonObject) => void = () => {},
): Patched<JsonObject> {
  const operations = readOperations(patch);
  if (!operations.ok) return operations;
  const work = structuredClone(resource);
  const apply = (operation: PatchOperation): void => {
    const path = new Path(operation.path, work, definitions);
    counted(LIMITS, RUN[operation.type], operation, { path, definitions });
    keeps(work);
  };
  const done = countedTogether(LIMITS, () =>
    runInOrder(operations.value, apply, ({ type }, at) => labelOf(at, type), expressionOf),
  );
  if (!done.ok) return done;
  return { ok: true, value: (withoutEmpty(work) ?? {}) as JsonObject };
}

const RUN: Readonly<Record<OperationType, (operation: PatchOperation, run: Run) => void>> = {
  add({ name, value }, { path, definitions }) {
    const place = withSibling(onlyOne(path.places()));
    const below = slotBelow(place, name, definitions);
    if (!below) throw none('its path');
    const { element, owner } = below;
    const slot = slotOf(owner, element); // whatever type of a choice is there
    const items = itemsOf(slot);
    if (items.length > 0 && !element.isArray)
      throw new PatchFault(
        422,
        'patch-exists',
        `${element.name} is there already, and may be once; use replace.`,
      );
    const pair = valueFor(value, element, name, definitions);
    writeItems(slot, [...items, pair], pair.type);
  },

  insert({ index, value }, { path, definitions }) {
    const { slot } = path.list();
    const items = itemsOf(slot);
    checkIndex('index', index, items.length);
    writeItems(
      slot,
      items.toSpliced(index, 0, valueFor(value, slot.element, slot.element.name, definitions)),
    );
  },

  delete(_operation, { path }) {
    const places = path.places();
    if (places.length === 0) return; // what is not there is deleted
    const { slot, index } = inside(onlyOne(places));
    writeItems(slot, itemsOf(slot).toSpliced(index, 1));
  },

  replace({ value }, { path, definitions }) {
    const { slot, index } = inside(onlyOne(path.places()));
    const pair: TypedPair = valueFor(value, slot.element, slot.element.name, definitions);
    writeItems(slot, itemsOf(slot).with(index, pair), pair.type);
  },

  move({ source, destination }, { path }) {
    const { slot } = path.list();
    const items = itemsOf(slot);
    checkIndex('source', source, items.length - 1);
    checkIndex('destination', destination, items.length - 1);
    writeItems(slot, items.toSpliced(source, 1).toSpliced(destination, 0, items[source]!));
  },
};

function onlyOne(places: readonly Place[]): Place {
  const [place] = places;
  if (!place) throw none('its path');
  if (places.length > 1) throw many('its path', places.length);
  return place;
}

/** The resource itself is neither replaced nor deleted by a patch. */
function inside({ slot, index }: Place): { slot: Slot; index: number } {
  if (slot) return { slot, index };
  throw new PatchFault(
    422,
    'patch-root',
    'its path names the whole resource; update or delete the resource instead.',
  );
}

function checkIndex(name: string, index: number, most: number): void {
  if (index <= most) return;
  const range = most < 0 ? 'the list is empty' : `0 to ${most} is possible`;
  throw new PatchFault(422, 'patch-index', `its ${name} is past the end of the list: ${range}.`);
}
