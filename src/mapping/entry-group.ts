/** Finds the groups at which the maps of a kind of record start. */
import type { FoundGroup, Unit } from './site.ts';

/** The first group in the maps of a folder that takes one FHIR or logical type to another. */
export function groupBetween(unit: Unit, folder: string, from: string, to: string): FoundGroup | undefined {
  for (const [name, file] of unit.sources.files) {
    if (!name.startsWith(`${folder}/`)) continue;
    const group = file.groups.find(({ parameters: [source, target, more] }) => {
      if (more || !source?.type || !target?.type || source.mode !== 'source') return false;
      const shapes = [unit.typeShape(name, source.type), unit.typeShape(name, target.type)];
      const [first, second] = shapes.map((shape) => (shape?.kind === 'type' ? shape.name : undefined));
      return first === from && second === to;
    });
    if (group) return { file: name, group };
  }
  return undefined;
}
