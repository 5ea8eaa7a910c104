/** Writes the call of a group, after checking what is passed to it. */
import type { FoundGroup, Site, Variable } from './site.ts';
import type { Word } from './tree.ts';

/** Writes the call of a group, with its parameters checked. */
export function callGroup(site: Site, found: FoundGroup, values: readonly Variable[], at: Word): void {
  const { parameters } = found.group;
  const { findings } = site.unit;
  if (values.length !== parameters.length) {
    const message = `group ${at.text} takes ${parameters.length} parameters, not ${values.length}`;
    findings.add('map-parameters', at.at, message);
    return;
  }
  const bound = values.map((value, index): Variable => ({ ...value, mode: parameters[index]!.mode }));
  const wrong = bound.findIndex(({ mode, built }) => mode === 'target' && !built);
  if (wrong >= 0) {
    const message = `parameter ${parameters[wrong]!.name.text} of group ${at.text} is a target; pass an element that the map creates`;
    findings.add('map-parameters', at.at, message);
    return;
  }
  const maybe = bound.find(({ definite }) => !definite);
  if (!maybe) site.unit.call(site.block, found, bound, site.place);
  else
    site.block.nest(`if (${maybe.code} !== undefined)`, (block) =>
      site.unit.call(block, found, bound, site.place),
    );
}
