/** Turns what a viewer may see into text that is kept beside what they asked for, and back. */
import type { Viewer } from '../viewer.ts';

/** A Map is no JSON. */
export function viewerText({ types, ...viewer }: Viewer): string {
  return JSON.stringify({ ...viewer, ...(types ? { types: [...types] } : {}) });
}

type KeptViewer = Omit<Viewer, 'types'> & {
  readonly types?: ConstructorParameters<
    typeof Map<string, NonNullable<Viewer['types']> extends ReadonlyMap<string, infer T> ? T : never>
  >[0];
};

export function viewerIn(text: string): Viewer {
  const { organisations, types, purpose, ...viewer } = JSON.parse(text) as KeptViewer;
  return { ...viewer, organisations, purpose, types: types ? new Map(types) : undefined };
}
