/** Finds what a name in a map stands for: a group of the file or of what it imports, a type. */
import { type Findings, nearest } from './finding.ts';
import type { Shape } from './shapes.ts';
import type { FoundGroup, Sources } from './site.ts';
import type { Word } from './tree.ts';

/** Groups that a file sees, nearest first. */
interface VisibleGroups {
  readonly all: readonly FoundGroup[];
  readonly byName: ReadonlyMap<string, FoundGroup>;
}

export class Names {
  readonly #sources: Sources;
  readonly #findings: Findings;
  readonly #visible = new Map<string, VisibleGroups>();

  constructor(sources: Sources, findings: Findings) {
    this.#sources = sources;
    this.#findings = findings;
  }

  /** @returns the group of that name in the file or in what it imports; a finding when there is none */
  group(file: string, name: Word): FoundGroup | undefined {
    const { all, byName } = this.#groupsOf(file);
    const found = byName.get(name.text);
    if (!found && !this.#findings.isFull) {
      const hint = nearest(
        name.text,
        all.map(({ group }) => group.name.text),
      );
      this.#findings.add(
        'map-unknown-group',
        name.at,
        `there is no group ${name.text} in this map or its imports${hint}`,
      );
    }
    return found;
  }

  /** Groups of a file and of everything it imports, nearest first. */
  visible(file: string): readonly FoundGroup[] {
    return this.#groupsOf(file).all;
  }

  #groupsOf(file: string): VisibleGroups {
    const known = this.#visible.get(file);
    if (known) return known;
    const files = new Set([file]);
    for (const name of files)
      for (const imported of this.#sources.imports.get(name) ?? []) files.add(imported);
    const all = [...files].flatMap((name) => {
      return (this.#sources.files.get(name)?.groups ?? []).map((group) => ({ file: name, group }));
    });
    // of several with one name the nearest is meant
    const byName = new Map(all.toReversed().map((found) => [found.group.name.text, found]));
    this.#visible.set(file, { all, byName });
    return { all, byName };
  }

  /** @returns the shape of a type named in a map: an alias of `uses`, a FHIR type, or a URL; a finding when unknown */
  type(file: string, type: Word): Shape | undefined {
    const structures = this.#sources.files.get(file)?.structures ?? [];
    const url = structures.find(({ alias }) => alias === type.text)?.url.text ?? type.text;
    if (this.#findings.isFull) return undefined;
    const { definitions } = this.#sources.shapes;
    const known = definitions.byUrl(url) ?? definitions.type(url);
    if (known) return { kind: 'type', name: known.name };
    const schema = this.#sources.schemas.get(url);
    if (schema) return { kind: 'json', node: schema, root: schema };
    const others = [...structures.map(({ alias }) => alias ?? ''), ...this.#sources.schemas.keys()];
    const names = others.filter((name) => name !== '' && name !== type.text);
    const what = url === type.text ? type.text : `${type.text} (${url})`;
    this.#findings.add(
      'map-unknown-type',
      type.at,
      `the type ${what} is not known${nearest(type.text, names)}`,
    );
    return undefined;
  }
}
